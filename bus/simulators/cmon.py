"""The simulated one-stop desk: a client of the bus with a small control server of its own."""

from __future__ import annotations

import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from bus.simulators.book import Book
from bus.simulators.cmon_pull import Puller
from bus.simulators.cmon_scripts import Scripts
from bus.simulators.cmon_soap import Voice
from bus.simulators.controls import count_of, number_of, share_of
from bus.simulators.desk import Desk
from bus.simulators.ledger import Event, Ledger, read_ledgers
from bus.simulators.options import CmonOptions
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import SENDER_SWITCHES


class Cmon:
    """One running desk. Thread-safe."""

    name = "cmon"

    def __init__(self, options: CmonOptions) -> None:
        password = os.environ.get(options.password_env, "")
        if not password:
            raise ValueError(f"environment variable {options.password_env} is not set: the password at the bus")
        self._options = options
        voice = Voice(options.user, password, options.soap12)
        self._book = Book(self.name, Ledger(options.ledger))
        self._switches = options.switches
        self._desk = Desk(self._book, options, switches=lambda: self._switches)
        today = datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")).date()
        self._scripts = Scripts(options, voice, today=today)
        self._puller = Puller(self._book, options, voice, scripts=self._scripts, desk=self._desk)
        self._next = options.first
        self._lock = threading.Lock()
        if options.ledger is not None:
            self._remember()

    def _remember(self) -> None:
        """What an earlier run fetched must not be worked on again."""
        assert self._options.ledger is not None
        for line in read_ledgers(self._options.ledger):
            if line.event is Event.RECEIVED and line.item is not None and line.who == self.name:
                for name in line.item.names:
                    if name.startswith("online:"):
                        self._puller.know(int(name.removeprefix("online:")), line.item.dossier)

    def handle(self, seen: Seen) -> Answer:
        """Nobody calls a desk."""
        return Answer(404, b"a desk only calls; controls are below /_sim/", "text/plain")

    def answered(self, call: int, how: str) -> None:
        """Nobody calls a desk."""

    def started(self) -> None:
        """Begins to send and to fetch, if it is to."""
        if self._options.dossiers:
            self._push({"count": self._options.dossiers})
        self._puller.start()

    def _push(self, given: Mapping[str, object]) -> int:
        count = count_of(given, "count", 1)
        with self._lock:
            first, self._next = self._next, self._next + count
        scripts = self._scripts.counter(
            first,
            count,
            licences=share_of(given, "licences", self._options.licences),
            results=share_of(given, "results", self._options.results),
            steps=count_of(given, "steps", self._options.steps),
        )
        self._desk.submit(scripts)
        return count

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset, push, pull."""
        match action:
            case "set":
                return self._set(given)
            case "reset":
                self._book.reset()
                return {"reset": True}
            case "push":
                return {"submitted": self._push(given)}
            case "pull":
                return {"fetched": self._puller.pull()}
        raise LookupError(f"no control {action!r}: set, reset, push, pull")

    def _set(self, given: Mapping[str, object]) -> object:
        own = {"rate", "ack_loss", "pull_s"}
        self._switches = self._switches.changed({k: v for k, v in given.items() if k not in own}, only=SENDER_SWITCHES)
        if "rate" in given:
            self._desk.set_rate(number_of(given, "rate"))
        if "ack_loss" in given:
            self._puller.ack_loss = share_of(given, "ack_loss", 0.0)
        if "pull_s" in given:
            self._puller.every_s = number_of(given, "pull_s")
        return {**asdict(self._switches), "ack_loss": self._puller.ack_loss, "pull_s": self._puller.every_s}

    def state(self, *, brief: bool) -> dict[str, object]:
        """What was sent, fetched and accepted."""
        state = {
            **self._book.totals(),
            "open_scripts": self._desk.open_scripts,
            "switches": asdict(self._switches),
        }
        return state if brief else {**state, "by_dossier": self._book.dossiers()}

    def close(self) -> None:
        """The end."""
        self._puller.close()
        self._desk.close()
        self._book.close()


def serve_cmon(options: CmonOptions) -> None:
    """Runs the desk until SIGTERM.

    Raises:
        ValueError: an option cannot be used, or the password is not in the environment.
        OSError: the port is taken.
    """
    serve(Cmon(options), host=options.host, port=options.port)
