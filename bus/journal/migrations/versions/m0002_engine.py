"""What the delivery engine asks of the journal beyond the first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_CODE = sa.String().with_variant(sa.String(collation="C"), "postgresql")


def upgrade() -> None:
    """Forward."""
    _parking()
    _plans()


def _parking() -> None:
    """What a parked delivery lets pass, all of its problems, and whether an attempt was a question."""
    for column in (
        sa.Column("after_parking", sa.Text(), nullable=False, server_default="hold"),
        sa.Column("replaces", sa.Text(), nullable=False, server_default=""),
        sa.Column("more_problems", sa.Text(), nullable=False, server_default=""),
    ):
        op.add_column("deliveries", column)
    op.add_column("attempts", sa.Column("asked", sa.Integer(), nullable=False, server_default="0"))


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
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("result", sa.Text(), nullable=False),
        sa.Column("at_us", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["plan_id"], ["plans.id"]),
        sa.PrimaryKeyConstraint("plan_id", "number"),
    )
    op.create_index("plan_items_by_subject", "plan_items", ["subject"], unique=False)
