"""The queue on a cluster of three masters."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.queue import RedisQueue
from tests.contract.queue_world import record
from tests.integration.queue_servers import Cluster


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """Three processes."""
    with Cluster(tmp_path) as made:
        yield made


def test_one_partition(cluster: Cluster) -> None:
    """All keys of a partition lie on one server of the cluster."""
    queue = RedisQueue(cluster.url)
    queue.start_generation(1)
    queue.enqueue([record(1)])
    assert len(queue.claim("w", settles=[], limit=1, lease_s=60)) == 1
    queue.close()
