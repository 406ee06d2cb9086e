"""Sends scripts of calls at least once, as a stubborn department does: several dossiers at once, each in order."""

from __future__ import annotations

import http.client
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import urlsplit

from bus.simulators.book import Book
from bus.simulators.ledger import Event, Item
from bus.simulators.options import SenderOptions
from bus.simulators.switches import Dice, Draw, Fate, Switches


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back; `status` 0 = the connection was lost or refused."""

    status: int
    body: bytes
    detail: str = ""


class Meaning(StrEnum):
    """What a reply means to a sender."""

    ACCEPTED = "accepted"
    AGAIN = "again"  # send the same content again
    REFUSED = "refused"  # never send it again


@dataclass(frozen=True, slots=True)
class Said:
    """A reply, understood."""

    meaning: Meaning
    code: str  # the receiver's own
    text: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One call and the items it carries."""

    service: str
    url: str
    body: bytes
    headers: Mapping[str, str]
    items: tuple[Item, ...]
    read: Callable[[Reply], Said]
    broken: bool = False  # its content is wrong on purpose: it must be refused


Script = tuple[Call, ...]


class Line:
    """One kept-alive connection. Not shared between threads."""

    def __init__(self, timeout_s: float) -> None:
        self._timeout_s = timeout_s
        self._open: dict[str, http.client.HTTPConnection] = {}

    def post(self, url: str, body: bytes, headers: Mapping[str, str], *, hang_up: bool = False) -> Reply:
        """Sends once. With `hang_up` it goes away without waiting for the answer."""
        parts = urlsplit(url)
        connection = self._connection(parts.scheme, parts.netloc)
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        try:
            connection.request("POST", path, body=body, headers=dict(headers))
            if hang_up:
                time.sleep(0.02)  # so that the bytes are there before the line is cut
                connection.close()
                return Reply(0, b"", "hung up on purpose")
            response = connection.getresponse()
            return Reply(response.status, response.read())
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            return Reply(0, b"", type(error).__name__)

    def _connection(self, scheme: str, host: str) -> http.client.HTTPConnection:
        key = f"{scheme}://{host}"
        if key not in self._open:
            kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
            self._open[key] = kind(host, timeout=self._timeout_s)
        return self._open[key]

    def close(self) -> None:
        """Closes what is open."""
        for one in self._open.values():
            one.close()


@dataclass(slots=True)
class _Pace:
    """At most `rate` calls a second over all threads; 0 = no limit."""

    rate: float
    next_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def wait(self, stop: threading.Event) -> None:
        with self.lock:
            now = time.monotonic()
            at = max(now, self.next_at)
            self.next_at = at + (1 / self.rate if self.rate > 0 else 0.0)
        stop.wait(max(0.0, at - now)) if at > now else None


class Desk:
    """Works off scripts with a few threads. A refused call ends its script; the others go on."""

    def __init__(self, book: Book, options: SenderOptions, *, switches: Callable[[], Switches]) -> None:
        self._book, self._options, self._switches = book, options, switches
        self._dice = Dice(options.seed)
        self._pace = _Pace(options.rate)
        self._waiting: queue.SimpleQueue[Script | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._open = 0
        self._threads = [
            threading.Thread(target=self._work, name=f"desk-{number}", daemon=True)
            for number in range(max(1, options.parallel))
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, scripts: Iterable[Script]) -> int:
        """Puts scripts behind those that wait. Returns how many."""
        count = 0
        for script in scripts:
            with self._lock:
                self._open += 1
            self._waiting.put(script)
            count += 1
        return count

    @property
    def open_scripts(self) -> int:
        """How many scripts are not finished."""
        with self._lock:
            return self._open

    def set_rate(self, rate: float) -> None:
        """Changes the pace at once."""
        if rate < 0:
            raise ValueError("rate must be 0 or more")
        self._pace.rate = rate

    def close(self) -> None:
        """Stops after the calls that are under way."""
        self._stop.set()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(timeout=2)

    def _work(self) -> None:
        line = Line(self._options.timeout_s)
        while (script := self._waiting.get()) is not None and not self._stop.is_set():
            try:
                for call in script:
                    if not self.send(call, line):
                        break
            finally:
                with self._lock:
                    self._open -= 1
        line.close()

    def send(self, call: Call, line: Line) -> bool:
        """Sends until there is an answer for good. True = accepted."""
        number = self._book.next_call()
        self._book.sent(number, Event.OFFERED, call.service, call.items)
        give_up = time.monotonic() + self._options.give_up_s
        while not self._stop.is_set():
            draw = self._draw()
            said = call.read(self._post(call, line, draw))
            if said.meaning is not Meaning.AGAIN:
                return self._done(number, call, line, said, draw)
            self._book.mark("sent_again")
            if time.monotonic() > give_up:
                self._book.mark("given_up")
                return False
            self._stop.wait(self._options.retry_s)
        return False

    def _done(self, number: int, call: Call, line: Line, said: Said, draw: Draw) -> bool:
        accepted = said.meaning is Meaning.ACCEPTED
        event = Event.ACCEPTED if accepted else Event.REFUSED
        self._book.sent(number, event, call.service, call.items, code=said.code)
        self._book.mark(f"code_{said.code or 'none'}")
        if call.broken:
            self._book.mark("broken_accepted" if accepted else "broken_refused")
        if accepted and draw.twice:
            again = call.read(self._post(call, line, Draw(Fate.NORMAL, 0.0, twice=False, odd=False)))
            self._book.mark(f"duplicate_{again.meaning.value}")
        return accepted

    def _draw(self) -> Draw:
        return self._dice.draw(self._book.next_call(), self._switches())

    def _post(self, call: Call, line: Line, draw: Draw) -> Reply:
        self._pace.wait(self._stop)
        if draw.delay_s:
            self._stop.wait(draw.delay_s)
        reply = line.post(call.url, call.body, call.headers, hang_up=draw.fate is Fate.DROP)
        self._book.mark(f"http_{reply.status}" if reply.status else "no_answer")
        return reply
