"""The books of the journal's port that have a page of their own, together."""

from __future__ import annotations

from typing import Protocol

from bus.book import ReconciliationBook
from bus.deadline_port import DeadlineBook
from bus.examination_port import ExaminationBook
from bus.key_port import KeyBook
from bus.retention_port import RetentionBook
from bus.seal_port import SealBook
from bus.seen_port import SeenBook


class Books(
    DeadlineBook, ExaminationBook, KeyBook, ReconciliationBook, RetentionBook, SealBook, SeenBook, Protocol
):  # fmt: skip
    """All of them."""
