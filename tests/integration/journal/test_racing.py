"""Several processes at once on PostgreSQL, on the same dossiers, lanes, numbers and duplicate keys."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections import Counter, defaultdict
from pathlib import Path

import psycopg
import pytest

from bus.journal import open_journal
from tests.contract.journal_server import migrated, server
from tests.contract.journal_world import START
from tests.integration.journal.racing_child import DOSSIERS

ROOT = Path(__file__).parents[3]
PROCESSES, MESSAGES = 4, 240
_LANES = "SELECT lane, count(*), max(lane_seq), count(DISTINCT lane_seq) FROM deliveries GROUP BY lane"


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
        looks = watch(server().conninfo(name), children)
        outputs = [child.communicate(timeout=60)[0] for child in children]
        assert [child.returncode for child in children] == [0] * PROCESSES
        assert len(set(looks)) > 5, "nothing was seen while it happened"
        told = [json.loads(line) for output in outputs for line in output.splitlines()]
        taken_once(told)
        in_one_order(told, server().url(name))


def start(url: str, seed: int) -> subprocess.Popen[str]:
    """One process."""
    return subprocess.Popen(
        [sys.executable, "-m", "tests.integration.journal.racing_child", url, str(seed), str(MESSAGES)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
    )  # fmt: skip


def watch(conninfo: str, children: list[subprocess.Popen[str]]) -> list[int]:
    """Looks at the lanes again and again; returns how many deliveries each look saw."""
    looks = []
    with psycopg.connect(conninfo, autocommit=True) as connection:
        running = True
        while running:
            running = any(child.poll() is None for child in children)
            rows = connection.execute(_LANES).fetchall()
            assert all(many == last == different for _, many, last, different in rows), rows
            looks.append(sum(row[1] for row in rows))
    return looks


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
