"""Tables of seals. They carry no month: a seal covers entries of several."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

seals = Table(
    "seals",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("root", String(64), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("signature", Text, nullable=False),
    Column("token", LargeBinary, nullable=False),
    Column("authority", Text, nullable=False),
)
seal_spans = Table(
    "seal_spans",
    metadata,
    Column("writer", _Code, primary_key=True, nullable=False),
    Column("last", BigInteger, primary_key=True, autoincrement=False, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("seal", BigInteger, nullable=False, index=True),
    Column("place", BigInteger, nullable=False),  # in the order of the tree
    sqlite_with_rowid=False,
)
