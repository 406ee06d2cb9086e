"""The queue and the real journals together: what the one forgets the other knows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from bus.feeder import Feeder
from bus.outcome import Outcome
from bus.queue import RedisQueue
from bus.records import Act, Action, Claimed, Intent, Preparation, QueueRecord, QueueStep
from tests.contract import journal_world, queue_world
from tests.contract.journal_world import PARKED, item, settlement

LEASE_S = 60.0


@dataclass
class House:
    """A journal, a real queue with the same clock, and a feeder between them."""

    journal: journal_world.World
    server: queue_world.RedisWorld
    queue: RedisQueue
    feeder: Feeder

    def turn(self, seconds: float) -> None:
        """Both clocks go on."""
        self.journal.clock.turn(seconds)
        self.server.advance(seconds)

    def accept(self, code: str) -> str:
        """A new message about a dossier, fed. Returns its delivery."""
        record = self.commit(code)
        self.feeder.feed([record])
        return record.delivery_id

    def commit(self, code: str) -> QueueRecord:
        """A new message whose door dies, or stalls, before it feeds it."""
        (result,) = self.journal.accept(item(code))
        self.turn(0.001)
        (record,) = result.feed
        return record

    def claim(self, limit: int = 99) -> list[str]:
        """Claims, each with its intent in the journal. Returns the deliveries that may be sent."""
        claims = self.queue.claim("w1", settles=[], limit=limit, lease_s=LEASE_S)
        self.claims = {claim.delivery_id: claim for claim in claims}
        until = self.journal.clock.now() + timedelta(seconds=LEASE_S)
        intents = tuple(
            Intent(id_, self.journal.work(id_).next_attempt, claim.token, "w1", until)
            for id_, claim in self.claims.items()
        )
        granted = self.journal.journal.prepare(Preparation((), intents)).result(20)
        return [id_ for id_ in self.claims if id_ in granted]

    def settle(self, id_: str, *, told: bool = True) -> None:
        """Delivered: journal first, then the queue, unless the worker dies in between."""
        claim = self.claims[id_]
        number = self.journal.work(id_).next_attempt - 1
        assert self.journal.settle(settlement(id_, max(1, number), claim.token)).applied
        if told:
            self.tell(claim, QueueStep.DONE)

    def tell(self, claim: Claimed, step: QueueStep) -> None:
        """The queue hears of it."""
        self.queue.claim("w1", settles=[queue_world.settle(claim, step)], limit=0, lease_s=LEASE_S)


@pytest.fixture(params=journal_world.NAMES)
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Each journal in turn, begun."""
    journal = journal_world.open_world(request.param, tmp_path)
    server = queue_world.RedisWorld()
    server.now_ms = int(journal.clock.now().timestamp() * 1000)
    server.advance(0)
    queue = server.queue()
    made = House(journal, server, queue, Feeder(journal.journal, queue))
    assert made.feeder.heal()
    yield made
    queue_world.check_world(server)
    server.close()
    journal.journal.close()


def test_rebuilt(house: House) -> None:
    """After a wipe the queue holds exactly what is open, each lane in its order."""
    first = [house.accept("TN01") for _ in range(3)]
    second = [house.accept("TN02") for _ in range(2)]
    (sent,) = house.claim(limit=1)
    house.settle(sent)
    house.server.wipe()
    assert house.feeder.heal()
    assert sorted(house.server.look().lanes.values()) == sorted([first[1:], second])


def test_live_intent_is_waited_for(house: House) -> None:
    """A head that may be under way when the queue is wiped is not handed out before its lease has run out."""
    sending = house.accept("TN01")
    assert house.claim() == [sending]
    house.server.wipe()
    assert house.feeder.heal()
    assert house.claim() == []
    house.turn(LEASE_S + 0.1)
    assert house.claim() == [sending]


def test_late_settle_after_wipe(house: House) -> None:
    """The worker that was sending while the queue was wiped still settles in the journal; nothing is sent twice."""
    sending, behind = house.accept("TN01"), house.accept("TN01")
    assert house.claim() == [sending]
    house.server.wipe()
    assert house.feeder.heal()
    house.settle(sending)
    house.feeder.rebuild_lane(next(iter(house.server.look().lanes)))
    assert house.claim() == [behind]


def test_settled_not_told(house: House) -> None:
    """The journal knows a delivery as done, the queue was not told: the next of its lane is not held up."""
    first = house.accept("TN01")
    house.claim()
    house.settle(first, told=False)
    second = house.accept("TN01")
    assert house.claim() == [second]


def test_two_doors(house: House) -> None:
    """One door commits and stalls, another commits behind it and feeds: the order is the journal's."""
    stalled, second = house.commit("TN01"), house.commit("TN01")
    house.feeder.feed([second])
    assert house.claim() == [stalled.delivery_id]
    house.feeder.feed([stalled])
    house.settle(stalled.delivery_id)
    assert house.claim() == [second.delivery_id]


def test_parked_and_released(house: House) -> None:
    """Parked in the journal is parked in the queue, also after a wipe; a person's release frees it in both."""
    first, _ = house.accept("TN01"), house.accept("TN01")
    house.claim()
    claim = house.claims[first]
    house.journal.settle(settlement(first, 1, claim.token, outcome=Outcome.REJECTED, decision=PARKED))
    house.tell(claim, QueueStep.PARK)
    house.server.wipe()
    assert house.feeder.heal()
    assert house.queue.stats().parked == 1
    acted = house.journal.journal.act(Action(Act.RELEASE, first, "an operator", "mended")).result(20)
    assert acted.done
    house.feeder.feed(acted.feed)
    house.feeder.rebuild_lane(acted.rebuild_lane)
    assert house.claim() == [first]
