"""What crosses the border of the journal and the queue: plain frozen values, ids and small numbers."""

# isort: off
# fmt: off
from bus.records.accepting import (
    Acceptance, AcceptItem, DossierRef, ItemResult, ItemStatus, NewIdentity, PlannedDelivery, Rejection,
)
from bus.records.delivering import (
    Acknowledged, Content, Decision, Derived, Intent, NextStep, Preparation, Settled, Settlement, WorkItem,
)
from bus.records.examining import Examination, Judgement
from bus.records.expiring import Aged
from bus.records.operating import Act, Acted, Action, Found, Journey, Query, Stored
from bus.records.planning import Plan, PlanAct, PlanDraft, PlanItem, PlanItemState, PlanLine, PlanNote, PlanState
from bus.records.watching import DueHead, Lingering, Pulse, Survey
from bus.records.queueing import (
    ALL, NOBODY, Breaker, Claimed, EndpointOrder, EndpointView, Health, LaneDelivery, LaneSnapshot, Place, QueueRecord,
    QueueSettle, QueueStats, QueueStep, Standing,
)
from bus.records.reconciling import (
    Difference, Finding, HeldDelivery, Holding, Listed, Progress, Reconciliation, Repair, Scope,
)

__all__ = [
    "ALL", "NOBODY", "AcceptItem", "Acceptance", "Acknowledged", "Act", "Acted", "Action", "Aged", "Breaker",
    "Claimed", "Content", "Decision", "Derived", "Difference", "DossierRef", "DueHead", "EndpointOrder",
    "EndpointView", "Examination", "Finding", "Found", "Health", "HeldDelivery", "Holding", "Intent", "ItemResult",
    "ItemStatus", "Journey", "Judgement", "LaneDelivery", "LaneSnapshot", "Lingering", "Listed", "NewIdentity",
    "NextStep", "Place", "Plan", "PlanAct", "PlanDraft", "PlanItem", "PlanItemState", "PlanLine", "PlanNote",
    "PlanState", "PlannedDelivery", "Preparation", "Progress", "Pulse", "Query", "QueueRecord", "QueueSettle",
    "QueueStats", "QueueStep", "Reconciliation", "Rejection", "Repair", "Scope", "Settled", "Settlement", "Standing",
    "Stored", "Survey", "WorkItem",
]
