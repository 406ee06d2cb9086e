"""The journal's part for reconciliation, on SQL."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager

from sqlalchemy import Connection

from bus.journal.reconcile import (
    RunRecord,
    count_dossiers,
    list_dossiers,
    read_findings,
    read_holdings,
    read_run,
    read_runs,
    record_many,
)
from bus.journal.writer import Writer
from bus.records import Difference, Finding, Holding, Listed, Reconciliation, Scope


class SqlReconciliations(ABC):
    """See the port. What it stands on is the journal's."""

    _writer: Writer

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    @abstractmethod
    def _now_us(self) -> int:
        """Microseconds since the epoch."""

    def listed(self, scope: Scope, after: Listed | None, *, limit: int) -> tuple[Listed, ...]:
        """See the port."""
        with self._reading() as connection:
            return list_dossiers(connection, scope, after, limit=limit)

    def count_dossiers(self, scope: Scope) -> int:
        """See the port."""
        with self._reading() as connection:
            return count_dossiers(connection, scope)

    def holdings(self, dossiers: Sequence[str]) -> tuple[Holding, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_holdings(connection, dossiers, now_us=self._now_us())

    def record_reconciliation(self, run: Reconciliation, findings: Sequence[Finding]) -> Future[bool]:
        """See the port."""
        return self._writer.submit(record_many, RunRecord(run, tuple(findings)))

    def reconciliation(self, run_id: str) -> Reconciliation | None:
        """See the port."""
        with self._reading() as connection:
            return read_run(connection, run_id)

    def reconciliations(self, *, limit: int) -> tuple[Reconciliation, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_runs(connection, limit=limit)

    def findings(
        self, run_id: str, after: tuple[int, str], *, limit: int, difference: Difference | None = None
    ) -> tuple[Finding, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_findings(connection, run_id, after, limit=limit, difference=difference)
