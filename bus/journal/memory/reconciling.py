"""Reconciliation in memory: what it reads of the journal, and its runs."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from typing import TypeVar

from bus.journal.memory.store import Kept, Store
from bus.journal.reconcile import KIND, RunRecord
from bus.journal.reconcile_row import run_facts
from bus.records import Difference, Finding, HeldDelivery, Holding, Listed, Progress, Reconciliation, Scope


def listed(store: Store, scope: Scope, after: Listed | None, limit: int) -> tuple[Listed, ...]:
    """See the port."""
    found = _all(store, scope)
    if after is not None:
        found = [one for one in found if (one.at, one.message_id) > (after.at, after.message_id)]
    return tuple(found[:limit])


def count(store: Store, scope: Scope) -> int:
    """See the port."""
    return len(_all(store, scope))


def _all(store: Store, scope: Scope) -> list[Listed]:
    first: dict[str, Listed] = {}
    for kept in _accepted(store):
        envelope = kept.envelope
        if _fits(kept, scope):
            first.setdefault(envelope.order_key, Listed(envelope.order_key, envelope.received_at, envelope.id))
    return sorted(first.values(), key=lambda one: (one.at, one.message_id))


def _accepted(store: Store) -> Iterator[Kept]:
    """Canonical messages of dossiers, in the order they were received."""
    kept = (one for one in store.messages.values() if one.verdict == "accepted" and one.envelope.kind != "goc")
    yield from sorted(
        (one for one in kept if one.envelope.order_key), key=lambda one: (one.envelope.received_at, one.envelope.id)
    )


def _fits(kept: Kept, scope: Scope) -> bool:
    envelope = kept.envelope
    if scope.dossier:
        return envelope.order_key == scope.dossier
    agency = envelope.sender.agency
    theirs = not scope.agency or agency == scope.agency or agency.startswith(f"{scope.agency}.")
    return theirs and scope.since <= envelope.received_at < scope.until


def holdings(store: Store, dossiers: Sequence[str]) -> tuple[Holding, ...]:
    """See the port."""
    return tuple(_holding(store, one) for one in dict.fromkeys(dossiers))


def _holding(store: Store, dossier: str) -> Holding:
    messages = {one.envelope.id: one.envelope for one in _accepted(store) if one.envelope.order_key == dossier}
    rows = [row for row in store.deliveries.values() if row.message_id in messages]
    rows.sort(key=lambda row: (row.endpoint, row.lane, row.lane_seq))
    held = tuple(
        HeldDelivery(store.shown(row), messages[row.message_id], bool(row.taken), bool(row.doubts)) for row in rows
    )
    return Holding(dossier, store.names_of(dossier), tuple(messages.values()), held)


def record(store: Store, step: RunRecord) -> bool:
    """See the port."""
    known = store.reconciliations.get(step.run.id)
    if step.run.step != (known.step if known else 0) + 1:
        return False
    store.reconciliations[step.run.id] = step.run
    for found in step.findings:
        store.findings[step.run.id, found.number, found.endpoint] = found
    if known is None or step.run.progress is not Progress.RUNNING:
        store.note(KIND, step.run.id, run_facts(step.run))
    return True


def runs(store: Store, limit: int) -> tuple[Reconciliation, ...]:
    """See the port."""
    found = sorted(store.reconciliations.values(), key=lambda one: (one.started_at, one.id), reverse=True)
    return tuple(found[:limit])


def findings(
    store: Store, run_id: str, after: tuple[int, str], *, limit: int, difference: Difference | None
) -> tuple[Finding, ...]:
    """See the port."""
    found = [
        (number, endpoint, one)
        for (run, number, endpoint), one in store.findings.items()
        if run == run_id and (number, endpoint) > after and one.difference is not Difference.EQUAL
    ]
    wanted = [one for *_, one in sorted(found, key=lambda key: key[:2]) if difference in (None, one.difference)]
    return tuple(wanted[:limit])


T = TypeVar("T")


class MemoryReconciliations(ABC):
    """See the port."""

    _store: Store
    _lock: threading.RLock

    @abstractmethod
    def _do(self, job: Callable[[], T]) -> Future[T]:
        """Writes under the lock."""

    def listed(self, scope: Scope, after: Listed | None, *, limit: int) -> tuple[Listed, ...]:
        """See the port."""
        with self._lock:
            return listed(self._store, scope, after, limit)

    def count_dossiers(self, scope: Scope) -> int:
        """See the port."""
        with self._lock:
            return count(self._store, scope)

    def holdings(self, dossiers: Sequence[str]) -> tuple[Holding, ...]:
        """See the port."""
        with self._lock:
            return holdings(self._store, dossiers)

    def record_reconciliation(self, run: Reconciliation, findings: Sequence[Finding]) -> Future[bool]:
        """See the port."""
        return self._do(lambda: record(self._store, RunRecord(run, tuple(findings))))

    def reconciliation(self, run_id: str) -> Reconciliation | None:
        """See the port."""
        return self._store.reconciliations.get(run_id)

    def reconciliations(self, *, limit: int) -> tuple[Reconciliation, ...]:
        """See the port."""
        with self._lock:
            return runs(self._store, limit)

    def findings(
        self, run_id: str, after: tuple[int, str], *, limit: int, difference: Difference | None = None
    ) -> tuple[Finding, ...]:
        """See the port."""
        with self._lock:
            return findings(self._store, run_id, after, limit=limit, difference=difference)
