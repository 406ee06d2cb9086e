"""What the watch asks of a journal: sums, what is due, what lingers, who is alive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bus.delivery import Pattern, State
from bus.outcome import Outcome
from bus.records import Act, Action, NextStep, Pulse
from bus.watch.liveness import Rest
from bus.watch.resting import rest_of
from tests.contract.journal_world import PARKED, START, World, acceptance, message, to, wait, world

__all__ = ["world"]


def test_accepted_is_the_sum_of_states(world: World) -> None:
    """Whatever happens to deliveries, the sums kept beside the rows and the rows agree."""
    done = world.delivery(code="D")
    world.deliver(done)
    parked = world.delivery(code="P")
    world.deliver(parked, "1.2", decision=PARKED, outcome=Outcome.REJECTED)
    waiting = world.delivery(code="W")
    world.deliver(waiting, "1.3", decision=wait(world, 40), outcome=Outcome.UNAVAILABLE)
    world.delivery(code="R")
    cancelled = world.delivery(code="C")
    world.journal.act(Action(Act.CANCEL, cancelled, "an", "vì")).result()
    world.journal.act(Action(Act.REPLAY, done, "an", "vì")).result()
    found = world.journal.survey(())
    wanted = {State.PARKED: 1, State.WAITING: 1, State.READY: 2, State.CANCELLED: 1}
    assert {state: many for state, many in found.states.items() if many} == wanted
    assert (found.accepted, found.open_rows, found.difference) == (5, 4, 0)


def test_sums_see_no_refused_attempt(world: World) -> None:
    """A settlement under a lost token changes no sum."""
    delivery = world.delivery()
    world.grant(delivery, "1.1")
    before = world.journal.survey(())
    world.journal.act(Action(Act.CANCEL, delivery, "an", "vì")).result()
    after = world.journal.survey(())
    assert before.difference == after.difference == 0


def test_due_is_the_head_that_waits_longest(world: World) -> None:
    """Of each endpoint asked for the oldest that could be sent now; what waits, is held, parked, being sent or fetched
    by its receiver is not due."""
    behind = [world.delivery(code="A"), world.delivery(code="A")]
    world.clock.turn(5)
    world.delivery(code="B")
    world.delivery(to("khac"), code="C")
    world.delivery(to("lay", pattern=Pattern.PULL), code="F")
    (head,) = world.journal.survey(("cong",)).due
    assert (head.endpoint, head.delivery_id, head.state) == ("cong", behind[0], State.READY)
    assert head.lane == world.work(behind[0]).delivery.lane
    assert head.since == world.work(behind[0]).delivery.created_at
    assert [one.endpoint for one in world.journal.survey(("cong", "khac", "lay", "ai")).due] == ["cong", "khac"]
    world.deliver(behind[0], decision=PARKED, outcome=Outcome.REJECTED)
    (head,) = world.journal.survey(("cong",)).due
    assert head.delivery_id not in behind


def test_what_waits_is_due_when_its_time_has_come(world: World) -> None:
    """A retry is due from its moment on; an intent whose lease ran out leaves its delivery due again."""
    delivery = world.delivery()
    decision = wait(world, 40)
    world.deliver(delivery, outcome=Outcome.UNAVAILABLE, decision=decision)
    assert world.journal.survey(("cong",)).due == ()
    world.clock.turn(41)
    (head,) = world.journal.survey(("cong",)).due
    assert head.since == decision.next_at
    world.grant(delivery, "1.2", lease_s=60)
    assert world.journal.survey(("cong",)).due == ()
    world.clock.turn(61)
    assert [one.delivery_id for one in world.journal.survey(("cong",)).due] == [delivery]


def test_due_ones_say_whether_they_were_tried(world: World) -> None:
    """Stopped retries hold one that a person released, though it is ready; one that was only ordered for later is no
    retry, though it waited."""
    released = world.delivery()
    later = world.delivery(to("khac", not_before=world.clock.now() + timedelta(seconds=5)), code="B")
    world.deliver(released, decision=PARKED, outcome=Outcome.REJECTED)
    world.journal.act(Action(Act.RELEASE, released, "an", "vì")).result()
    world.clock.turn(6)
    due = {head.delivery_id: (head.state, head.tried) for head in world.journal.survey(("cong", "khac")).due}
    assert due == {released: (State.READY, True), later: (State.WAITING, False)}
    now, open_all = world.clock.now(), {"is_open": True, "retries_stopped": True}
    rests = [rest_of(head, None, now=now, **open_all) for head in world.journal.survey(("cong", "khac")).due]
    assert rests == [Rest.RETRIES, Rest.NONE]


@pytest.mark.parametrize("state", [State.READY, State.SENDING, State.UNCLEAR, State.PARKED, State.HELD])
def test_lingering_is_told_with_its_last_step(world: World, state: State) -> None:
    """A delivery that has been in a state since before a moment is named with the moment of its last step."""
    first = world.delivery()
    second = world.delivery()
    if state is State.SENDING:
        world.grant(first, "1.1", lease_s=600)
    elif state in (State.UNCLEAR, State.PARKED):
        world.clock.turn(3)
        decision = PARKED if state is State.PARKED else wait(world, 1)
        if state is State.UNCLEAR:
            decision = type(decision)(NextStep.ASK, "hỏi", next_at=decision.next_at)
        world.deliver(first, outcome=Outcome.UNCLEAR, decision=decision)
    then = world.clock.turn(60)
    wanted = second if state is State.HELD else first
    (found,) = world.journal.lingering(state, before=then - timedelta(seconds=30), limit=9)
    assert (found.delivery.id, found.delivery.state) == (wanted, state)
    assert found.since <= then - timedelta(seconds=30)
    assert world.journal.lingering(state, before=START, limit=9) == ()


def test_released_does_not_linger(world: World) -> None:
    """A person's act is a step: what was accepted long ago and released now has not been ready for long."""
    delivery = world.delivery()
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    world.clock.turn(3600)
    world.journal.act(Action(Act.RELEASE, delivery, "an", "vì")).result()
    then = world.clock.turn(1)
    assert world.journal.lingering(State.READY, before=then - timedelta(seconds=30), limit=9) == ()


def test_accepted_for_nobody(world: World) -> None:
    """A message without any delivery is named; the bytes as they came, and what is delivered, are not."""
    from bus.records import AcceptItem, DossierRef

    world.delivery()
    lost = message(business_ids=(("mot_cua_cmon", "L"),))
    item = AcceptItem(lost, DossierRef((("mot_cua_cmon", "L"),), may_create=True), ())
    world.journal.accept(acceptance(item)).result(20)
    then = world.clock.turn(60)
    found = world.journal.undelivered(before=then, limit=9)
    assert [one.id for one in found] == [lost.envelope.id]
    assert world.journal.undelivered(before=START, limit=9) == ()


def test_newest_sign_of_life_is_kept(world: World) -> None:
    """One line a worker; those silent for more than an hour are one sum that loses nothing."""

    def say(worker: str, **numbers: float) -> Pulse:
        said = Pulse(worker, world.clock.now(), world.clock.now(), None, int(numbers["a"]), 0, numbers)
        world.journal.pulse(said).result(20)
        return said

    say("w1", a=1)
    say("w1", a=2)
    say("w2", a=5, b=0.5)
    assert [(one.worker, one.settled) for one in world.journal.pulses()] == [("w1", 2), ("w2", 5)]
    for worker, wanted in (("w3", {"a": 7, "b": 0.5}), ("w4", {"a": 8, "b": 0.5})):
        world.clock.turn(2 * 3600)
        fresh = say(worker, a=1)
        total, kept = world.journal.pulses()
        assert kept == fresh
        assert (total.worker, total.numbers, total.settled) == ("", wanted, wanted["a"])
