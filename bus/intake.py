"""What a door does with an understood call: keep it, offer what waits, answer a question. Async shell."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from datetime import timedelta
from itertools import product
from typing import TypeVar

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Direction
from adapters.wire.contract import Call, HttpRequest, OutboxCall, OutboxSaid, Said
from bus.asks import answer_question
from bus.inspection import Inspection, unfit_of
from bus.known import known_dossiers
from bus.offers import offered_reply
from bus.outbox import hand_out, no_such_box, spoken
from bus.pipeline import Inbound, KnownDossier, Names, names_of, numbered, split, take_in
from bus.ports import Clock, Journal, JournalUnavailable
from bus.records import (
    Acceptance,
    AcceptItem,
    Acknowledged,
    ItemResult,
    ItemStatus,
    QueueRecord,
    Rejection,
    Settled,
    Settlement,
    WorkItem,
)
from bus.records.outbox import Heard
from bus.routing import House
from bus.scrub import scrubbed, secret_names
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import to_bytes

log = logging.getLogger("lienthong.intake")

T = TypeVar("T")

_BIG = 64 * 1024  # above this, work on a body leaves the event loop
_TOGETHER = 500  # acknowledged codes per transaction
_WAIT_S = 20.0  # a commit that takes longer is answered as unavailable; the caller's repeat finds it
_KEEP = 65_536  # of a refused body

_SAID: Mapping[ItemStatus, tuple[AnswerKind, str]] = {
    ItemStatus.UNKNOWN_DOSSIER: (AnswerKind.UNKNOWN_DOSSIER, "LT-PIPE-003"),
    ItemStatus.CONFLICT: (AnswerKind.CONFLICT, "LT-PIPE-004"),
}


@dataclass(frozen=True, slots=True)
class _Visit:
    """One authenticated call."""

    adapter: Adapter
    call: Call
    request: HttpRequest
    party: Party


@dataclass(frozen=True, slots=True)
class Intake:
    """One per door process; holds no state of its own."""

    journal: Journal
    feed: Callable[[Sequence[QueueRecord]], None]  # after the commit, from the journal's thread; must not block
    house: House
    clock: Clock
    shared: frozenset[str] = frozenset()  # systems that callers of several agencies use
    inspection: Inspection = field(default_factory=Inspection)

    async def handle(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        """Does what the call asks, and says what is to be answered."""
        handlers: Mapping[Direction, Callable[[_Visit], Awaitable[Said]]] = {
            Direction.IN: self._take,
            Direction.PULL: self._offer,
            Direction.ACK: self._acknowledge,
            Direction.ASK_IN: self._answer,
        }
        try:
            if call.outbox is not None:
                return await self._outbox(_Visit(adapter, call, request, party), call.outbox)
            return await handlers[call.operation.direction](_Visit(adapter, call, request, party))
        except (JournalUnavailable, TimeoutError) as error:
            log.error("journal does not answer: %s", error)
            return Said(AnswerKind.UNAVAILABLE, (problem("LT-PIPE-005", Stage.ACCEPT),))

    async def refuse(self, adapter: Adapter, request: HttpRequest, problems: tuple[Problem, ...], party: str) -> None:
        """Keeps a refused request as evidence, its credentials starred out."""
        raw = await self._raw(adapter, request, "", Party("", "", adapter.id))
        try:
            await self._reject(replace(raw, body=raw.body[:_KEEP]), problems, party)
        except (JournalUnavailable, TimeoutError) as error:
            log.error("refused message not recorded: %s", error)

    # ------------------------------------------------------------------ they send

    async def _take(self, visit: _Visit) -> Said:
        adapter, call = visit.adapter, visit.call
        raw = await self._raw(adapter, visit.request, call.name, visit.party)
        known: Mapping[Names, KnownDossier] = {}
        shared = adapter.id in self.shared
        if shared or not call.operation.creates:
            wanted = {names_of(call.operation, element) for element in split(call.operation, call.payload)}
            known = await asyncio.to_thread(self._known, wanted)
        if shared and any(self._is_anothers(one, visit.party) for one in known.values()):
            unknown = (problem("LT-PIPE-003", Stage.ACCEPT),)  # no word of whose it is
            await self._reject(raw, unknown, adapter.party)
            return Said(AnswerKind.UNKNOWN_DOSSIER, unknown, {"message_id": raw.envelope.id})
        inbound = Inbound(
            adapter,
            call.name,
            call.operation,
            call.payload,
            raw,
            visit.party,
            self.clock.now(),
            known,
            call.secured,
            self.inspection.of(visit.party),
        )
        if len(visit.request.body) > _BIG:
            items, problems = await asyncio.to_thread(take_in, inbound, self.house)
        else:
            items, problems = take_in(inbound, self.house)
        if problems and (call.operation.all_or_nothing or not items):
            await self._reject(raw, problems, adapter.party)
            return Said(AnswerKind.INVALID, problems, {"message_id": raw.envelope.id})
        looked = await self.inspection.at_the_door(items)
        if isinstance(looked, Problem):
            return Said(AnswerKind.UNAVAILABLE, (looked,))
        items = looked
        results = await self._accept(Acceptance(raw, items, call.operation.all_or_nothing, adapter.party))
        unfit = unfit_of(items, results) if any(one.status is ItemStatus.ACCEPTED for one in results) else ()
        if problems or unfit:  # some items were taken: the others are evidence of their own
            left = replace(raw, envelope=replace(raw.envelope, id=new_id(), caused_by=raw.envelope.id))
            await self._reject(left, (*problems, *unfit), adapter.party)
        return _said(items, results, problems)

    async def _accept(self, acceptance: Acceptance) -> tuple[ItemResult, ...]:
        """The queue is told as soon as the commit is there, also if nobody waits for the answer any more."""
        if len(acceptance.raw.body) > _BIG:  # its bodies are packed first
            future = await asyncio.to_thread(self.journal.accept, acceptance)
        else:
            future = self.journal.accept(acceptance)
        future.add_done_callback(self._feed)
        return await self._done(future)

    def _feed(self, future: Future[tuple[ItemResult, ...]]) -> None:
        if future.cancelled() or future.exception() is not None:
            return
        if records := tuple(record for result in future.result() for record in result.feed):
            self.feed(records)

    def _feed_freed(self, future: Future[Acknowledged] | Future[Heard] | Future[Settled]) -> None:
        if not future.cancelled() and future.exception() is None and (records := future.result().feed):
            self.feed(records)

    def _known(self, wanted: Iterable[Names]) -> Mapping[Names, KnownDossier]:
        """The dossiers of the items, as their newest message tells of them."""
        return known_dossiers(self.journal, wanted)

    @staticmethod
    def _is_anothers(known: KnownDossier, party: Party) -> bool:
        """Opened by another agency that runs the same software."""
        return known.opener.system == party.system and known.opener.agency != party.agency

    # ------------------------------------------------------------------ they fetch

    async def _offer(self, visit: _Visit) -> Said:
        now, operation = self.clock.now(), visit.call.operation
        until = now + timedelta(seconds=operation.offer_s)
        offered: list[WorkItem] = []
        for endpoint in self._fetched_by(visit):
            if (limit := operation.limit - len(offered)) > 0:
                more = await self._done(self.journal.offer(endpoint, limit=limit, now=now, until=until))
                offered += more
        said, unfit = await asyncio.to_thread(offered_reply, visit.adapter, visit.call, tuple(offered))
        await self._park(unfit)
        return said

    async def _park(self, unfit: Iterable[Settlement]) -> None:
        for settlement in unfit:
            future = self.journal.settle(settlement)
            future.add_done_callback(self._feed_freed)
            await self._done(future)

    async def _acknowledge(self, visit: _Visit) -> Said:
        operation = visit.call.operation
        codes = _texts(visit.call.payload, operation.ack_path)
        party, now = operation.ack_party or visit.adapter.party, self.clock.now()
        known: set[str] = set()
        for endpoint, part in product(self._fetched_by(visit), batched(codes)):
            future = self.journal.acknowledge(endpoint, part, party=party, now=now)
            future.add_done_callback(self._feed_freed)
            known.update((await self._done(future)).codes)
        if codes and not known:
            return Said(AnswerKind.UNKNOWN_DOSSIER, (problem("LT-PIPE-003", Stage.ACCEPT),))
        return Said(AnswerKind.ACCEPTED)

    async def _outbox(self, visit: _Visit, asked: OutboxCall) -> Said:
        """One box, by its endpoint; another's is as unknown as none."""
        if asked.endpoint not in self._fetched_by(visit):
            return Said(AnswerKind.UNKNOWN_DOSSIER, (no_such_box(asked.endpoint),))
        now = self.clock.now()
        if asked.words:
            words = spoken(asked, now=now)
            heard_of = self.journal.hear(
                asked.endpoint, words, party=visit.party.agency or visit.adapter.party, now=now
            )
            heard_of.add_done_callback(self._feed_freed)
            fates = (await self._done(heard_of)).fates
            results = tuple((word.id, fate.value) for word, fate in zip(asked.words, fates, strict=True))
            return Said(AnswerKind.ACCEPTED, outbox=OutboxSaid(results=results))
        until = now + timedelta(seconds=asked.lease_s)
        offer = self.journal.offer(asked.endpoint, limit=asked.limit, now=now, until=until)
        offered = await self._done(offer)
        handed = await asyncio.to_thread(hand_out, visit.adapter, offered, until=until)
        await self._park(handed.unfit)
        return Said(AnswerKind.ACCEPTED, outbox=OutboxSaid(handed.items, more=len(offered) >= asked.limit))

    def _fetched_by(self, visit: _Visit) -> list[str]:
        """The endpoints a caller may fetch from: those of its system, and of its agency where they say one."""
        endpoints = self.house.routes.endpoints.values()
        return [e.id for e in endpoints if e.system == visit.adapter.id and e.agency in ("", visit.party.agency)]

    # ------------------------------------------------------------------ they ask

    async def _answer(self, visit: _Visit) -> Said:
        raw = await self._raw(visit.adapter, visit.request, visit.call.name, visit.party)
        try:
            said = await asyncio.to_thread(answer_question, visit.adapter, visit.call, self.journal)
        except Refused as refused:
            await self._reject(raw, refused.problems, visit.party.system)
            return Said(AnswerKind.UNAVAILABLE, refused.problems)
        body = to_bytes(said.payload) if said.payload is not None else said.kind.value.encode()
        media_type = "application/xml; charset=utf-8" if said.payload is not None else "text/plain"
        await self._done(self.journal.record_ask(raw, body, answer_media_type=media_type, party=visit.party.system))
        return said

    # ------------------------------------------------------------------ inside

    async def _raw(self, adapter: Adapter, request: HttpRequest, operation: str, party: Party) -> Message:
        """The bytes as they came, but for credentials; the hash is that of the original."""
        names, received_at = secret_names(adapter.manifest), self.clock.now()
        if len(request.body) > _BIG:
            body, digest = await asyncio.to_thread(lambda: (scrubbed(request.body, names), sha256_hex(request.body)))
        else:
            body, digest = scrubbed(request.body, names), sha256_hex(request.body)
        envelope = Envelope(
            id=new_id(), kind="goc", sender=party, receiver=None, operation=operation, business_ids=(),
            received_at=received_at, sha256=digest, profile=adapter.profile,
        )  # fmt: skip
        return Message(envelope, body, request.headers.get("content-type", "application/octet-stream"))

    async def _reject(self, raw: Message, problems: tuple[Problem, ...], party: str) -> None:
        await self._done(self.journal.reject(Rejection(raw, problems, party)))

    @staticmethod
    async def _done(future: Future[T]) -> T:
        return await asyncio.wait_for(asyncio.wrap_future(future), _WAIT_S)


def _said(items: Sequence[AcceptItem], results: Sequence[ItemResult], problems: tuple[Problem, ...]) -> Said:
    """One answer for all items: the worst first, naming each."""
    values = {"message_id": results[0].message_id, "dossier": results[0].dossier}
    heads = [result for item, result in zip(items, results, strict=True) if item.same_dossier_as < 0]
    for status, (kind, code) in _SAID.items():
        bad = [number for number, result in enumerate(heads, start=1) if result.status is status]
        if bad:
            of = 1 if problems else len(heads)  # where some fell out before, the numbers are not the sender's
            found = [numbered(problem(code, Stage.ACCEPT), number, of) for number in bad]
            return Said(kind, (*(found if of > 1 else found[:1]), *problems), values)
    if unfit := unfit_of(items, results):
        return Said(AnswerKind.INVALID, (*unfit, *problems), {"message_id": items[0].message.envelope.caused_by})
    if problems:
        return Said(AnswerKind.INVALID, problems, values)
    if all(result.status is ItemStatus.DUPLICATE for result in results):
        return Said(AnswerKind.DUPLICATE, (), values)
    return Said(AnswerKind.ACCEPTED, (), values)


def batched(codes: list[str], size: int = _TOGETHER) -> list[list[str]]:
    """So many at a time: one long list must not hold up what others commit."""
    return [codes[start : start + size] for start in range(0, len(codes), size)]


def _texts(payload: etree._Element, path: str) -> list[str]:
    found = payload.findall("/".join("{*}" + step for step in path.split("/")))
    return [text for element in found if (text := (element.text or "").strip())]
