"""The writer thread: what waits shares a commit, bad items spoil nothing, trouble is told."""

from __future__ import annotations

import errno
import fcntl
import os
import sqlite3
import threading
import time
from collections.abc import Iterator
from concurrent.futures import wait
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import event

from bus.journal import SqlJournal
from bus.journal.dialect import line, open_engines, sqlite
from bus.journal.migrate import upgrade_engines
from bus.journal.writer import BATCH_BYTES
from bus.ports import JournalUnavailable
from bus.records import ItemStatus, Rejection
from tests.contract.journal_world import TurnedClock, acceptance, item, message


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the journal is."""
    return tmp_path / "j.sqlite"


@pytest.fixture
def journal(path: Path) -> Iterator[SqlJournal]:
    """A fresh journal."""
    engines = open_engines(f"sqlite:///{path}")
    upgrade_engines(engines)
    opened = SqlJournal(engines, TurnedClock())
    yield opened
    opened.close()


@contextmanager
def locked(path: Path) -> Iterator[None]:
    """Another process writes."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        yield
        other.execute("ROLLBACK")


def test_no_answer_before_the_commit(journal: SqlJournal, path: Path) -> None:
    """While the commit cannot happen there is no answer; when it has, there is."""
    with locked(path):
        future = journal.accept(acceptance(item("TN01")))
        with pytest.raises(TimeoutError):
            future.result(0.3)
    assert future.result(10)[0].status is ItemStatus.ACCEPTED


def test_what_waits_shares_a_commit(journal: SqlJournal, path: Path) -> None:
    """Forty accepts that wait together cost a few commits, not forty."""
    commits = []
    event.listen(journal._engines.writer, "commit", commits.append)  # counted where they happen
    with locked(path):
        futures = [journal.accept(acceptance(item(f"TN{number}"))) for number in range(40)]
        time.sleep(0.1)
    assert {future.result(10)[0].status for future in futures} == {ItemStatus.ACCEPTED}
    assert 1 <= len(commits) <= 3


def test_what_comes_while_another_process_writes_joins_in(journal: SqlJournal, path: Path) -> None:
    """Whoever waits for the lock takes along what comes meanwhile: a busy file gets fewer commits, not more."""
    commits = []
    event.listen(journal._engines.writer, "commit", commits.append)
    with locked(path):
        futures = [journal.accept(acceptance(item("TN00")))]
        time.sleep(0.1)  # its transaction waits to begin
        futures += [journal.accept(acceptance(item(f"TN{number}"))) for number in range(10)]
    assert {future.result(10)[0].status for future in futures} == {ItemStatus.ACCEPTED}
    assert len(commits) == 1


def test_where_no_line_can_be_made_nobody_waits_for_one(journal: SqlJournal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Some file systems have no such locks: that is no reason to wait before every commit."""

    def none_here(place: int, how: int) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr(line, "SILENT_S", 60.0)
    monkeypatch.setattr(fcntl, "flock", none_here)
    assert journal.accept(acceptance(item("TN01"))).result(10)[0].status is ItemStatus.ACCEPTED


def test_big_bodies_are_spread_over_commits(journal: SqlJournal, path: Path) -> None:
    """A commit is bounded by bytes too: nobody waits for megabytes of others, and no transaction grows without end."""
    commits = []
    event.listen(journal._engines.writer, "commit", commits.append)
    big = os.urandom(BATCH_BYTES // 3 + 1)  # does not shrink
    with locked(path):
        futures = [journal.accept(acceptance(item(f"TN{number}", message=message(body=big)))) for number in range(7)]
        time.sleep(0.1)
    assert {future.result(20)[0].status for future in futures} == {ItemStatus.ACCEPTED}
    assert 3 <= len(commits) <= 4


def test_one_bad_item_spoils_nothing(journal: SqlJournal, path: Path) -> None:
    """An item that cannot be written fails alone; those beside it in the same transaction are kept."""
    with locked(path):
        bad = journal.accept(acceptance(item("BAD", message=message(operation="\ud800"))))
        twice = message("goc")
        futures = [journal.accept(acceptance(item(f"TN{number}"))) for number in range(10)]
        rejections = [journal.reject(Rejection(twice, (), "")) for _ in range(2)]
    with pytest.raises(UnicodeEncodeError):
        bad.result(10)
    assert {future.result(10)[0].status for future in futures} == {ItemStatus.ACCEPTED}
    assert rejections[0].result(10) is None
    with pytest.raises(JournalUnavailable):
        rejections[1].result(10)
    assert sum(journal.counts().values()) == 10
    assert journal.dossier("mot_cua_cmon", "BAD") is None
    assert journal.verify_chain() == ()


def test_lock_that_never_comes(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A journal that cannot be locked is unavailable: the caller may come again, and then it works."""
    monkeypatch.setattr(sqlite, "PRAGMAS", {**sqlite.PRAGMAS, "busy_timeout": "100"})
    engines = open_engines(f"sqlite:///{path}")
    upgrade_engines(engines)
    journal = SqlJournal(engines, TurnedClock())
    with locked(path):
        with pytest.raises(JournalUnavailable):
            journal.accept(acceptance(item("TN01"))).result(10)
        with pytest.raises(JournalUnavailable):
            journal.ping()
        assert sum(journal.counts().values()) == 0
    journal.ping()
    assert journal.accept(acceptance(item("TN01"))).result(10)[0].status is ItemStatus.ACCEPTED
    assert journal.verify_chain() == ()
    journal.close()


def test_full_disk(path: Path) -> None:
    """A full disk refuses what does not fit, keeps what was kept, and works again when there is room."""
    engines = open_engines(f"sqlite:///{path}")
    upgrade_engines(engines)
    journal = SqlJournal(engines, TurnedClock())
    first = journal.accept(acceptance(item("TN01"))).result(10)[0]
    pages = 60

    @event.listens_for(engines.writer, "begin")
    def _limit(connection) -> None:  # type: ignore[no-untyped-def]  # SQLAlchemy's own type
        connection.exec_driver_sql(f"PRAGMA max_page_count={pages}")

    big = os.urandom(1_000_000)  # does not shrink
    with pytest.raises(JournalUnavailable):
        journal.accept(acceptance(item("BIG", message=message(body=big)))).result(10)
    assert journal.journey(first.message_id) is not None
    pages = 100_000
    assert journal.accept(acceptance(item("BIG", message=message(body=big)))).result(10)[0].dossier
    assert journal.verify_chain() == ()
    journal.close()


def test_close_writes_what_waits(journal: SqlJournal, path: Path) -> None:
    """What was handed over before the end is written before the end."""
    with locked(path):
        futures = [journal.accept(acceptance(item(f"TN{number}"))) for number in range(5)]
        ending = threading.Thread(target=journal.close)
        ending.start()
        time.sleep(0.1)
    ending.join(10)
    done, _ = wait(futures, timeout=0)
    assert len(done) == 5
    assert {future.result()[0].status for future in futures} == {ItemStatus.ACCEPTED}


def test_journals_must_not_live_in_memory() -> None:
    """An address that keeps nothing is refused at start."""
    with pytest.raises(ValueError, match="memory"):
        open_engines("sqlite://")


def test_file_is_private(journal: SqlJournal, path: Path) -> None:
    """The journal holds citizens' data: only its owner may read the file and the log beside it."""
    journal.ping()
    files = sorted(path.parent.iterdir())
    assert path in files
    assert len(files) > 1
    assert {file.stat().st_mode & 0o077 for file in files} == {0}


def test_envelope_with_very_many_items(journal: SqlJournal) -> None:
    """An envelope with more items than a statement may have values is taken: the bound is never met."""
    engine = journal._engines.writer
    engine.dispose()
    event.listen(
        engine, "connect", lambda connection, _: connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 5_500)
    )
    many = [item(f"TN{number}", idempotency_key=f"k{number}") for number in range(6_000)]
    results = journal.accept(acceptance(*many)).result(100)
    assert {one.status for one in results} == {ItemStatus.ACCEPTED}
    again = journal.accept(acceptance(*many[:2])).result(20)
    assert {one.status for one in again} == {ItemStatus.DUPLICATE}


def test_sqlite_is_set_to_keep(journal: SqlJournal) -> None:
    """The writer's connection flushes every commit and checks foreign keys."""
    with journal._engines.writer.connect() as connection:
        values = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert values == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
