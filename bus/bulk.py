"""Many acts at once: what is meant is found, written down as a plan, and carried out item by item, dripping."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from bus.delivery import State
from bus.feeder import Feeder
from bus.ports import Clock, Journal
from bus.records import Action, Found, Plan, PlanAct, PlanItem, PlanItemState, PlanLine, PlanNote, PlanState, Query
from bus.replay import carry_out_together
from schemas.problem import Refused

if TYPE_CHECKING:  # what taking in again needs takes long to import, and most commands never do it
    from bus.retake import Retaken

MOST = 100_000  # items of one plan
_REPLAYS = (PlanAct.REPLAY, PlanAct.REPLAY_AS_THEN)
_PAGE = 500
_FEW = 25


@dataclass(frozen=True, slots=True)
class Selection:
    """What is meant. Empty members do not narrow."""

    act: PlanAct
    state: State = State.PARKED
    problem_code: str = ""
    endpoint: str = ""
    kind: str = ""
    since: datetime | None = None
    limit: int = MOST


def select(journal: Journal, meant: Selection) -> tuple[tuple[PlanLine, Found], ...]:
    """The subjects in the order they are to be dealt with: the oldest first, so that what is behind follows; what has
    ended already lane by lane from its end forward, since one is sent again only while nothing behind it was."""
    found = list(_found(journal, meant))  # newest first
    if not meant.state.final or meant.act is PlanAct.TAKE_AGAIN:
        found.reverse()
    else:
        places = {lane: place for place, lane in enumerate(dict.fromkeys(map(_lane, found)))}
        found.sort(key=lambda one: places[_lane(one)])
    return tuple((_line(meant.act, one), one) for one in found[: meant.limit])


def _line(act: PlanAct, found: Found) -> PlanLine:
    """What rests on a partner's word holds for the delivery as it was when the partner was asked."""
    bound = act in (PlanAct.SETTLE, PlanAct.DENY) and found.delivery is not None
    return PlanLine(_subject(act, found), act, seen=found.delivery.mark if bound and found.delivery else "")


def _found(journal: Journal, meant: Selection) -> Iterator[Found]:
    rejected = meant.act is PlanAct.TAKE_AGAIN
    query = Query(
        state=None if rejected else meant.state, endpoint="" if rejected else meant.endpoint, kind=meant.kind,
        problem_code=meant.problem_code, verdict="rejected" if rejected else "", since=meant.since, limit=_PAGE,
    )  # fmt: skip
    seen = 0
    while page := journal.find(query):
        for one in page:
            if rejected or one.delivery is not None:
                yield one
                seen += 1
        if seen >= MOST or len({one.envelope.id for one in page}) < _PAGE:
            return
        query = replace(query, before=min(one.envelope.id for one in page))


def _lane(found: Found) -> str:
    return found.delivery.lane if found.delivery is not None else ""


def _subject(act: PlanAct, found: Found) -> str:
    return found.envelope.id if act is PlanAct.TAKE_AGAIN or found.delivery is None else found.delivery.id


@dataclass(frozen=True, slots=True)
class Runner:
    """Carries out plans. Broken off anywhere, the next run goes on with what is left: each item is done once."""

    journal: Journal
    feeder: Feeder
    clock: Clock
    take_again: Callable[[str], Retaken]
    sleep: Callable[[float], None]
    complete: Callable[[Action], Action] = lambda action: action  # with what follows from it; may raise Refused

    def run(self, plan: Plan, *, who: str, told: Callable[[PlanItem], None]) -> Plan:
        """Does all that is open, `per_minute` items at most. `told` hears of each item, as it stands then.

        Raises:
            JournalUnavailable: the rest stays open.
        """
        began, number, after = self.clock.monotonic(), 0, 0
        while items := self.journal.plan_items(plan.id, after=after, limit=_PAGE, state=PlanItemState.OPEN):
            for group in self._groups(plan, items):
                self._drip(plan, began, number)
                self._do(plan, group, who)
                number, after = number + len(group), group[-1].number
                for item in group:
                    told(self._now_item(item))
            if self._now(plan).state is not PlanState.OPEN:
                break
        return self._now(plan)

    def _drip(self, plan: Plan, began: float, number: int) -> None:
        if plan.per_minute and (wait := began + number * 60 / plan.per_minute - self.clock.monotonic()) > 0:
            self.sleep(wait)

    def _groups(self, plan: Plan, items: tuple[PlanItem, ...]) -> Iterator[tuple[PlanItem, ...]]:
        """What is done in one go: replays that stand together, dripping only those of one lane. A lane is replayed
        from its end forward, and its end must not leave before its beginning stands open too: one that goes on
        behind the page is left to the next."""
        lanes = self._lanes(items) if plan.per_minute or len(items) == _PAGE else {}
        last = lanes.get(items[-1].subject) if len(items) == _PAGE else None
        if last is not None:
            whole = len(items)
            while whole and lanes.get(items[whole - 1].subject) == last:
                whole -= 1
            items = items[:whole] or items

        def key(item: PlanItem) -> tuple[str, int]:
            lane = lanes.get(item.subject, "") if plan.per_minute else ""
            return (lane, 0) if item.act in _REPLAYS else ("", item.number)

        for _, group in groupby(items, key):
            yield tuple(group)

    def _lanes(self, items: tuple[PlanItem, ...]) -> Mapping[str, str]:
        """Of what is replayed. A few at a time: bodies come with them."""
        subjects = [item.subject for item in items if item.act in _REPLAYS]
        found: dict[str, str] = {}
        for start in range(0, len(subjects), _FEW):
            some = self.journal.work(subjects[start : start + _FEW])
            found |= {one.delivery.id: one.delivery.lane for one in some}
        return found

    def _do(self, plan: Plan, items: tuple[PlanItem, ...], who: str) -> None:
        if items[0].act.act is None:
            self._take(items[0])
            return
        try:
            actions = [self.complete(_action(plan, item, who)) for item in items]
        except Refused as refused:  # of what is settled, which stands alone in its group
            self._note(items[0], PlanItemState.REFUSED, refused.problems[0].text_vi)
            return
        for item, acted in zip(items, carry_out_together(actions, self.journal, self.feeder), strict=True):
            if acted is None:
                self._note(item, PlanItemState.REFUSED, "Không còn trong nhật ký")

    def _take(self, item: PlanItem) -> None:
        """First taken, then noted: in between it may be taken a second time, and is found to be a duplicate."""
        if self._now_item(item).state is not PlanItemState.OPEN:
            return
        taken = self.take_again(item.subject)
        if taken.message_ids:
            self._note(item, PlanItemState.DONE, ", ".join(taken.message_ids))
        else:
            self._note(item, PlanItemState.REFUSED, taken.reason)

    def _note(self, item: PlanItem, state: PlanItemState, result: str) -> None:
        self.journal.note_plan_item(PlanNote(item.plan_id, item.number, state, result)).result()

    def _now(self, plan: Plan) -> Plan:
        found = self.journal.plan(plan.id)
        assert found is not None, "plans are never deleted"
        return found

    def _now_item(self, item: PlanItem) -> PlanItem:
        return self.journal.plan_items(item.plan_id, after=item.number - 1, limit=1)[0]


def _action(plan: Plan, item: PlanItem, who: str) -> Action:
    act = item.act.act
    assert act is not None, "asked before"
    why = f"{plan.why} ({item.note})" if item.note else plan.why
    as_then = item.act is PlanAct.REPLAY_AS_THEN
    return Action(act, item.subject, who, why, as_then=as_then, plan=plan.id, item=item.number, seen=item.seen)
