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
from bus.records.queueing import Claimed, LaneDelivery, LaneSnapshot, QueueRecord, QueueSettle, QueueStats, QueueStep

__all__ = [
    "AcceptItem", "Acceptance", "Acknowledged", "Act", "Acted", "Action", "Claimed", "Content", "Decision", "Derived",
    "DossierRef", "Found", "Intent", "ItemResult", "ItemStatus", "Journey", "LaneDelivery", "LaneSnapshot",
    "NewIdentity", "NextStep", "PlannedDelivery", "Preparation", "Query", "QueueRecord", "QueueSettle", "QueueStats",
    "QueueStep", "Rejection", "Settled", "Settlement", "Stored", "WorkItem",
]  # fmt: skip
