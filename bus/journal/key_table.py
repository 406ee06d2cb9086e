"""The table of the keys that bodies were ever kept under: their ids, never a key. It carries no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

body_keys = Table(
    "body_keys",
    metadata,
    Column("key_id", _Code, primary_key=True, nullable=False),
    Column("checked", Text, nullable=False),  # by which the same key is known again
    Column("since_us", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)
