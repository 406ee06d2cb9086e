"""Which plan repairs a delivery already: the same repair twice would be a second step on the receiver's timeline."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from bus.ports import Journal
from bus.records import PlanItem, PlanItemState, PlanState

SOURCE = "reconcile"
_PLANS = 1_000  # the newest looked at
_LIVE = (PlanItemState.OPEN, PlanItemState.DONE)


def planned_already(journal: Journal, subjects: Collection[str], *, since: datetime) -> str:
    """The id of a plan that another comparison, or this one, made of the same deliveries: one that is still open, or
    one made after `since`, when this comparison began and could not know of it. "" = there is none."""
    wanted = frozenset(subjects)
    for plan in journal.plans(limit=_PLANS):
        fresh = plan.made_at >= since or plan.state is PlanState.OPEN
        if not fresh or plan.source != SOURCE:
            continue
        if any(item.subject in wanted and item.state in _LIVE for item in _items(journal, plan.id)):
            return plan.id
    return ""


def _items(journal: Journal, plan_id: str) -> Iterator[PlanItem]:
    after = 0
    while page := journal.plan_items(plan_id, after=after):
        yield from page
        after = page[-1].number
