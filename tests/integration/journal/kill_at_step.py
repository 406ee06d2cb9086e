"""Accepts one envelope in a process of its own that kills itself at one step of the transaction.

Arguments: path of an empty journal, folder for the copies. Prints one line a step: the step, "answered" or "-".
The last step is the one that was not reached.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

from sqlalchemy import event

from bus.journal.dialect import open_engines
from bus.journal.sql import SqlJournal
from tests.contract.journal_world import TurnedClock, acceptance, item, numbered, to

ENVELOPE = (
    item("TN01", to("a"), to("b", after_endpoint="a"), idempotency_key="k", identities=(numbered("cong"),)),
    item("TN02", idempotency_key="l"),
)


def accept_and_die(path: Path, step: int, answer: int) -> None:
    """Kills itself before the statement (or the commit) with this number; answers and ends if there is none."""
    engines = open_engines(f"sqlite:///{path}")
    steps = itertools.count()

    def die_maybe(*_: object) -> None:
        if next(steps) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    event.listen(engines.writer, "before_cursor_execute", die_maybe)
    event.listen(engines.writer, "commit", die_maybe)
    event.listen(engines.writer, "checkin", die_maybe)  # after the commit, before the answer
    journal = SqlJournal(engines, TurnedClock())
    journal.accept(acceptance(*ENVELOPE)).result()
    os.write(answer, b"!")
    os._exit(0)


def main(empty: Path, folder: Path) -> None:
    """One forked child a step, until the whole transaction is done without dying."""
    for step in itertools.count():
        path = folder / f"{step}.sqlite"
        shutil.copy(empty, path)
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            accept_and_die(path, step, writing)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        answered = os.read(reading, 1) == b"!"
        os.close(reading)
        print(step, "answered" if answered else "-", flush=True)
        if os.WIFEXITED(status):
            return


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
