"""Marks of signed messages are known again, in their time, on every journal."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256

from bus.records.seeing import Fate, Seen, Sight
from tests.contract.journal_world import World, world

__all__ = ["world"]


def seen(world: World, mark: str, body: str = "một", *, seconds: float = 600) -> Seen:
    """A mark that is kept so long."""
    digests = (sha256(text.encode()).hexdigest() for text in (mark, body))
    mark_sha256, body_sha256 = digests
    return Seen(mark_sha256, body_sha256, world.clock.now() + timedelta(seconds=seconds))


def look(world: World, one: Seen) -> Sight:
    """What becomes of it."""
    return world.journal.see(one).result(20)


def test_a_mark_is_first_once(world: World) -> None:
    """The same bytes are told from other bytes under one mark."""
    one = seen(world, "chữ ký")
    assert look(world, one).fate is Fate.FIRST
    assert look(world, one).fate is Fate.SAME
    assert look(world, seen(world, "chữ ký", "khác")).fate is Fate.OTHER
    assert look(world, seen(world, "chữ ký khác", "khác")).fate is Fate.FIRST


def test_of_many_at_once_one_is_first(world: World) -> None:
    """Whoever comes together is written in one run, and still only one of them is new."""
    one = seen(world, "cùng lúc")
    with ThreadPoolExecutor(8) as threads:
        fates = [sight.fate for sight in threads.map(lambda _: look(world, one), range(24))]
    assert fates.count(Fate.FIRST) == 1
    assert fates.count(Fate.SAME) == 23


def test_the_first_answer_is_told_again(world: World) -> None:
    """To the same bytes alone, and it does not change."""
    one = seen(world, "đã đáp")
    look(world, one)
    for answer in ("đáp một", "đáp hai"):
        world.journal.answer_seen(one.mark, answer).result(20)
    assert look(world, one) == Sight(Fate.SAME, "đáp một")
    assert look(world, seen(world, "đã đáp", "khác")) == Sight(Fate.OTHER)


def test_a_mark_whose_time_is_over_is_new_again(world: World) -> None:
    """Its message would be too old by then; what was answered is forgotten with it."""
    one = seen(world, "cũ", seconds=60)
    look(world, one)
    world.journal.answer_seen(one.mark, "đáp").result(20)
    world.clock.turn(61)
    assert look(world, seen(world, "cũ", "khác")) == Sight(Fate.FIRST)
    assert look(world, seen(world, "cũ", "khác")) == Sight(Fate.SAME)


def test_old_marks_are_dropped(world: World) -> None:
    """And no others."""
    look(world, seen(world, "cũ", seconds=60))
    kept = seen(world, "mới", seconds=600)
    look(world, kept)
    world.clock.turn(61)
    assert world.journal.forget_seen(before=world.clock.now()).result(20) == 1
    assert look(world, kept).fate is Fate.SAME
