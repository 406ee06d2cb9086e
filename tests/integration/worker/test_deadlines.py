"""Deadlines, receiving hours and budgets with real parts: what the partner sees, and what an operator sees."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta

from bus.clock import SystemClock
from bus.days import local_day
from bus.delivery import State
from bus.expiry import DeadlineKeeper
from bus.journal import SqlJournal
from bus.notation import read_notation
from bus.policies import Policies
from bus.queue import RedisQueue
from bus.records import Act, Action, EndpointOrder
from bus.replay import carry_out
from bus.windows import DAYS, read_windows
from tests.integration.worker.bench import (
    Partner,
    accept,
    delivery,
    make_tools,
    make_worker,
    until,
    until_state,
    working,
)

QUICK = Policies(read_notation("800ms;3;fixed(50ms);<200ms"))


def test_a_paused_endpoint_does_not_keep_deadlines_waiting(
    there: Partner, journal: SqlJournal, queue: RedisQueue
) -> None:
    """Nothing is sent, nothing is used up; what waits past its deadline is parked all the same, with who must act."""
    journal.order(EndpointOrder("e", "cb.an", "bảo trì", paused=True)).result(10)
    worker = make_worker(journal, queue, make_tools(there.address, policies=QUICK))
    keeper = DeadlineKeeper(journal, queue, worker._feeder, {"e": QUICK}, SystemClock(), every_s=0.1, grace_s=0.0)
    worker._feeder.add_duty(keeper.look)
    first, second = accept(journal, "TN1", "TN1")
    with working(worker):
        until_state(journal, [first], State.PARKED)
    seen = delivery(journal, first)
    assert (seen.problem_code, seen.attempts_used, there.visits) == ("LT-EXP-001", 0, [])
    assert delivery(journal, second).state is State.HELD
    assert queue.stats().parked == 1


def test_a_closed_receiver_is_left_alone(there: Partner, journal: SqlJournal, queue: RedisQueue) -> None:
    """Claimed once, put back until it opens: no request, no intent, no further waking."""
    soon = local_day(SystemClock().now()) + timedelta(days=3)
    windows = read_windows(f"{DAYS[soon.weekday()]} 07:30-17:00")
    closed = Policies(replace(read_notation("800ms;3;fixed(50ms)"), windows=windows))
    worker = make_worker(journal, queue, make_tools(there.address, policies=closed))
    (one,) = accept(journal, "TN1")
    with working(worker):
        until_state(journal, [one], State.WAITING)
        time.sleep(0.5)
    seen = delivery(journal, one)
    assert seen.reason == f"Ngoài giờ nhận, mở lại lúc 07:30 {soon:%d/%m/%Y}"
    assert (there.visits, seen.attempts_used, journal.work([one])[0].next_attempt) == ([], 0, 1)
    assert queue.stats().delayed == 1
    journey = journal.journey(seen.message_id)
    assert journey is not None
    assert journey.attempts == ()


def test_a_try_that_a_person_asked_for_is_theirs(there: Partner, journal: SqlJournal, queue: RedisQueue) -> None:
    """Recorded by whom and counted apart; after it all the automatic tries are there again."""
    there.script = lambda code, before: (503, "0")
    tries = Policies(read_notation("800ms;2;fixed(20ms);<1h"))
    worker = make_worker(journal, queue, make_tools(there.address, policies=tries))
    (one,) = accept(journal, "TN1")
    with working(worker):
        until_state(journal, [one], State.PARKED)
        assert carry_out(Action(Act.RELEASE, one, "cb.an", "đã gọi"), journal, worker._feeder).done
        until(lambda: delivery(journal, one).attempts_used == 4)
        until_state(journal, [one], State.PARKED)
    seen = delivery(journal, one)
    assert (seen.attempts_used, seen.used_before, seen.manual_used, seen.problem_code) == (4, 2, 1, "LT-DLV-002")
    journey = journal.journey(seen.message_id)
    assert journey is not None
    assert [each.by for each in journey.attempts] == ["worker", "worker", "cb.an", "worker", "worker"]
