"""What the delivery engine asks of the journal beyond the first schema."""

from __future__ import annotations

import json

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Forward."""
    _parking()
    _deadlines()
    _plans()
    _watch()
    _reconciliation()
    _jobs()
    _seals()
    _seen()
    _body_keys()
    _holds()
    _examinations()


def _holds() -> None:
    """Marks that keep bodies from being erased."""
    op.create_table(
        "holds",
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("message_id"),
        sqlite_with_rowid=False,
    )


def _examinations() -> None:
    """What was found of signatures inside attachments, and what waits to be looked at."""
    op.create_table(
        "examinations",
        sa.Column("message_id", _CODE, nullable=False),
        sa.Column("month", sa.String(length=7), nullable=False),
        sa.Column("policy", sa.Text(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("worst", sa.Text(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("done_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["message_id", "month"], ["messages.id", "messages.month"]),
        sa.PrimaryKeyConstraint("message_id", "month"),
        postgresql_partition_by="LIST (month)",
    )
    if op.get_bind().dialect.name == "postgresql":
        op.execute("CREATE TABLE examinations_rest PARTITION OF examinations DEFAULT")
    waits = sa.text("done = 0")
    op.create_index(
        "examinations_waiting", "examinations", ["tries", "message_id"], unique=False,
        sqlite_where=waits, postgresql_where=waits,
    )  # fmt: skip
    op.create_index("examinations_by_worst", "examinations", ["worst", "message_id"], unique=False)


def _body_keys() -> None:
    """Ids of the keys that bodies were ever kept under."""
    op.create_table(
        "body_keys",
        sa.Column("key_id", _CODE, nullable=False),
        sa.Column("checked", sa.Text(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key_id"),
        sqlite_with_rowid=False,
    )


def _seen() -> None:
    """Marks of signed messages."""
    op.create_table(
        "replays",
        sa.Column("mark", _CODE, nullable=False),
        sa.Column("body_sha256", sa.String(length=64), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("mark"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_replays_until_us", "replays", ["until_us"], unique=False)


def _seals() -> None:
    """Runs of entries under one root."""
    op.create_table(
        "seals",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("root", sa.String(length=64), nullable=False),
        sa.Column("previous", sa.String(length=64), nullable=False),
        sa.Column("signature", sa.Text(), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=False),
        sa.Column("authority", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "seal_spans",
        sa.Column("writer", _CODE, nullable=False),
        sa.Column("last", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("seal", sa.BigInteger(), nullable=False),
        sa.Column("place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("writer", "last"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_seal_spans_seal", "seal_spans", ["seal"], unique=False)


def _jobs() -> None:
    """Who runs what again and again, and from where."""
    op.create_table(
        "jobs",
        sa.Column("name", _CODE, nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("epoch", sa.BigInteger(), nullable=False),
        sa.Column("lease_us", sa.BigInteger(), nullable=True),
        sa.Column("position", sa.Text(), nullable=False),
        sa.Column("moves", sa.BigInteger(), nullable=False),
        sa.Column("due_us", sa.BigInteger(), nullable=True),
        sa.Column("wanted", sa.Integer(), nullable=False),
        sa.Column("started_us", sa.BigInteger(), nullable=True),
        sa.Column("ended_us", sa.BigInteger(), nullable=True),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("total", sa.BigInteger(), nullable=False),
        sa.Column("refused", sa.BigInteger(), nullable=False),
        sa.Column("backlog", sa.BigInteger(), nullable=True),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("paused", sa.Integer(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=True),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name"),
        sqlite_with_rowid=False,
    )


def _reconciliation() -> None:
    op.create_index(
        "messages_by_time",
        "messages",
        ["received_us", "id"],
        unique=False,
        sqlite_where=sa.text("order_key != ''"),
        postgresql_where=sa.text("order_key != ''"),
    )
    op.create_table(
        "reconciliations",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("since_us", sa.BigInteger(), nullable=False),
        sa.Column("until_us", sa.BigInteger(), nullable=False),
        sa.Column("endpoint", _CODE, nullable=False),
        sa.Column("agency", sa.Text(), nullable=False),
        sa.Column("dossier", _CODE, nullable=False),
        sa.Column("total", sa.Integer(), nullable=False),
        sa.Column("progress", sa.Text(), nullable=False),
        sa.Column("step", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("after_dossier", _CODE, nullable=False),
        sa.Column("after_us", sa.BigInteger(), nullable=True),
        sa.Column("after_message", _CODE, nullable=False),
        sa.Column("counts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "findings",
        sa.Column("reconciliation", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("endpoint", _CODE, nullable=False),
        sa.Column("dossier", _CODE, nullable=False),
        sa.Column("difference", sa.Text(), nullable=False),
        sa.Column("data", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("reconciliation", "number", "endpoint"),
    )


def _watch() -> None:
    """Signs of life, sums, and what is due."""
    op.add_column("writers", sa.Column("tally", sa.Text(), server_default="", nullable=False))
    op.create_table(
        "pulses",
        sa.Column("worker", _CODE, nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=False),
        sa.Column("facts", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("worker"),
        sqlite_with_rowid=False,
    )
    may_be_due = sa.text("open = 1 AND pattern = 'push' AND state != 'parked' AND held_behind = ''")
    op.create_index(
        "deliveries_due", "deliveries", ["endpoint", "next_us", "created_us"], unique=False,
        sqlite_where=may_be_due, postgresql_where=may_be_due,
    )  # fmt: skip
    bind = op.get_bind()
    rows = bind.execute(sa.text("SELECT state, count(*) FROM deliveries GROUP BY state")).all()
    counted: dict[str, int] = {row[0]: row[1] for row in rows}
    if counted:  # what was accepted before there were sums: told by a writer that wrote no entry
        tally = {"accepted": sum(counted.values()), **counted}
        bind.execute(
            sa.text("INSERT INTO writers (writer, number, hash, at_us, tally) VALUES ('before', 0, :hash, 0, :tally)"),
            {"hash": "0" * 64, "tally": json.dumps(tally, sort_keys=True)},
        )


def _parking() -> None:
    """What a parked delivery lets pass, all of its problems, and whether an attempt was a question."""
    for column in (
        sa.Column("after_parking", sa.Text(), nullable=False, server_default="hold"),
        sa.Column("replaces", sa.Text(), nullable=False, server_default=""),
        sa.Column("more_problems", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("deliveries", column)
    op.add_column("attempts", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))


def _deadlines() -> None:
    """Since when a delivery could be sent, and whose try the next one is."""
    for column in (
        sa.Column("since_us", sa.BigInteger(), nullable=True),
        sa.Column("used_before", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("asked_by", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("deliveries", column)
    waits = sa.text("open = 1 AND pattern = 'push' AND state != 'parked' AND held_behind = ''")
    op.create_index(
        "deliveries_since", "deliveries", ["endpoint", "id"], unique=False, sqlite_where=waits, postgresql_where=waits
    )


def _plans() -> None:
    op.create_table(
        "plans",
        sa.Column("id", _CODE, nullable=False),
        sa.Column("made_us", sa.BigInteger(), nullable=False),
        sa.Column("who", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("per_minute", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=False),
        sa.Column("ended_why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "plan_items",
        sa.Column("plan_id", _CODE, nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("subject", _CODE, nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("seen", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.PrimaryKeyConstraint("plan_id", "number"),
    )
    op.create_index("plan_items_by_subject", "plan_items", ["subject"], unique=False)
