"""Brings a journal to the present schema. Several processes may start at once: one migrates, the others wait."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bus.journal.dialect import Engines, open_engines
from bus.journal.tables import metadata
from bus.ports import JournalUnavailable
from schemas.problem import Problem, Refused, Stage, problem

Found = TypeVar("Found")
HEAD = "0002"
_FOLDER = Path(__file__).parent / "migrations"
KNOWN = frozenset({"", "0001", HEAD})
_FEW = 5  # differences named
# One question for everything: asking table by table would cost more than opening the journal.
_COLUMNS = {
    "sqlite": "SELECT m.name, p.name FROM sqlite_master m JOIN pragma_table_info(m.name) p WHERE m.type = 'table'",
    "postgresql": (
        "SELECT c.relname, a.attname FROM pg_attribute AS a JOIN pg_class AS c ON c.oid = a.attrelid "
        "WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'p') AND NOT c.relispartition "
        "AND a.attnum > 0 AND NOT a.attisdropped"
    ),
}


class NewerJournal(Exception):
    """The journal was written by a newer version: going on would damage it."""


def upgrade(url: str) -> None:
    """Creates or migrates the journal at this address.

    Raises:
        NewerJournal: its schema is not known here.
        Refused: as `upgrade_engines`.
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
    return _looked(url, _revision)


def _looked(url: str, look: Callable[[Connection], Found]) -> Found:
    engines = open_engines(url)
    try:
        with engines.reader.connect() as connection:
            return look(connection)
    except SQLAlchemyError as error:
        raise JournalUnavailable(f"the journal cannot be read: {error}") from error
    finally:
        engines.dispose()


def upgrade_engines(engines: Engines) -> None:
    """The same, with engines at hand. Quick where there is nothing to do.

    Raises:
        NewerJournal: its schema is not known here.
        Refused: it has our number and is another one: a build before the release made it (LT-JRN-005).
    """
    with engines.writer.begin() as connection:
        engines.server.lock_schema(connection)
        revision = _revision(connection)
        if revision not in KNOWN:
            raise NewerJournal(f"journal has schema {revision}, this version knows up to {HEAD}")
        if revision != HEAD:
            _run(connection)
        elif (found := _difference(connection)) is not None:
            raise Refused((found,))


def difference_of(url: str) -> Problem | None:
    """What the journal lacks though it has our schema's number. Changes nothing.

    Raises:
        JournalUnavailable: it cannot be read.
    """
    return _looked(url, _difference)


def _difference(connection: Connection) -> Problem | None:
    there = {tuple(row) for row in connection.exec_driver_sql(_COLUMNS[connection.dialect.name])}
    wanted = [(table.name, column.name) for table in metadata.sorted_tables for column in table.columns]
    lacks = [f"{table}.{column}" for table, column in wanted if (table, column) not in there]
    if not lacks:
        return None
    named = ", ".join(lacks[:_FEW]) + (" …" if lacks[_FEW:] else "")
    return problem("LT-JRN-005", Stage.CONFIGURE, {"schema": HEAD, "lacks": named})


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
