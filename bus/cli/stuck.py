"""`lienthong stuck`: what has been in one state for too long, why, who must act, what to type."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from bus.cli.context import Json, journal_of, state
from bus.cli.words import OWNERS

if TYPE_CHECKING:
    from bus.watch.stuck import Stuck

_TITLES = ("từ lúc/since", "sao/why", "tới/to", "phía sau/behind", "ai/who", "lượt giao/delivery", "gõ/type")
_REASONS = {
    "ready": "sẵn sàng mà không gửi / ready, not sent",
    "sending": "đang gửi quá lâu / sending too long",
    "unclear": "chưa rõ quá lâu / unclear too long",
    "parked": "chờ người quá lâu / parked too long",
    "not-fetched": "không ai đến lấy / not fetched",
    "undelivered": "không có lượt giao / no delivery",
}

EXAMPLES = """\b
Ví dụ / examples:
  lienthong stuck                                 việc kẹt, lâu nhất trước / what is stuck, the longest first
  lienthong stuck --json | jq -r '.stuck[].message'   cho chương trình / for programs
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("stuck", short_help="việc kẹt: vì sao, ai phải làm / what is stuck, and who must act", epilog=EXAMPLES)(
        stuck
    )


def stuck(context: typer.Context, json: Json = False) -> None:
    """Việc ở một trạng thái quá lâu, vì sao, ai phải làm gì / what is in one state for too long, why, and who must act.

    Giới hạn ở mục [watch] của lienthong.toml. Mã thoát 1 = có việc kẹt / limits in [watch]; exit code 1 = stuck.
    """
    from bus.compose import make_search

    settings = state(context).settings
    with journal_of(settings) as journal:
        found = make_search(settings, journal)(datetime.now(UTC))
    if json:
        out.show_json({"good": not found, "stuck": [as_json(one) for one in found]})
    elif found:
        _show(found)
    else:
        out.say("✓ không có việc nào kẹt / nothing is stuck", style="green")
    if found:
        raise typer.Exit(1)


def as_json(one: Stuck) -> dict[str, object]:
    """For programs."""
    return {
        "reason": one.reason.value,
        "since": one.since,
        "message": one.message_id,
        "delivery": one.delivery_id,
        "endpoint": one.endpoint,
        "behind": one.behind,
        "code": one.problem.code,
        "vi": one.problem.text_vi,
        "en": one.problem.text_en,
        "owner": one.problem.owner.value,
        "do_vi": one.problem.do_vi,
        "do_en": one.problem.do_en,
        "command": one.command,
    }


def _show(found: Sequence[Stuck]) -> None:
    out.show_table(_TITLES, [_row(one) for one in found])
    if out.console.is_terminal:
        for code in sorted({one.problem.code for one in found}):
            cause = next(one.problem for one in found if one.problem.code == code)
            out.say(f"{code} → {cause.do_vi} / {cause.do_en}", style="yellow")


def _row(one: Stuck) -> tuple[object, ...]:
    who = OWNERS[one.problem.owner.value]
    return (
        out.moment(one.since, short=True), f"{one.problem.code} {_REASONS[one.reason.value]}", one.endpoint or "–",
        one.behind or "–", who, one.delivery_id or one.message_id, one.command,
    )  # fmt: skip
