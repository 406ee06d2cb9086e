"""A server that swallows what is sent and answers nobody: the journal does not wait for ever."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
import pytest

from bus.journal import SqlJournal, open_journal
from bus.journal.dialect import open_engines
from bus.journal.dialect.patient import PatientConnection
from bus.records import ItemStatus
from tests.contract.journal_server import Server
from tests.contract.journal_world import acceptance, item, numbered

pytestmark = [pytest.mark.foreign("postgresql"), pytest.mark.slow]
PATIENCE_S = 1.0


@pytest.fixture
def own(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """A server whose processes may be stopped."""
    monkeypatch.setattr(PatientConnection, "patience_s", PATIENCE_S)
    made = Server.make()
    made.run("CREATE DATABASE silent")
    yield made
    made.remove()


@pytest.fixture
def journal(own: Server) -> Iterator[SqlJournal]:
    """A journal whose connections are open."""
    opened = open_journal(own.url("silent"))
    accept(opened, "TN1")
    assert sum(opened.counts().values()) == 1
    yield opened
    opened.close()


def accept(journal: SqlJournal, code: str) -> ItemStatus:
    """One dossier."""
    return journal.accept(acceptance(item(code, identities=(numbered("cong"),)))).result(20)[0].status


@contextmanager
def silent(own: Server) -> Iterator[None]:
    """Who has been talking to the journal so far says nothing more; new connections are answered."""
    with psycopg.connect(own.conninfo("postgres")) as connection:
        talking = connection.execute("SELECT pid FROM pg_stat_activity WHERE datname = 'silent'").fetchall()
    for (pid,) in talking:
        os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        for (pid,) in talking:
            os.kill(pid, signal.SIGCONT)


def test_a_writer_does_not_wait_for_ever(own: Server, journal: SqlJournal) -> None:
    """What was to be written is written over a new connection, once."""
    with silent(own):
        assert accept(journal, "TN2") is ItemStatus.ACCEPTED
    assert sum(journal.counts().values()) == 2


def test_a_reader_does_not_wait_for_ever(own: Server, journal: SqlJournal) -> None:
    """Whoever reads is answered, over a new connection."""
    with silent(own):
        assert sum(journal.counts().values()) == 1


def test_a_migration_may_take_its_time(own: Server) -> None:
    """Whoever waits for the lock on the schema, or has it, is not cut off."""
    engines = open_engines(own.url("silent"))
    try:
        began = time.monotonic()
        with engines.writer.begin() as connection:
            engines.server.lock_schema(connection)
            connection.exec_driver_sql(f"SELECT pg_sleep({PATIENCE_S * 2})")
        assert time.monotonic() - began > PATIENCE_S
        with pytest.raises(Exception, match="no word from the server"), engines.writer.begin() as connection:
            connection.exec_driver_sql(f"SELECT pg_sleep({PATIENCE_S * 2})")
    finally:
        engines.dispose()
