"""What keeping deadlines asks of the in-memory journal."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from datetime import datetime
from threading import RLock
from typing import TypeVar

from bus.delivery import State
from bus.journal.deadlines import ACT, WHO, expiry_facts
from bus.journal.delivery_row import DeliveryRow, as_delivery
from bus.journal.memory.store import Store
from bus.journal.moments import from_us, to_us
from bus.journal.transitions import begun
from bus.records import Aged, Decision

T = TypeVar("T")


class MemoryDeadlines:
    """Mixed into the in-memory journal."""

    _store: Store
    _lock: RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Under the lock."""

    def unbegun(self, endpoint: str, *, after: str, limit: int) -> tuple[tuple[str, ...], str]:
        """See the port."""
        with self._lock:
            now_us = self._store.now_us
            rows = [row for row in _sendable(self._store, endpoint, after) if row.since_us is None][:limit]
            heads = [row for row in rows if not self._store.ahead(row) and (row.next_us or 0) <= now_us]
            return tuple(row.id for row in heads), rows[-1].id if len(rows) == limit else ""

    def begin(self, delivery_ids: Sequence[str]) -> Future[int]:
        """See the port."""

        def start() -> int:
            rows = [self._store.deliveries[one] for one in delivery_ids if one in self._store.deliveries]
            fresh = [row for row in rows if row.open and row.since_us is None]
            for row in fresh:
                self._store.deliveries[row.id] = begun(row, now_us=self._store.now_us)
            return len(fresh)

        return self._do(start)

    def aged(self, endpoint: str, *, since: datetime, after: str, limit: int) -> tuple[tuple[Aged, ...], str]:
        """See the port."""
        with self._lock:
            before_us, now_us = to_us(since), self._store.now_us
            rows = [
                row
                for row in _sendable(self._store, endpoint, after)
                if row.since_us is not None and row.since_us <= before_us
            ][:limit]
            heads = tuple(
                Aged(
                    as_delivery(row, ahead="", now_us=now_us), self._store.messages[row.message_id].envelope.kind,
                    bool(row.doubts),
                )
                for row in rows
                if not self._store.ahead(row)
            )  # fmt: skip
            return heads, rows[-1].id if len(rows) == limit else ""


def _sendable(store: Store, endpoint: str, after: str) -> Iterator[DeliveryRow]:
    for row in sorted(store.deliveries.values(), key=lambda one: one.id):
        waits = row.in_lane and row.is_push and not row.held_behind and row.state != State.PARKED.value
        if row.endpoint == endpoint and row.id > after and waits:
            yield row


def record_expiry(store: Store, row: DeliveryRow, decision: Decision) -> None:
    """See the SQL journal's."""
    code = decision.problem.code if decision.problem else ""
    store.actions.append(
        {
            "act": ACT, "delivery": row.id, "who": WHO, "why": decision.reason, "as_then": False, "done": True,
            "reason": code, "at": from_us(store.now_us).isoformat(),
        }
    )  # fmt: skip
    store.note(ACT, row.id, expiry_facts(row, decision))
