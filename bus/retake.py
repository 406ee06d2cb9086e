"""A refused message is taken again: its raw bytes go once more through the door's pure pipeline, by today's tables."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Direction
from adapters.wire.contract import Call, HttpRequest
from adapters.wire.registry import inbound
from bus.inspection import Inspection
from bus.known import known_dossiers
from bus.pipeline import Inbound, names_of, split, take_in
from bus.ports import Clock, Journal
from bus.records import Acceptance, AcceptItem, ItemResult, ItemStatus, Journey, QueueRecord
from bus.retention import said_vi
from bus.routing import House
from schemas.message import Message, new_id
from schemas.problem import Problem

RAW = "raw"
_TAKEN = (ItemStatus.ACCEPTED, ItemStatus.DUPLICATE)
_SAID = {
    ItemStatus.CONFLICT: "Cùng khóa chống trùng nhưng nội dung khác một thông điệp đã nhận",
    ItemStatus.UNKNOWN_DOSSIER: "Chưa có hồ sơ mà thông điệp này nói tới",
    ItemStatus.UNFIT: "Chữ ký số trong tệp đính kèm không được nhận",
    ItemStatus.NOT_TAKEN: "Một mục khác trong cùng phong bì không nhận được",
}


@dataclass(frozen=True, slots=True)
class Retaken:
    """What became of it."""

    message_ids: tuple[str, ...]  # of the accepted messages, or of the first copies; () = it was not taken
    reason: str = ""  # why not, in Vietnamese
    problems: tuple[Problem, ...] = ()  # where it was translated again and still is not valid


@dataclass(frozen=True, slots=True)
class Retaking:
    """Holds no state of its own."""

    journal: Journal
    feed: Callable[[Sequence[QueueRecord]], None]
    house: House
    clock: Clock
    inspection: Inspection = field(default_factory=Inspection)

    def take_again(self, message_id: str) -> Retaken:
        """Accepts it under new ids, caused by the refused one, with the same checks as at the door. Done twice it is
        taken once. Nothing is written if it still is not valid."""
        journey = self.journal.journey(message_id)
        if journey is None:
            return _not("Không còn trong nhật ký")
        if journey.verdict != "rejected":
            return _not("Không phải thông điệp bị từ chối")
        if taken := self._taken_before(journey):
            return Retaken(taken)
        adapter = self.house.adapters.get(journey.envelope.sender.system)
        if adapter is None or not journey.envelope.sender.agency:
            return _not("Không rõ ai đã gửi: bị từ chối trước khi nhận ra bên gọi; bên gửi phải gửi lại")
        kept = self.journal.body(message_id, RAW)
        if kept is None or not kept.body:
            marks = [one.erased for one in journey.bodies if one.role == RAW and one.erased is not None]
            return _not(said_vi(marks[0]) if marks else "Không còn giữ nội dung gốc")
        call = _read(adapter, kept)
        if isinstance(call, tuple):
            return Retaken((), call[0].text_vi, call)
        if call.operation.direction is not Direction.IN:
            return _not("Là câu hỏi hoặc lượt lấy, không phải thông điệp để nhận")
        return self._accept(journey, adapter, call, kept)

    def _taken_before(self, journey: Journey) -> tuple[str, ...]:
        """What was accepted from an earlier raw message that this one caused."""
        found: list[str] = []
        for one in journey.caused:
            raw = self.journal.journey(one)
            if raw is not None and raw.verdict == "accepted":
                found += raw.caused if raw.envelope.kind == "goc" else (one,)
        return tuple(found)

    def _accept(self, journey: Journey, adapter: Adapter, call: Call, kept: Message) -> Retaken:
        refused, party, now = journey.envelope, journey.envelope.sender, self.clock.now()
        raw = replace(
            kept,
            envelope=replace(refused, id=new_id(), caused_by=refused.id, received_at=now, profile=adapter.profile),
        )
        known = known_dossiers(self.journal, {names_of(call.operation, one) for one in _items(call)})
        items, problems = take_in(
            Inbound(
                adapter, call.name, call.operation, call.payload, raw, party, now, known,
                attachments=self.inspection.of(party),
            ),
            self.house,
        )  # fmt: skip
        if problems and (call.operation.all_or_nothing or not items):
            return Retaken((), problems[0].text_vi, problems)
        if refused.caused_by and any(not one.idempotency_key for one in items if one.same_dossier_as < 0):
            return _not("Một phần của phong bì đã được nhận, mà nghiệp vụ không khai khóa chống trùng: bên gửi gửi lại")
        looked = self.inspection.look(items)
        if isinstance(looked, Problem):
            return Retaken((), looked.text_vi, (looked,))
        items, whole = looked, call.operation.all_or_nothing
        acceptance = Acceptance(raw, _keyed(items, refused.id), whole, adapter.party)
        results = self.journal.accept(acceptance).result()
        if records := tuple(record for result in results for record in result.feed):
            self.feed(records)
        return _said(results)


def _said(results: Sequence[ItemResult]) -> Retaken:
    ids = tuple(result.message_id for result in results if result.status in _TAKEN)
    bad = next((result.status for result in results if result.status not in _TAKEN), None)
    return Retaken(ids, "" if bad is None else _SAID[bad])


def _not(reason: str) -> Retaken:
    return Retaken((), reason)


def _items(call: Call) -> list[etree._Element]:
    return split(call.operation, call.payload)


def _keyed(items: Sequence[AcceptItem], refused_id: str) -> tuple[AcceptItem, ...]:
    """Two persons who take the same message again at once take it once: what has no key of its own gets one."""
    return tuple(
        item
        if item.idempotency_key or item.same_dossier_as >= 0
        else replace(item, idempotency_key=f"{refused_id}:{number}")
        for number, item in enumerate(items)
    )


def _read(adapter: Adapter, kept: Message) -> Call | tuple[Problem, ...]:
    """As the door read it. Credentials were starred out when it was kept; who sent it is on record."""
    operation = adapter.manifest.operations.get(kept.envelope.operation)
    path = (operation.path or operation.service or kept.envelope.operation) if operation is not None else ""
    request = HttpRequest(
        method="POST", path="/" + path.strip("/"), query={}, headers={"content-type": kept.media_type},
        body=kept.body, address="",
    )  # fmt: skip
    call = inbound(adapter.manifest.wire).read(adapter, request)
    return call.problems if isinstance(call, Call) and call.problems else call
