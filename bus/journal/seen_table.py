"""Marks of signed messages. No month: a mark lives for minutes."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

replays = Table(
    "replays",
    metadata,
    Column("mark", _Code, primary_key=True, nullable=False),
    Column("body_sha256", String(64), nullable=False),
    Column("until_us", BigInteger, nullable=False, index=True),
    Column("answer", Text, nullable=False),
    sqlite_with_rowid=False,
)
