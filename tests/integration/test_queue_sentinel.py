"""The queue on a master that sentinels look after: fail-over under load, with and without loss."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.queue import RedisQueue
from bus.queue.address import Address
from bus.queue.examine import examine
from bus.queue.opening import Rules, open_partitions
from tests.contract.queue_world import record
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
            journal.gives(60)
            dead = fail_over(servers)
            heals(journal)
            dead.start()


@pytest.mark.timeout(120)
def test_frozen_master(servers: Sentinels) -> None:
    """The master hangs instead of dying, and wakes up when another is master: it changes nothing any more."""
    with Load(lambda: RedisQueue(servers.url)).running() as journal:
        journal.gives(60)
        frozen = servers.master
        frozen.signal(signal.SIGSTOP)
        servers.wait_for_master(other_than=frozen)
        heals(journal)
        frozen.signal(signal.SIGCONT)
        time.sleep(1)
        heals(journal)


@pytest.mark.timeout(120)
def test_replicas_are_waited_for(servers: Sentinels) -> None:
    """With `wait_replicas` a write that came back is on so many replicas; while there are fewer it counts as well."""
    queue = open_partitions(Address(servers.url), Rules(replicas=2))
    queue.start_generation(1)
    queue.enqueue([record(n, after=n - 1 or None) for n in range(1, 9)])
    for one in servers.replicas:
        with one.client() as client:
            assert client.hlen("lt:{0}:m") == 8
    with servers.cut_off():
        assert queue.enqueue([record(9, after=8)]) == frozenset()
    assert queue.stats().queued == 9
    queue.close()


def test_doctor(servers: Sentinels) -> None:
    """The doctor finds the master through the sentinels, and a policy that throws keys away."""
    (facts,) = examine(Address(servers.url))
    assert (facts.append_only, facts.eviction, facts.replicas) == (True, "noeviction", 2)
    with servers.master.client() as client:
        client.config_set("maxmemory-policy", "allkeys-lru")
    assert examine(servers.url)[0].eviction == "allkeys-lru"


@pytest.mark.timeout(120)
def test_fail_over_with_loss(servers: Sentinels) -> None:
    """The replicas heard nothing of the last second: noticed, and healed from the journal, in order."""
    with Load(lambda: RedisQueue(servers.url)).running() as journal:
        journal.gives(60)
        before = journal.generation()
        with servers.cut_off():
            journal.gives(20)
            dead = servers.master
            dead.kill()
        servers.wait_for_master(other_than=dead)
        heals(journal)
    assert journal.generation() > before, "the loss was not noticed"
