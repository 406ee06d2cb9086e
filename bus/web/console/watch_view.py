"""What the watch sees, as it is shown: whether it moves, and the list of what is stuck."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.masking import mask_text
from bus.watch.liveness import Condition
from bus.watch.stuck import Reason
from bus.watch.watchman import Look
from bus.web.console.asked import LIST
from bus.web.console.figures import Moment, count, moment
from bus.web.console.words import OWNERS

STUCK = f"{LIST}/stuck"
_REASONS: Mapping[Reason, str] = {
    Reason.READY: "Sẵn sàng mà không gửi",
    Reason.SENDING: "Đang gửi quá lâu",
    Reason.UNCLEAR: "Chưa rõ quá lâu",
    Reason.PARKED: "Chờ người quá lâu",
    Reason.NOT_FETCHED: "Không ai đến lấy",
    Reason.UNDELIVERED: "Không có lượt giao",
}


@dataclass(frozen=True, slots=True)
class WatchView:
    """The line above the list; "" where there is nothing to say."""

    wrong: str
    todo: str
    code: str
    rests: str  # everything due waits for partners
    stuck: str  # how many
    link: str = STUCK


@dataclass(frozen=True, slots=True)
class StuckRow:
    """One line of the list of what is stuck."""

    since: Moment
    reason: str
    why: str
    todo: str
    who: str
    endpoint: str
    behind: str
    link: str
    command: str
    code: str


def watch_view(look: Look) -> WatchView:
    """Of the last look."""
    cause, condition = look.verdict.problem, look.verdict.condition
    return WatchView(
        wrong=cause.text_vi if cause is not None else "",
        todo=cause.do_vi if cause is not None else "",
        code=cause.code if cause is not None else "",
        rests=look.verdict.vi if condition is Condition.RESTING else "",
        stuck=count(len(look.stuck)) if look.stuck else "",
    )


def stuck_rows(look: Look, names: Mapping[str, str]) -> tuple[StuckRow, ...]:
    """All of the last search, the longest first."""
    return tuple(
        StuckRow(
            since=moment(one.since), reason=_REASONS[one.reason], why=mask_text(one.problem.text_vi),
            todo=one.problem.do_vi, who=OWNERS[one.problem.owner.value],
            endpoint=names.get(one.endpoint, one.endpoint), behind=count(one.behind) if one.behind else "",
            link=f"{LIST}/message/{one.message_id}", command=one.command, code=one.problem.code,
        )
        for one in look.stuck
    )  # fmt: skip
