"""What a door does with an understood call: keep it, offer what waits, answer a question. Async shell."""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar  # Any: the result type of a journal future

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Direction
from adapters.wire.contract import Call, HttpRequest, Said
from bus.asks import answer_question
from bus.offers import offered_reply
from bus.pipeline import House, Inbound, take_in
from bus.ports import Clock, Journal, JournalUnavailable
from bus.records import Acceptance, ItemResult, ItemStatus, QueueRecord, Rejection, WorkItem
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import to_bytes

log = logging.getLogger("lienthong.intake")

T = TypeVar("T")

_BIG = 64 * 1024  # above this the pure pipeline leaves the event loop
_WAIT_S = 20.0  # a commit that takes longer is answered as unavailable; the caller's repeat finds it
_KEEP = 65_536  # of a refused body

_SAID: Mapping[ItemStatus, tuple[AnswerKind, str]] = {
    ItemStatus.UNKNOWN_DOSSIER: (AnswerKind.UNKNOWN_DOSSIER, "LT-PIPE-003"),
    ItemStatus.CONFLICT: (AnswerKind.CONFLICT, "LT-PIPE-004"),
}


@dataclass(frozen=True, slots=True)
class Intake:
    """One per door process; holds no state of its own."""

    journal: Journal
    feed: Callable[[Sequence[QueueRecord]], None]  # after the commit; must not block
    house: House
    clock: Clock

    async def handle(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        """Does what the call asks, and says what is to be answered."""
        handlers: Mapping[Direction, Callable[..., Any]] = {  # Any: each returns an awaitable Said
            Direction.IN: self._take,
            Direction.PULL: self._offer,
            Direction.ACK: self._acknowledge,
            Direction.ASK_IN: self._answer,
        }
        try:
            said: Said = await handlers[call.operation.direction](adapter, call, request, party)
        except (JournalUnavailable, TimeoutError) as error:
            log.error("journal does not answer: %s", error)
            return Said(AnswerKind.UNAVAILABLE, (problem("LT-PIPE-005", Stage.ACCEPT),))
        return said

    async def refuse(self, adapter: Adapter, request: HttpRequest, problems: tuple[Problem, ...], party: str) -> None:
        """Keeps a refused request as evidence."""
        raw = self._raw(adapter, request, "", Party("", "", adapter.id))
        kept = Message(raw.envelope, raw.body[:_KEEP], raw.media_type)
        try:
            await self._done(self.journal.reject(Rejection(kept, problems, party)))
        except (JournalUnavailable, TimeoutError) as error:
            log.error("refused message not recorded: %s", error)

    async def _take(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        raw = self._raw(adapter, request, call.name, party)
        now = self.clock.now()
        inbound = Inbound(adapter, call.name, call.operation, call.payload, raw, party, now, origin=self._origin)
        if len(request.body) > _BIG:
            items, problems = await asyncio.to_thread(take_in, inbound, self.house)
        else:
            items, problems = take_in(inbound, self.house)
        if problems and (call.operation.all_or_nothing or not items):
            await self._done(self.journal.reject(Rejection(raw, problems, party.system)))
            return Said(AnswerKind.INVALID, problems, {"message_id": raw.envelope.id})
        acceptance = Acceptance(raw, items, call.operation.all_or_nothing, party.system)
        results = await self._done(self.journal.accept(acceptance))
        feed = tuple(record for result in results for record in result.feed)
        if feed:
            self.feed(feed)
        return _said(results, problems)

    def _origin(self, names: tuple[tuple[str, str], ...]) -> str:
        """Where the dossier of a message was born, as its first message said; "" = not known."""
        for party, code in names:
            if (dossier := self.journal.dossier(party, code)) and (first := self.journal.latest(dossier, "ho_so")):
                return first.envelope.facts.get("nguon", "")
        return ""

    async def _offer(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        endpoints = [e.id for e in self.house.routes.endpoints.values() if e.system == adapter.id]
        now = self.clock.now()
        until = now + timedelta(seconds=call.operation.offer_s)
        offered: list[WorkItem] = []
        for endpoint in endpoints:
            limit = call.operation.limit - len(offered)
            more = await self._done(self.journal.offer(endpoint, limit=limit, now=now, until=until))
            offered += more
        said, unfit = offered_reply(adapter, call, tuple(offered))
        for settlement in unfit:
            await self._done(self.journal.settle(settlement))
        return said

    async def _acknowledge(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        codes = _texts(call.payload, call.operation.ack_path)
        known: set[str] = set()
        for endpoint in self.house.routes.endpoints.values():
            if endpoint.system == adapter.id and codes:
                done = self.journal.acknowledge(
                    endpoint.id, codes, party=call.operation.ack_party or adapter.party, now=self.clock.now()
                )
                acknowledged = await self._done(done)
                known.update(acknowledged)
        if codes and not known:
            return Said(AnswerKind.UNKNOWN_DOSSIER, (problem("LT-PIPE-003", Stage.ACCEPT),))
        return Said(AnswerKind.ACCEPTED)

    async def _answer(self, adapter: Adapter, call: Call, request: HttpRequest, party: Party) -> Said:
        raw = self._raw(adapter, request, call.name, party)
        try:
            said = await asyncio.to_thread(answer_question, adapter, call, self.journal)
        except Refused as refused:
            return Said(AnswerKind.UNAVAILABLE, refused.problems)
        body = to_bytes(said.payload) if said.payload is not None else said.kind.value.encode()
        await self._done(
            self.journal.record_ask(raw, body, answer_media_type="application/xml; charset=utf-8", party=party.system)
        )
        return said

    def _raw(self, adapter: Adapter, request: HttpRequest, operation: str, party: Party) -> Message:
        body = _without_secrets(adapter, request)
        envelope = Envelope(
            id=new_id(), kind="goc", sender=party, receiver=None, operation=operation, business_ids=(),
            received_at=self.clock.now(), sha256=sha256_hex(request.body), profile=adapter.profile,
        )  # fmt: skip
        return Message(envelope, body, request.headers.get("content-type", "application/octet-stream"))

    @staticmethod
    async def _done(future: Future[T]) -> T:
        return await asyncio.wait_for(asyncio.wrap_future(future), _WAIT_S)


def _said(results: tuple[ItemResult, ...], problems: tuple[Problem, ...]) -> Said:
    """One answer for all items: the worst first."""
    first = results[0]
    values = {"message_id": first.message_id, "dossier": first.dossier}
    for status, (kind, code) in _SAID.items():
        if any(result.status is status for result in results):
            return Said(kind, (problem(code, Stage.ACCEPT), *problems), values)
    if problems:
        return Said(AnswerKind.INVALID, problems, values)
    if all(result.status is ItemStatus.DUPLICATE for result in results):
        return Said(AnswerKind.DUPLICATE, (), values)
    return Said(AnswerKind.ACCEPTED, (), values)


def _texts(payload: etree._Element, path: str) -> list[str]:
    found = payload.findall("/".join("{*}" + step for step in path.split("/")))
    return [text for element in found if (text := (element.text or "").strip())]


def _without_secrets(adapter: Adapter, request: HttpRequest) -> bytes:
    """The bytes as they came. Credentials that travel inside a body are the one thing that is never kept: their
    text is replaced, whatever the encoding, before anything is written. The hash stays that of the original."""
    names = set(adapter.manifest.secrets)
    if adapter.manifest.auth is not None and adapter.manifest.auth.password:
        names.add(adapter.manifest.auth.password.rpartition("/")[2])
    body = request.body
    for name in sorted(names):
        for codec in ("utf-8", "utf-16-le", "utf-16-be"):
            body = _blank(body, name, codec)
    return body


def _blank(body: bytes, name: str, codec: str) -> bytes:
    def raw(text: str) -> bytes:
        return re.escape(text.encode(codec))

    step = len("<".encode(codec))
    gap = b"(?:(?!" + raw(">") + b")" + b"." * step + b"){0,300}?"
    cdata = raw("<![CDATA[") + b"(?:" + b"." * step + b"){0,300}?" + raw("]]>")
    text = b"(?:" + cdata + b"|(?!" + raw("<") + b")" + b"." * step + b"){1,300}?"
    pattern = b"(" + raw(name) + gap + raw(">") + b")" + text + b"(?=" + raw("</") + b")"
    return re.sub(pattern, lambda found: found[1] + "***".encode(codec), body, flags=re.DOTALL)


__all__ = ["Intake"]
