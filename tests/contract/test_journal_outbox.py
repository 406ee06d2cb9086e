"""What a partner that fetches says of single items, on every journal: kept once, in order, whenever it is said."""

from __future__ import annotations

from datetime import datetime, timedelta

from bus.delivery import Pattern, State
from bus.records import Act, Action
from bus.records.outbox import Fate, Spoken, Word
from tests.contract.journal_world import World, item, to, world

__all__ = ["world"]

BOX = to("hop", operation="LayHoSo", pattern=Pattern.PULL)


def put(world: World, code: str = "TN01", **over: object) -> str:
    return world.delivery(BOX, code=code, **over)


def offered(world: World, *, lease_s: float = 60, limit: int = 10) -> list[str]:
    now = world.clock.now()
    made = world.journal.offer("hop", limit=limit, now=now, until=now + timedelta(seconds=lease_s)).result(20)
    return [one.delivery.id for one in made]


def say(world: World, id: str, word: Word = Word.ACK, *, until: datetime | None = None, endpoint: str = "hop") -> Fate:
    spoken = Spoken(id, word, "vì thế", until)
    heard = world.journal.hear(endpoint, [spoken], party="hop", now=world.clock.now()).result(20)
    return heard.fates[0]


def test_acknowledged_once(world: World) -> None:
    """An item that was fetched and acknowledged is delivered; said again it gets an answer that says so."""
    id = put(world)
    assert offered(world) == [id]
    assert say(world, id) is Fate.ACKNOWLEDGED
    assert world.state(id) is State.DELIVERED
    assert say(world, id) is Fate.ALREADY
    assert offered(world) == []
    assert world.journal.verify_chain() == ()


def test_a_late_acknowledgement_counts(world: World) -> None:
    """After the offer ran out the item is still theirs as long as it is the head: also after it was offered again."""
    id = put(world)
    offered(world, lease_s=30)
    world.clock.turn(60)
    assert say(world, id) is Fate.ACKNOWLEDGED


def test_never_offered(world: World) -> None:
    """What was never handed out cannot be acknowledged, nor what waits behind another."""
    first, second = put(world), put(world)
    assert say(world, first) is Fate.NOT_OFFERED
    assert offered(world) == [first]
    assert say(world, second) is Fate.NOT_OFFERED
    assert say(world, first) is Fate.ACKNOWLEDGED
    assert offered(world) == [second]


def test_unknown_and_foreign_are_one_answer(world: World) -> None:
    """Nobody learns whether an item of another endpoint exists."""
    id = put(world)
    offered(world)
    assert say(world, "0" * 32 + ":hop") is Fate.UNKNOWN
    assert say(world, id, endpoint="another") is Fate.UNKNOWN
    pushed = world.delivery(to("hop"), code="TN09")
    assert say(world, pushed) is Fate.UNKNOWN
    assert world.state(id) is State.READY


def test_given_back(world: World) -> None:
    """An item given back is not offered before its time, and those behind it in its lane are not either."""
    first, second = put(world), put(world)
    offered(world)
    assert say(world, first, Word.LATER, until=world.clock.now() + timedelta(seconds=300)) is Fate.RETURNED
    assert world.state(first) is State.WAITING
    assert offered(world) == []
    world.clock.turn(301)
    assert offered(world) == [first]
    assert say(world, first) is Fate.ACKNOWLEDGED
    assert offered(world) == [second]
    journey = world.journal.journey(first.partition(":")[0])
    assert journey is not None
    assert next((one.outcome.value, one.text) for one in journey.attempts) == ("unavailable", "vì thế")


def test_given_back_for_ever(world: World) -> None:
    """An item that comes back again and again is left to a person."""
    id = put(world)
    fates: list[Fate] = []
    for _ in range(25):
        if offered(world):
            fates.append(say(world, id, Word.LATER, until=world.clock.now() + timedelta(seconds=1)))
        world.clock.turn(2)
    assert fates[-1] is Fate.PARKED
    assert len(fates) == 20
    assert world.work(id).delivery.problem_code == "LT-OUTBOX-003"


def test_refused(world: World) -> None:
    """An item they can never take is parked with their words; a person releases it, and it is offered again."""
    id = put(world)
    offered(world)
    assert say(world, id, Word.REFUSE) is Fate.PARKED
    assert say(world, id, Word.REFUSE) is Fate.PARKED
    shown = world.work(id).delivery
    assert (shown.state, shown.problem_code) == (State.PARKED, "LT-OUTBOX-002")
    assert "vì thế" in shown.reason
    assert offered(world) == []
    assert say(world, id) is Fate.NOT_OFFERED
    world.journal.act(Action(Act.RELEASE, id, who="an", why="đã sửa")).result(20)
    assert offered(world) == [id]


def test_needs_longer(world: World) -> None:
    """An offer that is prolonged is not handed out again meanwhile."""
    id = put(world)
    offered(world, lease_s=30)
    assert say(world, id, Word.EXTEND, until=world.clock.now() + timedelta(seconds=300)) is Fate.EXTENDED
    world.clock.turn(100)
    assert offered(world) == []
    world.clock.turn(300)
    assert offered(world) == [id]


def test_cancelled_meanwhile(world: World) -> None:
    """What a person cancelled after it was handed out is told to be closed."""
    id = put(world)
    offered(world)
    world.journal.act(Action(Act.CANCEL, id, who="an", why="rút")).result(20)
    assert say(world, id) is Fate.CLOSED


def test_an_ordered_route_goes_on(world: World) -> None:
    """An acknowledgement frees what was held until this one is delivered, and the queue can be told."""
    next_one = to("cong", after_endpoint="hop")
    result = world.accept(item("TN01", BOX, next_one))[0]
    offered(world)
    id = f"{result.message_id}:hop"
    heard = world.journal.hear("hop", [Spoken(id, Word.ACK)], party="hop", now=world.clock.now()).result(20)
    assert [record.endpoint for record in heard.feed] == ["cong"]
