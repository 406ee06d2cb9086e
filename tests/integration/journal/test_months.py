"""On PostgreSQL the big tables are kept month by month; a month nobody made room for is taken all the same."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest

from bus.journal import open_journal
from bus.journal.dialect.postgresql import PARTITIONED
from bus.journal.tables import metadata
from bus.outcome import Outcome
from tests.contract.journal_server import server
from tests.contract.journal_world import PARKED, TurnedClock, World, acceptance, item, message

pytestmark = pytest.mark.foreign("postgresql")


@pytest.fixture
def database() -> Iterator[str]:
    """An empty database."""
    with server().database() as name:
        yield name


@pytest.fixture
def world(database: str) -> Iterator[World]:
    """A journal that was opened in November 2026."""
    clock = TurnedClock()
    opened = World("postgresql", open_journal(server().url(database), clock=clock), clock)
    yield opened
    opened.journal.close()


def partitions(database: str) -> dict[str, int]:
    """All of them, with the number of their rows."""
    with psycopg.connect(server().conninfo(database)) as connection:
        names = connection.execute("SELECT relname FROM pg_class WHERE relispartition AND relkind = 'r'").fetchall()
        return {name: connection.execute(f"SELECT count(*) FROM {name}").fetchall()[0][0] for (name,) in names}  # type: ignore[arg-type]  # names of tables


def test_this_month_and_two_more(world: World, database: str) -> None:
    """Opening makes room for this month and the two after it, in every table that has a month in its key."""
    assert set(PARTITIONED) == {n for n, table in metadata.tables.items() if "month" in table.primary_key.columns}
    months = ("2026_11", "2026_12", "2027_01", "rest")
    assert set(partitions(database)) == {f"{table}_{month}" for table in PARTITIONED for month in months}


def test_rows_lie_in_their_month(world: World, database: str) -> None:
    """A message and all that belongs to it lie in the month of the message."""
    delivery = world.delivery()
    world.deliver(delivery, decision=PARKED, outcome=Outcome.REJECTED)
    filled = {name for name, rows in partitions(database).items() if rows}
    assert filled == {
        f"{one}_2026_11" for one in ("messages", "bodies", "deliveries", "intents", "attempts", "entries")
    }


def test_unforeseen_month_is_taken(world: World, database: str) -> None:
    """A clock that jumps refuses nothing: such messages lie apart, and everything works on them."""
    world.clock.turn(365 * 86_400)
    far = message(received_at=world.clock.now() + timedelta(days=400))
    result = world.journal.accept(acceptance(item("TN01", message=far))).result(20)[0]
    assert partitions(database)["messages_rest"] == 1
    world.deliver(f"{result.message_id}:cong")
    assert world.journal.journey(result.message_id) is not None
    assert world.journal.verify_chain() == ()
    again = open_journal(server().url(database), clock=world.clock)  # a month that has rows there stays there
    again.ping()
    again.close()


def test_room_is_made_while_it_runs(world: World, database: str) -> None:
    """A process that lives on makes room for later months too."""
    world.delivery()
    assert "messages_2027_03" not in partitions(database)
    world.clock.turn(31 * 86_400)
    world.delivery(code="TN02")
    world.clock.turn(31 * 86_400)
    assert "messages_2027_02" in partitions(database)


def test_late_room_is_not_forced(database: str) -> None:
    """Rows that came before the room was made keep their place; opening a journal never fails for them."""
    clock = TurnedClock()
    first = open_journal(server().url(database), clock=clock)
    late = message(received_at=clock.now() + timedelta(days=95))
    first.accept(acceptance(item("TN01", message=late))).result(20)
    first.close()
    clock.turn(90 * 86_400)
    second = open_journal(server().url(database), clock=clock)
    names = partitions(database)
    assert "messages_2027_02" not in names
    assert names["messages_rest"] == 1
    assert "messages_2027_03" in names
    second.ping()
    second.close()
