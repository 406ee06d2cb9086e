"""Plans carried out: in the right order, dripping, once each, and on after whatever broke them off. On all journals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pytest

from bus import bulk
from bus.bulk import Runner, Selection, select
from bus.delivery import AfterParking, State
from bus.outcome import Outcome
from bus.ports import JournalUnavailable
from bus.records import Act, Action, Plan, PlanAct, PlanDraft, PlanItem, PlanItemState, PlanLine, PlanState, QueueRecord
from bus.retake import Retaken
from tests.contract.journal_world import PARKED, World, to, world

__all__ = ["world"]


@dataclass
class Told:
    """A feeder that remembers which lanes it was to rebuild."""

    lanes: list[str] = field(default_factory=list)

    def heal(self) -> bool:
        """Always well."""
        return True

    def rebuild_lane(self, lane: str) -> None:
        """Remembered."""
        self.lanes.append(lane)

    def feed(self, records: Sequence[QueueRecord]) -> None:
        """Nothing."""


@dataclass
class Taker:
    """Takes refused messages again; breaks off after so many."""

    most: int = 99
    taken: list[str] = field(default_factory=list)

    def __call__(self, message_id: str) -> Retaken:
        """One."""
        if len(self.taken) >= self.most:
            raise JournalUnavailable("away")
        self.taken.append(message_id)
        return Retaken((), "Vẫn sai") if message_id == "bad" else Retaken((f"new-{message_id}",))


def parked(world: World, code: str, **over: object) -> str:
    """A parked delivery."""
    delivery = world.delivery(to(**over), code=code)  # type: ignore[arg-type]  # test's shorthand
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    return delivery


def parked_line(world: World) -> PlanLine:
    """To be released."""
    return PlanLine(parked(world, "Z"), PlanAct.RELEASE)


def runner(world: World, taker: Taker | None = None) -> Runner:
    """Whose sleep turns the clock."""
    return Runner(world.journal, Told(), world.clock, taker or Taker(), world.clock.turn)  # type: ignore[arg-type]


def made(world: World, *lines: PlanLine, per_minute: int = 0) -> Plan:
    """Kept."""
    return world.journal.make_plan(PlanDraft("an", "đã sửa", "release", lines, per_minute)).result(20)


def lines_of(world: World, meant: Selection) -> tuple[PlanLine, ...]:
    """What is meant."""
    return tuple(line for line, _ in select(world.journal, meant))


def test_what_is_meant(world: World) -> None:
    """By problem, endpoint, kind, time and number; the oldest first; those that rest only, unless another state."""
    first, second, other = parked(world, "A"), parked(world, "B"), parked(world, "C", endpoint="don_vi")
    ready = world.delivery(code="D")
    meant = Selection(PlanAct.RELEASE)
    assert [one.subject for one in lines_of(world, meant)] == [first, second, other]
    assert [one.subject for one in lines_of(world, Selection(PlanAct.RELEASE, endpoint="cong"))] == [first, second]
    assert [one.subject for one in lines_of(world, Selection(PlanAct.RELEASE, limit=1))] == [first]
    assert lines_of(world, Selection(PlanAct.RELEASE, problem_code="LT-MAP-120")) == ()
    assert len(lines_of(world, Selection(PlanAct.RELEASE, problem_code="LT-JRN-004"))) == 3
    assert [one.subject for one in lines_of(world, Selection(PlanAct.CANCEL, state=State.READY))] == [ready]
    assert lines_of(world, Selection(PlanAct.TAKE_AGAIN)) == ()


def test_a_tail_that_was_delivered_is_sent_again_from_its_end(world: World) -> None:
    """So that each may be sent again: the plan has nothing that the journal refuses."""
    ids = [world.delivery() for _ in range(3)]
    for delivery in ids:
        world.deliver(delivery, f"1.{delivery}")
    lines = lines_of(world, Selection(PlanAct.REPLAY_AS_THEN, state=State.DELIVERED))
    assert [one.subject for one in lines] == ids[::-1]
    done = runner(world).run(made(world, *lines), who="an", told=lambda item: None)
    assert done.tally[PlanItemState.DONE] == 3
    assert [world.state(one) for one in ids] == [State.READY, State.HELD, State.HELD]


@pytest.mark.parametrize("per_minute", [0, 60])
def test_a_tail_leaves_only_when_its_beginning_may(world: World, per_minute: int) -> None:
    """The queue hears of a lane that is replayed from its end forward once, when all of it stands open: its end is
    never sent before its beginning, however slowly the plan drips."""
    one, other = [world.delivery() for _ in range(3)], [world.delivery(code="B") for _ in range(2)]
    for delivery in (*one, *other):
        world.deliver(delivery, f"1.{delivery}")
    lines = [PlanLine(delivery, PlanAct.REPLAY_AS_THEN) for delivery in (*one[::-1], *other[::-1])]
    running = runner(world)
    done = running.run(made(world, *lines, per_minute=per_minute), who="an", told=lambda item: None)
    assert done.tally[PlanItemState.DONE] == 5
    assert isinstance(running.feeder, Told)
    assert running.feeder.lanes == [world.work(one[0]).delivery.lane, world.work(other[0]).delivery.lane]


@pytest.mark.parametrize("per_minute", [0, 60])
def test_dossiers_that_took_turns_are_sent_again_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch, per_minute: int
) -> None:
    """However their messages came, and wherever a page of the plan ends: no end of a lane leaves before its
    beginning, so the journal refuses nothing."""
    monkeypatch.setattr(bulk, "_PAGE", 3)
    ids = [world.delivery(code=code) for code in "ABABAB"]
    for delivery in ids:
        world.deliver(delivery, f"1.{delivery}")
    lines = lines_of(world, Selection(PlanAct.REPLAY_AS_THEN, state=State.DELIVERED))
    assert [one.subject for one in lines] == [*ids[5::-2], *ids[4::-2]]
    running = runner(world)
    done = running.run(made(world, parked_line(world), *lines, per_minute=per_minute), who="an", told=lambda item: None)
    assert done.tally[PlanItemState.DONE] == 7
    assert isinstance(running.feeder, Told)
    assert running.feeder.lanes[1:] == [world.work(one).delivery.lane for one in (ids[1], ids[0])]


def test_what_stood_aside_in_one_lane_goes_back_in_order(world: World) -> None:
    """The oldest first: each takes its own place, and the first of them is sent first."""
    ids = [parked(world, "A", after_parking=AfterParking.SKIP) for _ in range(3)]
    lines = lines_of(world, Selection(PlanAct.RELEASE))
    done = runner(world).run(made(world, *lines), who="an", told=lambda item: None)
    assert done.tally[PlanItemState.DONE] == 3
    assert [world.state(one) for one in ids] == [State.READY, State.HELD, State.HELD]


def test_it_drips(world: World) -> None:
    """No more a minute than the plan says; without a number, as fast as it goes."""
    lines = [PlanLine(parked(world, code), PlanAct.RELEASE) for code in "ABCDE"]
    before = world.clock.now()
    runner(world).run(made(world, *lines, per_minute=30), who="an", told=lambda item: None)
    assert (world.clock.now() - before).total_seconds() == pytest.approx(8, abs=0.1)


def test_each_item_is_told_as_it_stands(world: World) -> None:
    """For the bar, and for what is to be named: done, or refused with its reason; unknown ones do not stop it."""
    good = parked(world, "A")
    ready = world.delivery(code="B")
    lines = [PlanLine(one, PlanAct.RELEASE) for one in (good, ready, "không có:cong")]
    told: list[PlanItem] = []
    done = runner(world).run(made(world, *lines), who="an", told=told.append)
    assert [one.state for one in told] == [PlanItemState.DONE, PlanItemState.REFUSED, PlanItemState.REFUSED]
    assert all(one.result for one in told[1:])
    assert done.state is PlanState.DONE


def test_broken_off_it_goes_on_with_what_is_left(world: World) -> None:
    """The journal was away in the middle: what was done is not done again, the rest is."""
    lines = [PlanLine(one, PlanAct.TAKE_AGAIN) for one in ("m1", "m2", "bad", "m3")]
    plan, taker = made(world, *lines), Taker(most=2)
    with pytest.raises(JournalUnavailable):
        runner(world, taker).run(plan, who="an", told=lambda item: None)
    half = world.journal.plan(plan.id)
    assert half is not None
    assert (half.state, half.tally[PlanItemState.DONE], half.tally[PlanItemState.OPEN]) == (PlanState.OPEN, 2, 2)
    taker.most = 99
    done = runner(world, taker).run(plan, who="binh", told=lambda item: None)
    assert taker.taken == ["m1", "m2", "bad", "m3"]
    assert [one.result for one in world.journal.plan_items(plan.id)] == ["new-m1", "new-m2", "Vẫn sai", "new-m3"]
    assert (done.state, done.tally[PlanItemState.REFUSED]) == (PlanState.DONE, 1)


def test_cancelled_under_way_it_stops(world: World) -> None:
    """Somebody drops it while it runs: nothing more is done."""
    lines = [PlanLine(parked(world, code), PlanAct.RELEASE) for code in "ABC"]
    plan = made(world, *lines)

    def drop(item: PlanItem) -> None:
        world.journal.end_plan(plan.id, who="binh", why="nhầm").result(20)

    done = runner(world).run(plan, who="an", told=drop)
    assert (done.state, done.tally[PlanItemState.DONE], done.tally[PlanItemState.DROPPED]) == (
        PlanState.CANCELLED, 1, 2,
    )  # fmt: skip
    assert [world.state(one.subject) for one in lines] == [State.READY, State.PARKED, State.PARKED]


def test_what_changed_since_the_plan_is_not_touched(world: World) -> None:
    """Each item is looked at once more in the commit that does it; the others are done, and the reason stands there."""
    first, second = parked(world, "A"), parked(world, "B")
    marks = [world.work(one).delivery.mark for one in (first, second)]
    lines = [PlanLine(one, PlanAct.SETTLE, seen=mark) for one, mark in zip((first, second), marks, strict=True)]
    plan = made(world, *lines)
    world.journal.act(Action(Act.RELEASE, first, "binh", "đã sửa")).result(20)
    done = runner(world).run(plan, who="an", told=lambda item: None)
    one, other = world.journal.plan_items(plan.id)
    assert (done.state, one.state, other.state) == (PlanState.DONE, PlanItemState.REFUSED, PlanItemState.DONE)
    assert ("Đã đổi" in one.result, one.seen) == (True, marks[0])
    assert [world.state(each) for each in (first, second)] == [State.READY, State.DELIVERED]


def test_a_partners_word_is_bound_to_what_was_selected(world: World) -> None:
    """Settled or denied is what the person saw; a release may find it anywhere."""
    delivery = parked(world, "A")
    (line,) = lines_of(world, Selection(PlanAct.DENY))
    assert (line.subject, line.seen) == (delivery, world.work(delivery).delivery.mark)
    assert lines_of(world, Selection(PlanAct.RELEASE))[0].seen == ""
