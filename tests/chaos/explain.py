"""Why a receiver saw the same again: for every repeat the cause is looked for in the journal and in the acts of people.

A repeat without a cause is a fault of the bus, even where it did no harm.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from bus.delivery import Attempt, Delivery, Pattern
from bus.journal import SqlJournal
from bus.records import Journey, Query
from bus.simulators.ledger import Event, Line

REPLY_LOST = "reply lost"  # an attempt whose answer never came or could not be used
NO_RESULT = "worker gone"  # an intent that left no result: whoever wrote it died or lost its lease
NOT_ACKNOWLEDGED = "not acknowledged"  # fetched, and offered again before any acknowledgement came
BY_A_PERSON = "by a person"  # released or replayed
LEASE_LOST = "lease lost"  # its worker was alive and answered, but too late: another had it by then
UNEXPLAINED = "unexplained"
_TOLD_AS = {"ket_qua": "ho_so"}  # a desk that tells the result by the dossier's last status
_ENDPOINTS = {"portal": "cong_dvcqg", "dlms": "gplx_dlms", "cmon": "mot_cua_cmon", "facade": "mat_tien_json"}


def repeats(lines: Iterable[Line]) -> Iterator[Line]:
    """The takings of what the receiver had taken before, as the judge counts them."""
    seen: set[tuple[str, str, str, int]] = set()
    for line in sorted((one for one in lines if one.event is Event.RECEIVED), key=lambda one: (one.at, one.call)):
        if line.item is None or not line.committed:
            continue
        key = (line.who, line.item.dossier, line.item.kind, line.item.step)
        if line.again and key in seen:
            yield line
        seen.add(key)


def causes(lines: Iterable[Line], journal: SqlJournal) -> Counter[str]:
    """How many repeats have which cause."""
    return Counter(_cause(line, journal) for line in repeats(lines))


def _cause(line: Line, journal: SqlJournal) -> str:
    assert line.item is not None
    endpoint = _ENDPOINTS[line.who]
    kinds = {line.item.kind, _TOLD_AS.get(line.item.kind, line.item.kind)}
    text = line.item.content.get("text", "")
    found: dict[str, Journey] = {}
    for name in dict.fromkeys((line.item.dossier, *line.item.names)):
        for kind in kinds:
            for one in journal.find(Query(text=name, kind=kind, verdict="accepted", limit=50)):
                journey = journal.journey(one.envelope.id)
                if journey is not None and _says(text, one.envelope.id, journal):
                    found[one.envelope.id] = journey
    return cause(line, endpoint, found.values())


def _says(text: str, message_id: str, journal: SqlJournal) -> bool:
    """A dossier has many steps: only the one that bears this mark is meant."""
    content = journal.body(message_id, "content") if text else None
    return content is None or text in content.body.decode("utf-8", "replace")


def cause(line: Line, endpoint: str, found: Iterable[Journey]) -> str:
    """The cause by the journeys of that item to that receiver. Pure."""
    for journey in found:
        for delivery in journey.deliveries:
            if delivery.endpoint == endpoint and (why := _why(line, delivery, journey)):
                return why
    return UNEXPLAINED


def _why(line: Line, delivery: Delivery, journey: Journey) -> str:
    tried = [one for one in journey.attempts if one.delivery_id == delivery.id]
    if delivery.pattern is Pattern.PULL:
        at = datetime.fromtimestamp(line.at, UTC)
        acknowledged = [one.started_at for one in tried]
        return NOT_ACKNOWLEDGED if not acknowledged or min(acknowledged) >= at else ""
    if any(one.outcome.unclear for one in tried):
        return REPLY_LOST
    if _left_no_result(tried):
        return NO_RESULT
    if sum(one.outcome.settles for one in tried) > 1:
        return LEASE_LOST
    return BY_A_PERSON if any(one.get("act") in ("release", "replay") for one in journey.actions) else ""


def _left_no_result(tried: Iterable[Attempt]) -> bool:
    """Every intent takes a number, so a number without an attempt is one."""
    numbers = {one.number for one in tried}
    return bool(numbers) and numbers != set(range(1, max(numbers) + 1))
