"""Twelve receivers, some of them black holes: they take the connection and never say a word."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator, Sequence
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
_POLICIES = Policies(read_notation("1s;6;exp(50ms..1s);<10m;?6"))


@dataclass(frozen=True)
class Ran:
    """What was seen of one run, when the last delivery to a live endpoint was made."""

    seconds: float
    delays_s: tuple[float, ...]  # of the live: from the worker's start to the answer, sorted
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


def run(folder: Path, *, dead: Sequence[str], each: int, workers: int = 1) -> Ran:
    """Delivers `each` dossiers to every endpoint; ends when all the live have theirs."""
    folder.mkdir()
    with ExitStack() as stack:
        there = stack.enter_context(partner())
        addresses = {name: stack.enter_context(black_hole()) if name in dead else there.address for name in ENDPOINTS}
        fresh_queue().close()
        journal = fresh_journal(folder)
        stack.callback(journal.close)
        live = [one for name in ENDPOINTS if name not in dead for one in _accept(journal, name, each)]
        lost = {name: _accept(journal, name, each) for name in dead}
        crew = [_worker(stack, journal, addresses, name=f"w{n}") for n in range(workers)]
        began, started = time.monotonic(), SystemClock().now()
        with working(*crew):
            until(lambda: _delivered(journal, live), 120)
            seconds = time.monotonic() - began
            look = RedisQueue(queue_server().url)
            look.adopt(journal.generation())
            breakers = {view.endpoint: view.state for view in look.endpoints()}
            look.close()
        facts = [a for one in live for a in _attempts(journal, one)]
        delays = sorted((a.started_at - started).total_seconds() + a.duration_ms / 1000 for a in facts)
        tries = {name: sum(len(_attempts(journal, one)) for one in ids) for name, ids in lost.items()}
        states = {name: {item.delivery.state for item in journal.work(ids)} for name, ids in lost.items()}
        return Ran(seconds, tuple(delays), len(live), tries, states, breakers)


def _worker(stack: ExitStack, journal: SqlJournal, addresses: dict[str, str], *, name: str) -> Worker:
    wire = outbound("soap")
    lines = {one: Line(system(), Target(one, at, {}), wire, _POLICIES) for one, at in addresses.items()}
    queue = RedisQueue(queue_server().url, in_flight=MOST, breaker=BREAKER)
    stack.callback(queue.close)
    tools = Tools(lines, House({}, RouteTable((), {})), render, Stamp(), SystemClock(), lambda: 0.5)
    pace = Pace(threads=THREADS, batch=THREADS, lease_s=_LEASE_S, idle_s=0.05)
    return Worker(journal=journal, queue=queue, feeder=Feeder(journal, queue), tools=tools, pace=pace, name=name)


def _delivered(journal: SqlJournal, ids: Sequence[str]) -> bool:
    time.sleep(0.05)
    return all(item.delivery.state is State.DELIVERED for item in journal.work(ids))


def _attempts(journal: SqlJournal, delivery_id: str) -> tuple[Attempt, ...]:
    journey = journal.journey(delivery_id.partition(":")[0])
    assert journey is not None
    return journey.attempts


def _accept(journal: SqlJournal, endpoint: str, many: int) -> list[str]:
    """So many dossiers for one endpoint, each its own lane, in one call."""
    body = b'<HoiTrangThai xmlns="urn:lienthong:canonical:1"><MaHoSoDonVi>TN</MaHoSoDonVi></HoiTrangThai>'
    items = []
    for n in range(many):
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
    return [f"{result.message_id}:{endpoint}" for result in results]
