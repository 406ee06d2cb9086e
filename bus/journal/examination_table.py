"""Which messages' attachments were looked at. What was found is an entry of the chain, of kind "attachments"."""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, String, Table, Text

from bus.journal.tables import BY_MONTH, metadata

_Code = String().with_variant(String(collation="C"), "postgresql")

examinations = Table(
    "examinations",
    metadata,
    Column("message_id", _Code, primary_key=True, nullable=False),
    Column("month", String(7), primary_key=True, nullable=False),  # of the message
    Column("policy", Text, nullable=False),
    Column("done", Integer, nullable=False),  # 0 = it waits
    Column("worst", Text, nullable=False),  # "" while it waits
    Column("tries", Integer, nullable=False),
    Column("since_us", BigInteger, nullable=False),
    Column("done_us", BigInteger, nullable=True),
    ForeignKeyConstraint(["message_id", "month"], ["messages.id", "messages.month"]),
    Index("examinations_by_worst", "worst", "message_id"),
    postgresql_partition_by=BY_MONTH,
)
IS_WAITING = examinations.c.done == sa.literal_column("0")
Index(
    "examinations_waiting", examinations.c.tries, examinations.c.message_id,
    sqlite_where=IS_WAITING, postgresql_where=IS_WAITING,
)  # fmt: skip
