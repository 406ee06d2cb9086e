"""Plans: many acts written down before the first is done, on all journals."""

from __future__ import annotations

from bus.delivery import State
from bus.outcome import Outcome
from bus.records import Act, Action, Plan, PlanAct, PlanDraft, PlanItemState, PlanLine, PlanNote, PlanState
from tests.contract.journal_world import PARKED, World, world

__all__ = ["world"]


def draft(*subjects: str, act: PlanAct = PlanAct.RELEASE) -> PlanDraft:
    """A plan of one act for several subjects."""
    lines = tuple(PlanLine(one, act, "vì sao") for one in subjects)
    return PlanDraft("nguyen.an", "đã sửa bảng mã", act.value, lines, per_minute=60)


def made(world: World, *subjects: str, act: PlanAct = PlanAct.RELEASE) -> Plan:
    """Made and kept."""
    return world.journal.make_plan(draft(*subjects, act=act)).result(20)


def parked(world: World, code: str) -> str:
    """A parked delivery of its own dossier."""
    delivery = world.delivery(code=code)
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    return delivery


def release(world: World, plan: Plan, delivery: str, item: int) -> bool:
    """One item carried out."""
    action = Action(Act.RELEASE, delivery, "nguyen.an", "đã sửa", plan=plan.id, item=item)
    return world.journal.act(action).result(20).done


def test_a_plan_is_kept_with_its_items(world: World) -> None:
    """Who, why, from what and how fast; every item open, in order; nothing is done by making it."""
    first, second = parked(world, "A"), parked(world, "B")
    plan = made(world, first, second)
    assert (plan.who, plan.why, plan.source, plan.per_minute) == ("nguyen.an", "đã sửa bảng mã", "release", 60)
    assert (plan.state, plan.total, plan.tally[PlanItemState.OPEN]) == (PlanState.OPEN, 2, 2)
    items = world.journal.plan_items(plan.id)
    assert [(one.number, one.subject, one.act, one.note, one.at) for one in items] == [
        (1, first, PlanAct.RELEASE, "vì sao", None),
        (2, second, PlanAct.RELEASE, "vì sao", None),
    ]
    assert world.journal.plan(plan.id) == plan
    assert world.journal.plan("không có") is None
    assert (world.state(first), world.state(second)) == (State.PARKED, State.PARKED)


def test_an_act_notes_its_item_in_the_same_commit(world: World) -> None:
    """The item is done with the act; the plan is done with its last item; the newest plan comes first."""
    first, second = parked(world, "A"), parked(world, "B")
    plan = made(world, first, second)
    assert release(world, plan, first, 1)
    half = world.journal.plan(plan.id)
    assert half is not None
    assert (half.state, half.tally[PlanItemState.DONE], half.tally[PlanItemState.OPEN]) == (PlanState.OPEN, 1, 1)
    assert [one.subject for one in world.journal.plan_items(plan.id, state=PlanItemState.OPEN)] == [second]
    assert [one.subject for one in world.journal.plan_items(plan.id, after=1)] == [second]
    assert release(world, plan, second, 2)
    world.clock.turn(1)
    newer = made(world, first)
    assert [one.id for one in world.journal.plans()] == [newer.id, plan.id]
    assert [one.id for one in world.journal.plans(state=PlanState.DONE)] == [plan.id]


def test_an_item_is_done_once(world: World) -> None:
    """Two that carry out one plan at once, or one that does not know how far it came: the act happens once."""
    delivery = parked(world, "A")
    plan = made(world, delivery)
    assert release(world, plan, delivery, 1)
    world.deliver(delivery, "2.1", decision=PARKED, outcome=Outcome.REJECTED)
    assert not release(world, plan, delivery, 1)
    assert world.state(delivery) is State.PARKED
    journey = world.journal.journey(delivery.partition(":")[0])
    assert journey is not None
    assert [one["act"] for one in journey.actions] == ["release"]


def test_a_refused_act_is_noted_with_its_reason(world: World) -> None:
    """What was not allowed stands in the plan with the journal's own sentence."""
    delivery = world.delivery()
    plan = made(world, delivery)
    assert not release(world, plan, delivery, 1)
    (item,) = world.journal.plan_items(plan.id)
    assert (item.state, bool(item.result), item.at) == (PlanItemState.REFUSED, True, world.clock.now())
    assert world.journal.plan(plan.id).state is PlanState.DONE  # type: ignore[union-attr]  # it is there


def test_a_cancelled_plan_does_nothing_more(world: World) -> None:
    """What was done stays done; what was left is dropped, by whom and why is said; ending it again changes nothing."""
    first, second = parked(world, "A"), parked(world, "B")
    plan = made(world, first, second)
    release(world, plan, first, 1)
    ended = world.journal.end_plan(plan.id, who="tran.b", why="nhầm điểm nhận").result(20)
    assert ended is not None
    assert (ended.state, ended.ended_by, ended.ended_why) == (PlanState.CANCELLED, "tran.b", "nhầm điểm nhận")
    assert (ended.tally[PlanItemState.DONE], ended.tally[PlanItemState.DROPPED]) == (1, 1)
    assert not release(world, plan, second, 2)
    assert world.state(second) is State.PARKED
    assert world.journal.end_plan(plan.id, who="x", why="y").result(20) == ended
    assert world.journal.end_plan("không có", who="x", why="y").result(20) is None


def test_items_that_are_no_acts_are_noted_by_whoever_does_them(world: World) -> None:
    """A message taken again has its result noted once; a plan without items is done at once; the chain is whole."""
    plan = made(world, "m1", act=PlanAct.TAKE_AGAIN)
    note = PlanNote(plan.id, 1, PlanItemState.DONE, "m2")
    assert world.journal.note_plan_item(note).result(20)
    assert not world.journal.note_plan_item(note).result(20)
    assert not world.journal.note_plan_item(PlanNote(plan.id, 9, PlanItemState.DONE)).result(20)
    assert [one.result for one in world.journal.plan_items(plan.id)] == ["m2"]
    assert made(world).state is PlanState.DONE
    assert world.journal.verify_chain() == ()
