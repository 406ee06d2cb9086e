"""Seals cover every entry once, follow one another, and are found again, on every journal."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256

from bus.records.sealing import FIRST, Seal, Span, Unsealed
from tests.contract.journal_world import World, acceptance, item, world

__all__ = ["world"]


def accept(world: World, *codes: str) -> str:
    """One entry; returns the message's id."""
    made = acceptance(*(item(code, idempotency_key=code, content_sha256=code) for code in codes))
    world.journal.accept(made).result(20)
    return made.raw.envelope.id


def root_of(found: Unsealed) -> str:
    """Any text that depends on all hashes will do here."""
    return sha256("".join(found.hashes).encode()).hexdigest()


def draft(world: World, found: Unsealed) -> Seal:
    """The next seal over what was found."""
    last = world.journal.last_seal()
    return Seal(
        number=last.number + 1 if last else 1, at=world.clock.now(), root=root_of(found), spans=found.spans,
        previous=last.sha256 if last else FIRST, signature="a..b", token=b"\x30\x00", authority="CN=H99",
    )  # fmt: skip


def seal_all(world: World, limit: int = 1_000) -> int:
    """Until nothing waits. Returns how many seals that took."""
    count = 0
    while (found := world.journal.unsealed(limit)).spans:
        assert world.journal.seal(draft(world, found)).result(20)
        count += 1
        assert count < 100
    return count


def test_nothing_waits_in_an_empty_journal(world: World) -> None:
    """And there is no seal."""
    assert world.journal.last_seal() is None
    assert seal_all(world) in (0, 1)


def test_every_entry_is_sealed_once(world: World) -> None:
    """In order, in runs that follow one another; sealing by itself leaves nothing new to be sealed."""
    first, second = accept(world, "a", "b"), accept(world, "c")
    found = world.journal.unsealed(1_000)
    assert found.waiting == len(found.hashes) == sum(span.count for span in found.spans) >= 2
    assert found.oldest == world.clock.now()
    seal_all(world)
    assert world.journal.unsealed(1_000) == Unsealed((), (), 0, None)
    for subject in (first, second):
        (entry,) = world.journal.entries_of([subject])
        seal = world.journal.seal_over(entry.writer, entry.number)
        assert seal is not None
        assert entry.hash in world.journal.hashes(seal.spans)
    third = accept(world, "d")
    (entry,) = world.journal.entries_of([third])
    assert world.journal.seal_over(entry.writer, entry.number) is None


def test_small_batches_follow_one_another(world: World) -> None:
    """However small the batches, each entry is in exactly one."""
    for number in range(5):
        accept(world, f"m{number}")
    total = world.journal.unsealed(1_000).waiting
    assert seal_all(world, 2) == (total + 1) // 2
    last = world.journal.last_seal()
    assert last is not None
    assert last.number == (total + 1) // 2


def test_seal_is_kept_as_it_was(world: World) -> None:
    """With root, signature, token and authority."""
    accept(world, "a")
    made = draft(world, world.journal.unsealed(1_000))
    assert world.journal.seal(made).result(20)
    assert world.journal.last_seal() == made
    assert world.journal.hashes(made.spans) == world.journal.hashes(made.spans[:1])


def test_second_seal_over_the_same_is_not_kept(world: World) -> None:
    """Two who seal at once: the second is told, and changes nothing."""
    accept(world, "a")
    made = draft(world, world.journal.unsealed(1_000))
    assert world.journal.seal(made).result(20)
    assert not world.journal.seal(made).result(20)
    assert not world.journal.seal(replace(made, number=2, previous=made.sha256)).result(20)
    assert world.journal.last_seal() == made


def test_seal_that_skips_is_not_kept(world: World) -> None:
    """No number, no entry and no seal before it can be left out."""
    accept(world, "a")
    accept(world, "b")
    made = draft(world, world.journal.unsealed(1_000))
    span = made.spans[0]
    wrong = [
        replace(made, number=2),
        replace(made, previous="1" * 64),
        replace(made, spans=(Span(span.writer, span.first + 1, span.last),)),
        replace(made, spans=()),
    ]
    assert [world.journal.seal(each).result(20) for each in wrong] == [False] * 4
    assert world.journal.last_seal() is None


def test_entries_of_a_message_and_its_deliveries(world: World) -> None:
    """All that was done about it, as it is hashed."""
    subject = accept(world, "a")
    (entry,) = world.journal.entries_of([subject, "khong-co"])
    assert (entry.kind, entry.subject) == ("accept", subject)
    assert sha256(f"{entry.previous}\n{entry.text}".encode()).hexdigest() == entry.hash
    assert world.journal.entries_of([]) == ()
