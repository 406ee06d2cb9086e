"""Partners that fetch: heads of their lanes are offered, and delivered when acknowledged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import sqlalchemy as sa

from bus.delivery import Attempt, State
from bus.journal import tables as t
from bus.journal.attempt_row import attempt_values
from bus.journal.burden import Touch
from bus.journal.delivery_row import DeliveryRow
from bus.journal.derive import heads
from bus.journal.free import free_behind
from bus.journal.moments import to_us
from bus.journal.transitions import acknowledged, may_offer, offered
from bus.journal.unit import Unit
from bus.journal.work import work_items
from bus.outcome import Outcome
from bus.records import Acknowledged, QueueRecord, WorkItem

_d = t.deliveries.c
_earlier = t.deliveries.alias("earlier")
_HEADS = (
    sa.select(t.deliveries)
    .where(
        t.IS_PULL,
        t.IS_OPEN,
        _d.endpoint == sa.bindparam("endpoint"),
        _d.held_behind == "",
        _d.state != State.PARKED.value,
        sa.or_(_d.offered_us.is_(None), _d.offered_us <= sa.bindparam("now_us")),
        sa.or_(_d.next_us.is_(None), _d.next_us <= sa.bindparam("now_us")),
        ~sa.exists().where(
            _earlier.c.open == sa.literal_column("1"),
            _earlier.c.lane == _d.lane,
            _earlier.c.lane_seq < _d.lane_seq,
        ),
    )
    .order_by(_d.created_us, _d.id)
    .limit(sa.bindparam("many"))
)
_CALLED = sa.select(t.identities.c.code, t.identities.c.dossier).where(
    t.identities.c.code.in_(sa.bindparam("many", expanding=True)), t.identities.c.party == sa.bindparam("party")
)
_EVER = (
    sa.select(_d.lane)
    .distinct()
    .where(_d.lane.in_(sa.bindparam("many", expanding=True)), _d.state == State.DELIVERED.value)
)


@dataclass(frozen=True, slots=True)
class Offer:
    """One request of a partner that fetches."""

    endpoint: str
    limit: int
    now: datetime
    until: datetime


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """What a partner says it has."""

    endpoint: str
    codes: tuple[str, ...]
    party: str
    now: datetime

    def size_bytes(self) -> int:
        """No bodies."""
        return 0

    def touch(self) -> Touch:
        """The dossiers it names."""
        return Touch(codes=self.codes)


def offer_many(unit: Unit, offers: Sequence[Offer]) -> list[tuple[WorkItem, ...]]:
    """A run of offers, in order."""
    return [_offer(unit, offer) for offer in offers]


def _offer(unit: Unit, offer: Offer) -> tuple[WorkItem, ...]:
    if offer.limit <= 0:
        return ()
    now_us = to_us(offer.now)
    unit.flush()
    values = {"endpoint": offer.endpoint, "now_us": now_us, "many": offer.limit}
    found = _still_first(unit, unit.read(_HEADS, values))
    rows = [row for row in unit.deliveries(found).values() if may_offer(row, now_us=now_us)]
    for row in rows:
        unit.put(offered(row, until_us=to_us(offer.until)))
        unit.entry("offer", row.id, {"until_us": to_us(offer.until)})
    unit.flush()
    return work_items(unit.connection, [row.id for row in rows], now_us=now_us)


def _still_first(unit: Unit, rows: Sequence[sa.RowMapping]) -> list[str]:
    """What another process is at work on is left out, to be offered next time; the others are looked at again,
    now that nobody can change them."""
    if not unit.locks.needed or not rows:
        return [row["id"] for row in rows]
    busy = unit.locks.unheld(row["dossier"] for row in rows)
    first = heads(unit.connection, [row["lane"] for row in rows])
    return [row["id"] for row in rows if row["dossier"] not in busy and first.get(row["lane"]) == row["id"]]


def acknowledge_many(unit: Unit, many: Sequence[Acknowledgement]) -> list[Acknowledged]:
    """A run of acknowledgements, in order."""
    return [_acknowledge(unit, one) for one in many]


def _acknowledge(unit: Unit, told: Acknowledgement) -> Acknowledged:
    """A code stands for the head of its dossier's lane, if that was offered; else for what was taken before."""
    unit.flush()
    rows = unit.read(_CALLED, {"many": sorted(set(told.codes)), "party": told.party})
    lanes = {row["code"]: f"{row['dossier']}@{told.endpoint}" for row in rows}
    if not lanes:
        return Acknowledged(())
    first = heads(unit.connection, list(lanes.values()))
    ever = {row["lane"] for row in unit.read(_EVER, {"many": sorted(set(lanes.values()))})}
    known: list[str] = []
    feed: list[QueueRecord] = []
    for code in dict.fromkeys(told.codes):
        lane = lanes.get(code)
        if lane is None:
            continue
        head = unit.deliveries([first[lane]])[first[lane]] if lane in first else None
        if head is not None and head.offered_us is not None and head.in_lane:
            feed += _deliver(unit, head, told)
            ever.add(lane)
        if lane in ever:
            known.append(code)
    return Acknowledged(tuple(known), tuple(feed))


def _deliver(unit: Unit, head: DeliveryRow, told: Acknowledgement) -> tuple[QueueRecord, ...]:
    row = acknowledged(head)
    unit.put(row)
    attempt = acknowledgement(row, told.party, told.now)
    unit.insert(t.attempts, attempt_values(attempt, month=row.month, applied=True, state=State.DELIVERED, feed=()))
    unit.entry("acknowledge", row.id, {"number": attempt.number, "by": told.party})
    return free_behind(unit, [row.id]).get(row.id, ())


def acknowledgement(row: DeliveryRow, party: str, now: datetime) -> Attempt:
    """The fact that a partner fetched and acknowledged, in the form of an attempt."""
    return Attempt(
        delivery_id=row.id, number=row.last_number, by=party, worker="", token="", started_at=now, duration_ms=0,
        outcome=Outcome.ACCEPTED, status=0, code="", text="Bên nhận lấy về và xác nhận", problem_code="",
        request_sha256="", request_size=0, reply_sha256="", reply_size=0, peer="",
    )  # fmt: skip
