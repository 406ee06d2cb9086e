"""Accepts one envelope in a process of its own that kills itself at one step of the transaction.

Arguments: an empty journal, and where its copies go: paths of SQLite, or a PostgreSQL database and "". Prints one line
a step: address of the journal, "answered" or "-". The last step is the one that was not reached.
"""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import sys
from pathlib import Path

import psycopg
import sqlalchemy as sa
from sqlalchemy import event

from bus.journal.dialect import open_engines
from bus.journal.sql import SqlJournal
from tests.contract.journal_world import TurnedClock, acceptance, item, numbered, to

ENVELOPE = (
    item("TN01", to("a"), to("b", after_endpoint="a"), idempotency_key="k", identities=(numbered("cong"),)),
    item("TN02", idempotency_key="l"),
)


def accept_and_die(url: str, step: int, answer: int) -> None:
    """Kills itself before the statement (or the commit) with this number; answers and ends if there is none."""
    engines = open_engines(url)
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


def copied(empty: str, folder: str, step: int) -> str:
    """The address of a copy of its own for one step."""
    if folder:
        path = Path(folder) / f"{step}.sqlite"
        shutil.copy(empty, path)
        return f"sqlite:///{path}"
    address = sa.make_url(empty)
    name = f"{address.database}_{step}"
    master = address.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(master, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {address.database}")  # type: ignore[arg-type]  # made here
    return address.set(database=name).render_as_string(hide_password=False)


def main(empty: str, folder: str) -> None:
    """One forked child a step, until the whole transaction is done without dying."""
    for step in itertools.count():
        url = copied(empty, folder, step)
        reading, writing = os.pipe()
        if (child := os.fork()) == 0:
            accept_and_die(url, step, writing)
        os.close(writing)
        _, status = os.waitpid(child, 0)
        answered = os.read(reading, 1) == b"!"
        os.close(reading)
        print(url, "answered" if answered else "-", flush=True)
        if os.WIFEXITED(status):
            return


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
