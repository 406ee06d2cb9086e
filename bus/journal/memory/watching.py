"""What the watch asks of the in-memory journal."""

from __future__ import annotations

from abc import abstractmethod
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from datetime import datetime
from threading import RLock
from typing import TypeVar

from bus.delivery import State
from bus.journal.delivery_row import DeliveryRow, is_live
from bus.journal.memory.store import Store
from bus.journal.moments import from_us, to_us
from bus.journal.pulses import GONE_US, SUM, summed
from bus.records import DueHead, Lingering, Pulse, Survey
from schemas.message import Envelope

T = TypeVar("T")


class WatchedMemory:
    """Mixed into the in-memory journal."""

    _store: Store
    _lock: RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def pulse(self, pulse: Pulse) -> Future[None]:
        """See the port."""
        return self._do(lambda: _keep(self._store, pulse))

    def pulses(self) -> tuple[Pulse, ...]:
        """See the port."""
        with self._lock:
            return tuple(self._store.pulses[worker] for worker in sorted(self._store.pulses))

    def survey(self, endpoints: Sequence[str]) -> Survey:
        """See the port."""
        with self._lock:
            return survey(self._store, endpoints)

    def lingering(self, state: State, *, before: datetime, limit: int) -> tuple[Lingering, ...]:
        """See the port."""
        with self._lock:
            return lingering(self._store, state, before_us=to_us(before), limit=limit)

    def meter_commits(self, on_commit: Callable[[float], None]) -> None:
        """See the port. Nothing takes time here."""

    def undelivered(self, *, before: datetime, limit: int) -> tuple[Envelope, ...]:
        """See the port."""
        with self._lock:
            return undelivered(self._store, before_us=to_us(before), limit=limit)


def _keep(store: Store, said: Pulse) -> None:
    """See the port."""
    store.pulses[said.worker] = said
    gone = [
        one for one in store.pulses.values() if one.worker != SUM and to_us(one.at) < store.now_us - GONE_US
    ]  # fmt: skip
    if gone:
        kept = [store.pulses[SUM]] if SUM in store.pulses else []
        total = summed([*kept, *gone])
        for one in gone:
            del store.pulses[one.worker]
        store.pulses[SUM] = total


def survey(store: Store, endpoints: Sequence[str]) -> Survey:
    """See the port."""
    stored = Counter(row.state for row in store.deliveries.values())
    heads = (_due(store, endpoint) for endpoint in endpoints)
    return Survey(
        accepted=len(store.deliveries),
        states={state: stored[state.value] for state in State},
        open_rows=sum(bool(row.open) for row in store.deliveries.values()),
        due=tuple(head for head in heads if head is not None),
    )


def _due(store: Store, endpoint: str) -> DueHead | None:
    now_us = store.now_us
    rows = [
        row
        for row in store.deliveries.values()
        if row.endpoint == endpoint and row.open and row.is_push and not row.held_behind and not store.ahead(row)
        if row.state != State.PARKED.value and not is_live(row, now_us=now_us) and _due_us(row) <= now_us
    ]  # fmt: skip
    first = min(rows, key=_due_us, default=None)
    if first is None:
        return None
    return DueHead(
        endpoint, first.id, first.lane, State(first.state), from_us(_due_us(first)), first.may_have_been_sent
    )


def _due_us(row: DeliveryRow) -> int:
    return row.created_us if row.next_us is None else row.next_us


def lingering(store: Store, state: State, *, before_us: int, limit: int) -> tuple[Lingering, ...]:
    """See the port."""
    steps: dict[str, int] = {}
    for entry in store.entries:
        steps[entry.subject] = max(steps.get(entry.subject, 0), entry.at_us)
    found = []
    for row in store.deliveries.values():
        shown = store.shown(row)
        since = max(steps.get(row.id, 0), row.created_us, (row.next_us or 0) if state is State.READY else 0)
        if row.open and shown.state is state and since < before_us:
            found.append(Lingering(shown, from_us(since)))
    return tuple(sorted(found, key=lambda one: one.since)[:limit])


def undelivered(store: Store, *, before_us: int, limit: int) -> tuple[Envelope, ...]:
    """See the port."""
    taken = {row.message_id for row in store.deliveries.values()}
    found = [
        one.envelope
        for one in store.messages.values()
        if one.verdict == "accepted" and one.envelope.kind != "goc" and one.envelope.id not in taken
        if to_us(one.envelope.received_at) < before_us
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda one: one.id, reverse=True)[:limit])
