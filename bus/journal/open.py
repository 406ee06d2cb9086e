"""Opens a journal: migrates it, then starts its writer."""

from __future__ import annotations

from sqlalchemy.exc import SQLAlchemyError

from bus.clock import SystemClock
from bus.journal.dialect import open_engines
from bus.journal.key_book import admit
from bus.journal.migrate import upgrade_engines
from bus.journal.moments import months_from, to_us
from bus.journal.sql import SqlJournal
from bus.journal.vault import OPEN, Vault
from bus.ports import Clock, JournalUnavailable
from schemas.problem import Refused


def open_journal(url: str, *, clock: Clock | None = None, vault: Vault = OPEN) -> SqlJournal:
    """The journal at an SQLAlchemy address, e.g. "sqlite:////var/lib/lienthong/journal.sqlite" or
    "postgresql+psycopg://lienthong@db.example/lienthong".

    Raises:
        JournalUnavailable: it cannot be opened, or it could lose what it answered.
        bus.journal.vault.BodyLocked: the vault lacks a key that bodies are kept under, or has another one.
        ValueError: not the address of a journal.
        bus.journal.migrate.NewerJournal: a newer version wrote it.
        Refused: a build before the release made it, with another schema of the same number (LT-JRN-005).
    """
    clock = clock or SystemClock()
    engines = open_engines(url)
    try:
        upgrade_engines(engines)
        engines.server.open_months(engines.writer, months_from(clock.now()))
        admit(engines, vault, now_us=to_us(clock.now()))
    except (JournalUnavailable, Refused):
        engines.dispose()
        raise
    except SQLAlchemyError as error:
        engines.dispose()
        raise JournalUnavailable(f"the journal cannot be opened: {error}") from error
    return SqlJournal(engines, clock, vault)
