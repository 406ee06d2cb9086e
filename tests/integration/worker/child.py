"""A worker as a process of its own, to be frozen and killed: journal URL, queue URL, partner's address, name."""

from __future__ import annotations

import signal
import sys

from bus.journal import open_journal
from bus.queue import RedisQueue
from tests.integration.worker.bench import make_tools, make_worker


def main() -> None:
    """Works until SIGTERM."""
    journal_url, queue_url, address, name = sys.argv[1:]
    worker = make_worker(open_journal(journal_url), RedisQueue(queue_url), make_tools(address), name=name)
    signal.signal(signal.SIGTERM, lambda *_: worker.stop())
    worker.run()


main()
