"""Who rewrites the whole chain, hashes and all, is told from the seals; each broken seal is named."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, nullcontext
from pathlib import Path

import pytest

from bus.cli.broken import in_vietnamese
from bus.doctor import stores
from bus.evidence.check import Believed, Walked, walk_seals
from bus.evidence.sealing import Sealer
from bus.journal.chain import entry_hash
from bus.records.jobs import Held
from bus.settings import Settings
from bus.turn import Turn
from signing.jws import sign_detached
from signing.stamp.batch import BatchRules
from tests.contract.journal_world import World, acceptance, item, open_world
from tests.unit.signing.kit import p256, stranger

KEY = p256().signing()
OURS = Believed({"bus": KEY.public()})
OTHER = stranger().signing().public()


@pytest.fixture
def sealed(tmp_path: Path) -> Iterator[World]:
    """Two seals over two acceptances each."""
    opened = open_world("sqlite", tmp_path)
    job = Sealer(opened.journal, opened.clock, lambda text: sign_detached(text, KEY), None, BatchRules())
    for codes in (("TN01", "TN02"), ("TN03", "TN04")):
        for code in codes:
            opened.journal.accept(acceptance(item(code, idempotency_key=code, content_sha256=code))).result(20)
        job.run(Turn(Held("seal", "w", 1), "", opened.journal, opened.clock, 1e9, lambda: False))
    yield opened
    opened.journal.close()


def edited(world: World, *statements: str) -> Walked:
    """What is found after somebody with the file and an editor was there."""
    assert world.path is not None
    with closing(sqlite3.connect(world.path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()
    return walk_seals(world.journal, OURS)


def rewritten(world: World) -> None:
    """Entry 2 and all after it anew, so that every hash fits again and the writer's own note too."""
    assert world.path is not None
    with closing(sqlite3.connect(world.path)) as connection:
        rows = connection.execute("SELECT writer, number, text, previous FROM entries ORDER BY number").fetchall()
        before = ""
        for writer, number, text, previous in rows:
            text = text.replace('"facts":{', '"facts":{"x":1,') if number == 2 else text
            previous = before if number > 2 else previous
            before = entry_hash(previous, text)
            connection.execute(
                "UPDATE entries SET text = ?, previous = ?, hash = ? WHERE writer = ? AND number = ?",
                (text, previous, before, writer, number),
            )
        connection.execute("UPDATE writers SET hash = ?", (before,))
        connection.commit()


def test_untouched_journal_fits_its_seals(sealed: World) -> None:
    """Nothing is said against it, and every signature was judged."""
    assert walk_seals(sealed.journal, OURS) == Walked(())


def test_chain_written_anew_is_told_from_its_seals(sealed: World) -> None:
    """The chain alone is whole again; the seals are not over it."""
    rewritten(sealed)
    assert sealed.journal.verify_chain() == ()
    assert [fault.number for fault in walk_seals(sealed.journal, OURS).faults] == [1, 2]


@pytest.mark.parametrize(
    ("statements", "number", "words"),
    [
        (("DELETE FROM seals WHERE number = 1",), 1, "missing"),
        (("UPDATE seals SET root = '00' || substr(root, 3) WHERE number = 2",), 2, "not what was sealed"),
        (("UPDATE seals SET previous = root WHERE number = 2",), 2, "does not follow"),
        (("UPDATE seals SET signature = '' WHERE number = 2",), 2, "signature is missing"),
        (("UPDATE seals SET signature = (SELECT signature FROM seals WHERE number = 1) WHERE number = 2",), 2, "hold"),
        (("UPDATE seals SET authority = 'CN=H99' WHERE number = 2",), 2, "time-stamp is missing"),
        (("DELETE FROM entries WHERE number > 2", "DELETE FROM writers"), 2, "entries are missing"),
    ],
)
def test_broken_seal_is_named(sealed: World, statements: tuple[str, ...], number: int, words: str) -> None:
    """A seal, or what it covers, that was removed or altered."""
    found = edited(sealed, *statements).faults
    assert found[0].number == number
    assert words in found[0].en


def test_seal_by_an_unknown_key_is_said_not_to_be_judged(sealed: World) -> None:
    """Its entries still fit; who vouches for them cannot be told. A known name over another key is a fault."""
    assert walk_seals(sealed.journal, Believed({})) == Walked((), unjudged=2)
    assert len(walk_seals(sealed.journal, Believed({"bus": OTHER})).faults) == 2


def signed_anew(world: World, *numbers: int) -> None:
    """These seals by somebody's own key, under a name of its own; each names the one before it."""
    assert world.path is not None
    for number in numbers:
        seal = world.journal.seal_numbered(number)
        assert seal is not None
        made = sign_detached(seal.text, stranger().signing("khac"))
        with closing(sqlite3.connect(world.path)) as connection:
            connection.execute("UPDATE seals SET signature = ? WHERE number = ?", (made, number))
            connection.commit()


@pytest.mark.parametrize(("numbers", "expected"), [((1, 2), [2]), ((2,), [2]), ((1,), [])])
def test_seals_made_anew_by_a_key_nobody_knows_are_no_proof(
    sealed: World, numbers: tuple[int, ...], expected: list[int]
) -> None:
    """Whoever has the database can make all of them anew; a key of ours that was forgotten stands before ours alone."""
    signed_anew(sealed, *numbers)
    found = walk_seals(sealed.journal, OURS)
    assert [fault.number for fault in found.faults] == expected
    assert found.unjudged == (1 in numbers)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE entries SET text = 'x' WHERE number = 2",
        "UPDATE entries SET subject = 'x' WHERE number = 2",
        "DELETE FROM entries WHERE number = 2",
        "DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)",
        "UPDATE entries SET number = 99 WHERE number = 2",
        "UPDATE writers SET number = number - 1",
        "UPDATE writers SET hash = ''",
        "DELETE FROM writers",
        "UPDATE messages SET sha256 = 'x'",
        "UPDATE bodies SET data = x'41', coding = ''",
    ],
)
def test_fault_of_the_chain_is_said_in_vietnamese(sealed: World, statement: str) -> None:
    """Every kind of line has words of its own."""
    edited(sealed, statement)
    found = sealed.journal.verify_chain()
    assert found
    assert all(in_vietnamese(one).startswith("bản ghi ") for one in found)


def test_entry_added_at_the_end_is_named_itself(sealed: World) -> None:
    """Not the place after it."""
    edited(sealed, "UPDATE writers SET number = number - 1")
    (found,) = sealed.journal.verify_chain()
    assert "added, the writer noted" in found


def test_doctor_walks_the_newest_seals(sealed: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A seal whose signature is gone is a fault for the doctor too; older ones than its bound are left to the check."""
    monkeypatch.setattr(stores, "opened", lambda settings: nullcontext(sealed.journal))
    monkeypatch.setattr(stores, "make_believed", lambda settings: OURS)
    settings = Settings()
    assert [found.verdict for found in stores.look_at_chain(settings)] == ["good", "good"]
    edited(sealed, "UPDATE seals SET signature = '' WHERE number = 1")
    wrong = [found for found in stores.look_at_chain(settings) if found.verdict == "wrong"]
    assert ["1: mất chữ ký" in found.vi for found in wrong] == [True]
    monkeypatch.setattr(stores, "_SEALS", 1)
    assert [found.verdict for found in stores.look_at_chain(settings)] == ["good", "good"]
