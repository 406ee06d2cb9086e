"""The first schema."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")
_BY_MONTH: dict[str, Any] = {"postgresql_partition_by": "LIST (month)"}  # Any: options differ by server
_REWRITTEN: dict[str, Any] = {"postgresql_with": {"fillfactor": 50}}  # rows that change all the time, in place
_PARTITIONED = ("messages", "bodies", "problems", "deliveries", "intents", "attempts", "actions", "entries")


def upgrade() -> None:
    """Forward."""
    op.create_table(
        "actions",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("as_then", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", "month"),
        **_BY_MONTH,
    )
    op.create_index("actions_by_message", "actions", ["message_id"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", _CODE, nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
        **_REWRITTEN,
    )
    op.create_table(
        "dossiers",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "entries",
        sa.Column("writer", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", _CODE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("writer", "number", "month"),
        **_BY_MONTH,
    )
    op.create_index("entries_by_subject", "entries", ["subject"], unique=False)
    op.create_table(
        "generations",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "idempotency",
        sa.Column("key", _CODE, nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("dossier", _CODE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "identities",
        sa.Column("code", _CODE, nullable=False),
        sa.Column("party", _CODE, nullable=False),
        sa.Column("dossier", _CODE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("code", "party"),
        sqlite_with_rowid=False,
    )
    op.create_index("identities_by_dossier", "identities", ["dossier", "party"], unique=False)
    op.create_table(
        "lanes",
        sa.Column("lane", _CODE, nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("lane"),
        sqlite_with_rowid=False,
        **_REWRITTEN,
    )
    op.create_table(
        "messages",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("receiver", sa.Text(), nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("business_ids", sa.Text(), nullable=False),
        sa.Column("received_us", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("order_key", _CODE, nullable=False),
        sa.Column("correlation", _CODE, nullable=False),
        sa.Column("caused_by", _CODE, nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.Column("party", sa.Text(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", "month"),
        **_BY_MONTH,
    )
    op.create_index("messages_by_cause", "messages", ["caused_by"], unique=False)
    op.create_index("messages_by_dossier", "messages", ["order_key", "kind", "id"], unique=False)
    op.create_index("messages_by_kind", "messages", ["kind", "id"], unique=False)
    op.create_index("messages_by_verdict", "messages", ["verdict", "id"], unique=False)
    op.create_table(
        "writers",
        sa.Column("writer", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer"),
        **_REWRITTEN,
    )
    op.create_table(
        "bodies",
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("role", _CODE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("coding", sa.Text(), nullable=False),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("profile", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id", "month"],
            ["messages.id", "messages.month"],
        ),
        sa.PrimaryKeyConstraint("message_id", "role", "month"),
        **_BY_MONTH,
    )
    op.create_table(
        "deliveries",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("dossier", _CODE, nullable=False),
        sa.Column("endpoint", _CODE, nullable=False),
        sa.Column("operation", sa.Text(), nullable=False),
        sa.Column("pattern", sa.Text(), nullable=False),
        sa.Column("unclear", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("lane", _CODE, nullable=False),
        sa.Column("lane_seq", sa.BigInteger(), nullable=False),
        sa.Column("open", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("attempts_used", sa.Integer(), nullable=False),
        sa.Column("manual_used", sa.Integer(), nullable=False),
        sa.Column("crashes", sa.Integer(), nullable=False),
        sa.Column("created_us", sa.BigInteger(), nullable=False),
        sa.Column("next_us", sa.BigInteger(), nullable=True),
        sa.Column("held_behind", _CODE, nullable=False),
        sa.Column("offered_us", sa.BigInteger(), nullable=True),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("lease_us", sa.BigInteger(), nullable=True),
        sa.Column("last_number", sa.Integer(), nullable=False),
        sa.Column("doubts", sa.Text(), nullable=False),
        sa.Column("replays", sa.Integer(), nullable=False),
        sa.Column("taken", sa.Integer(), nullable=False),
        sa.Column("last_outcome", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id", "month"],
            ["messages.id", "messages.month"],
        ),
        sa.PrimaryKeyConstraint("id", "month"),
        **_BY_MONTH,
    )
    op.create_index("deliveries_by_message", "deliveries", ["message_id"], unique=False)
    op.create_index("deliveries_by_state", "deliveries", ["state", "message_id"], unique=False)
    op.create_index(
        "deliveries_held_behind",
        "deliveries",
        ["held_behind"],
        unique=False,
        sqlite_where=sa.text("held_behind != ''"),
        postgresql_where=sa.text("held_behind != ''"),
    )
    op.create_index("deliveries_in_lane", "deliveries", ["lane", "lane_seq", "month"], unique=True)
    op.create_index(
        "deliveries_on_offer",
        "deliveries",
        ["endpoint", "lane", "lane_seq"],
        unique=False,
        sqlite_where=sa.text("pattern = 'pull' AND open = 1"),
        postgresql_where=sa.text("pattern = 'pull' AND open = 1"),
    )
    op.create_index(
        "deliveries_open",
        "deliveries",
        ["lane", "lane_seq"],
        unique=False,
        sqlite_where=sa.text("open = 1"),
        postgresql_where=sa.text("open = 1"),
    )
    op.create_index(
        "deliveries_taken",
        "deliveries",
        ["dossier", "endpoint", "operation"],
        unique=False,
        sqlite_where=sa.text("taken = 1"),
        postgresql_where=sa.text("taken = 1"),
    )
    op.create_index(
        "deliveries_with_problem",
        "deliveries",
        ["problem_code", "message_id"],
        unique=False,
        sqlite_where=sa.text("problem_code != ''"),
        postgresql_where=sa.text("problem_code != ''"),
    )
    op.create_table(
        "problems",
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["message_id", "month"],
            ["messages.id", "messages.month"],
        ),
        sa.PrimaryKeyConstraint("message_id", "number", "month"),
        **_BY_MONTH,
    )
    op.create_index("problems_by_code", "problems", ["code", "message_id"], unique=False)
    op.create_table(
        "attempts",
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=False),
        sa.Column("duration_ms", sa.BigInteger(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("status", sa.Integer(), nullable=False),
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("problem_code", sa.Text(), nullable=False),
        sa.Column("request_sha256", sa.String(length=64), nullable=False),
        sa.Column("request_size", sa.Integer(), nullable=False),
        sa.Column("reply_sha256", sa.String(length=64), nullable=False),
        sa.Column("reply_size", sa.Integer(), nullable=False),
        sa.Column("peer", sa.Text(), nullable=False),
        sa.Column("applied", sa.Integer(), nullable=False),
        sa.Column("state_after", sa.Text(), nullable=False),
        sa.Column("feed", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id", "month"],
            ["deliveries.id", "deliveries.month"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", "month"),
        **_BY_MONTH,
    )
    op.create_table(
        "intents",
        sa.Column("delivery_id", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("token", sa.Text(), nullable=False),
        sa.Column("worker", sa.Text(), nullable=False),
        sa.Column("granted_us", sa.BigInteger(), nullable=False),
        sa.Column("lease_us", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["delivery_id", "month"],
            ["deliveries.id", "deliveries.month"],
        ),
        sa.PrimaryKeyConstraint("delivery_id", "number", "month"),
        **_BY_MONTH,
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("ALTER TABLE bodies ALTER COLUMN data SET STORAGE EXTERNAL")  # it is compressed already
        for name in _PARTITIONED:  # whatever comes for a month that nobody made a partition for
            op.execute(f"CREATE TABLE {name}_rest PARTITION OF {name} DEFAULT")
