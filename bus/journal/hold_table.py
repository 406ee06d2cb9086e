"""The table of the marks that keep bodies from being erased. It carries no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

holds = Table(
    "holds",
    metadata,
    Column("message_id", _Code, primary_key=True, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)
