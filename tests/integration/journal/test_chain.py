"""A record that was altered behind the journal's back is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bus.outcome import Outcome
from tests.contract.journal_world import PARKED, World, open_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A journal with a little history: three acceptances, an attempt."""
    opened = open_world("sqlite", tmp_path)
    for code in ("TN01", "TN02", "TN03"):
        delivery = opened.delivery(code=code)
    opened.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    return opened


def tamper(world: World, *statements: str) -> tuple[str, ...]:
    """Somebody with the file and an editor."""
    assert world.path is not None
    assert world.journal.verify_chain() == ()
    with closing(sqlite3.connect(world.path)) as connection:
        for statement in statements:
            assert connection.execute(statement).rowcount > 0
        connection.commit()
    found = world.journal.verify_chain()
    world.journal.close()
    return found


@pytest.mark.parametrize(
    ("statement", "number", "word"),
    [
        ("UPDATE entries SET text = replace(text, 'accepted', 'rejected') WHERE number = 2", 2, "altered"),
        ("UPDATE entries SET subject = 'x' WHERE number = 2", 2, "columns altered"),
        ("UPDATE entries SET hash = previous WHERE number = 2", 2, "altered"),
        ("DELETE FROM entries WHERE number = 2", 2, "missing"),
        ("UPDATE entries SET text = '{', hash = 'x' WHERE number = 2", 2, "altered"),
        ("DELETE FROM entries WHERE number = 5", 5, "missing at the end"),
        ("DELETE FROM entries WHERE number = 1", 1, "missing"),
        ("UPDATE entries SET number = 5 - number WHERE number IN (2, 3) AND 0 + number > 0", 2, "follow"),
    ],
)
def test_altered_chain_is_named(world: World, statement: str, number: int, word: str) -> None:
    """An altered, missing or reordered entry is named by writer and number."""
    statements = [statement]
    if "5 - number" in statement:  # exchanged by way of a free number
        statements = [f"UPDATE entries SET number = {to} WHERE number = {at}" for at, to in ((2, 99), (3, 2), (99, 3))]
    (found,) = [one for one in tamper(world, *statements) if "message" not in one and "attempt" not in one]
    assert f":{number}: " in found
    assert word in found


@pytest.mark.parametrize(
    ("statement", "words"),
    [
        ("UPDATE messages SET sha256 = replace(sha256, substr(sha256, 1, 1), 'x') WHERE kind = 'ho_so'", "message"),
        ("UPDATE bodies SET data = data || x'00' WHERE role = 'raw'", "body raw"),
        ("UPDATE bodies SET data = x'41', coding = '' WHERE role = 'canonical'", "body canonical"),
        ("UPDATE attempts SET outcome = 'accepted'", "attempt"),
        ("DELETE FROM attempts", "attempt"),
    ],
)
def test_altered_record_is_named(world: World, statement: str, words: str) -> None:
    """A message, body or attempt that is not what its entry says is named."""
    found = tamper(world, statement)
    assert found
    assert all(words in one for one in found)


def test_erased_body_keeps_the_proof(world: World) -> None:
    """Erasing bodies is not tampering: entries hash digests, never bodies."""
    assert tamper(world, "DELETE FROM bodies") == ()


def test_no_body_in_the_chain(world: World) -> None:
    """Not a byte of a body, and no code of a dossier, stands in the chain."""
    assert world.path is not None
    with closing(sqlite3.connect(world.path)) as connection:
        texts = "\n".join(text for (text,) in connection.execute("SELECT text FROM entries"))
    world.journal.close()
    assert "sha256" in texts
    assert "HoSo/" not in texts
    assert "TN01" not in texts
