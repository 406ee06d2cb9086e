"""The table of jobs: one row each, written over and over. It carries no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Integer, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

jobs = Table(
    "jobs",
    metadata,
    Column("name", _Code, primary_key=True, nullable=False),
    Column("owner", Text, nullable=False),  # who runs it, or ran it last
    Column("epoch", BigInteger, nullable=False),  # grows with each owner: who has an older one changes nothing
    Column("lease_us", BigInteger, nullable=True),  # None = nobody runs it
    Column("position", Text, nullable=False),  # the checkpoint
    Column("moves", BigInteger, nullable=False),
    Column("due_us", BigInteger, nullable=True),  # None = as soon as may be
    Column("wanted", Integer, nullable=False),
    Column("started_us", BigInteger, nullable=True),
    Column("ended_us", BigInteger, nullable=True),
    Column("result", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("taken", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("refused", BigInteger, nullable=False),
    Column("backlog", BigInteger, nullable=True),
    Column("failures", Integer, nullable=False),
    Column("paused", Integer, nullable=False),
    Column("until_us", BigInteger, nullable=True),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    sqlite_with_rowid=False,
)
