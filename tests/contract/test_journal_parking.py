"""What a parked delivery means for those behind it: hold, skip, supersede; on all journals."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bus.delivery import AfterParking, Pattern, State, Unclear
from bus.outcome import Outcome
from bus.records import (
    NOBODY,
    Act,
    Acted,
    Action,
    Decision,
    Intent,
    NextStep,
    PlannedDelivery,
    Preparation,
    Query,
    Settled,
    Settlement,
)
from schemas.problem import Stage, problem
from tests.contract.journal_world import PARKED, World, item, settlement, to, wait, world

__all__ = ["world"]


def hold(**over: object) -> PlannedDelivery:
    """The default."""
    return to(**over)  # type: ignore[arg-type]  # test's shorthand


def skip(**over: object) -> PlannedDelivery:
    """What is behind goes on."""
    return to(after_parking=AfterParking.SKIP, **over)  # type: ignore[arg-type]  # test's shorthand


def status(**over: object) -> PlannedDelivery:
    """A full state: a later one tells all that an earlier one tells."""
    return to(after_parking=AfterParking.SUPERSEDE, replaces="tien_do", **over)  # type: ignore[arg-type]  # shorthand


def act(world: World, what: Act, delivery: str) -> Acted:
    """One act of an operator."""
    return world.journal.act(Action(what, delivery, "nguyen.an", "đã sửa")).result(20)


def park(world: World, delivery: str, token: str = "1.1") -> Settled:
    """Parked by the partner's refusal."""
    return world.deliver(delivery, token, decision=PARKED, outcome=Outcome.REJECTED)


def fed(world: World, delivery: str) -> list[str]:
    """What the feeder would tell the queue of this one's lane."""
    lane = world.journal.lane(world.work(delivery).delivery.lane)
    return [one.delivery_id for one in lane.deliveries] if lane else []


def test_with_hold_nothing_passes(world: World) -> None:
    """The parked one stays head; those behind are held behind it, get no intent, and are counted as waiting for it."""
    first, second, third = (world.delivery(hold()) for _ in range(3))
    settled = park(world, first)
    assert (settled.state, settled.lane_goes_on) == (State.PARKED, False)
    assert [world.state(one) for one in (first, second, third)] == [State.PARKED, State.HELD, State.HELD]
    assert not world.grant(second, "1.2")
    assert fed(world, first) == [first, second, third]
    assert world.journal.behind([first]) == {first: 2}


def test_with_skip_the_others_go_on_in_order(world: World) -> None:
    """The parked one leaves the lane and stays parked, visible and counted; the next one is head, then the next."""
    first, second, third = (world.delivery(skip()) for _ in range(3))
    settled = park(world, first)
    assert (settled.applied, settled.state, settled.lane_goes_on) == (True, State.PARKED, True)
    assert [world.state(one) for one in (first, second, third)] == [State.PARKED, State.READY, State.HELD]
    assert fed(world, first) == [second, third]
    assert world.journal.behind([first]) == {}
    assert not world.grant(first, "1.2")
    assert not world.grant(third, "1.3")
    world.deliver(second, "1.4")
    world.deliver(third, "1.5")
    counts = world.journal.counts()
    assert (counts[State.PARKED], counts[State.DELIVERED], sum(counts.values())) == (1, 2, 3)
    (found,) = world.journal.find(Query(state=State.PARKED))
    assert found.delivery is not None
    assert (found.delivery.id, found.delivery.problem_code) == (first, "LT-JRN-004")
    assert world.journal.lane(world.work(first).delivery.lane) is None


def test_a_settlement_said_twice_says_the_same_of_the_lane(world: World) -> None:
    """Whoever repeats a settlement is told again that the lane goes on."""
    first = world.delivery(skip())
    world.delivery(skip())
    number = world.work(first).next_attempt
    assert world.grant(first, "1.1")
    told = settlement(first, number, "1.1", outcome=Outcome.REJECTED, decision=PARKED)
    assert world.settle(told) == world.settle(told)
    assert world.settle(told).lane_goes_on


def test_what_stood_aside_is_released_to_the_head(world: World) -> None:
    """Its lane waits for it again, and it is sent before those that have not been."""
    first, second, third = (world.delivery(skip()) for _ in range(3))
    park(world, first)
    world.deliver(second, "1.2")
    done = act(world, Act.RELEASE, first)
    assert (done.done, done.state, done.rebuild_lane) == (True, State.READY, world.work(first).delivery.lane)
    assert [world.state(one) for one in (first, third)] == [State.READY, State.HELD]
    assert fed(world, first) == [first, third]
    world.deliver(first, "1.3")
    assert world.state(third) is State.READY


@pytest.mark.parametrize("what", [Act.RELEASE, Act.REPLAY])
def test_what_stood_aside_waits_while_another_is_on_its_way(world: World, what: Act) -> None:
    """Two of one lane are never sent at once: it is refused with a sentence, and allowed once the other has landed."""
    first, second = (world.delivery(skip()) for _ in range(2))
    park(world, first)
    number = world.work(second).next_attempt
    assert world.grant(second, "1.2")
    refused = act(world, what, first)
    assert (refused.done, refused.state) == (False, State.PARKED)
    assert "đang trên đường đi" in refused.reason
    world.settle(settlement(second, number, "1.2"))
    assert act(world, what, first).done


def test_an_old_state_is_not_sent_after_a_newer_one(world: World) -> None:
    """A full state that stood aside is refused once a newer one of its kind was delivered, in one sentence."""
    first, second = (world.delivery(skip(replaces="tien_do")) for _ in range(2))
    park(world, first)
    world.deliver(second, "1.2")
    for what in (Act.RELEASE, Act.REPLAY):
        refused = act(world, what, first)
        assert not refused.done
        assert "trạng thái cũ" in refused.reason
    assert act(world, Act.CANCEL, first).done
    assert world.state(first) is State.CANCELLED


def test_a_late_result_does_not_bring_it_back_into_the_lane(world: World) -> None:
    """Parked by others while its worker lived: a late "not taken" leaves it aside, a late "taken" delivers it."""
    for code, outcome, after in (("A", Outcome.UNAVAILABLE, State.PARKED), ("B", Outcome.ACCEPTED, State.DELIVERED)):
        first, second = world.delivery(skip(), code=code), world.delivery(skip(), code=code)
        number = world.work(first).next_attempt
        assert world.grant(first, "1.1")
        poisoned = Settlement(None, b"", "", first, "1.1", PARKED)
        assert world.settle(poisoned).lane_goes_on
        decision = wait(world, 5) if outcome is Outcome.UNAVAILABLE else Decision(NextStep.DONE, "Đã giao")
        late = world.settle(settlement(first, number, "1.1", outcome=outcome, decision=decision))
        assert (late.applied, late.state) == (False, after)  # not applied: the lane is read anew
        assert world.state(second) is State.READY
        assert fed(world, second) == [second]


def test_a_newer_state_takes_the_place_of_a_parked_one(world: World) -> None:
    """It is cancelled with the newer one's id, on record; the newer one is head, and the queue reads the lane anew."""
    first = world.delivery(status())
    park(world, first)
    result = world.accept(item("TN01", status()))[0]
    newer = f"{result.message_id}:cong"
    seen = world.work(first).delivery
    assert (seen.state, seen.reason) == (State.CANCELLED, f"Đã có bản mới hơn: {newer}")
    assert [(one.delivery_id, one.predecessor) for one in result.feed] == [(newer, NOBODY)]
    assert (world.state(newer), fed(world, newer)) == (State.READY, [newer])
    journey = world.journal.journey(first.partition(":")[0])
    assert journey is not None
    assert [(one["act"], one["who"], one["why"]) for one in journey.actions] == [
        ("supersede", "lienthong", f"Đã có bản mới hơn: {newer}")
    ]
    assert world.journal.verify_chain() == ()


def test_parked_while_a_newer_one_waits(world: World) -> None:
    """The newest of those behind takes its place at once, and the lane goes on; those between stay."""
    first, between, newest = (world.delivery(status()) for _ in range(3))
    settled = park(world, first)
    assert (settled.applied, settled.state, settled.lane_goes_on) == (True, State.CANCELLED, True)
    assert world.work(first).delivery.reason.endswith(newest)
    assert [world.state(one) for one in (between, newest)] == [State.READY, State.HELD]
    assert fed(world, newest) == [between, newest]


def test_supersede_takes_nothing_that_is_not_parked(world: World) -> None:
    """Ready, waiting, unclear and sending ones stay; the newest is never taken, nor another kind or dossier."""
    waiting = world.delivery(status())
    world.deliver(waiting, outcome=Outcome.UNAVAILABLE, decision=wait(world, 900))
    unclear = world.delivery(status(), code="U")
    world.deliver(unclear, "1.2", outcome=Outcome.UNCLEAR, decision=Decision(NextStep.ASK, "?", world.clock.now()))
    other_kind = world.delivery(to(after_parking=AfterParking.SUPERSEDE, replaces="ket_qua"), code="K")
    park(world, other_kind, "1.3")
    alone = world.delivery(status(), code="S")
    park(world, alone, "1.4")
    held = world.delivery(hold(replaces="tien_do"), code="H")
    park(world, held, "1.5")
    for code in ("TN01", "U", "K", "H"):
        world.delivery(status(), code=code)
    assert [world.state(one) for one in (waiting, unclear, other_kind, alone, held)] == [
        State.WAITING, State.UNCLEAR, State.PARKED, State.PARKED, State.PARKED,
    ]  # fmt: skip


def test_what_waited_for_a_superseded_one_follows_its_own_route(world: World) -> None:
    """In an ordered route the next stop of the superseded one is superseded too, where a newer one of it waits."""
    hops = (status(), status(endpoint="don_vi", after_endpoint="cong"))
    first = world.accept(item("TN01", *hops))[0].message_id
    park(world, f"{first}:cong")
    second = world.accept(item("TN01", *hops))[0].message_id
    assert world.state(f"{first}:cong") is State.CANCELLED
    assert world.state(f"{first}:don_vi") is State.CANCELLED
    assert (world.state(f"{second}:cong"), world.state(f"{second}:don_vi")) == (State.READY, State.HELD)


def test_a_fetched_one_that_is_parked_lets_others_pass(world: World) -> None:
    """The same for partners that fetch: the next one is offered."""
    pull = skip(endpoint="don_vi", pattern=Pattern.PULL)
    first, second = world.delivery(pull), world.delivery(pull)
    world.settle(Settlement(None, b"", "", first, "", PARKED))
    now = world.clock.now()
    offered = world.journal.offer("don_vi", limit=5, now=now, until=now + timedelta(seconds=30)).result(20)
    assert [one.delivery.id for one in offered] == [second]


def test_a_settlement_without_an_attempt_needs_a_quiet_delivery(world: World) -> None:
    """While somebody else's intent is live it changes nothing; under the same token, or after the lease, it does."""
    delivery = world.delivery(to(unclear=Unclear.PARK))
    assert world.grant(delivery, "1.1", lease_s=30)
    foreign = Settlement(None, b"", "", delivery, "1.2", PARKED)
    refused = world.settle(foreign)
    assert (refused.applied, refused.state) == (False, State.SENDING)
    world.clock.turn(31)
    assert world.settle(foreign).state is State.PARKED
    own = world.delivery(code="B")
    assert world.grant(own, "1.3")
    assert world.settle(Settlement(None, b"", "", own, "1.3", PARKED)).applied


def test_all_problems_of_a_parked_one_are_kept(world: World) -> None:
    """The first says what it is parked for; the others stand beside it until it is let go."""
    delivery = world.delivery()
    others = tuple(problem("LT-JRN-003", Stage.DELIVER, {"delivery": one, "who": "an"}) for one in ("d1", "d2"))
    decision = Decision(NextStep.PARK, "hỏng", problem=PARKED.problem, others=others)
    world.deliver(delivery, decision=decision, outcome=Outcome.REJECTED)
    journey = world.journal.journey(delivery.partition(":")[0])
    assert journey is not None
    assert [one["code"] for one in journey.problems] == ["LT-JRN-004", "LT-JRN-003", "LT-JRN-003"]
    assert world.work(delivery).delivery.problem_code == "LT-JRN-004"
    act(world, Act.RELEASE, delivery)
    journey = world.journal.journey(delivery.partition(":")[0])
    assert journey is not None
    assert journey.problems == ()


def test_an_attempt_says_whether_it_only_asked(world: World) -> None:
    """A question about a message and the sending of it are told apart on record."""
    delivery = world.delivery()
    assert world.grant(delivery, "1.1")
    told = settlement(delivery, 1, "1.1", outcome=Outcome.UNCLEAR, decision=Decision(NextStep.ASK, "?"))
    assert told.attempt is not None
    world.settle(replace(told, attempt=replace(told.attempt, asked=True)))
    world.deliver(delivery, "1.2")
    journey = world.journal.journey(delivery.partition(":")[0])
    assert journey is not None
    assert [one.asked for one in journey.attempts] == [True, False]


def test_an_intent_for_what_stands_aside_is_not_granted(world: World) -> None:
    """A queue that still has it in hand, wiped or late, gets no leave to send."""
    first, second = world.delivery(skip()), world.delivery(skip())
    park(world, first)
    until = world.clock.now() + timedelta(seconds=30)
    intents = (Intent(first, 2, "2.1", "w", until), Intent(second, 1, "2.2", "w", until))
    assert world.journal.prepare(Preparation((), intents)).result(20) == frozenset((second,))
