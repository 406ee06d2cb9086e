"""`lienthong endpoint pause|resume|cap|rate|list`: what a person orders for one partner connection, and how it does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, refused, state
from bus.cli.ordering import Until, Why, end_of, give, warn_untold
from bus.ports import GenerationLost, Journal, QueueUnavailable
from bus.rates import read_rate
from bus.records import ALL, EndpointOrder, EndpointView

if TYPE_CHECKING:
    from bus.settings import Settings

Id = Annotated[str, typer.Argument(help="Mã điểm nối trong partners.toml / id of the endpoint in partners.toml")]

_PAUSE = """\b
Ví dụ / examples:
  lienthong endpoint pause gplx_dlms --why "bên nhận bảo trì"
  lienthong endpoint pause gplx_dlms --why "bảo trì" --until 2h                tự hết / ends by itself
  lienthong endpoint pause gplx_dlms --why "bảo trì" --until "06/07/2026 18:00"
"""
_RESUME = """\b
Ví dụ / example:
  lienthong endpoint resume gplx_dlms --why "bên nhận báo đã xong"
"""
_CAP = """\b
Ví dụ / examples:
  lienthong endpoint cap gplx_dlms 2 --why "bên nhận yếu"
  lienthong endpoint cap gplx_dlms 0 --why "đã nâng cấp"      theo cấu hình / as in the settings
"""
_RATE = """\b
Ví dụ / examples:
  lienthong endpoint rate gplx_dlms 5/s --why "bên nhận yêu cầu"
  lienthong endpoint rate gplx_dlms "300/min;20" --why "bên nhận yêu cầu"   20 lượt liền sau khi nghỉ / after a rest
  lienthong endpoint rate gplx_dlms 0 --why "đã nâng cấp"     theo cấu hình / as in the settings
"""
_LIST = """\b
Ví dụ / examples:
  lienthong endpoint list
  lienthong endpoint list --json
"""
_STATES = {"closed": "thông / open to all", "open": "ngắt / let alone", "half": "thăm dò / one probe"}


@dataclass(frozen=True, slots=True)
class _Line:
    """One endpoint as it is shown."""

    id: str
    order: EndpointOrder | None
    view: EndpointView | None  # None: the queue is away, or never heard of it

    def state(self, now: datetime) -> str:
        """Why it is delivered to, or not."""
        if self.order is not None and self.order.paused and (self.order.until is None or self.order.until > now):
            return "tạm dừng / paused"
        return _STATES[self.view.state] if self.view is not None else "–"

    def until(self, now: datetime) -> datetime | None:
        """When that ends by itself."""
        if self.order is not None and self.order.paused and (self.order.until is None or self.order.until > now):
            return self.order.until
        return self.view.until if self.view is not None else None

    def rate_ordered(self) -> str | None:
        """By a person."""
        return str(self.order.rate) if self.order is not None and self.order.rate else None

    def rate(self, settings: Settings) -> str:
        """That holds."""
        known = settings.endpoints.get(self.id)
        return self.rate_ordered() or (known.rate if known else "") or "–"


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Tạm dừng, cho chạy lại, giới hạn, xem các điểm nối / pause, resume, limit and look at endpoints",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("pause", short_help="tạm dừng gửi tới một điểm nối / pause an endpoint", epilog=_PAUSE)(pause)
    group.command("resume", short_help="cho gửi lại / resume an endpoint", epilog=_RESUME)(resume)
    group.command("cap", short_help="giới hạn số lượt cùng lúc / cap deliveries at once", epilog=_CAP)(cap)
    group.command("rate", short_help="giới hạn tốc độ / limit how fast", epilog=_RATE)(rate)
    group.command("list", short_help="các điểm nối đang thế nào / how endpoints do", epilog=_LIST)(list_)
    app.add_typer(group, name="endpoint")


def pause(
    context: typer.Context,
    id: Id,
    why: Why,
    until: Until = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Tạm dừng gửi tới một điểm nối; không mất lần thử nào / pauses an endpoint; no attempt is used up."""
    end = end_of(until, datetime.now(UTC))
    _order(state(context).settings, id, why, who, json=json, change=lambda one: replace(one, paused=True, until=end))


def resume(context: typer.Context, id: Id, why: Why, who: Who = "", json: Json = False) -> None:
    """Cho gửi lại tới một điểm nối / resumes an endpoint."""
    _order(state(context).settings, id, why, who, json=json, change=lambda one: replace(one, paused=False, until=None))


def cap(
    context: typer.Context,
    id: Id,
    most: Annotated[
        int, typer.Argument(min=0, help="Số lượt cùng lúc; 0 = theo cấu hình / at once; 0 = as configured")
    ],
    why: Why,
    who: Who = "",
    json: Json = False,
) -> None:
    """Giới hạn số lượt giao cùng lúc tới một điểm nối / caps the deliveries at once to an endpoint."""
    settings = state(context).settings
    if most >= settings.worker.threads:
        raise typer.BadParameter(
            f"phải nhỏ hơn worker.threads ({settings.worker.threads}) / must be less than worker.threads"
        )
    _order(settings, id, why, who, json=json, change=lambda one: replace(one, in_flight=most or None))


def rate(
    context: typer.Context,
    id: Id,
    fast: Annotated[
        str,
        typer.Argument(metavar="TỐC ĐỘ", help="5/s, 300/min, 20/h, 5/s;10; 0 = theo cấu hình / as in the settings"),
    ],
    why: Why,
    who: Who = "",
    json: Json = False,
) -> None:
    """Giới hạn tốc độ gửi tới một điểm nối, chung cho mọi tiến trình / limits how fast an endpoint is sent to."""
    try:
        wanted = None if fast.strip() == "0" else read_rate(fast)
    except ValueError as wrong:
        raise typer.BadParameter(str(wrong)) from wrong
    _order(state(context).settings, id, why, who, json=json, change=lambda one: replace(one, rate=wanted))


def list_(context: typer.Context, json: Json = False) -> None:
    """Các điểm nối đang thế nào: tạm dừng, ngắt, còn chờ / how each endpoint does: paused, let alone, what waits."""
    settings = state(context).settings
    now = datetime.now(UTC)
    with journal_of(settings) as journal:
        standing, views = journal.standing(), _views(settings, journal)
    orders = {order.endpoint: order for order in standing.orders}
    ordered = orders.keys() - {ALL}
    names = sorted({name for name, one in settings.endpoints.items() if one.address} | ordered | views.keys())
    lines = [_Line(name, orders.get(name), views.get(name)) for name in names]
    if json:
        out.show_json([_json(line, now) for line in lines])
        return
    titles = ("điểm nối/endpoint", "trạng thái/state", "tới/until", "sẵn sàng/ready", "đang gửi/in flight",
              "hỏng/failures", "tối đa/most", "nhanh nhất/rate", "ai/who", "lý do/why")  # fmt: skip
    out.show_table(titles, [_row(line, settings, now) for line in lines])
    if standing.retries is not None and (standing.retries.until is None or standing.retries.until > now):
        stop = standing.retries
        out.warn(f"Mọi lần gửi lại đang dừng / all retries are stopped · {stop.who}: {stop.why}")


def _order(
    settings: Settings, id: str, why: str, who: str, *, json: bool, change: Callable[[EndpointOrder], EndpointOrder]
) -> None:
    endpoint = settings.endpoints.get(id)
    if endpoint is None or not endpoint.address:
        known = ", ".join(name for name, one in settings.endpoints.items() if one.address)
        raise refused("LT-ISO-001", endpoint=id, known=known or "–")
    order, told = give(settings, id, why, who, change=change)
    if json:
        out.show_json({**_json(_Line(id, order, None), datetime.now(UTC)), "queue_told": told})
        return
    word = "tạm dừng / paused" if order.paused else "được gửi / delivered to"
    most = order.in_flight or settings.queue.in_flight_per_endpoint
    end = f" · tới / until {out.moment(order.until)}" if order.until else ""
    speed = order.rate or endpoint.rate
    fast = f" · nhanh nhất / at most {speed}" if speed else ""
    out.say(f"✓ {id}: {word}{end} · tối đa / at most {most}{fast}", style="green")
    if not told:
        warn_untold()


def _views(settings: Settings, journal: Journal) -> dict[str, EndpointView]:
    from bus.compose import QUEUE_S, open_queue

    queue = open_queue(settings, patience_s=QUEUE_S)
    try:
        queue.adopt(journal.generation())
        return {view.endpoint: view for view in queue.endpoints()}
    except GenerationLost:
        out.warn(
            "Hàng đợi chưa được lập theo nhật ký này: chỉ biết điều đã ra lệnh / the queue is not filled from this "
            "journal yet: only what was ordered is known"
        )
        return {}
    except QueueUnavailable:
        out.warn(
            "Hàng đợi không trả lời: chỉ biết điều nhật ký ghi (lệnh, cấu hình) → lienthong doctor / "
            "the queue does not answer: only what the journal knows is shown (orders, settings)"
        )
        return {}
    finally:
        queue.close()


def _row(line: _Line, settings: Settings, now: datetime) -> tuple[object, ...]:
    view, order = line.view, line.order
    most = (order.in_flight if order else None) or settings.queue.in_flight_per_endpoint
    return (
        line.id, line.state(now), out.moment(line.until(now), short=True), view.ready if view else "–",
        view.in_flight if view else "–", view.failures if view else "–", most, line.rate(settings),
        order.who if order else "", order.why if order else "",
    )  # fmt: skip


def _json(line: _Line, now: datetime) -> dict[str, object]:
    view, order = line.view, line.order
    return {
        "endpoint": line.id,
        "paused": line.state(now).endswith("paused"),
        "breaker": view.state if view else None,
        "until": line.until(now),
        "ready": view.ready if view else None,
        "in_flight": view.in_flight if view else None,
        "failures": view.failures if view else None,
        "in_flight_most": order.in_flight if order else None,
        "rate": line.rate_ordered(),
        "who": order.who if order else "",
        "why": order.why if order else "",
        "at": order.at if order else None,
    }
