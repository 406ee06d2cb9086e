"""Many receivers, some of them black holes: they take the connection and never say a word."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from adapters.wire.contract import Target
from adapters.wire.registry import outbound, render
from bus.clock import SystemClock
from bus.delivery import Attempt, Pattern, State, Unclear
from bus.feeder import Feeder
from bus.journal import SqlJournal
from bus.notation import read_notation
from bus.policies import Policies
from bus.queue import RedisQueue
from bus.records import Acceptance, AcceptItem, Breaker, DossierRef, PlannedDelivery
from bus.routes import RouteTable
from bus.routing import House
from bus.trial import Line, Tools
from bus.worker import Pace, Worker
from schemas.message import Envelope, Message, new_id, sha256_hex
from tests.integration.worker.bench import (
    SENDER,
    Stamp,
    fresh_journal,
    fresh_queue,
    partner,
    queue_server,
    system,
    until,
    working,
)

ENDPOINTS = tuple(f"don_vi_{n:02d}" for n in range(12))
BREAKER = Breaker(failures=4, first_s=2.0, most_s=8.0)
MOST = 6  # in flight for one endpoint
THREADS = 16
TIMEOUT_S = 1.0
_LEASE_S = 10.0


@dataclass(frozen=True)
class World:
    """Who is there, and how a worker treats them."""

    endpoints: tuple[str, ...] = ENDPOINTS
    breaker: Breaker = BREAKER
    most: int = MOST
    threads: int = THREADS
    waiting: int = 0
    batch: int = THREADS
    timeout: str = "1s"
    lease_s: float = _LEASE_S
    answer_s: float = 0.0  # what a live receiver takes its time
    per_s: float = 0.0  # messages that come in a second, one receiver after the other; 0 = all are there at the start

    def policies(self) -> Policies:
        """The retries."""
        return Policies(read_notation(f"{self.timeout};6;exp(50ms..1s);<10m;?6"))


_TWELVE = World()


@dataclass(frozen=True)
class Ran:
    """What was seen of one run, when the last delivery to a live endpoint was made."""

    seconds: float
    delays_s: tuple[float, ...]  # of the live: from the worker's start, or its acceptance then, to the answer; sorted
    delivered: int  # to the live
    tries: dict[str, int]  # of dead endpoints
    states: dict[str, set[State]]  # of the dead endpoints' deliveries
    breakers: dict[str, str]

    @property
    def p99_s(self) -> float:
        """Of the live."""
        return self.delays_s[int(len(self.delays_s) * 0.99)]


@contextmanager
def black_hole() -> Iterator[str]:
    """Accepts TCP and never answers."""
    with socket.socket() as there:
        there.bind(("127.0.0.1", 0))
        there.listen(512)
        yield f"http://127.0.0.1:{there.getsockname()[1]}/Service.asmx"


def run(folder: Path, *, dead: Sequence[str], each: int, workers: int = 1, world: World = _TWELVE) -> Ran:
    """Delivers `each` dossiers to every endpoint; ends when all the live have theirs."""
    folder.mkdir()
    with ExitStack() as stack:
        there = stack.enter_context(partner())
        there.script = lambda code, before: (time.sleep(world.answer_s), (200, "1"))[1]
        addresses = {
            name: stack.enter_context(black_hole()) if name in dead else there.address for name in world.endpoints
        }
        fresh_queue().close()
        journal = fresh_journal(folder)
        stack.callback(journal.close)
        given: dict[str, list[str]] = {name: [] for name in world.endpoints}
        if not world.per_s:
            given = {name: _accept(journal, name, range(each)) for name in world.endpoints}
        crew = [_worker(stack, journal, addresses, world, name=f"w{n}") for n in range(workers)]
        began, started = time.monotonic(), SystemClock().now()
        with working(*crew):
            if world.per_s:
                _offer(stack, journal, given, each=each, per_s=world.per_s)
            live = [one for name, ids in given.items() if name not in dead for one in ids]
            until(lambda: _delivered(journal, len(live)), 120)
            seconds = time.monotonic() - began
            breakers = _breakers(journal)
        facts = [(one, a) for one in live for a in _attempts(journal, one)]
        since = {item.delivery.id: max(item.message.envelope.received_at, started) for item in journal.work(live)}
        delays = sorted((a.started_at - since[one]).total_seconds() + a.duration_ms / 1000 for one, a in facts)
        tries = {name: sum(len(_attempts(journal, one)) for one in given[name]) for name in dead}
        states = {name: {item.delivery.state for item in journal.work(given[name])} for name in dead}
        return Ran(seconds, tuple(delays), len(live), tries, states, breakers)


def _breakers(journal: SqlJournal) -> dict[str, str]:
    look = RedisQueue(queue_server().url)
    look.adopt(journal.generation())
    found = {view.endpoint: view.state for view in look.endpoints()}
    look.close()
    return found


def _offer(
    stack: ExitStack, journal: SqlJournal, given: dict[str, list[str]], *, each: int, per_s: float
) -> None:  # fmt: skip
    """As a door does: accepted, then told to the queue, one message at a time."""
    queue = RedisQueue(queue_server().url)
    stack.callback(queue.close)
    feeder = Feeder(journal, queue)
    until(feeder.heal)
    next_at = time.monotonic()
    for number in range(each):
        for name, ids in given.items():
            time.sleep(max(0.0, next_at - time.monotonic()))
            next_at += 1 / per_s
            ids += _accept(journal, name, range(number, number + 1), feeder=feeder)


def _worker(
    stack: ExitStack, journal: SqlJournal, addresses: dict[str, str], world: World, *, name: str
) -> Worker:  # fmt: skip
    wire = outbound("soap")
    lines = {one: Line(system(), Target(one, at, {}), wire, world.policies()) for one, at in addresses.items()}
    queue = RedisQueue(queue_server().url, in_flight=world.most, breaker=world.breaker)
    stack.callback(queue.close)
    tools = Tools(lines, House({}, RouteTable((), {})), render, Stamp(), SystemClock(), lambda: 0.5)
    pace = Pace(
        threads=world.threads, waiting=world.waiting, batch=world.batch, lease_s=world.lease_s, idle_s=0.05
    )  # fmt: skip
    return Worker(journal=journal, queue=queue, feeder=Feeder(journal, queue), tools=tools, pace=pace, name=name)


def _delivered(journal: SqlJournal, many: int) -> bool:
    time.sleep(0.05)
    return journal.counts()[State.DELIVERED] >= many


def _attempts(journal: SqlJournal, delivery_id: str) -> tuple[Attempt, ...]:
    journey = journal.journey(delivery_id.partition(":")[0])
    assert journey is not None
    return journey.attempts


def _accept(
    journal: SqlJournal, endpoint: str, numbers: Iterable[int], *, feeder: Feeder | None = None
) -> list[str]:  # fmt: skip
    """These dossiers for one endpoint, each its own lane, in one call."""
    body = b'<HoiTrangThai xmlns="urn:lienthong:canonical:1"><MaHoSoDonVi>TN</MaHoSoDonVi></HoiTrangThai>'
    items = []
    for n in numbers:
        names = (("gplx_dlms", f"{endpoint}.{n}"),)
        envelope = Envelope(
            id=new_id(), kind="hoi_trang_thai", sender=SENDER, receiver=None, operation="thu", business_ids=names,
            received_at=SystemClock().now(), sha256=sha256_hex(body),
        )  # fmt: skip
        planned = PlannedDelivery(endpoint, "GetTrangThaiHoSo", Pattern.PUSH, Unclear.ASK)
        message = Message(envelope, body, "application/xml")
        items.append(AcceptItem(message, DossierRef(names, may_create=True), (planned,)))
    raw = Message(replace(items[0].message.envelope, id=new_id(), kind="goc"), b"<thu/>", "text/xml")
    results = journal.accept(Acceptance(raw, tuple(items), all_or_nothing=True, party="thu")).result(20)
    if feeder is not None:
        feeder.feed([record for result in results for record in result.feed])
    return [f"{result.message_id}:{endpoint}" for result in results]
