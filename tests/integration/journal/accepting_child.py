"""A process that accepts without end and prints each id once it was answered. Killed from outside.

Arguments: address of the journal, number of threads, SQLite's `synchronous` ("" = as shipped).
"""

from __future__ import annotations

import itertools
import os
import sys
import threading

from bus.journal import open_journal
from bus.journal.dialect import sqlite
from tests.contract.journal_world import acceptance, item, numbered


def main(url: str, threads: int, synchronous: str) -> None:
    """Runs until killed."""
    if synchronous:
        sqlite.PRAGMAS = {**sqlite.PRAGMAS, "synchronous": synchronous}
    journal = open_journal(url)
    numbers = itertools.count()

    def work() -> None:
        while True:
            code = f"{os.getpid()}-{next(numbers)}"
            result = journal.accept(acceptance(item(code, identities=(numbered("cong"),)))).result()[0]
            os.write(1, f"{result.message_id}\n".encode())

    for _ in range(threads):
        threading.Thread(target=work).start()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), sys.argv[3])
