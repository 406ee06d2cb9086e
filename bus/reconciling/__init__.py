"""Reconciliation: what the journal says was delivered against what a partner says it has."""

from bus.reconciling.compare import compare
from bus.reconciling.pairs import Answer, Ours, Step, Theirs, Verdict, asked_endpoints, ours_of

__all__ = ["Answer", "Ours", "Step", "Theirs", "Verdict", "asked_endpoints", "compare", "ours_of"]
