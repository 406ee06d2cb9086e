"""Opens a journal: migrates it, then starts its writer."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from bus.clock import SystemClock
from bus.journal.dialect import open_engines
from bus.journal.migrate import upgrade_engine
from bus.journal.sql import SqlJournal
from bus.ports import Clock, JournalUnavailable


def open_journal(url: str, *, clock: Clock | None = None) -> SqlJournal:
    """The journal at an SQLAlchemy address, e.g. "sqlite:////var/lib/lienthong/journal.sqlite".

    Raises:
        JournalUnavailable: it cannot be opened.
        bus.journal.migrate.NewerJournal: a newer version wrote it.
    """
    engines = open_engines(url)
    try:
        upgrade_engine(engines.writer)
    except SQLAlchemyError as error:
        engines.dispose()
        raise JournalUnavailable(f"the journal cannot be opened: {error}") from error
    return SqlJournal(engines, clock or SystemClock())
