"""The table of signs of life: one row a worker, written over and over. It carries no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, String, Table, Text

from bus.journal.tables import metadata

pulses = Table(
    "pulses",
    metadata,
    # "" = the sum of those long gone
    Column("worker", String().with_variant(String(collation="C"), "postgresql"), primary_key=True, nullable=False),
    Column("at_us", BigInteger, nullable=False),
    Column("facts", Text, nullable=False),  # JSON
    sqlite_with_rowid=False,
)
