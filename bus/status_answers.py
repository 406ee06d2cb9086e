"""Asks responders (OCSP) about certificates and keeps their answers: fresh ones at hand, refreshed before they end.

Who is asked stands in the settings: an address for an issuer, or hosts at which addresses that stand in certificates
may be asked; a stranger's certificate leads nowhere else. Only certificates whose path to an anchor is good are asked
about. The first sight of one waits for its answer, bounded; later answers are fetched in the background. A responder
that is away is not waited for again until a pause is over, and its silence means "not good".
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from adapters.wire.contract import Fault, Target
from adapters.wire.http_client import HttpClient, Outgoing
from bus.status_rule import StatusRule
from signing.trust.asking import MEDIA_QUERY, MEDIA_REPLY, Asked, Certificate, Reply, query, read_reply
from signing.trust.ocsp import Status
from signing.trust.papers import der_of

log = logging.getLogger("lienthong.trust")

_LIMIT = 64 * 1024  # bytes of an answer, with the responder's certificates
_AGAIN_S, _AGAIN_MOST_S = 5.0, 60.0  # until a responder that gave no answer is asked again; doubled each time
_KEPT = 4_096
_THREADS = 4
_UNDERWAY = 64  # questions at once; more wait for nobody
_USED_S = 6 * 3600.0  # answers about whoever came within this time are kept fresh
_TEND_S = 5.0
_SKEW = timedelta(minutes=5)  # of clocks

Teller = Callable[[str], None]  # good | revoked | unknown | away


@dataclass(slots=True)
class _Held:
    """What is known of one certificate."""

    paper: Certificate
    issuer: Certificate
    address: str
    reply: Reply | None = None  # the newest that says good or revoked
    newest: datetime | None = None  # of all that were rightly signed, "unknown" too: nothing older counts
    refresh_at: datetime | None = None
    used: float = 0.0
    why: str = ""
    failures: int = 0
    not_before: float = float("-inf")  # monotonic
    asking: Future[None] | None = None


@dataclass(frozen=True, slots=True)
class Away:
    """A responder that gives no answer."""

    address: str
    since: float  # seconds since 1970
    why: str
    failures: int = 1  # in a row
    not_before: float = 0.0  # monotonic; nobody is asked there sooner


@dataclass(slots=True, weakref_slot=True)
class StatusAnswers:
    """Of one store. Thread-safe. See `signing.trust.asking.StatusSource`."""

    store: str
    rule: StatusRule
    http: HttpClient = field(default_factory=HttpClient)
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    monotonic: Callable[[], float] = time.monotonic
    tellers: list[Teller] = field(default_factory=list)
    _held: OrderedDict[bytes, _Held] = field(default_factory=OrderedDict)
    _away: dict[str, Away] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor | None = None
    _underway: int = 0
    _closed: threading.Event = field(default_factory=threading.Event)

    def ask(self, paper: Certificate, issuer: Certificate, *, now: datetime) -> Asked:
        """See the port."""
        address = self.rule.address_of(paper, issuer)
        if address is None:
            return Asked()
        needed = not self.rule.list_suffices
        with self._lock:
            held = self._of(paper, issuer, address)
            held.used = self.monotonic()
            fresh = _is_fresh(held, now)
            if not fresh or _is_due(held, now):
                self._begin(held)
            waiting = None if fresh else held.asking
        if waiting is not None:
            try:
                waiting.result(self.rule.wait_s)
            except NotYet:
                return Asked(needed, _revocation(held), f"no answer from {address} within {self.rule.wait_s:g} s")
        with self._lock:
            if held.reply is not None and _is_fresh(held, now):
                return Asked(needed, (held.reply.data,))
            return Asked(needed, _revocation(held), held.why or f"{address} is not asked now: too many questions")

    def away(self) -> tuple[Away, ...]:
        """Responders that gave no answer when they were asked last."""
        with self._lock:
            return tuple(self._away.values())

    def close(self) -> None:
        """Asks nobody any more."""
        self._closed.set()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def tend(self) -> int:
        """Begins to refresh what will end; returns how many. Done every few seconds by a thread of its own."""
        now, used_since = self.now(), self.monotonic() - _USED_S
        with self._lock:
            due = [held for held in self._held.values() if held.used >= used_since and _is_due(held, now)]
            return sum(self._begin(held) for held in due)

    def _of(self, paper: Certificate, issuer: Certificate, address: str) -> _Held:
        key = sha256(der_of(paper)).digest() + sha256(der_of(issuer)).digest()
        held = self._held.get(key)
        if held is None:
            held = self._held[key] = _Held(paper, issuer, address)
            while len(self._held) > _KEPT:
                self._held.popitem(last=False)
        self._held.move_to_end(key)
        return held

    def _begin(self, held: _Held) -> bool:
        """Under the lock. Asks in the background, unless somebody is at it, or a pause is not over: of this question,
        or of a responder that is away. That one is tried by one question at a time."""
        if self._closed.is_set() or held.asking is not None or self._underway >= _UNDERWAY:
            return False
        now = self.monotonic()
        if now < held.not_before:
            return False
        if (away := self._away.get(held.address)) is not None:
            if now < away.not_before:
                held.why = away.why
                return False
            self._away[held.address] = replace(away, not_before=now + self.rule.timeout_s)
        if self._pool is None:
            self._pool = ThreadPoolExecutor(_THREADS, f"ocsp-{self.store}")
            threading.Thread(target=self._tend, name=f"ocsp-{self.store}", daemon=True).start()
        self._underway += 1
        held.asking = self._pool.submit(self._ask, held)
        return True

    def _tend(self) -> None:
        while not self._closed.wait(_TEND_S):
            try:
                self.tend()
            except Exception:
                log.exception("refreshing status answers broke, goes on")

    def _ask(self, held: _Held) -> None:
        reply = Reply(Status.UNKNOWN, why="the bus could not ask")
        is_away = True
        try:
            reply, is_away = self._fetched(held)
        except Exception:
            log.exception("asking a responder broke store=%s", self.store)
        finally:
            with self._lock:
                self._underway -= 1
                held.asking = None
                self._note(held, reply, is_away=is_away)
        for tell in self.tellers:
            tell("away" if is_away else reply.status.value)

    def _fetched(self, held: _Held) -> tuple[Reply, bool]:
        rule = self.rule
        return put_question(
            held.paper, held.issuer, held.address, timeout_s=rule.timeout_s, now=self.now(),
            needs_nonce=rule.needs_nonce, http=self.http,
        )  # fmt: skip

    def _note(self, held: _Held, reply: Reply, *, is_away: bool) -> None:
        """Under the lock. An older answer than the one that is there changes nothing: it may be replayed."""
        older = bool(held.newest and reply.since and reply.since < held.newest)
        if reply.since is not None and not older and (reply.data or reply.since <= self.now() + _SKEW):
            held.newest = reply.since
        if reply.data and not older:
            held.reply, held.why, held.failures = reply, "", 0
            held.not_before, held.refresh_at = float("-inf"), self._refresh_at(reply)
        else:
            held.why = "an older answer than the one before" if older else reply.why
            if not is_away:
                held.failures += 1
                held.not_before = self.monotonic() + _pause_s(held.failures)
            is_taken_back = reply.status is Status.UNKNOWN and not older and reply.since is not None
            if is_taken_back and not _revocation(held):
                held.reply = None  # the responder itself takes back what it said: it does not know it any more
        self._note_away(held.address, held.why if is_away else "")

    def _note_away(self, address: str, why: str) -> None:
        if not why:
            if self._away.pop(address, None) is not None:
                log.warning("responder answers again store=%s address=%s", self.store, address)
            return
        before = self._away.get(address)
        failures = before.failures + 1 if before is not None else 1
        since = before.since if before is not None else self.now().timestamp()
        self._away[address] = Away(address, since, why, failures, self.monotonic() + _pause_s(failures))
        if before is None:
            log.error("responder gives no answer store=%s %s", self.store, why)

    def _refresh_at(self, reply: Reply) -> datetime:
        """After two thirds of its time, and no later than the settings say."""
        now = self.now()
        latest = now + timedelta(seconds=self.rule.every_s)
        return min(latest, now + (reply.until - now) * 2 / 3) if reply.until is not None else latest


def put_question(
    paper: Certificate, issuer: Certificate, address: str, *, timeout_s: float, now: datetime,
    needs_nonce: bool = False, http: HttpClient | None = None,
) -> tuple[Reply, bool]:  # fmt: skip
    """Its reply, and whether the responder is away."""
    asked = query(paper, issuer)
    target = Target("ocsp", address, {}, reply_limit_bytes=_LIMIT)
    headers = {"Content-Type": MEDIA_QUERY, "Accept": MEDIA_REPLY}
    exchange = (http or HttpClient()).exchange(target, Outgoing(address, asked.body, headers, timeout_s))
    if exchange.fault is not Fault.NONE or exchange.status != 200:
        why = exchange.fault.value if exchange.fault is not Fault.NONE else f"HTTP {exchange.status}"
        return Reply(Status.UNKNOWN, why=f"no answer from {address}: {why}"), True
    return read_reply(exchange.body, asked, paper, issuer, now=now, needs_nonce=needs_nonce), False


def _pause_s(failures: int) -> float:
    return min(_AGAIN_MOST_S, _AGAIN_S * float(2 ** min(failures - 1, 8)))


def _is_fresh(held: _Held, now: datetime) -> bool:
    return held.reply is not None and (held.reply.until is None or now < held.reply.until)


def _revocation(held: _Held) -> tuple[bytes, ...]:
    """An answer that says "revoked" is right also when it has ended, and nobody says anything newer: no list that
    says "good" lets its certificate in again."""
    reply = held.reply
    return (reply.data,) if reply is not None and reply.status is Status.REVOKED else ()


def _is_due(held: _Held, now: datetime) -> bool:
    return held.refresh_at is not None and now >= held.refresh_at
