"""The tables of plans. A plan is kept as a whole, so they carry no month."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Index, Integer, String, Table, Text

from bus.journal.tables import metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

plans = Table(
    "plans",
    metadata,
    Column("id", _Code, primary_key=True, nullable=False),
    Column("made_us", BigInteger, nullable=False),
    Column("who", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("per_minute", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("ended_by", Text, nullable=False),
    Column("ended_why", Text, nullable=False),
)

plan_items = Table(
    "plan_items",
    metadata,
    Column("plan_id", _Code, ForeignKey("plans.id"), primary_key=True, nullable=False),
    Column("number", Integer, primary_key=True, nullable=False, autoincrement=False),
    Column("subject", _Code, nullable=False),
    Column("act", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("seen", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("result", Text, nullable=False),
    Column("at_us", BigInteger, nullable=True),
    Index("plan_items_by_subject", "subject"),
)
