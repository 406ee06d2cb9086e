"""A record that was altered behind the journal's back is named."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bus.outcome import Outcome
from bus.records import Act, Action, Content, Preparation
from tests.contract.journal_world import PARKED, World, open_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A journal with a little history: three acceptances, an attempt."""
    opened = open_world("sqlite", tmp_path)
    for code in ("TN01", "TN02", "TN03"):
        delivery = opened.delivery(code=code)
    opened.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    opened.journal.act(Action(Act.RELEASE, delivery, "an", "thử lại")).result(20)
    opened.journal.record_look(delivery.partition(":")[0], "canonical", who="an", why="xem").result(20)
    opened.journal.prepare(Preparation(((delivery, Content(b"<Gui/>", "text/xml", "", "p1")),), ())).result(20)
    opened.deliver(delivery, "2.1", decision=PARKED, outcome=Outcome.REJECTED)
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
        ("DELETE FROM entries WHERE number = (SELECT max(number) FROM entries)", 10, "missing at the end"),
        ("DELETE FROM entries WHERE number = 1", 1, "missing"),
        ("UPDATE entries SET number = 5 - number WHERE number IN (2, 3) AND 0 + number > 0", 2, "follow"),
    ],
)
def test_altered_chain_is_named(world: World, statement: str, number: int, word: str) -> None:
    """An altered, missing or reordered entry is named by writer and number."""
    statements = [statement]
    if "5 - number" in statement:  # exchanged by way of a free number
        statements = [f"UPDATE entries SET number = {to} WHERE number = {at}" for at, to in ((2, 99), (3, 2), (99, 3))]
    records = ("message", "delivery", "attempt", "intent")
    (found,) = [one for one in tamper(world, *statements) if not any(of in one for of in records)]
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
        ("UPDATE attempts SET reply_sha256 = request_sha256, status = 299", "attempt"),
        ("UPDATE attempts SET state_after = 'delivered'", "attempt"),
        ("UPDATE messages SET verdict = 'rejected' WHERE kind = 'ho_so'", "message"),
        ("UPDATE messages SET party = 'x'", "message"),
        ("UPDATE messages SET order_key = 'x' WHERE kind = 'ho_so'", "message"),
        ("UPDATE deliveries SET state = 'delivered'", "delivery"),
        ("UPDATE deliveries SET state = 'parked' WHERE state = 'ready'", "delivery"),
        ("UPDATE deliveries SET problem_code = 'LT-DLV-001' WHERE state = 'parked'", "delivery"),
        ("UPDATE deliveries SET operation = 'x'", "delivery"),
        ("UPDATE intents SET worker = 'x'", "intent"),
        ("DELETE FROM intents", "intent"),
        ("UPDATE actions SET who = 'x'", "act"),
        ("UPDATE actions SET why = 'x' WHERE act = 'look'", "act look"),
        ("DELETE FROM actions WHERE act = 'release'", "act release"),
        ("UPDATE actions SET delivery_id = '' WHERE act = 'release'", "act release"),
        ("UPDATE bodies SET sha256 = substr(sha256, 2) || 'x' WHERE role LIKE 'content%'", "content"),
        ("DELETE FROM bodies WHERE role = 'raw'", "body raw"),
    ],
)
def test_altered_record_is_named(world: World, statement: str, words: str) -> None:
    """A message, body or attempt that is not what its entry says is named."""
    found = tamper(world, statement)
    assert found
    assert all(words in one for one in found)


def test_added_record_is_named(world: World) -> None:
    """An attempt, and an act, that no entry tells of are named."""
    columns = "delivery_id, number, month, token, worker, granted_us, lease_us"
    found = tamper(
        world,
        f"INSERT INTO intents ({columns}) SELECT {columns.replace('number', '9')} FROM intents WHERE number = 1",
        "INSERT INTO actions SELECT 'x', month, delivery_id, message_id, 'cancel', who, why, as_then, done,"
        " reason, at_us FROM actions WHERE act = 'release'",
    )
    assert sorted(one.rpartition(" ")[2] for one in found) == ["added", "added"]


def test_no_body_in_the_chain(world: World) -> None:
    """Not a byte of a body, and no code of a dossier, stands in the chain."""
    assert world.path is not None
    with closing(sqlite3.connect(world.path)) as connection:
        texts = "\n".join(text for (text,) in connection.execute("SELECT text FROM entries"))
    world.journal.close()
    assert "sha256" in texts
    assert "HoSo/" not in texts
    assert "TN01" not in texts
