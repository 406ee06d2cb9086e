"""Whoever keeps deadlines: how often, who of several, and that an absent queue is no reason not to."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from datetime import timedelta

import pytest

from bus.delivery import State
from bus.expiry import DeadlineKeeper
from bus.feeder import Feeder
from bus.journal import MemoryJournal
from bus.notation import read_notation
from bus.outcome import Outcome
from bus.policies import Policies
from bus.ports import QueueUnavailable
from bus.queue import MemoryQueue
from bus.records import Settled, Settlement
from bus.watch.meters import EXPIRED, Meters, key
from tests.contract.journal_world import TurnedClock, World, attempt, to

POLICIES = {"cong": Policies(read_notation("10s;500;fixed(1m);<2h"))}


class Away(MemoryQueue):
    """A queue whose server is away."""

    def lock(self, name: str, owner: str, *, lease_s: float) -> bool:
        """Nobody answers."""
        raise QueueUnavailable("away")

    def generation(self) -> int:
        """Nobody answers."""
        raise QueueUnavailable("away")

    def mark(self, lane: str) -> int:
        """Nobody answers."""
        raise QueueUnavailable("away")


@pytest.fixture
def world() -> World:
    """An empty journal."""
    clock = TurnedClock()
    return World("memory", MemoryJournal(clock), clock)


def kept(world: World, queue: MemoryQueue) -> tuple[Feeder, DeadlineKeeper]:
    feeder = Feeder(world.journal, queue)
    keeper = DeadlineKeeper(world.journal, queue, feeder, POLICIES, world.clock)
    feeder.add_duty(keeper.look)
    return feeder, keeper


def test_what_looks_after_the_queue_looks_after_deadlines(world: World) -> None:
    """Not at every turn: once a minute is enough."""
    feeder, _ = kept(world, MemoryQueue())
    delivery = world.delivery()
    feeder.heal()
    world.clock.turn(2 * 3600 + 30)
    feeder.heal()
    assert world.state(delivery) is State.READY
    world.clock.turn(61)
    feeder.heal()
    assert world.state(delivery) is State.PARKED


def test_a_deadline_passes_while_the_queue_is_away(world: World) -> None:
    """It is the journal's business; the queue is told when it is back."""
    feeder, _ = kept(world, Away())
    delivery = world.delivery()
    world.clock.turn(3 * 3600)
    assert not feeder.heal()
    assert world.state(delivery) is State.PARKED


def test_of_several_processes_one_sweeps(world: World) -> None:
    """The others would only read the same."""
    queue = MemoryQueue()
    one, other = (kept(world, queue)[1] for _ in range(2))
    looked: list[str] = []

    def note(endpoint: str, *, after: str, limit: int) -> tuple[Sequence[str], str]:
        looked.append(endpoint)
        return (), ""

    world.journal.unbegun = note  # type: ignore[method-assign,assignment]  # only counts
    one.look()
    other.look()
    assert looked == ["cong"]


def test_an_expiry_is_counted(world: World) -> None:
    """Whether it was found by the sweep or after a try."""
    meters = Meters()
    _, keeper = kept(world, MemoryQueue())
    keeper.meter(meters.expired)
    world.delivery()
    world.clock.turn(3 * 3600)
    assert keeper.sweep() == 1
    late = attempt("m:cong", 1, "1.1", Outcome.UNAVAILABLE, problem_code="LT-EXP-001")
    meters.attempted("cong", late)
    meters.attempted("cong", replace(late, problem_code="LT-DLV-002"))
    assert meters.numbers()[key(EXPIRED, "cong")] == 2


def test_an_endpoint_without_anything_is_no_trouble(world: World) -> None:
    """And more than one page is walked to its end."""
    _, keeper = kept(world, MemoryQueue())
    assert keeper.sweep() == 0
    for number in range(3):
        world.delivery(to(not_before=world.clock.now() + timedelta(minutes=number)), code=f"TN{number}")
    world.clock.turn(4 * 3600)
    assert keeper.sweep() == 3


def test_one_that_cannot_be_parked_stops_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor whoever looks after the queue."""
    feeder, _ = kept(world, MemoryQueue())
    bad, good = world.delivery(), world.delivery(code="TN02")
    real = world.journal.settle

    def settle(settlement: Settlement) -> Future[Settled]:
        if settlement.delivery_id != bad:
            return real(settlement)
        broken: Future[Settled] = Future()
        broken.set_exception(LookupError("broken"))
        return broken

    monkeypatch.setattr(world.journal, "settle", settle)
    world.clock.turn(3 * 3600)
    assert feeder.heal()
    assert (world.state(bad), world.state(good)) == (State.READY, State.PARKED)


def test_what_expires_together_is_committed_together(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a long outage thousands are past their deadline at once: nothing else may wait for a commit of each."""
    feeder, _ = kept(world, MemoryQueue())
    for n in range(3):
        world.delivery(code=f"TN{n}")
    real = world.journal.settle
    happened: list[str] = []

    class Answer(Future[Settled]):
        def result(self, timeout: float | None = None) -> Settled:
            happened.append("answered")
            return super().result(timeout)

    def settle(settlement: Settlement) -> Future[Settled]:
        happened.append("asked")
        answer = Answer()
        answer.set_result(real(settlement).result())
        return answer

    monkeypatch.setattr(world.journal, "settle", settle)
    world.clock.turn(3 * 3600)
    feeder.heal()
    assert happened == ["asked"] * 3 + ["answered"] * 3


def test_what_looks_after_the_queue_goes_on_whatever_becomes_of_deadlines(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A fault there would end the worker that heals the queue."""
    feeder, _ = kept(world, MemoryQueue())

    def breaks(endpoint: str, *, after: str, limit: int) -> None:
        raise LookupError("broken")

    monkeypatch.setattr(world.journal, "unbegun", breaks)
    assert feeder.heal()
