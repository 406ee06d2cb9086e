"""A worker as a process of its own, that says often that it lives: to be frozen, or wedged from the start."""

from __future__ import annotations

import signal
import sys
import threading
from dataclasses import replace

from adapters.wire.contract import Exchange, OutboundWire
from bus.journal import open_journal
from bus.queue import RedisQueue
from bus.records import Breaker
from tests.integration.worker.bench import make_tools, make_worker


class Wedged:
    """A wire that never comes back: a fault of our own program."""

    def __init__(self, wire: OutboundWire) -> None:
        self._wire = wire

    def __getattr__(self, name: str) -> object:
        return getattr(self._wire, name)

    def send(self, *_: object, **__: object) -> Exchange:
        """Never."""
        threading.Event().wait()
        raise AssertionError


def main() -> None:
    """Works until SIGTERM."""
    journal_url, queue_url, address, name, mode = sys.argv[1:]
    tools = make_tools(address)
    if mode == "wedged":
        tools = replace(tools, lines={"e": replace(tools.lines["e"], wire=Wedged(tools.lines["e"].wire))})  # type: ignore[arg-type]
    queue = RedisQueue(queue_url, breaker=Breaker(failures=2, first_s=30.0, most_s=60.0))
    worker = make_worker(open_journal(journal_url), queue, tools, name=name)
    worker.pulsing.every_s = 0.2
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


main()
