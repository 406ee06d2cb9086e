"""`lienthong retries stop|resume|status|explain`: one switch for all; what was tried once is not tried again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, state
from bus.cli.ordering import Until, Why, end_of, give, warn_untold
from bus.cli.retry_explain import EXAMPLES, explain
from bus.records import ALL, EndpointOrder

_STOP = """\b
Ví dụ / examples:
  lienthong retries stop --why "bên nhận ghi trùng khi gửi lại"
  lienthong retries stop --why "bảo trì trục" --until 2h                tự hết / ends by itself
"""
_RESUME = """\b
Ví dụ / example:
  lienthong retries resume --why "đã sửa xong"
"""
_STATUS = """\b
Ví dụ / example:
  lienthong retries status --json
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Lần gửi lại: dừng, cho chạy, xem giờ / retries: stop, resume, see when", no_args_is_help=True,
        rich_markup_mode=None,
    )  # fmt: skip
    group.command("stop", short_help="dừng mọi lần gửi lại / stop all retries", epilog=_STOP)(stop)
    group.command("resume", short_help="cho gửi lại / let retries go on", epilog=_RESUME)(resume)
    group.command("status", short_help="đang dừng hay không / whether they are stopped", epilog=_STATUS)(status)
    said = "ký pháp thử lại thành giờ đồng hồ / a notation as clock times"
    group.command("explain", short_help=said, epilog=EXAMPLES)(explain)
    app.add_typer(group, name="retries")


def stop(context: typer.Context, why: Why, until: Until = "", who: Who = "", json: Json = False) -> None:
    """Dừng mọi lần gửi lại; lần gửi đầu vẫn đi / stops all retries; first attempts go on.

    Ở mọi tiến trình trong hai giây; việc đang gửi được làm xong; không mất lần thử nào. / In every process within two
    seconds; what is under way is finished; no attempt is used up.
    """
    end = end_of(until, datetime.now(UTC))
    order, told = give(
        state(context).settings, ALL, why, who, change=lambda one: replace(one, retries_stopped=True, until=end)
    )
    _say(order, told=told, json=json)


def resume(context: typer.Context, why: Why, who: Who = "", json: Json = False) -> None:
    """Cho gửi lại ở mọi điểm nối / lets retries go on everywhere."""
    order, told = give(
        state(context).settings, ALL, why, who, change=lambda one: replace(one, retries_stopped=False, until=None)
    )
    _say(order, told=told, json=json)


def status(context: typer.Context, json: Json = False) -> None:
    """Các lần gửi lại có đang bị dừng không, ai dừng, vì sao / whether retries are stopped, by whom and why."""
    with journal_of(state(context).settings) as journal:
        order = journal.standing().retries
    _say(order or EndpointOrder(ALL, "", ""), told=None, json=json)


def _say(order: EndpointOrder, *, told: bool | None, json: bool) -> None:
    stopped = order.retries_stopped and (order.until is None or order.until > datetime.now(UTC))
    if json:
        row = {"stopped": stopped, "until": order.until, "who": order.who, "why": order.why, "at": order.at}
        out.show_json(row if told is None else {**row, "queue_told": told})
        return
    end = f" · tới / until {out.moment(order.until)}" if stopped and order.until else ""
    by = f" · {order.who}: {order.why}" if order.why else ""
    if stopped:
        out.say(f"Mọi lần gửi lại đang dừng / all retries are stopped{end}{by}", style="yellow")
    else:
        out.say(f"✓ Các lần gửi lại chạy bình thường / retries go on{by}", style="green")
    if told is False:
        warn_untold()
