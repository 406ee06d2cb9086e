"""Erasing while others act on the same messages, from another process's connections: one of both wins, never half."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import timedelta

import pytest

from bus.delivery import State
from bus.erasing import NAME
from bus.journal import open_journal
from bus.ports import Journal
from bus.records import Act, Action
from bus.records.jobs import JobAct, JobOrder
from bus.records.retaining import Choice, Erasure, HoldOrder
from tests.contract.journal_server import migrated, server
from tests.contract.journal_world import START, TurnedClock, World
from tests.contract.test_journal_retention import DAY, finished, kept, seal

pytestmark = pytest.mark.foreign("postgresql")
_MANY = 12


@pytest.fixture
def two() -> Iterator[tuple[World, Journal]]:
    """Two writers on one PostgreSQL journal."""
    clock = TurnedClock()
    with ExitStack() as stack:
        url = server().url(stack.enter_context(server().database(migrated(START))))
        world = World("postgresql", open_journal(url, clock=clock), clock)
        stack.callback(world.journal.close)
        other = open_journal(url, clock=clock)
        stack.callback(other.close)
        yield world, other


def erasure(world: World, message_id: str) -> Erasure:
    """Of one message, by whoever has the job now."""
    now = world.clock.now()
    world.journal.order_job(JobOrder(NAME, JobAct.RUN, "an", "")).result(20)
    job = world.journal.begin_job(NAME, "w1", now=now, until=now + timedelta(60)).result(20)
    assert job is not None
    return Erasure(job.held, now + timedelta(60), "", (Choice(message_id, "r", now - timedelta(30)),), "an", False)


def test_a_replay_or_the_erasing_wins(two: tuple[World, Journal]) -> None:
    """What is replayed keeps its bodies; what is erased is not replayed."""
    world, other = two
    ids = [finished(world, f"TN{number:02}") for number in range(_MANY)]
    seal(world)
    world.clock.turn(31 * DAY)
    with ThreadPoolExecutor(2) as threads:
        for one in ids:
            page = erasure(world, one)
            erased = threads.submit(lambda page=page: world.journal.erase(page).result(20))
            acted = threads.submit(lambda one=one: other.act(Action(Act.REPLAY, f"{one}:cong", "an", "x")).result(20))
            is_erased = erased.result().messages == 1
            assert acted.result().done is not is_erased
            assert all(kept(world, one).values()) is not is_erased
            assert (world.state(f"{one}:cong") is State.DELIVERED) is is_erased


def test_a_hold_or_the_erasing_wins(two: tuple[World, Journal]) -> None:
    """A mark that is set before the page is committed keeps the bodies; else it comes after, and they are gone."""
    world, other = two
    ids = [finished(world, f"TN{number:02}") for number in range(_MANY)]
    seal(world)
    world.clock.turn(31 * DAY)
    with ThreadPoolExecutor(2) as threads:
        for one in ids:
            page = erasure(world, one)
            erased = threads.submit(lambda page=page: world.journal.erase(page).result(20))
            threads.submit(lambda one=one: other.order_hold(HoldOrder(one, True, "an", "x")).result(20)).result()
            is_erased = erased.result().messages == 1
            journey = world.journal.journey(one)
            assert journey is not None
            acts = [act["act"] for act in journey.actions]
            assert sorted(acts) == (["erase", "hold"] if is_erased else ["hold"])
            assert all(kept(world, one).values()) is not is_erased
    assert world.journal.verify_chain() == ()
