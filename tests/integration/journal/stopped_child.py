"""A process that is stopped in the middle of the accepting transaction, and says what came of it when it goes on.

Arguments: address of the journal, seconds a transaction may be idle.
"""

from __future__ import annotations

import os
import signal
import sys
import time

from sqlalchemy import event

from bus.journal.dialect import open_engines
from bus.journal.sql import SqlJournal
from bus.ports import JournalUnavailable
from tests.contract.journal_world import TurnedClock, acceptance, item


def main(url: str, idle_s: str) -> None:
    """Stops itself when it holds its dossier and is about to write."""
    engines = open_engines(url)
    stopped: list[str] = []

    @event.listens_for(engines.writer, "connect")
    def _patience(connection, _record) -> None:  # type: ignore[no-untyped-def]  # the driver's own type
        connection.autocommit = True
        connection.execute(f"SET idle_in_transaction_session_timeout = '{idle_s}s'")
        connection.autocommit = False

    @event.listens_for(engines.writer, "before_cursor_execute")
    def _stop(_connection, _cursor, statement: str, *_: object) -> None:  # type: ignore[no-untyped-def]  # as above
        if statement.startswith("INSERT INTO messages") and not stopped:
            stopped.append(statement)
            os.write(1, b"stopped\n")
            os.kill(os.getpid(), signal.SIGSTOP)
            time.sleep(0.1)  # it takes a moment; not a byte more must go out

    journal = SqlJournal(engines, TurnedClock())
    try:
        journal.accept(acceptance(item("TN01"))).result(60)
        os.write(1, b"accepted\n")
    except JournalUnavailable:
        os.write(1, b"unavailable\n")
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
