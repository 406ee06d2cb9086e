"""The part of the journal's port that reconciliation uses: dossiers listed by time, what is held of each, its runs."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from typing import Protocol

from bus.records import Difference, Finding, Holding, Listed, Reconciliation, Scope


class ReconciliationBook(Protocol):
    """See `bus.ports.Journal`."""

    def listed(self, scope: Scope, after: Listed | None, *, limit: int) -> tuple[Listed, ...]:
        """The dossiers of a scope, oldest first message first; after the one given. Constant memory for any number."""

    def count_dossiers(self, scope: Scope) -> int:
        """How many dossiers a scope has."""

    def holdings(self, dossiers: Sequence[str]) -> tuple[Holding, ...]:
        """What is held of each dossier, in the order asked; an unknown one holds nothing."""

    def record_reconciliation(self, run: Reconciliation, findings: Sequence[Finding]) -> Future[bool]:
        """One step of a run, with what was found since the last, in one commit. False: `run.step` is not the next
        one, so another process has gone on with it; nothing was recorded."""

    def reconciliation(self, run_id: str) -> Reconciliation | None:
        """One run; None = no such."""

    def reconciliations(self, *, limit: int) -> tuple[Reconciliation, ...]:
        """Newest first."""

    def findings(
        self, run_id: str, after: tuple[int, str], *, limit: int, difference: Difference | None = None
    ) -> tuple[Finding, ...]:
        """What a run found, by (number, endpoint), after the one given; equal pairs are left out."""
