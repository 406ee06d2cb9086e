"""What the delivery engine asks of the journal beyond the first schema."""

from __future__ import annotations

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Forward."""
