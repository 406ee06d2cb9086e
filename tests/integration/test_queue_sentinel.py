"""The queue on a master that sentinels look after: fail-over under load, with and without loss."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.queue import RedisQueue
from tests.integration.queue_load import Load, LoadJournal
from tests.integration.queue_servers import Node, Sentinels

HEALS_S = 10.0


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[Sentinels]:
    """Six processes."""
    with Sentinels(tmp_path) as made:
        yield made


def delivered(journal: LoadJournal) -> int:
    return sum(map(len, list(journal.delivered.values())))


def heals(journal: LoadJournal) -> None:
    """Work goes on within ten seconds from now."""
    before, end = delivered(journal), time.monotonic() + HEALS_S
    while delivered(journal) < before + 20:
        assert time.monotonic() < end, "not healed ten seconds after a master was back"
        time.sleep(0.02)


def fail_over(servers: Sentinels) -> Node:
    """kill -9; returns when another is master."""
    dead = servers.master
    dead.kill()
    servers.wait_for_master(other_than=dead)
    return dead


@pytest.mark.timeout(120)
def test_fail_over_under_load(servers: Sentinels) -> None:
    """kill -9 of the master, twice, under load: nothing lost, reordered, overlapped; goes on within ten seconds."""
    with Load(lambda: RedisQueue(servers.url)).running() as journal:
        for _ in range(2):
            time.sleep(1)
            dead = fail_over(servers)
            heals(journal)
            dead.start()
    assert delivered(journal) > 100


@pytest.mark.timeout(120)
def test_fail_over_with_loss(servers: Sentinels) -> None:
    """The replicas heard nothing of the last second: noticed, and healed from the journal, in order."""
    with Load(lambda: RedisQueue(servers.url)).running() as journal:
        time.sleep(1)
        before = journal.generation()
        with servers.cut_off():
            time.sleep(0.7)
            dead = servers.master
            dead.kill()
        servers.wait_for_master(other_than=dead)
        heals(journal)
    assert journal.generation() > before, "the loss was not noticed"
    assert delivered(journal) > 100
