"""`lienthong endpoint pause|resume|cap|list`: what a person orders for one partner connection, and how it does."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.moments import read_moment
from bus.ports import GenerationLost, Journal, QueueUnavailable
from bus.records import EndpointOrder, EndpointView, Standing

if TYPE_CHECKING:
    from bus.settings import Settings

Id = Annotated[str, typer.Argument(help="Mã điểm nối trong partners.toml / id of the endpoint in partners.toml")]
Why = Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")]

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


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Tạm dừng, cho chạy lại, giới hạn, xem các điểm nối / pause, resume, cap and look at endpoints",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("pause", short_help="tạm dừng gửi tới một điểm nối / pause an endpoint", epilog=_PAUSE)(pause)
    group.command("resume", short_help="cho gửi lại / resume an endpoint", epilog=_RESUME)(resume)
    group.command("cap", short_help="giới hạn số lượt cùng lúc / cap deliveries at once", epilog=_CAP)(cap)
    group.command("list", short_help="các điểm nối đang thế nào / how endpoints do", epilog=_LIST)(list_)
    app.add_typer(group, name="endpoint")


def pause(
    context: typer.Context,
    id: Id,
    why: Why,
    until: Annotated[
        str,
        typer.Option("--until", metavar="LÚC", help="Tự hết lúc nào, hay sau bao lâu (2h) / when it ends, or a span"),
    ] = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Tạm dừng gửi tới một điểm nối; không mất lần thử nào / pauses an endpoint; no attempt is used up."""
    now = datetime.now(UTC)
    end = _end(until, now) if until else None
    _order(state(context).settings, id, why, who, json=json, paused=True, until=end)


def resume(context: typer.Context, id: Id, why: Why, who: Who = "", json: Json = False) -> None:
    """Cho gửi lại tới một điểm nối / resumes an endpoint."""
    _order(state(context).settings, id, why, who, json=json, paused=False)


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
    _order(settings, id, why, who, json=json, in_flight=most or None)


def list_(context: typer.Context, json: Json = False) -> None:
    """Các điểm nối đang thế nào: tạm dừng, ngắt, còn chờ / how each endpoint does: paused, let alone, what waits."""
    settings = state(context).settings
    now = datetime.now(UTC)
    with journal_of(settings) as journal:
        standing, views = journal.standing(), _views(settings, journal)
    orders = {order.endpoint: order for order in standing.orders}
    names = sorted({name for name, one in settings.endpoints.items() if one.address} | orders.keys() | views.keys())
    lines = [_Line(name, orders.get(name), views.get(name)) for name in names]
    if json:
        out.show_json([_json(line, now) for line in lines])
        return
    titles = ("điểm nối/endpoint", "trạng thái/state", "tới/until", "sẵn sàng/ready", "đang gửi/in flight",
              "hỏng/failures", "tối đa/most", "ai/who", "lý do/why")  # fmt: skip
    out.show_table(titles, [_row(line, settings, now) for line in lines])


def _end(text: str, now: datetime) -> datetime:
    try:
        end = read_moment(text, now=now)
    except ValueError as wrong:
        raise typer.BadParameter(f"không hiểu / not a moment: {text}", param_hint="--until") from wrong
    if end < now and text.strip()[-1] in "smhdw":
        end = now + (now - end)  # a span counts forward here
    if end <= now:
        raise typer.BadParameter(f"đã qua / is past: {out.moment(end)}", param_hint="--until")
    return end


def _order(settings: Settings, id: str, why: str, who: str, *, json: bool, **change: object) -> None:
    if not why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    endpoint = settings.endpoints.get(id)
    if endpoint is None or not endpoint.address:
        known = ", ".join(name for name, one in settings.endpoints.items() if one.address)
        raise refused("LT-ISO-001", endpoint=id, known=known or "–")
    with journal_of(settings) as journal:
        before = {order.endpoint: order for order in journal.standing().orders}
        order = replace(before.get(id) or EndpointOrder(id, "", ""), who=person(who), why=why.strip(), at=None)
        if change.get("paused") is not None:
            order = replace(order, until=None)
        standing = journal.order(replace(order, **change)).result()  # type: ignore[arg-type]  # names of its fields
        told = _tell(settings, journal, standing)
        order = next((one for one in standing.orders if one.endpoint == id), EndpointOrder(id, person(who), why))
    if json:
        out.show_json({**_json(_Line(id, order, None), datetime.now(UTC)), "queue_told": told})
        return
    word = "tạm dừng / paused" if order.paused else "được gửi / delivered to"
    most = order.in_flight or settings.queue.in_flight_per_endpoint
    end = f" · tới / until {out.moment(order.until)}" if order.until else ""
    out.say(f"✓ {id}: {word}{end} · tối đa / at most {most}", style="green")
    if not told:
        out.warn(
            "Hàng đợi đang tắt: đã ghi, sẽ theo khi chạy lại / the queue is away: recorded, obeyed when it is back"
        )


def _tell(settings: Settings, journal: Journal, standing: Standing) -> bool:
    """At once; the feeders would do it within a second."""
    from bus.compose import open_queue

    logging.getLogger("lienthong").setLevel(logging.ERROR)
    queue = open_queue(settings)
    try:
        queue.adopt(journal.generation())
        queue.obey(standing)
    except (GenerationLost, QueueUnavailable):
        return False
    finally:
        queue.close()
    return True


def _views(settings: Settings, journal: Journal) -> dict[str, EndpointView]:
    from bus.compose import open_queue

    queue = open_queue(settings)
    try:
        queue.adopt(journal.generation())
        return {view.endpoint: view for view in queue.endpoints()}
    except (GenerationLost, QueueUnavailable):
        out.warn("Hàng đợi đang tắt: chỉ biết điều đã ra lệnh / the queue is away: only what was ordered is known")
        return {}
    finally:
        queue.close()


def _row(line: _Line, settings: Settings, now: datetime) -> tuple[object, ...]:
    view, order = line.view, line.order
    most = (order.in_flight if order else None) or settings.queue.in_flight_per_endpoint
    return (
        line.id, line.state(now), out.moment(line.until(now), short=True), view.ready if view else "–",
        view.in_flight if view else "–", view.failures if view else "–", most, order.who if order else "",
        order.why if order else "",
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
        "who": order.who if order else "",
        "why": order.why if order else "",
        "at": order.at if order else None,
    }
