"""What a parked delivery means for the others, in memory."""

from __future__ import annotations

from bus.delivery import State
from bus.journal.delivery_row import DeliveryRow
from bus.journal.memory.store import Store
from bus.journal.moments import from_us
from bus.journal.parking import SUPERSEDE, WHO, rebuild_of
from bus.journal.transitions import orphaned, stands_aside, superseded
from bus.records import QueueRecord


def rest(store: Store, row: DeliveryRow) -> tuple[QueueRecord, ...]:
    """A delivery that has just been parked: it may stand aside, or be superseded."""
    store.deliveries[row.id] = stands_aside(row)
    later = [one for one in store.open_in(row.lane) if one.lane_seq > row.lane_seq and one.replaces == row.replaces]
    if later and _may_go(row):
        return _supersede(store, row, by=later[-1].id)
    return ()


def superseded_by(store: Store, newest: DeliveryRow) -> tuple[QueueRecord, ...]:
    """Cancels what is parked in this one's lane and told less than it."""
    rows = [
        one
        for one in store.open_in(newest.lane)
        if one.lane_seq < newest.lane_seq and one.replaces == newest.replaces and _may_go(one)
    ]
    feed = [record for row in rows for record in _supersede(store, row, by=newest.id)]
    return (*feed, *rebuild_of(newest)) if rows else ()


def orphan_behind(store: Store, cancelled: str, *, who: str) -> tuple[QueueRecord, ...]:
    """What waited for a cancelled one is left to a person."""
    feed: list[QueueRecord] = []
    waiting = [one for one in store.deliveries.values() if one.open and one.held_behind == cancelled]
    for one in sorted(waiting, key=lambda row: row.id):
        row = store.deliveries[one.id] = orphaned(one, who=who)
        feed += rest(store, row)
        if not store.deliveries[row.id].in_lane:
            feed += rebuild_of(row)
    return tuple(feed)


def _may_go(row: DeliveryRow) -> bool:
    return row.supersedable and row.state == State.PARKED.value and not row.held_behind


def _supersede(store: Store, row: DeliveryRow, *, by: str) -> tuple[QueueRecord, ...]:
    after = store.deliveries[row.id] = superseded(row, by=by)
    store.actions.append(
        {
            "act": SUPERSEDE, "delivery": row.id, "who": WHO, "why": after.reason, "as_then": False, "done": True,
            "reason": "", "at": from_us(store.now_us).isoformat(),
        }
    )  # fmt: skip
    store.note(SUPERSEDE, row.id, {"by": by})
    return orphan_behind(store, row.id, who=WHO)
