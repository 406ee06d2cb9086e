"""Nothing that runs often walks a whole table: a journal of years is as quick as one of a day."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bus.delivery import Pattern, State
from bus.journal import SqlJournal
from bus.journal import tables as t
from bus.records import Act, Action, Listed, Pulse, Query, Scope
from tests.contract.journal_world import START, World, acceptance, item, numbered, to, world_of

BIG = ("messages", "bodies", "deliveries", "attempts", "intents", "entries", "problems", "actions", "identities")

SPAN = Scope(START - timedelta(days=1), START + timedelta(days=1))


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.foreign("postgresql"))])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A journal with something of everything."""
    with world_of(request.param, tmp_path) as opened:
        for code in ("TN01", "TN02"):
            opened.delivery(to("a"), to("b", after_endpoint="a"), code=code, idempotency_key=code)
            opened.delivery(to("don_vi", pattern=Pattern.PULL), code=code)
        yield opened


def walked(world: World, does: Callable[[], object]) -> list[str]:
    """The plans of all statements in which a big table is walked from end to end."""
    return [f"{plan}: {statement}" for plan, statement in plans_of(world, does) if _is_walk(plan)]


def plans_of(world: World, does: Callable[[], object]) -> list[tuple[str, str]]:
    """The plans of all statements, each with its statement."""
    assert isinstance(world.journal, SqlJournal)
    engines = world.journal._engines
    said: list[tuple[str, object]] = []

    def note(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        said.append((statement, parameters))

    for engine in (engines.reader, engines.writer):
        event.listen(engine, "before_cursor_execute", note)
    does()
    for engine in (engines.reader, engines.writer):
        event.remove(engine, "before_cursor_execute", note)
    statements = [one for one in said if one[0].startswith(("SELECT", "UPDATE"))]
    assert statements
    plans = []
    with engines.reader.connect() as connection:
        cursor = connection.connection.cursor()
        for statement, parameters in statements:
            first = parameters[0] if isinstance(parameters, list) else parameters
            explain = "EXPLAIN QUERY PLAN" if world.name == "sqlite" else "EXPLAIN"
            rows = cursor.execute(f"{explain} {statement}", first).fetchall()
            plans += [(row[-1], statement) for row in rows]
    return plans


def _is_walk(plan: str) -> bool:
    """A scan of a partial index of open deliveries is a scan of what is open, not of all.

    On PostgreSQL our sessions walk a table only where no index would do.
    """
    words = plan.removeprefix("  ->").split()
    if words[:3] == ["Seq", "Scan", "on"]:
        return words[3].startswith(BIG)
    return words[0] == "SCAN" and words[1] in BIG and "deliveries_o" not in plan


WORK: dict[str, Callable[[World, str], object]] = {
    "accept": lambda world, _: world.journal.accept(
        acceptance(item("TN01", to("a"), idempotency_key="TN01", identities=(numbered("cong"),)))
    ).result(),
    "accept more": lambda world, _: world.journal.accept(
        acceptance(item("TN01", to("a"), identities=(numbered("cong"),)))
    ).result(),
    "deliver": lambda world, delivery: world.deliver(delivery, learned=(("cong", "P1"),)),
    "work": lambda world, delivery: world.work(delivery),
    "act": lambda world, delivery: world.journal.act(Action(Act.CANCEL, delivery, "an", "vì")).result(),
    "offer": lambda world, _: world.journal.offer(
        "don_vi", limit=5, now=world.clock.now(), until=world.clock.now() + timedelta(seconds=9)
    ).result(),
    "acknowledge": lambda world, _: world.journal.acknowledge(
        "don_vi", ["TN01"], party="mot_cua_cmon", now=world.clock.now()
    ).result(),
    "lane": lambda world, delivery: world.journal.lane(world.work(delivery).delivery.lane),
    "lanes": lambda world, _: list(world.journal.lanes()),
    "journey": lambda world, delivery: world.journal.journey(delivery.partition(":")[0]),
    "latest": lambda world, _: world.journal.latest(world.journal.dossier("mot_cua_cmon", "TN01") or "", "ho_so"),
    "survey": lambda world, _: world.journal.survey(("a", "b")),
    "lingering": lambda world, _: world.journal.lingering(State.READY, before=world.clock.turn(60), limit=5),
    "held": lambda world, _: world.journal.lingering(State.HELD, before=world.clock.turn(60), limit=5),
    "undelivered": lambda world, _: world.journal.undelivered(before=world.clock.turn(60), limit=5),
    "pulse": lambda world, _: world.journal.pulse(
        Pulse("w1", world.clock.now(), world.clock.now(), None, 0, 0)
    ).result(),
    "find by text": lambda world, _: world.journal.find(Query(text="TN0")),
    "find open": lambda world, _: world.journal.find(Query(state=State.HELD)),
    "find delivered": lambda world, _: world.journal.find(Query(state=State.DELIVERED)),
    "find problem": lambda world, _: world.journal.find(Query(problem_code="LT-JRN-001")),
    "unbegun": lambda world, _: world.journal.unbegun("b", after="", limit=5),
    "begin": lambda world, delivery: world.journal.begin([delivery]).result(),
    "aged": lambda world, _: world.journal.aged("a", since=world.clock.turn(60), after="", limit=5),
    "listed": lambda world, _: world.journal.listed(SPAN, Listed("d", world.clock.now(), "m"), limit=5),
    "count dossiers": lambda world, _: world.journal.count_dossiers(SPAN),
    "holdings": lambda world, delivery: world.journal.holdings([world.work(delivery).message.envelope.order_key]),
    "ping": lambda world, _: world.journal.ping(),
}


@pytest.mark.parametrize("name", WORK)
def test_no_table_is_walked(world: World, name: str) -> None:
    """Each statement finds its rows by an index."""
    delivery = world.delivery(to("a"), code="TN03")
    assert walked(world, lambda: WORK[name](world, delivery)) == []


def test_a_walk_is_seen(world: World) -> None:
    """The check is able to fail: a word in a text is found by reading all of them."""
    assert walked(world, lambda: look_for(world, "word")) != []


def look_for(world: World, word: str) -> None:
    """A question that no index answers."""
    assert isinstance(world.journal, SqlJournal)
    with world.journal._engines.reader.connect() as connection:
        connection.execute(sa.select(t.entries).where(t.entries.c.text.contains(word)))


@pytest.mark.parametrize("name", ["listed", "holdings"])
def test_a_dossier_is_found_by_itself(world: World, name: str) -> None:
    """What is read of single dossiers goes by the index of dossiers, never by one that holds nearly all messages."""
    if world.name != "sqlite":
        return
    delivery = world.delivery(to("a"), code="TN03")
    plans = plans_of(world, lambda: WORK[name](world, delivery))
    assert not [plan for plan, _ in plans if "messages_by_verdict" in plan or "messages_by_kind" in plan]
