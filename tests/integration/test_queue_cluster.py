"""The queue on a cluster of three masters: partitions, fail-over, a master away, one emptied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.ports import Queue, QueueUnavailable
from bus.queue.address import Address
from bus.queue.examine import examine
from bus.queue.opening import Rules, open_partitions
from tests.contract.queue_world import SEPARATOR, record
from tests.integration.queue_load import Load, LoadJournal
from tests.integration.queue_servers import Cluster, Node, until

PARTITIONS = 8
HEALS_S = 10.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three processes."""
    with Cluster(tmp_path) as made:
        yield made


@pytest.fixture
def replicated(tmp_path: Path) -> Iterator[Cluster]:
    """Six."""
    with Cluster(tmp_path, replicas=True) as made:
        yield made


def opened(cluster: Cluster) -> Queue:
    """As a process opens it."""
    return open_partitions(Address(cluster.url), Rules(partitions=PARTITIONS), separator=SEPARATOR)


def load(cluster: Cluster) -> Load:
    return Load(lambda: opened(cluster), endpoints=20)


def delivered(journal: LoadJournal) -> int:
    return sum(map(len, list(journal.delivered.values())))


def goes_on(journal: LoadJournal, why: str) -> None:
    """Within ten seconds from now, on all endpoints."""
    before = {lane: len(ids) for lane, ids in list(journal.delivered.items())}
    end = time.monotonic() + HEALS_S
    while not all(len(journal.delivered[lane]) > many for lane, many in before.items()):
        assert time.monotonic() < end, why
        time.sleep(0.02)


def queues_of(node: Node) -> set[str]:
    """Partitions that lie on a server."""
    with node.client() as client:
        return {key.split(":")[1] for key in client.scan_iter("lt:*:gen")}


def test_spread(cluster: Cluster) -> None:
    """Each partition lies on one server, and every server has some; P=1 works as well."""
    queue = opened(cluster)
    queue.start_generation(1)
    assert queue.enqueue([record(1, lane=f"D1|E{n}") for n in range(40)]) == frozenset()
    held = [queues_of(node) for node in cluster.masters]
    assert all(held)
    assert sum(map(len, held)) == len(set().union(*held)) == PARTITIONS
    taken = [claim.endpoint for _ in range(5) for claim in queue.claim("w", settles=[], limit=16, lease_s=60)]
    assert sorted(taken) == sorted(f"E{n}" for n in range(40))
    queue.close()
    alone = open_partitions(Address(cluster.url), Rules())
    alone.start_generation(2)
    assert sum(len(queues_of(node)) for node in cluster.masters) == PARTITIONS
    alone.enqueue([record(1)])
    assert len(alone.claim("w", settles=[], limit=16, lease_s=60)) == 1
    alone.close()


def test_doctor(cluster: Cluster) -> None:
    """The doctor looks at each master."""
    found = examine(Address(cluster.url))
    assert len({facts.place for facts in found}) == 3
    cluster.masters[0].kill()
    with pytest.raises(QueueUnavailable):
        examine(Address(cluster.url))


@pytest.mark.timeout(120)
def test_without_faults(cluster: Cluster) -> None:
    """Nobody is ever handed a delivery that another may be sending."""
    with load(cluster).running() as journal:
        journal.gives(60)
    assert journal.refused_intents == 0
    assert journal.generation() == 1


@pytest.mark.timeout(120)
def test_fail_over_under_load(replicated: Cluster) -> None:
    """kill -9 of a master under load: its replica takes over; nothing lost, reordered, overlapped."""
    with load(replicated).running() as journal:
        journal.gives(60)
        dead, heir = replicated.masters[1], replicated.nodes[4]
        dead.kill()
        with heir.client() as client:
            until(lambda: client.info("replication")["role"] == "master", why="the replica was not promoted")
        goes_on(journal, "not healed ten seconds after the fail-over")


@pytest.mark.timeout(120)
@pytest.mark.parametrize("first", [True, False])
def test_master_away(cluster: Cluster, first: bool) -> None:
    """A master without replica is killed, with the first partition or another: the others' endpoints go on meanwhile;
    when it is back its own do too."""
    with load(cluster).running() as journal:
        journal.gives(60)
        away = next(node for node in cluster.masters if ("{0}" in queues_of(node)) is first)
        assert 0 < len(queues_of(away)) < PARTITIONS
        away.kill()
        time.sleep(1)
        journal.gives(1)  # one server away does not stop all
        away.start()
        goes_on(journal, "not healed ten seconds after the master was back")


@pytest.mark.timeout(120)
def test_one_emptied_under_load(cluster: Cluster) -> None:
    """FLUSHALL on one server of three: all of the queue is rebuilt from the journal, in order."""
    with load(cluster).running() as journal:
        for node in cluster.masters:
            journal.gives(40)
            before = journal.generation()
            with node.client() as client:
                client.flushall()
            until(lambda: journal.generation() > before, HEALS_S, why="not noticed")  # noqa: B023
        goes_on(journal, "not healed")
