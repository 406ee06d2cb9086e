"""PostgreSQL is killed, restarted, stopped in mid-transaction, told to be careless: nothing answered is lost, and the
journal heals by itself.
"""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
import sqlalchemy as sa
from sqlalchemy import event

from bus.journal import SqlJournal, open_journal
from bus.journal.dialect import UnsafeJournal, open_engines
from bus.ports import JournalUnavailable
from bus.records import AcceptItem, ItemResult, ItemStatus
from tests.contract.journal_server import Server, migrated, server
from tests.contract.journal_world import START, TurnedClock, acceptance, item, message, numbered, to

pytestmark = [pytest.mark.foreign("postgresql"), pytest.mark.slow]
ROOT = Path(__file__).parents[3]
HEALS_S = 10.0
THREADS = 8
FEWEST_STEPS = 15


@pytest.fixture(scope="module")
def own() -> Iterator[Server]:
    """A server that may be killed: nobody else's tests are on it."""
    made = Server.make()
    yield made
    made.remove()


@pytest.fixture(scope="module")
def empty(own: Server) -> str:
    """A database with an empty journal, to copy."""
    own.run("CREATE DATABASE empty_journal")
    open_journal(own.url("empty_journal"), clock=TurnedClock()).close()
    return "empty_journal"


@pytest.fixture
def fresh(own: Server, empty: str) -> Iterator[str]:
    """The address of an empty journal there."""
    with own.database(empty) as name:
        yield own.url(name)


def healed(journal: SqlJournal) -> float:
    """Seconds until it can be written again."""
    began = time.monotonic()
    while True:
        try:
            journal.ping()
            return time.monotonic() - began
        except JournalUnavailable:
            assert time.monotonic() - began < HEALS_S
            time.sleep(0.05)


class Submitters:
    """Threads that accept without end, and remember what they were told."""

    def __init__(self, journal: SqlJournal) -> None:
        self.journal = journal
        self.answered: list[ItemResult] = []
        self.refused = 0
        self._ended = threading.Event()
        self._numbers = itertools.count()
        self._threads = [threading.Thread(target=self._run) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()

    def _run(self) -> None:
        while not self._ended.is_set():
            code = f"TN{next(self._numbers)}"
            try:
                self.answered += self.journal.accept(acceptance(item(code, identities=(numbered("cong"),)))).result(30)
            except JournalUnavailable:
                self.refused += 1
                time.sleep(0.01)

    def until(self, many: int) -> None:
        """Waits for so many answers."""
        end = time.monotonic() + 30
        while len(self.answered) < many:
            assert time.monotonic() < end
            time.sleep(0.01)

    def end(self) -> None:
        """Stops them."""
        self._ended.set()
        for thread in self._threads:
            thread.join()


def test_killed_under_load(own: Server, fresh: str) -> None:
    """kill -9 of the whole server, three times: everything answered is there and whole; while it is away the answer
    is that it is away; it heals within seconds of its return."""
    journal = open_journal(fresh)
    load = Submitters(journal)
    healing = []
    try:
        for _ in range(3):
            load.until(len(load.answered) + 150)
            own.kill()
            with pytest.raises(JournalUnavailable):
                journal.counts()
            with pytest.raises(JournalUnavailable):
                journal.ping()
            own.start()
            healing.append(healed(journal))
    finally:
        load.end()
    assert len(load.answered) > 450
    assert load.refused > 0
    assert max(healing) < HEALS_S
    for one in load.answered:
        journey = journal.journey(one.message_id)
        assert journey is not None
        assert len(journey.deliveries) == 1
        assert journal.body(one.message_id, "canonical") is not None
    assert sum(journal.counts().values()) >= len(load.answered)
    assert journal.verify_chain() == ()
    journal.close()


@pytest.mark.timeout(300)
def test_server_killed_at_every_step(own: Server, empty: str) -> None:
    """The server dies before each statement of the accepting transaction, at its commit and after it: all of it or
    nothing of it is kept, the caller is told the truth or to come again, and its repeat is then right."""
    envelope = (
        item("TN01", to("a"), to("b", after_endpoint="a"), idempotency_key="k", identities=(numbered("cong"),)),
        item("TN02", idempotency_key="l"),
    )
    kept = []
    for step in itertools.count():
        with own.database(empty) as name:
            reached, future = accept_while_it_dies(own, own.url(name), step, envelope)
            if reached:
                own.start()
            journal = open_journal(own.url(name), clock=TurnedClock())
            many = sum(journal.counts().values())
            assert many in (0, 3), f"half-accepted at step {step}"
            told = future.exception(60)
            assert told is None or isinstance(told, JournalUnavailable)
            assert told is not None or many == 3
            again = journal.accept(acceptance(*(fresh_copy(one) for one in envelope))).result(20)
            assert {one.status for one in again} == {ItemStatus.DUPLICATE if many else ItemStatus.ACCEPTED}
            assert sum(journal.counts().values()) == 3
            assert journal.verify_chain() == ()
            journal.close()
            kept.append((bool(many), told is None))
            if not reached:
                break
    assert len(kept) > FEWEST_STEPS
    assert kept[0] == (False, False)
    assert kept[-1] == (True, True)


def fresh_copy(one: AcceptItem) -> AcceptItem:
    """The same said again in a new envelope."""
    return replace(one, message=message(business_ids=one.message.envelope.business_ids))


def accept_while_it_dies(
    own: Server, url: str, step: int, envelope: Sequence[AcceptItem]
) -> tuple[bool, Future[tuple[ItemResult, ...]]]:
    """Kills the server before the statement with this number; says whether there was one."""
    engines = open_engines(url)
    steps = itertools.count()
    died = threading.Event()

    def die_maybe(*_: object) -> None:
        if not died.is_set() and next(steps) == step:
            died.set()
            own.kill()

    for moment in ("before_cursor_execute", "commit", "checkin"):
        event.listen(engines.writer, moment, die_maybe)
    journal = SqlJournal(engines, TurnedClock())
    future = journal.accept(acceptance(*envelope))
    future.exception(60)
    event.remove(engines.writer, "checkin", die_maybe)
    journal.close()
    return died.is_set(), future


def test_restart_between_two_messages(own: Server, fresh: str) -> None:
    """A restart while nothing is being written is not noticed: the broken connection is replaced, nobody is refused."""
    journal = open_journal(fresh)
    assert journal.accept(acceptance(item("TN01"))).result(20)[0].status is ItemStatus.ACCEPTED
    assert sum(journal.counts().values()) == 1
    own.stop()
    own.start()
    assert journal.accept(acceptance(item("TN02"))).result(20)[0].status is ItemStatus.ACCEPTED
    assert sum(journal.counts().values()) == 2
    assert journal.verify_chain() == ()
    journal.close()


def test_server_that_could_lose_is_refused(own: Server, fresh: str) -> None:
    """A server that does not flush its commits is refused with the name of the setting; so is one that was set to it
    for this database only."""
    name = sa.make_url(fresh).database
    own.run(f"ALTER DATABASE {name} SET synchronous_commit = off")
    with pytest.raises(UnsafeJournal, match="synchronous_commit = off"):
        open_journal(fresh)
    own.run(f"ALTER DATABASE {name} RESET synchronous_commit")
    open_journal(fresh).close()
    own.stop()
    own.settings["fsync"] = "off"
    own.start()
    with pytest.raises(UnsafeJournal, match="fsync = off"):
        open_journal(fresh)
    own.stop()
    del own.settings["fsync"]
    own.start()
    open_journal(fresh).close()


def test_a_reload_does_not_make_it_careless(own: Server, fresh: str) -> None:
    """The session holds to what was checked at its beginning, whatever the configuration says later."""
    engines = open_engines(fresh)
    with engines.writer.connect() as connection:
        own.run("ALTER SYSTEM SET synchronous_commit = off", "SELECT pg_reload_conf()")
        try:
            time.sleep(0.5)
            assert connection.exec_driver_sql("SHOW synchronous_commit").scalar_one() == "on"
        finally:
            own.run("ALTER SYSTEM RESET synchronous_commit", "SELECT pg_reload_conf()")
    engines.dispose()


def test_other_encodings_are_refused(own: Server) -> None:
    """A database that cannot hold every Vietnamese letter as it is cannot be a journal."""
    own.run("CREATE DATABASE ascii TEMPLATE template0 ENCODING 'SQL_ASCII' LOCALE 'C'")
    with pytest.raises(UnsafeJournal, match="SQL_ASCII"):
        open_journal(own.url("ascii"))


def test_no_server_is_told(tmp_path: Path) -> None:
    """Nobody there: the journal cannot be opened, in words."""
    with pytest.raises(JournalUnavailable, match="cannot be opened"):
        open_journal(f"postgresql+psycopg://u@/x?host={tmp_path}")


def test_other_servers_are_no_journals() -> None:
    """An address of another kind of server is refused at once."""
    with pytest.raises(ValueError, match="mysql"):
        open_engines("mysql://u@localhost/x")


def test_stopped_in_mid_transaction() -> None:
    """A process that is stopped while it holds a dossier loses its transaction; the others go on, and when it wakes
    its message takes its place behind theirs."""
    with server().database(migrated(START)) as name:
        journal = open_journal(server().url(name), clock=TurnedClock())
        journal.accept(acceptance(item("TN01"))).result(20)
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.integration.journal.stopped_child", server().url(name), "1"],
            stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, text=True,
        )  # fmt: skip
        assert child.stdout is not None
        try:
            assert child.stdout.readline() == "stopped\n"
            began = time.monotonic()
            answered = journal.accept(acceptance(item("TN01"))).result(20)[0]
            waited = time.monotonic() - began
        finally:
            child.send_signal(signal.SIGCONT)
        assert 0.3 < waited < 5
        assert child.communicate(timeout=60)[0] == "accepted\n"
        (lane,) = journal.lanes()
        assert len(lane.deliveries) == 3
        assert lane.deliveries[1].delivery_id == f"{answered.message_id}:cong"
        assert journal.verify_chain() == ()
        journal.close()


def test_stopped_in_mid_sentence() -> None:
    """One that is stopped between statements it sends without waiting is not idle in the server's eyes: whoever waits
    for it in vain ends its transaction."""
    with server().database(migrated(START)) as name:
        journal = open_journal(server().url(name), clock=TurnedClock())
        journal.accept(acceptance(item("TN01"))).result(20)
        info = f"{server().conninfo(name)} application_name=lienthong"
        with psycopg.connect(info) as sleeper, contextlib.suppress(psycopg.OperationalError), sleeper.pipeline():
            sleeper.execute("SELECT * FROM dossiers FOR UPDATE")
            sleeper.pgconn.flush()  # it is carried out; the end of the sentence is never sent
            began = time.monotonic()
            assert journal.accept(acceptance(item("TN01"))).result(20)[0].status is ItemStatus.ACCEPTED
            assert 1 < time.monotonic() - began < 15
        assert journal.verify_chain() == ()
        journal.close()


def test_deadlock_is_done_again() -> None:
    """Two that wait for each other: the server undoes ours, and it is done again without anybody being told."""
    with server().database(migrated(START)) as name:
        journal = open_journal(server().url(name), clock=TurnedClock())
        numbers = (numbered("cong"),)
        journal.accept(acceptance(item("TN01", identities=numbers))).result(20)
        with psycopg.connect(server().conninfo(name)) as other:
            other.execute("SELECT * FROM counters FOR UPDATE")
            second = item("TN02", identities=numbers)
            future = journal.accept(acceptance(second, item("TN01")))
            time.sleep(0.3)  # it holds the dossier of TN01 and waits for the counter
            other.execute("SET deadlock_timeout = '60s'")  # so that ours is the one to be undone
            other.execute("SELECT * FROM dossiers FOR UPDATE")
            assert not future.done()
        assert {one.status for one in future.result(20)} == {ItemStatus.ACCEPTED}
        with psycopg.connect(server().conninfo(name), autocommit=True) as looking:
            looking.execute("SELECT pg_stat_force_next_flush()")
            deadlocks = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
            assert looking.execute(deadlocks).fetchone() == (1,)
        assert sum(journal.counts().values()) == 3
        assert journal.verify_chain() == ()
        journal.close()
