"""What a scenario is played in: which stores, which line is faulty, which disk is small, whose clock is turned."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.acceptance.running_bus import Bus
from tests.chaos.database import NAME, Database, address, database
from tests.chaos.disk import small_disk
from tests.chaos.own_queue import OwnQueue
from tests.chaos.proxied import Proxied, proxied
from tests.chaos.stage import Stage
from tests.chaos.turned_clock import TurnedClock
from tests.integration.queue_servers import Sentinels

LEASE_S = 8.0
_TIMEOUT = "3s"  # of one attempt; the settings want a lease at least twice as long
_QUICK = {
    "LIENTHONG_WORKER__PROCESSES": "2",
    "LIENTHONG_QUEUE__LEASE_S": f"{LEASE_S:g}",
    "LIENTHONG_ENDPOINTS__CONG_DVCQG__RETRY": f"{_TIMEOUT};1000;exp(500ms..5s)",
    "LIENTHONG_ENDPOINTS__GPLX_DLMS__RETRY": f"{_TIMEOUT};500;exp(1s..5s)",
    "LIENTHONG_ENDPOINTS__MOT_CUA_CMON__RETRY": f"{_TIMEOUT};500;exp(1s..5s)",
}
_DISK_MB = {"data": 48, "queue": 24}


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """The plain ones: SQLite, the private queue server, no faulty line."""

    database: bool = False  # PostgreSQL as journal
    own_queue: str = ""  # a queue server that `up` does not keep, with this fsync policy; "" = the private one
    watched: bool = False  # … whose disk is known after a power cut
    sentinels: bool = False  # the queue's server is one of several that sentinels look after
    line: str = ""  # portal | queue | journal: the line from the bus to it goes through the faulty proxy
    small_disk: str = ""  # data | queue: that folder is on a disk that can be filled
    clock: bool = False  # the wall clock of the bus can be turned


@contextmanager
def staged(
    wanted: Surroundings, folder: Path, *, dice: str, seed: int, environment: Mapping[str, str]
) -> Iterator[Stage]:
    """A running bus in the surroundings a scenario needs, and nothing left of it afterwards.

    Raises:
        CannotRun: this machine does not allow it.
    """
    with ExitStack() as stack:
        stores = _stores(wanted, folder, seed, stack)
        bus = Bus.start(folder, journal_url=stores.journal_url, **{**stores.environment, **environment})
        stack.callback(bus.stop)
        if stores.queue is not None:
            bus.queue_address = stores.queue.address
        if stores.sentinels is not None:
            bus.queue_address = stores.sentinels.url
        if wanted.line == "portal" and stores.line is not None:
            stores.line.set(to=bus.demo.addresses["portal"])
        yield Stage(
            bus, random.Random(dice), line_to=stores.line, own_queue=stores.queue,
            sentinels=stores.sentinels, database=stores.database, clock=stores.clock, disk=stores.disk,
        )  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stores:
    """What is there before the bus."""

    environment: Mapping[str, str]
    journal_url: str
    line: Proxied | None
    queue: OwnQueue | None
    sentinels: Sentinels | None
    database: Database | None
    clock: TurnedClock | None
    disk: Path


def _stores(wanted: Surroundings, folder: Path, seed: int, stack: ExitStack) -> _Stores:
    environment = dict(_QUICK)
    data = folder / "data"
    disk = data / "queue" if wanted.small_disk == "queue" else data
    if wanted.small_disk:
        stack.enter_context(small_disk(disk, size_mb=_DISK_MB[wanted.small_disk]))
    clock = TurnedClock.make(folder / "clock") if wanted.clock else None
    environment |= clock.environment() if clock is not None else {}
    line = stack.enter_context(proxied(seed)) if wanted.line else None
    if line is not None and wanted.line == "portal":
        environment["LIENTHONG_ENDPOINTS__CONG_DVCQG__ADDRESS"] = f"http://{line.way}"
    queue = _queue(wanted, folder, environment, line, stack)
    sentinels = stack.enter_context(Sentinels(folder / "servers")) if wanted.sentinels else None
    if sentinels is not None:
        environment["LIENTHONG_QUEUE__REDIS_URL"] = sentinels.url
    journal = stack.enter_context(database()) if wanted.database else None
    if journal is not None:
        environment["LIENTHONG_JOURNAL__URL"] = _through(line, wanted, "journal", journal)
    return _Stores(
        environment=environment, journal_url=journal.url(NAME) if journal is not None else "", line=line, queue=queue,
        sentinels=sentinels,
        database=journal, clock=clock, disk=disk,
    )  # fmt: skip


def _queue(
    wanted: Surroundings, folder: Path, environment: dict[str, str], line: Proxied | None, stack: ExitStack
) -> OwnQueue | None:
    if not wanted.own_queue:
        return None
    queue = OwnQueue(folder / "own-queue", fsync=wanted.own_queue, watched=wanted.watched)
    queue.start()
    stack.callback(queue.kill)
    environment["LIENTHONG_QUEUE__REDIS_URL"] = queue.address
    if line is not None and wanted.line == "queue":
        line.set(to=f"127.0.0.1:{queue.port}")
        environment["LIENTHONG_QUEUE__REDIS_URL"] = f"redis://{line.way}/0"
    return queue


def _through(line: Proxied | None, wanted: Surroundings, to: str, journal: Database) -> str:
    """The journal's address as the bus sees it."""
    if line is None or wanted.line != to:
        return journal.url(NAME)
    line.set(to=f"127.0.0.1:{journal.port}")
    return address(line.way)
