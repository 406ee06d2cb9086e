"""`lienthong release|replay|cancel`: a person's act on one delivery, or on many at once, with a reason, recorded."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bus.bulk import MOST
from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.meant import (
    DRIP,
    Filters,
    Limit,
    OfKind,
    PerMinute,
    Problem,
    Since,
    To,
    Way,
    act_on_many,
    ask_or_end,
    one_or_many,
    take_one_again,
)
from bus.cli.reach import delivery_of
from bus.cli.words import ACTS, STATES, both
from bus.delivery import Delivery, State
from bus.ports import Journal
from bus.records import Act, Acted, Action, PlanAct

if TYPE_CHECKING:
    from bus.settings import Settings

Id = Annotated[
    str,
    typer.Argument(
        help="Mã lượt giao, hay mã thông điệp có một lượt giao; bỏ trống khi lọc / delivery id, or a message with one"
    ),
]
Why = Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Không hỏi lại / do not ask")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Chỉ nói sẽ làm gì / only say what would happen")]

_WILL = {
    Act.RELEASE: ("gửi ngay, đúng nội dung đã lập", "sent now, with the content already made"),
    Act.REPLAY: ("dịch lại theo ánh xạ hiện nay rồi gửi, cùng mã", "translated anew by today's maps and sent, same id"),
    Act.CANCEL: ("không bao giờ gửi nữa", "never sent any more"),
}
_AS_THEN = ("gửi lại đúng nội dung lần trước, cùng mã", "the same content as before is sent again, same id")

_RELEASE = """\b
Ví dụ / examples:
  lienthong release 019f3a7c --why "cổng đã hoạt động lại"
  lienthong release 019f3a7c…:cong_dvcqg --why "đã sửa mật khẩu" --who van.hanh
  lienthong release --problem LT-DLV-002 --endpoint gplx_dlms --since 2d --why "đã hoạt động lại" --dry-run
  lienthong release --problem LT-DLV-002 --endpoint gplx_dlms --why "đã hoạt động lại" --per-minute 60 --yes
"""
_REPLAY = """\b
Ví dụ / examples:
  lienthong replay 019f3a7c --why "đã thêm mã vào bảng"            dịch lại / translated anew
  lienthong replay 019f3a7c --why "bên nhận làm mất" --as-then     đúng nội dung cũ / the content made then
  lienthong replay --problem LT-MAP-120 --since 1d --why "đã thêm mã vào bảng"      nhiều cùng lúc / many at once
  lienthong replay --from-raw --problem LT-MAP-120 --why "đã sửa bảng mã"    nhận lại bản bị từ chối / refused ones
"""
_CANCEL = """\b
Ví dụ / examples:
  lienthong cancel 019f3a7c --why "hồ sơ nộp nhầm, đơn vị đã xác nhận"
  lienthong cancel 019f3a7c --why "…" --dry-run                     xem trước / look first
  lienthong cancel --problem LT-JRN-003 --endpoint gplx_dlms --why "đã hủy cùng hồ sơ" --limit 20
"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """One act as typed."""

    act: Act
    id: str
    why: str
    who: str
    yes: bool
    dry_run: bool
    json: bool
    as_then: bool = False


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("release", short_help="thả một lượt giao / let a resting delivery go", epilog=_RELEASE)(release)
    app.command("replay", short_help="phát lại một lượt giao / send a delivery again", epilog=_REPLAY)(replay)
    app.command("cancel", short_help="hủy một lượt giao / cancel a delivery", epilog=_CANCEL)(cancel)


def release(
    context: typer.Context,
    why: Why,
    id: Id = "",
    who: Who = "",
    problem: Problem = "",
    endpoint: To = "",
    kind: OfKind = "",
    since: Since = "",
    limit: Limit = MOST,
    per_minute: PerMinute = DRIP,
    yes: Yes = False,
    dry_run: Dry = False,
    json: Json = False,
) -> None:
    """Thả lượt giao đang chờ xử lý tay hay chờ giờ / lets a parked or waiting delivery go now, or many parked ones.

    Nhiều cùng lúc thì lập kế hoạch trước: xem, hỏi, rồi làm / many at once are shown as a plan first.
    """
    settings, filters = state(context).settings, Filters(problem, endpoint, kind, since, limit)
    if one_or_many(id, filters):
        act_on_many(settings, filters, Way(PlanAct.RELEASE, "release", why, who, per_minute, yes, dry_run, json))
        return
    _act(settings, _Asked(Act.RELEASE, id, why, who, yes, dry_run, json))


def replay(
    context: typer.Context,
    why: Why,
    id: Id = "",
    who: Who = "",
    as_then: Annotated[
        bool, typer.Option("--as-then", help="Đúng nội dung lần trước / the content made then, not anew")
    ] = False,
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="Nhận lại thông điệp bị từ chối, từ bản gốc / refused messages, anew")
    ] = False,
    in_state: Annotated[
        State, typer.Option("--state", help="Nhiều cùng lúc: đang ở trạng thái / many at once: now in this state")
    ] = State.PARKED,
    problem: Problem = "",
    endpoint: To = "",
    kind: OfKind = "",
    since: Since = "",
    limit: Limit = MOST,
    per_minute: PerMinute = DRIP,
    yes: Yes = False,
    dry_run: Dry = False,
    json: Json = False,
) -> None:
    """Gửi lại lượt giao, cùng mã, cả khi đã giao / sends deliveries again, same id, even delivered ones.

    --from-raw: thông điệp bị từ chối vì bảng hay ánh xạ sai được nhận lại từ bản gốc / what was refused because of a
    wrong table or map is translated again from the bytes as they came.
    """
    if from_raw and as_then:
        raise typer.BadParameter("không đi cùng --as-then / not with --as-then", param_hint="--from-raw")
    settings, filters = state(context).settings, Filters(problem, endpoint, kind, since, limit, in_state)
    act = PlanAct.TAKE_AGAIN if from_raw else PlanAct.REPLAY_AS_THEN if as_then else PlanAct.REPLAY
    way = Way(act, "replay", why, who, per_minute, yes, dry_run, json)
    if one_or_many(id, filters):
        act_on_many(settings, filters, way)
    elif from_raw:
        take_one_again(settings, id, way)
    else:
        _act(settings, _Asked(Act.REPLAY, id, why, who, yes, dry_run, json, as_then))


def cancel(
    context: typer.Context,
    why: Why,
    id: Id = "",
    who: Who = "",
    problem: Problem = "",
    endpoint: To = "",
    kind: OfKind = "",
    since: Since = "",
    limit: Limit = MOST,
    per_minute: PerMinute = DRIP,
    yes: Yes = False,
    dry_run: Dry = False,
    json: Json = False,
) -> None:
    """Hủy lượt giao chưa giao / cancels deliveries that are still open; what waits behind them goes on."""
    settings, filters = state(context).settings, Filters(problem, endpoint, kind, since, limit)
    if one_or_many(id, filters):
        act_on_many(settings, filters, Way(PlanAct.CANCEL, "cancel", why, who, per_minute, yes, dry_run, json))
        return
    _act(settings, _Asked(Act.CANCEL, id, why, who, yes, dry_run, json))


def _act(settings: Settings, asked: _Asked) -> None:
    if not asked.why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        _, delivery = delivery_of(journal, asked.id, asked.act)
        behind = journal.behind([delivery.id]).get(delivery.id, 0)
        if not asked.json:
            _say_what(asked, delivery, behind)
        if asked.dry_run:
            if asked.json:
                out.show_json(_json(asked, delivery, behind, None, told=False))
            return
        _confirm(asked, delivery)
        action = Action(asked.act, delivery.id, person(asked.who), asked.why.strip(), asked.as_then)
        acted, told = _carry_out(settings, journal, action)
    if asked.json:
        out.show_json(_json(asked, delivery, behind, acted, told=told))
    elif acted.done:
        _say_done(asked, acted, told=told)
    if not acted.done:
        if asked.json:
            raise typer.Exit(1)
        raise refused(
            "LT-CLI-006", act=ACTS[asked.act.value], name=asked.act.value, delivery=delivery.id, reason=acted.reason
        )


def _carry_out(settings: Settings, journal: Journal, action: Action) -> tuple[Acted, bool]:
    """Also whether the queue was there to be told."""
    from bus.compose import QUEUE_S, open_queue
    from bus.feeder import Feeder
    from bus.ports import QueueUnavailable
    from bus.replay import carry_out

    logging.getLogger("lienthong").setLevel(logging.ERROR)  # said in our own words below
    queue = open_queue(settings, patience_s=QUEUE_S)
    try:
        acted = carry_out(action, journal, Feeder(journal, queue))
        queue.ping()
    except QueueUnavailable:
        return acted, False
    finally:
        queue.close()
    return acted, True


def _say_what(asked: _Asked, delivery: Delivery, behind: int) -> None:
    vi, en = _AS_THEN if asked.as_then else _WILL[asked.act]
    out.say(f"{delivery.id}", style="bold")
    out.say(f"  {delivery.operation} → {delivery.endpoint} · {both(STATES[delivery.state])}")
    out.say(f"  {ACTS[asked.act.value]}: {vi} / {asked.act.value}: {en}")
    out.say(f"  {behind} lượt giao chờ sau nó / deliveries wait behind it")


def _confirm(asked: _Asked, delivery: Delivery) -> None:
    """Only what cannot be undone is asked again; where nobody can answer it is not done."""
    grave = asked.act is Act.CANCEL or (asked.act is Act.REPLAY and delivery.state is State.DELIVERED)
    if grave and not asked.yes:
        ask_or_end(json=asked.json)


def _say_done(asked: _Asked, acted: Acted, *, told: bool) -> None:
    out.say(f"✓ {ACTS[asked.act.value]} / {asked.act.value} → {both(STATES[acted.state])}", style="green")
    if not told:
        out.warn(
            "Hàng đợi đang tắt: đã ghi, sẽ làm khi bus chạy lại / the queue is away: recorded, done when it is back"
        )


def _json(asked: _Asked, delivery: Delivery, behind: int, acted: Acted | None, *, told: bool) -> dict[str, object]:
    return {
        "act": asked.act.value,
        "delivery": delivery.id,
        "endpoint": delivery.endpoint,
        "state_before": delivery.state.value,
        "behind": behind,
        "dry_run": acted is None,
        "done": acted is not None and acted.done,
        "state": (acted.state if acted else delivery.state).value,
        "reason": acted.reason if acted else "",
        "queue_told": told,
    }
