"""A worker with real parts around it: the private queue server, SQLite, HTTP; only the partner is scripted."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import redis

from adapters.adapter import Adapter
from adapters.registry import load_system
from adapters.wire.contract import Target
from adapters.wire.registry import outbound, render
from bus.clock import SystemClock
from bus.delivery import Delivery, Pattern, State, Unclear
from bus.feeder import Feeder
from bus.journal import SqlJournal, open_journal
from bus.notation import read_notation
from bus.policies import Policies
from bus.ports import Clock, Journal, Queue
from bus.queue import EmbeddedServer, RedisQueue
from bus.records import Acceptance, AcceptItem, DossierRef, PlannedDelivery
from bus.routes import RouteTable
from bus.routing import House
from bus.trial import Line, Tools
from bus.worker import Pace, Worker
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.xmldoc import parse

LEASE_S = 2.0
TIMEOUT_S = 0.8
POLICIES = Policies(read_notation("800ms;4;exp(50ms..200ms);<1m;?3"))
PATIENT = Policies(read_notation("8s;4;exp(50ms..200ms);<1m;?3"))  # with a lease of at least 20 s
SENDER = Party("H99.12", "Một cửa thử", "mot_cua_cmon")
DROP = -1  # a status: the connection is cut without a word
_SYSTEM = Path(__file__).parents[3] / "adapters" / "systems" / "gplx_dlms"
_TAKEN = "GetTrangThaiHoSoResult"


@dataclass
class Visit:
    """One request at the partner."""

    code: str  # of the dossier
    began: float
    ended: float = 0.0


Script = Callable[[str, int], tuple[int, str]]  # code, how often it came before → HTTP status, what is answered


@dataclass
class Partner:
    """A department's service that does what the test says, and remembers who came when."""

    script: Script = field(default=lambda code, before: (200, "1"))
    visits: list[Visit] = field(default_factory=list)
    address: str = ""
    opened: Callable[[bytes], bytes] = lambda body: body  # what it does to a body before it reads it
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def visit(self, body: bytes) -> tuple[int, str]:
        """One request."""
        code = parse(self.opened(body)).findtext(".//{*}maDK") or ""
        with self._lock:
            before = sum(each.code == code for each in self.visits)
            seen = Visit(code, time.monotonic())
            self.visits.append(seen)
        status, said = self.script(code, before)
        seen.ended = time.monotonic()
        return status, said

    def codes(self) -> list[str]:
        """In the order in which they came."""
        return [each.code for each in self.visits]

    def overlaps(self) -> int:
        """Visits that began while another was answered."""
        ordered = sorted(self.visits, key=lambda visit: visit.began)
        return sum(later.began < sooner.ended for sooner, later in itertools.pairwise(ordered))


@contextmanager
def partner() -> Iterator[Partner]:
    """Runs one on a free port."""
    made = Partner()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            status, said = made.visit(self.rfile.read(int(self.headers["content-length"])))
            if status == DROP:
                self.close_connection = True
                self.connection.close()
                return
            name = "GetTrangThaiHoSo"
            body = (
                '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
                f'<{name}Response xmlns="http://tempuri.org/"><{name}Result>{said}</{name}Result></{name}Response>'
                "</soap:Body></soap:Envelope>"
            ).encode()
            self.send_response(status)
            self.send_header("content-type", "text/xml; charset=utf-8")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: Any) -> None:  # Any: as in http.server
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    made.address = f"http://127.0.0.1:{server.server_address[1]}/Service.asmx"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()


@cache
def system() -> Adapter:
    """The shipped department, its status question made an ordinary delivery: "1" taken, "0" refused, else unclear."""
    made = load_system(_SYSTEM)
    question = made.manifest.operations["GetTrangThaiHoSo"]
    rules = tuple(replace(rule, code_pattern="1") if rule.outcome == "accepted" else rule for rule in question.replies)
    sent = replace(question, unordered=False, after="", then=(), replies=rules)
    operations = {**made.manifest.operations, "GetTrangThaiHoSo": sent}
    return replace(made, manifest=replace(made.manifest, operations=operations))


class Stamp:
    """Nothing is signed here."""

    key_id = "thu"

    def pen(self) -> Stamp:
        """Itself."""
        return self

    def jws(self, body: bytes) -> str:
        """None."""
        return ""

    def xml(self, body: bytes) -> bytes:
        """As it is."""
        return body


def make_tools(address: str, *, clock: Clock | None = None, policies: Policies = POLICIES) -> Tools:
    """One endpoint, "e"."""
    line = Line(system(), Target("e", address, {}), outbound("soap"), policies)
    return Tools({"e": line}, House({}, RouteTable((), {})), render, Stamp(), clock or SystemClock(), lambda: 0.5)


def make_worker(
    journal: Journal, queue: Queue, tools: Tools, *, name: str = "w1", threads: int = 4, waiting: int = 0,
    lease_s: float = LEASE_S, drain_s: float = 10.0,
) -> Worker:  # fmt: skip
    """Not started."""
    pace = Pace(threads=threads, waiting=waiting, batch=threads, lease_s=lease_s, idle_s=0.05, drain_s=drain_s)
    return Worker(journal=journal, queue=queue, feeder=Feeder(journal, queue), tools=tools, pace=pace, name=name)


@contextmanager
def working(*workers: Worker) -> Iterator[None]:
    """Workers in threads, ended after the block."""
    threads = [threading.Thread(target=each.run, daemon=True) for each in workers]
    for thread in threads:
        thread.start()
    try:
        yield
    finally:
        for each in workers:
            each.stop()
        for thread in threads:
            thread.join(15)
        assert not any(thread.is_alive() for thread in threads), "a worker does not end"


@cache
def queue_server() -> EmbeddedServer:
    """The private server of this test process."""
    folder = Path(tempfile.mkdtemp(prefix="ltw"))
    started = EmbeddedServer(folder)
    started.start()
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    atexit.register(started.stop)
    return started


def fresh_queue(server: EmbeddedServer | None = None) -> RedisQueue:
    """An empty one."""
    url = (server or queue_server()).url
    raw: redis.Redis = redis.Redis.from_url(url)
    raw.flushall()
    raw.close()
    return RedisQueue(url, in_flight=32)


@cache
def _empty_journal() -> Path:
    """A migrated file to copy."""
    folder = Path(tempfile.mkdtemp(prefix="ltw"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_journal(f"sqlite:///{folder / 'empty.sqlite'}").close()
    return folder / "empty.sqlite"


def fresh_journal(folder: Path) -> SqlJournal:
    """On disk, empty."""
    shutil.copy(_empty_journal(), folder / "journal.sqlite")
    return open_journal(f"sqlite:///{folder / 'journal.sqlite'}")


def accept(journal: Journal, *codes: str, unclear: Unclear = Unclear.PARK) -> list[str]:
    """One message per code, in order, for endpoint "e". Returns the delivery ids; the queue is told by healing."""
    ids: list[str] = []
    for code in codes:
        body = b'<HoiTrangThai xmlns="urn:lienthong:canonical:1"><MaHoSoDonVi>TN</MaHoSoDonVi></HoiTrangThai>'
        names = (("thu", code), ("gplx_dlms", code))  # a dossier is touched only by a name of the caller's own
        envelope = Envelope(
            id=new_id(), kind="hoi_trang_thai", sender=SENDER, receiver=None, operation="thu", business_ids=names,
            received_at=SystemClock().now(), sha256=sha256_hex(body),
        )  # fmt: skip
        planned = PlannedDelivery("e", "GetTrangThaiHoSo", Pattern.PUSH, unclear)
        item = AcceptItem(Message(envelope, body, "application/xml"), DossierRef(names, may_create=True), (planned,))
        raw = Message(replace(envelope, id=new_id(), kind="goc"), b"<thu/>", "text/xml")
        (result,) = journal.accept(Acceptance(raw, (item,), all_or_nothing=True, party="thu")).result(10)
        ids.append(f"{result.message_id}:e")
    return ids


def delivery(journal: Journal, delivery_id: str) -> Delivery:
    """As it stands."""
    return journal.work([delivery_id])[0].delivery


def until(what: Callable[[], object], seconds: float = 10.0) -> None:
    """Waits for something to become true."""
    end = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < end, "it did not come to be in time"
        time.sleep(0.01)


def until_state(journal: Journal, ids: Sequence[str], state: State, seconds: float = 10.0) -> None:
    """All of them."""
    until(lambda: all(delivery(journal, each).state is state for each in ids), seconds)
