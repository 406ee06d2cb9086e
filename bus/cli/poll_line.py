"""One poll as the command line shows it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bus.cli import out
from bus.records.jobs import Job, JobResult

if TYPE_CHECKING:
    from adapters.poll_rule import PollRule

_WORDS = {
    "running": "đang lấy / running", "paused": "tạm dừng / paused", "resting": "điểm nối nghỉ / endpoint rests",
    "failed": "hỏng, thử lại / failed, again", "waiting": "chờ lượt / waiting", "never": "chưa chạy / never ran",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One poll as it is shown."""

    name: str
    every_s: float
    rule: PollRule
    job: Job
    resting: bool  # its endpoint is paused

    def state(self, now: datetime) -> str:
        """A key of `_WORDS`."""
        job = self.job
        if job.rests(now):
            return "paused"
        if job.lease_until is not None and job.lease_until > now:
            return "running"
        if self.resting:
            return "resting"
        if job.result in (JobResult.AGAIN, JobResult.REFUSED):
            return "failed"
        return "waiting" if job.ended else "never"


def mark_of(job: Job) -> str:
    """Up to where it has fetched."""
    from bus.polling.position import Position

    position = Position.read(job.position)
    return position.cursor or position.mark


def _lag_s(line: Line, now: datetime) -> int | None:
    """How far the mark lies behind, where it is a time."""
    from bus.polling.scale import NUMBER, Scale

    value = Scale(line.rule).value(mark_of(line.job)) if line.rule.watermark else None
    if value is None or line.rule.watermark_format == NUMBER:
        return None
    return max(0, int(now.timestamp() - float(value)))


def row_of(line: Line, now: datetime) -> tuple[object, ...]:
    """For people."""
    job = line.job
    return (
        line.name, _WORDS[line.state(now)], job.owner, out.moment(job.started, short=True), job.text,
        out.moment(job.due, short=True), "–" if job.backlog is None else job.backlog, mark_of(job), job.total,
        job.refused, job.failures,
    )  # fmt: skip


def json_of(line: Line, now: datetime) -> dict[str, object]:
    """For programs."""
    return {
        **facts_of(line.job), "state": line.state(now), "every_s": line.every_s, "lag_s": _lag_s(line, now),
        "endpoint_paused": line.resting,
    }  # fmt: skip


def facts_of(job: Job) -> dict[str, object]:
    """What the journal knows of its job."""
    return {
        "poll": job.name, "owner": job.owner, "epoch": job.epoch, "lease_until": job.lease_until,
        "started": job.started, "ended": job.ended, "result": job.result.value, "text": job.text, "next": job.due,
        "wanted": job.wanted, "waiting": job.backlog, "taken": job.taken, "total": job.total, "refused": job.refused,
        "failures": job.failures, "paused": job.paused, "until": job.until, "mark": mark_of(job), "moves": job.moves,
        "who": job.who, "why": job.why,
    }  # fmt: skip
