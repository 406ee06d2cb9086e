"""Attempts as rows, and the queue records a settlement gave out."""

from __future__ import annotations

import json
from collections.abc import Sequence

from sqlalchemy import RowMapping

from bus.delivery import Attempt, State
from bus.journal.moments import from_us, maybe_from_us, maybe_us, to_us
from bus.outcome import Outcome
from bus.records import QueueRecord


def attempt_values(
    attempt: Attempt, *, month: str, applied: bool, state: State, feed: Sequence[QueueRecord]
) -> dict[str, object]:
    """The row of one attempt."""
    return {
        "delivery_id": attempt.delivery_id,
        "number": attempt.number,
        "month": month,
        "by": attempt.by,
        "worker": attempt.worker,
        "token": attempt.token,
        "started_us": to_us(attempt.started_at),
        "duration_ms": attempt.duration_ms,
        "outcome": attempt.outcome.value,
        "status": attempt.status,
        "code": attempt.code,
        "text": attempt.text,
        "problem_code": attempt.problem_code,
        "request_sha256": attempt.request_sha256,
        "request_size": attempt.request_size,
        "reply_sha256": attempt.reply_sha256,
        "reply_size": attempt.reply_size,
        "peer": attempt.peer,
        "applied": int(applied),
        "state_after": state.value,
        "feed": _feed_text(feed),
        "asked": int(attempt.asked),
    }


def attempt_of(row: RowMapping) -> Attempt:
    """An attempt as readers see it."""
    return Attempt(
        delivery_id=row["delivery_id"], number=row["number"], by=row["by"], worker=row["worker"], token=row["token"],
        started_at=from_us(row["started_us"]), duration_ms=row["duration_ms"], outcome=Outcome(row["outcome"]),
        status=row["status"], code=row["code"], text=row["text"], problem_code=row["problem_code"],
        request_sha256=row["request_sha256"], request_size=row["request_size"], reply_sha256=row["reply_sha256"],
        reply_size=row["reply_size"], peer=row["peer"], asked=bool(row["asked"]),
    )  # fmt: skip


def _feed_text(feed: Sequence[QueueRecord]) -> str:
    if not feed:
        return ""
    return json.dumps(
        [[r.delivery_id, r.lane, r.endpoint, r.priority, r.predecessor, maybe_us(r.not_before)] for r in feed]
    )


def feed_of(text: str) -> tuple[QueueRecord, ...]:
    """The queue records as they were given out."""
    if not text:
        return ()
    return tuple(_record(*one) for one in json.loads(text))


def _record(delivery: str, lane: str, endpoint: str, priority: int, predecessor: str, us: int | None) -> QueueRecord:
    return QueueRecord(delivery, lane, endpoint, priority, predecessor, maybe_from_us(us))
