"""What crosses the border of the journal and the queue: plain frozen values, ids and small numbers."""

from bus.records.accepting import (
    Acceptance,
    AcceptItem,
    DossierRef,
    ItemResult,
    ItemStatus,
    NewIdentity,
    PlannedDelivery,
    Rejection,
)
from bus.records.delivering import (
    Acknowledged,
    Content,
    Decision,
    Derived,
    Intent,
    NextStep,
    Preparation,
    Settled,
    Settlement,
    WorkItem,
)
from bus.records.operating import Act, Acted, Action, Found, Journey, Query, Stored
from bus.records.planning import Plan, PlanAct, PlanDraft, PlanItem, PlanItemState, PlanLine, PlanNote, PlanState

# isort: off
from bus.records.queueing import (
    Breaker, Claimed, EndpointOrder, EndpointView, Health, LaneDelivery, LaneSnapshot, QueueRecord, QueueSettle,
    QueueStats, QueueStep, Standing,
)  # fmt: skip

__all__ = [
    "AcceptItem", "Acceptance", "Acknowledged", "Act", "Acted", "Action", "Breaker", "Claimed", "Content", "Decision",
    "Derived", "DossierRef", "EndpointOrder", "EndpointView", "Found", "Health", "Intent", "ItemResult", "ItemStatus",
    "Journey", "LaneDelivery", "LaneSnapshot", "NewIdentity", "NextStep", "Plan", "PlanAct", "PlanDraft", "PlanItem",
    "PlanItemState", "PlanLine", "PlanNote", "PlanState", "PlannedDelivery", "Preparation", "Query",
    "QueueRecord", "QueueSettle", "QueueStats", "QueueStep", "Rejection", "Settled", "Settlement", "Standing",
    "Stored", "WorkItem",
]  # fmt: skip
