"""Deadlines in every journal: since when they count, whose tries count, and that a passed one is an event on record."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bus.delivery import Pattern, State, Unclear
from bus.expiry import DeadlineKeeper
from bus.feeder import Feeder
from bus.notation import read_notation
from bus.outcome import Outcome
from bus.policies import Policies
from bus.queue import MemoryQueue
from bus.records import Act, Action, Decision, NextStep, Query, Settlement
from tests.contract.journal_world import PARKED, World, attempt, item, to, wait, world

__all__ = ["world"]

POLICIES = Policies(read_notation("10s;500;fixed(1m);<2h"), {"tep_dinh_kem": read_notation("10s;500;fixed(1m);<30m")})
HOUR = 3600.0


def release(world: World, delivery: str, act: Act = Act.RELEASE) -> None:
    assert world.journal.act(Action(act, delivery, "cb.an", "đã xem")).result(20).done


def fails(world: World, delivery: str, *, token: str = "1.1", by: str = "") -> None:
    """One try that comes to nothing."""
    seen = world.work(delivery)
    assert world.grant(delivery, token)
    fact = attempt(delivery, seen.next_attempt, token, Outcome.UNAVAILABLE, by=by or seen.delivery.asked_by or "worker")
    world.settle(Settlement(fact, b"", "", delivery, token, wait(world, 60)))


@pytest.fixture
def queue(world: World) -> MemoryQueue:
    """The index beside it."""
    return MemoryQueue()


@pytest.fixture
def keeper(world: World, queue: MemoryQueue) -> DeadlineKeeper:
    """Of one endpoint."""
    feeder = Feeder(world.journal, queue)
    assert feeder.heal()
    return DeadlineKeeper(world.journal, queue, feeder, {"cong": POLICIES}, world.clock)


def test_the_clock_of_a_head_begins_when_it_is_accepted(world: World) -> None:
    """Of what was ordered for later, then; of what stands behind another, not yet."""
    first = world.delivery()
    second = world.delivery()
    later = world.delivery(to(not_before=world.clock.now() + timedelta(hours=5)), code="TN02")
    assert world.work(first).delivery.since_at == world.work(first).delivery.created_at
    assert world.work(second).delivery.since_at is None
    assert world.work(later).delivery.since_at == world.work(later).delivery.next_at


def test_what_was_held_for_days_has_all_its_time(world: World) -> None:
    """The clock of one behind another begins with its first try, or when somebody sees that it could be sent."""
    first, second, third = (world.delivery() for _ in range(3))
    world.clock.turn(90 * HOUR)
    world.deliver(first, "1.1")
    assert world.work(second).delivery.since_at is None
    began = world.clock.turn(60)
    assert world.grant(second, "1.2")
    assert world.work(second).delivery.since_at == began
    assert world.work(third).delivery.since_at is None


def test_only_heads_that_are_due_begin(world: World) -> None:
    """Page by page; a second time changes nothing; what is fetched has no deadline."""
    firsts = [world.delivery(code=f"TN{n}") for n in range(3)]
    seconds = [world.delivery(code=f"TN{n}") for n in range(3)]
    world.delivery(to(pattern=Pattern.PULL), code="TN9")
    for first in firsts[:2]:
        world.deliver(first)
    found: list[str] = []
    after = ""
    while True:
        heads, after = world.journal.unbegun("cong", after=after, limit=2)
        found += heads
        if not after:
            break
    assert found == seconds[:2]
    began = world.clock.turn(5)
    assert world.journal.begin(found).result(20) == 2
    world.clock.turn(5)
    assert world.journal.begin(found).result(20) == 0
    assert [world.work(one).delivery.since_at for one in found] == [began, began]


def test_only_heads_that_waited_long_are_aged(world: World) -> None:
    """With the kind of their message; not the parked, not those behind."""
    old, _behind, parked = world.delivery(), world.delivery(), world.delivery(code="TN02")
    world.deliver(parked, outcome=Outcome.REJECTED, decision=PARKED)
    since = world.clock.turn(HOUR)
    world.delivery(code="TN03")
    found, after = world.journal.aged("cong", since=since, after="", limit=10)
    assert [(one.delivery.id, one.kind) for one in found] == [(old, "ho_so")]
    assert after == ""


def test_a_release_begins_a_fresh_budget_and_the_next_try_is_the_persons(world: World) -> None:
    """Counted apart, recorded by whom; the automatic tries before it count no more."""
    delivery = world.delivery()
    fails(world, delivery)
    fails(world, delivery, token="1.2")
    released_at = world.clock.turn(HOUR)
    release(world, delivery)
    seen = world.work(delivery).delivery
    assert (seen.attempts_used, seen.tries_used, seen.manual_used) == (2, 0, 0)
    assert (seen.asked_by, seen.since_at) == ("cb.an", released_at)
    fails(world, delivery, token="1.3")
    fails(world, delivery, token="1.4")
    seen = world.work(delivery).delivery
    assert (seen.attempts_used, seen.tries_used, seen.manual_used, seen.asked_by) == (3, 1, 1, "")
    journey = world.journal.journey(seen.message_id)
    assert journey is not None
    assert [one.by for one in journey.attempts] == ["worker", "worker", "cb.an", "worker"]


def test_a_local_fault_does_not_use_up_the_try_a_person_asked_for(world: World) -> None:
    """Nothing was sent: the next one is still theirs."""
    delivery = world.delivery()
    fails(world, delivery)
    release(world, delivery)
    assert world.grant(delivery, "1.2")
    fact = attempt(delivery, 2, "1.2", Outcome.LOCAL_FAULT, by="cb.an")
    ours = Decision(NextStep.WAIT, "dừng", next_at=world.clock.now(), counts=False)
    world.settle(Settlement(fact, b"", "", delivery, "1.2", ours))
    seen = world.work(delivery).delivery
    assert (seen.asked_by, seen.manual_used, seen.attempts_used) == ("cb.an", 0, 1)


def test_what_waits_past_its_deadline_is_parked_as_an_event(
    world: World, keeper: DeadlineKeeper, queue: MemoryQueue
) -> None:
    """Though nothing ever tried it. Found by its code; among the actions, by us, with since when in the reason; its
    lane rests in the queue; the chain is whole."""
    delivery = world.delivery()
    assert keeper.sweep() == 0
    world.clock.turn(2 * HOUR + 75)
    assert keeper.sweep() == 1
    seen = world.work(delivery).delivery
    assert (seen.state, seen.problem_code, seen.attempts_used) == (State.PARKED, "LT-EXP-001", 0)
    assert "2h" in seen.reason
    (found,) = world.journal.find(Query(problem_code="LT-EXP-001"))
    assert found.delivery is not None
    assert found.delivery.id == delivery
    journey = world.journal.journey(seen.message_id)
    assert journey is not None
    assert [(one["act"], one["who"], one["reason"]) for one in journey.actions] == [
        ("expire", "lienthong", "LT-EXP-001")
    ]
    assert queue.stats().parked == 1
    assert world.journal.verify_chain() == ()
    assert keeper.sweep() == 0


def test_each_kind_has_its_own_deadline(world: World, keeper: DeadlineKeeper) -> None:
    """An attachment is given up sooner than a dossier."""
    dossier = world.delivery()
    fresh = item("TN02")
    envelope = fresh.message.envelope
    attachment = world.delivery(
        code="TN02", message=type(fresh.message)(
            type(envelope)(**{**{f: getattr(envelope, f) for f in envelope.__slots__}, "kind": "tep_dinh_kem"}),
            fresh.message.body, fresh.message.media_type,
        ),
    )  # fmt: skip
    world.clock.turn(HOUR)
    assert keeper.sweep() == 1
    assert (world.state(dossier), world.state(attachment)) == (State.READY, State.PARKED)


def test_one_that_became_head_while_nothing_was_sent_expires_too(world: World, keeper: DeadlineKeeper) -> None:
    """Its time counts from the look that found it."""
    first, second = world.delivery(), world.delivery()
    world.clock.turn(HOUR)
    world.deliver(first)
    keeper.sweep()
    world.clock.turn(1.9 * HOUR)
    assert keeper.sweep() == 0
    world.clock.turn(0.2 * HOUR)
    assert keeper.sweep() == 1
    assert world.state(second) is State.PARKED


def test_an_unclear_one_says_so_when_it_expires(world: World, keeper: DeadlineKeeper) -> None:
    """A person must ask before they release it."""
    delivery = world.delivery()
    ask = Decision(NextStep.ASK, "không rõ", next_at=world.clock.now() + timedelta(minutes=1))
    world.deliver(delivery, outcome=Outcome.UNCLEAR, decision=ask)
    world.clock.turn(3 * HOUR)
    assert keeper.sweep() == 1
    assert world.work(delivery).delivery.problem_code == "LT-EXP-002"


def test_one_whose_worker_died_while_sending_is_unclear_when_it_expires(world: World, keeper: DeadlineKeeper) -> None:
    """Bytes may have left, though no result says so: released on a wrong word it would be sent twice."""
    delivery = world.delivery(to(unclear=Unclear.PARK))
    assert world.grant(delivery, "1.1")
    assert world.journal.expire_worker("w1").result(20) == 1
    world.clock.turn(3 * HOUR)
    assert keeper.sweep() == 1
    assert world.work(delivery).delivery.problem_code == "LT-EXP-002"


def test_what_is_being_sent_or_tried_soon_is_left_alone(world: World, keeper: DeadlineKeeper) -> None:
    """Its own result decides."""
    sending, soon = world.delivery(), world.delivery(code="TN02")
    fails(world, soon)
    world.clock.turn(3 * HOUR)
    assert world.grant(sending, "1.5")
    assert world.grant(soon, "1.6")
    fact = attempt(soon, 2, "1.6", Outcome.UNAVAILABLE)
    world.settle(Settlement(fact, b"", "", soon, "1.6", wait(world, 600)))
    assert keeper.sweep() == 0
    assert (world.state(sending), world.state(soon)) == (State.SENDING, State.WAITING)


def test_an_expiry_that_was_decided_before_a_release_changes_nothing(world: World) -> None:
    """The person was quicker: the fresh budget holds."""
    delivery = world.delivery()
    old = world.work(delivery).delivery.since_at
    fails(world, delivery)
    world.clock.turn(3 * HOUR)
    release(world, delivery)
    late = Decision(NextStep.PARK, "quá hạn", problem=PARKED.problem, expired_since=old)
    assert not world.settle(Settlement(None, b"", "", delivery, "", late)).applied
    assert world.state(delivery) is State.READY


def test_a_closed_receiver_makes_a_ready_one_wait_and_burns_nothing(world: World) -> None:
    """Also one that waited already: state, reason and time are there to be seen."""
    delivery = world.delivery()
    for hours in (2, 3):
        opens = world.clock.now() + timedelta(hours=hours)
        closed = Decision(NextStep.WAIT, "ngoài giờ nhận", next_at=opens, counts=False)
        assert world.settle(Settlement(None, b"", "", delivery, "1.1", closed)).applied
        seen = world.work(delivery).delivery
        assert (seen.state, seen.reason, seen.next_at) == (State.WAITING, "ngoài giờ nhận", opens)
        assert (seen.attempts_used, world.work(delivery).next_attempt) == (0, 1)


def test_a_closed_receiver_brings_back_nothing_that_was_parked_meanwhile(world: World) -> None:
    """A worker that looked before it was parked says that it waits: a person must decide all the same."""
    delivery = world.delivery(to(unclear=Unclear.PARK))
    world.deliver(delivery, outcome=Outcome.UNCLEAR, decision=PARKED)
    for step in (NextStep.WAIT, NextStep.ASK):
        closed = Decision(step, "ngoài giờ nhận", next_at=world.clock.turn(HOUR), counts=False)
        assert not world.settle(Settlement(None, b"", "", delivery, "1.2", closed)).applied
        assert world.state(delivery) is State.PARKED


def tried(world: World, delivery: str) -> bool:
    """What a queue that was emptied is told."""
    snapshot = world.journal.lane(world.work(delivery).delivery.lane)
    assert snapshot is not None
    return snapshot.deliveries[0].tried


def test_what_may_have_been_sent_is_known_without_the_queue(world: World) -> None:
    """Stopped retries hold it also after the queue was emptied: its worker died, or the only try was a person's. One
    of which nothing was sent goes on."""
    fresh, died, asked = world.delivery(), world.delivery(code="TN02"), world.delivery(code="TN03")
    assert not tried(world, fresh)
    assert world.grant(fresh, "1.1")
    fact = attempt(fresh, 1, "1.1", Outcome.LOCAL_FAULT)
    world.settle(
        Settlement(fact, b"", "", fresh, "1.1", Decision(NextStep.WAIT, "dừng", world.clock.now(), counts=False))
    )
    assert not tried(world, fresh)
    assert world.grant(died, "1.2")
    assert world.journal.expire_worker("w1").result(20) == 1
    assert tried(world, died)
    fails(world, asked, by="cb.an")
    assert tried(world, asked)


def test_what_an_earlier_one_overtook_has_all_its_time_again(world: World, keeper: DeadlineKeeper) -> None:
    """While the first of its lane is sent again nobody could send it: it does not expire the moment it could."""
    first, second = world.delivery(), world.delivery()
    world.deliver(first)
    keeper.sweep()
    assert world.work(second).delivery.since_at is not None
    release(world, first, Act.REPLAY)
    for _ in range(4):
        world.clock.turn(HOUR)
        release(world, first, Act.REPLAY)  # somebody is at it
    world.deliver(first, "1.9")
    assert keeper.sweep() == 0
    world.clock.turn(1.9 * HOUR)
    assert keeper.sweep() == 0
    world.clock.turn(0.2 * HOUR)
    assert keeper.sweep() == 1
    assert world.state(second) is State.PARKED


def test_what_is_released_behind_another_has_no_clock_yet(world: World, keeper: DeadlineKeeper) -> None:
    """A release gives it all its time, counted from when it can be sent, not from when somebody said so."""
    first, second = world.delivery(), world.delivery()
    world.deliver(first)
    world.deliver(second, outcome=Outcome.REJECTED, decision=PARKED)
    release(world, first, Act.REPLAY)
    release(world, second)
    assert world.work(second).delivery.since_at is None
