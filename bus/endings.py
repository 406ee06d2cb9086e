"""What will end: our keys, the certificates we believe, revocation lists; said 60, 30, 7 and 1 days before."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bus.key_cupboard import Cupboard
from bus.ports import Clock
from bus.records.jobs import JobResult
from bus.settings import Settings
from bus.turn import Finished, Turn
from schemas.problem import Refused
from signing.keys import VerifyKey
from signing.policy import PARTNER_SOAP
from signing.ring import Term
from signing.trust.alerts import ends_of, step_of

log = logging.getLogger("lienthong.keys")

_EVERY_S = 3600.0
_FRESH_S = 60.0


@dataclass(frozen=True, slots=True)
class Ending:
    """One of them."""

    kind: str  # "key" | "certificate" | "list"
    name: str  # "signing bus-2026", "trust lien_thong: CN=…", "callers so_thu"
    ends: datetime

    def days_left(self, now: datetime) -> float:
        """Below 0: it has ended."""
        return (self.ends - now).total_seconds() / 86_400

    def step(self, now: datetime) -> int | None:
        """60, 30, 7, 1; 0 = ended; None = nothing to say. A list is made anew every few days: only its end counts."""
        found = step_of(self.ends, now=now)
        return found if self.kind != "list" or found == 0 else None


def endings(settings: Settings, cupboard: Cupboard) -> Iterator[Ending]:
    """All of them that can be read; what cannot is a finding of the doctor's."""
    try:
        for term in cupboard.signer(settings).terms:
            ends = ends_at(term)
            if ends is not None:
                yield Ending("key", f"signing {term.key.key_id}", ends)
    except Refused as refused:
        log.warning("our keys cannot be read: %s", refused.problems[0].text_en)
    yield from believed(settings, cupboard)


def believed(settings: Settings, cupboard: Cupboard) -> Iterator[Ending]:
    """The same without our own keys: no private key is loaded for it."""
    for name in settings.trust:
        try:
            store = cupboard.store(settings, name, PARTNER_SOAP).store
        except Refused as refused:
            log.warning("trust store %s cannot be read: %s", name, refused.problems[0].text_en)
            continue
        for end in ends_of(store):
            yield Ending(end.kind, f"trust {name}: {end.name}", end.ends)
    for place, reference in partners_papers(settings):
        try:
            key = VerifyKey.from_pem(settings.secret(reference).encode(), key_id="partner", policy=PARTNER_SOAP)
        except Refused as refused:
            log.warning("%s cannot be read: %s", place, refused.problems[0].text_en)
            continue
        if key.valid_until is not None:
            yield Ending("certificate", place, key.valid_until)


def ends_at(term: Term) -> datetime | None:
    """When a key of ours stops to sign; None = no day is known."""
    return min((end for end in (term.last, term.key.valid_until) if end is not None), default=None)


def partners_papers(settings: Settings) -> Iterator[tuple[str, str]]:
    """Certificates of partners that stand in the settings: where, and their references."""
    for name, caller in settings.callers.items():
        for number, line in enumerate(caller.certificates):
            if line.file:
                yield f"callers.{name}.certificates.{number}", line.file
    for name, endpoint in settings.endpoints.items():
        for number, reference in enumerate(endpoint.certificates):
            yield f"endpoints.{name}.certificates.{number}", reference


@dataclass(slots=True)
class EndingsWatch:
    """A job that says in the log what ends soon: at each step once in this process."""

    settings: Settings
    cupboard: Cupboard
    _said: dict[str, int] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """As operators know it."""
        return "het_han"

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    @property
    def every_s(self) -> float:
        """Pause between two looks."""
        return _EVERY_S

    def run(self, turn: Turn) -> Finished:
        """One look."""
        soon = 0
        now = turn.clock.now()
        for one in endings(self.settings, self.cupboard):
            step = one.step(now)
            if step is None:
                self._said.pop(one.name, None)
                continue
            soon += 1
            if self._said.get(one.name) != step:
                self._said[one.name] = step
                level = logging.ERROR if step <= 1 else logging.WARNING
                log.log(level, "ends soon kind=%s name=%s days=%.1f ends=%s", one.kind, one.name, one.days_left(now),
                        f"{one.ends:%Y-%m-%d %H:%M}Z")  # fmt: skip
        return Finished(JobResult.DONE, f"{soon} thứ sắp hoặc đã hết hạn" if soon else "Chưa có gì sắp hết hạn")


class DaysLeft:
    """For the page of metrics: read at most once a minute. A door has no private key, and needs none for this.
    Thread-safe enough: at worst it is read twice."""

    def __init__(self, settings: Settings, cupboard: Cupboard, clock: Clock) -> None:
        self._settings, self._cupboard, self._clock = settings, cupboard, clock
        self._at: float | None = None
        self._known: tuple[Ending, ...] = ()

    def __call__(self) -> Mapping[tuple[str, str], float]:
        """By kind and name."""
        now_s = self._clock.monotonic()
        if self._at is None or now_s - self._at > _FRESH_S:
            self._at, self._known = now_s, tuple(believed(self._settings, self._cupboard))
        now = self._clock.now()
        return {(one.kind, one.name): round(one.days_left(now), 3) for one in self._known}
