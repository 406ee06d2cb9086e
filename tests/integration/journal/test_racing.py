"""Several processes at once on PostgreSQL, on the same dossiers, lanes, numbers and duplicate keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy.exc import DataError

from bus.delivery import State
from bus.journal import SqlJournal, open_journal
from bus.journal.locks import Locks
from bus.outcome import Outcome
from bus.ports import JournalUnavailable
from bus.records import Decision, ItemStatus, NextStep, Rejection
from tests.contract.journal_server import migrated, server
from tests.contract.journal_world import START, World, acceptance, item, message, postgresql_world, settlement
from tests.integration.journal.racing_child import DOSSIERS

ROOT = Path(__file__).parents[3]
PROCESSES, MESSAGES = 4, 240
_LANES = "SELECT lane, count(*), max(lane_seq), count(DISTINCT lane_seq) FROM deliveries GROUP BY lane"
_SENT_TWICE = "SELECT delivery_id FROM intents GROUP BY delivery_id HAVING count(*) > 1"
_OUT_OF_ORDER = """
SELECT a.id, b.id FROM deliveries a JOIN deliveries b ON a.lane = b.lane AND a.lane_seq < b.lane_seq
JOIN intents i ON i.delivery_id = a.id JOIN intents j ON j.delivery_id = b.id WHERE i.granted_us >= j.granted_us
"""
_NUMBERED_TWICE = "SELECT dossier FROM identities WHERE party = 'cong' GROUP BY dossier HAVING count(*) > 1"
_APPLIED = "SELECT count(*) FROM attempts WHERE applied = 1 AND token <> ''"
_DEADLOCKS = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"


@pytest.mark.foreign("postgresql")
def test_one_bad_item_spoils_nothing() -> None:
    """An item that cannot be written fails alone; those beside it in the same transaction are kept."""
    with postgresql_world() as world, psycopg.connect(server().conninfo(name_of(world))) as other:
        other.execute("LOCK TABLE messages IN EXCLUSIVE MODE")
        world.journal.accept(acceptance(item("FIRST")))
        time.sleep(0.2)  # it waits there, and the others behind it
        bad = world.journal.accept(acceptance(item("BAD", message=message(operation="\ud800"))))
        nothing = world.journal.accept(acceptance(item("NUL", message=message(operation="a\0b"))))
        twice = message("goc")
        futures = [world.journal.accept(acceptance(item(f"TN{number}"))) for number in range(10)]
        rejections = [world.journal.reject(Rejection(twice, (), "")) for _ in range(2)]
        other.rollback()
        with pytest.raises(UnicodeEncodeError):
            bad.result(10)
        with pytest.raises(DataError):
            nothing.result(10)
        assert {future.result(10)[0].status for future in futures} == {ItemStatus.ACCEPTED}
        assert rejections[0].result(10) is None
        with pytest.raises(JournalUnavailable):
            rejections[1].result(10)
        assert sum(world.journal.counts().values()) == 11
        assert world.journal.dossier("mot_cua_cmon", "BAD") is None
        assert world.journal.verify_chain() == ()


@pytest.mark.foreign("postgresql")
def test_the_last_word_of_a_dead_worker_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its result is committed by the server just as others end its intents: it stands, and so do theirs."""
    with postgresql_world() as world:
        said, silent = world.delivery(code="TN01"), world.delivery(code="TN02")
        assert world.grant(said, "1.1")
        assert world.grant(silent, "1.2")
        its_own = open_journal(server().url(name_of(world)), clock=world.clock)
        locked = Locks.deliveries
        ask = Decision(NextStep.ASK, "không rõ", next_at=world.clock.now())

        def a_little_late(locks: Locks, ids: Sequence[str]) -> None:
            its_own.settle(settlement(said, 1, "1.1", outcome=Outcome.UNCLEAR, decision=ask)).result(10)
            locked(locks, ids)

        monkeypatch.setattr(Locks, "deliveries", a_little_late)
        assert world.journal.expire_worker("w1").result(10) == 1
        its_own.close()
        assert (world.state(said), world.state(silent)) == (State.UNCLEAR, State.READY)
        assert world.grant(said, "1.3")
        assert world.work(said).delivery.crashes == 0


def name_of(world: World) -> str:
    """The database of a journal."""
    assert isinstance(world.journal, SqlJournal)
    return str(world.journal._engines.writer.url.database)


@pytest.mark.slow
@pytest.mark.foreign("postgresql")
def test_processes_race() -> None:
    """Four processes accept the same messages in four orders: each is taken once and a duplicate three times, and
    at no moment is a later place of a lane seen without those before it."""
    with server().database(migrated(START)) as name:
        children = [start(server().url(name), seed) for seed in range(PROCESSES)]
        for child in children:
            assert child.stdout is not None
            assert child.stdout.readline() == "ready\n"
        for child in children:
            assert child.stdin is not None
            child.stdin.write("\n")
            child.stdin.flush()
        looks, deadlocks = watch(server().conninfo(name), children)
        outputs = [child.communicate(timeout=60)[0] for child in children]
        assert [child.returncode for child in children] == [0] * PROCESSES
        assert len(set(looks)) > 5, "nothing was seen while it happened"
        assert deadlocks == 0
        told = [json.loads(line) for output in outputs for line in output.splitlines()]
        taken_once(told)
        in_one_order(told, server().url(name))


@pytest.mark.slow
@pytest.mark.foreign("postgresql")
def test_processes_mix() -> None:
    """Three processes accept, deliver, derive, learn, fetch and acknowledge about the same few dossiers: nobody is
    refused, nobody waits for one that waits for him, each is sent once and in its place."""
    with server().database() as name:
        open_journal(server().url(name)).close()
        children = [
            subprocess.Popen(
                [sys.executable, "-m", "tests.integration.journal.mixing_child", server().url(name), of, "5"],
                stdout=subprocess.PIPE, stderr=subprocess.PIPE, cwd=ROOT, text=True,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
            )
            for of in "xyz"
        ]  # fmt: skip
        outputs = [child.communicate(timeout=90) for child in children]
        assert [child.returncode for child in children] == [0] * 3, [said for _, said in outputs]
        accepted, delivered = (sum(int(said.split()[at]) for said, _ in outputs) for at in (0, 1))
        assert accepted > 10  # a loaded machine does less
        assert delivered > 10
        with psycopg.connect(server().conninfo(name), autocommit=True) as connection:
            assert connection.execute(_DEADLOCKS).fetchall() == [(0,)]
            assert [row for row in connection.execute(_LANES) if len(set(row[1:])) != 1] == []
            assert connection.execute(_SENT_TWICE).fetchall() == []
            assert connection.execute(_OUT_OF_ORDER).fetchall() == []
            assert connection.execute(_NUMBERED_TWICE).fetchall() == []
            assert connection.execute(_APPLIED).fetchall() == [(delivered,)]
        journal = open_journal(server().url(name))
        assert journal.verify_chain() == ()
        journal.close()


def start(url: str, seed: int) -> subprocess.Popen[str]:
    """One process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.journal.racing_child", url, str(seed), str(MESSAGES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )  # fmt: skip


def watch(conninfo: str, children: list[subprocess.Popen[str]]) -> tuple[list[int], int]:
    """Looks at the lanes again and again; returns how many deliveries each look saw, and the deadlocks in the end."""
    looks = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        running = True
        while running:
            running = any(child.poll() is None for child in children)
            rows = connection.execute(_LANES).fetchall()
            assert all(many == last == different for _, many, last, different in rows), rows
            looks.append(sum(row[1] for row in rows))
        deadlocks = connection.execute(_DEADLOCKS).fetchall()[0][0]
    return looks, deadlocks


def taken_once(told: list[list[str]]) -> None:
    """Of each message one is accepted, all others are its duplicates."""
    statuses, ids = defaultdict(Counter), defaultdict(set)
    for key, status, message_id, *_ in told:
        statuses[key][status] += 1
        ids[key].add(message_id)
    assert len(statuses) == MESSAGES
    assert {key for key, counts in statuses.items() if counts != {"accepted": 1, "duplicate": PROCESSES - 1}} == set()
    assert {key for key, found in ids.items() if len(found) != 1} == set()


def in_one_order(told: list[list[str]], url: str) -> None:
    """What the queues were told is the order of the journal; each dossier has one number."""
    predecessor = {delivery: before for _, _, _, lane, delivery, before in told if lane}
    assert len(predecessor) == MESSAGES
    journal = open_journal(url)
    try:
        lanes = [[delivery.delivery_id for delivery in one.deliveries] for one in journal.lanes()]
        assert len(lanes) == DOSSIERS
        for deliveries in lanes:
            assert [predecessor[one] for one in deliveries] == ["", *deliveries[:-1]]
        numbers = {journal.dossier("cong", f"H99-{number:04}") for number in range(1, DOSSIERS + 1)}
        assert numbers == {journal.dossier("mot_cua_cmon", f"TN{number}") for number in range(DOSSIERS)}
        assert journal.dossier("cong", f"H99-{DOSSIERS + 1:04}") is None
        assert journal.verify_chain() == ()
    finally:
        journal.close()
