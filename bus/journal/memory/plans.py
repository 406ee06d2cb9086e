"""Plans in memory."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from bus.journal.memory.store import Store
from bus.journal.moments import from_us
from bus.journal.plans import plan_facts
from bus.records import Plan, PlanDraft, PlanItem, PlanItemState, PlanNote, PlanState
from schemas.message import new_id


@dataclass(slots=True)
class Plans:
    """All plans, with their items by number."""

    store: Store
    plans: dict[str, Plan] = field(default_factory=dict)
    items: dict[tuple[str, int], PlanItem] = field(default_factory=dict)

    def make(self, draft: PlanDraft) -> Plan:
        """See the port."""
        plan_id = new_id()
        state = PlanState.OPEN if draft.lines else PlanState.DONE
        made_at = from_us(self.store.now_us)
        self.plans[plan_id] = Plan(plan_id, made_at, draft.who, draft.why, draft.source, draft.per_minute, state)
        for number, line in enumerate(draft.lines, start=1):
            self.items[plan_id, number] = PlanItem(
                plan_id, number, line.subject, line.act, line.note, PlanItemState.OPEN, "", None, line.seen
            )
        self.store.note("plan", plan_id, plan_facts(draft))
        return self.shown(self.plans[plan_id])

    def take(self, note: PlanNote) -> bool:
        """See the port."""
        item = self.items.get((note.plan_id, note.number))
        if item is None or item.state is not PlanItemState.OPEN:
            return False
        self.correct(note)
        if not any(one.state is PlanItemState.OPEN for one in self._of(note.plan_id)):
            self.plans[note.plan_id] = replace(self.plans[note.plan_id], state=PlanState.DONE)
        return True

    def correct(self, note: PlanNote) -> None:
        """What really became of an item that was taken."""
        key = (note.plan_id, note.number)
        at = from_us(self.store.now_us)
        self.items[key] = replace(self.items[key], state=note.state, result=note.result, at=at)

    def end(self, plan_id: str, *, who: str, why: str) -> Plan | None:
        """See the port."""
        plan = self.plans.get(plan_id)
        if plan is None or plan.state is not PlanState.OPEN:
            return None if plan is None else self.shown(plan)
        self.plans[plan_id] = replace(plan, state=PlanState.CANCELLED, ended_by=who, ended_why=why)
        for item in self._of(plan_id):
            if item.state is PlanItemState.OPEN:
                self.correct(PlanNote(plan_id, item.number, PlanItemState.DROPPED))
        self.store.note("plan-end", plan_id, {"who": who, "why": why})
        return self.shown(self.plans[plan_id])

    def newest(self, *, limit: int, state: PlanState | None) -> tuple[Plan, ...]:
        """See the port."""
        found = [plan for plan in self.plans.values() if state in (None, plan.state)]
        found.sort(key=lambda plan: (plan.made_at, plan.id), reverse=True)
        return tuple(map(self.shown, found[:limit]))

    def shown(self, plan: Plan) -> Plan:
        """With its tally."""
        tally = dict.fromkeys(PlanItemState, 0)
        for item in self._of(plan.id):
            tally[item.state] += 1
        return replace(plan, tally=tally)

    def some(self, plan_id: str, *, after: int, limit: int, state: PlanItemState | None) -> tuple[PlanItem, ...]:
        """See the port."""
        found = [one for one in self._of(plan_id) if one.number > after and state in (None, one.state)]
        return tuple(found[:limit])

    def _of(self, plan_id: str) -> list[PlanItem]:
        return [item for (plan, _), item in self.items.items() if plan == plan_id]
