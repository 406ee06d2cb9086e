"""Brings a journal to the present schema. Several processes may start at once: one migrates, the others wait."""

from __future__ import annotations

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bus.journal.dialect import Engines, open_engines
from bus.ports import JournalUnavailable

HEAD = "0002"
_FOLDER = Path(__file__).parent / "migrations"
KNOWN = frozenset({"", "0001", HEAD})


class NewerJournal(Exception):
    """The journal was written by a newer version: going on would damage it."""


def upgrade(url: str) -> None:
    """Creates or migrates the journal at this address.

    Raises:
        NewerJournal: its schema is not known here.
    """
    engines = open_engines(url)
    try:
        upgrade_engines(engines)
    finally:
        engines.dispose()


def revision_of(url: str) -> str:
    """The schema a journal has now; "" = it is empty. Changes nothing.

    Raises:
        JournalUnavailable: it cannot be read.
    """
    engines = open_engines(url)
    try:
        with engines.reader.connect() as connection:
            return _revision(connection)
    except SQLAlchemyError as error:
        raise JournalUnavailable(f"the journal cannot be read: {error}") from error
    finally:
        engines.dispose()


def upgrade_engines(engines: Engines) -> None:
    """The same, with engines at hand. Quick where there is nothing to do."""
    with engines.writer.begin() as connection:
        engines.server.lock_schema(connection)
        revision = _revision(connection)
        if revision not in KNOWN:
            raise NewerJournal(f"journal has schema {revision}, this version knows up to {HEAD}")
        if revision != HEAD:
            _run(connection)


def _revision(connection: Connection) -> str:
    if not sa.inspect(connection).has_table("alembic_version"):
        return ""
    version = sa.table("alembic_version", sa.column("version_num"))
    return str(connection.execute(sa.select(version.c.version_num)).scalar_one_or_none() or "")


def _run(connection: Connection) -> None:
    from alembic import command  # only where it is needed: importing it takes longer than opening the journal
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
