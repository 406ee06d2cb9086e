"""`lienthong release|replay|cancel|settle`: a person's act on one delivery, or on many, with a reason, recorded."""

from __future__ import annotations

from typing import Annotated

import typer

from bus.cli.acting import Asked, act_on_one
from bus.cli.chosen import Chosen, on_one_or_many
from bus.cli.context import state
from bus.cli.meant import act_on_many, take_one_again
from bus.delivery import State
from bus.records import Act, PlanAct

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
_SETTLE = """\b
Ví dụ / examples:
  lienthong settle 019f3a7c --delivered --why "bên nhận xác nhận qua điện thoại, ông A, 10:20"
  lienthong settle 019f3a7c --not-delivered --why "bên nhận tra sổ: không có"      gửi lại / sent again
  lienthong settle --delivered --state unclear --endpoint gplx_dlms --since 1d --why "công văn 12" --dry-run
Mã thoát / exit codes: 0 đã ghi / recorded · 1 không làm, hay có mục không làm được / not done, or some not · 2 · 3
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("release", short_help="thả một lượt giao / let a resting delivery go", epilog=_RELEASE)(release)
    app.command("replay", short_help="phát lại một lượt giao / send a delivery again", epilog=_REPLAY)(replay)
    app.command("cancel", short_help="hủy một lượt giao / cancel a delivery", epilog=_CANCEL)(cancel)
    app.command("settle", short_help="ghi theo lời bên nhận / settle on the partner's word", epilog=_SETTLE)(settle)


@on_one_or_many
def release(context: typer.Context, chosen: Chosen) -> None:
    """Thả lượt giao đang chờ xử lý tay hay chờ giờ / lets a parked or waiting delivery go now, or many parked ones.

    Nhiều cùng lúc thì lập kế hoạch trước: xem, hỏi, rồi làm / many at once are shown as a plan first.
    """
    _act(context, chosen, Act.RELEASE, PlanAct.RELEASE, "release")


@on_one_or_many
def replay(
    context: typer.Context,
    chosen: Chosen,
    *,
    as_then: Annotated[
        bool, typer.Option("--as-then", help="Đúng nội dung lần trước / the content made then, not anew")
    ] = False,
    from_raw: Annotated[
        bool, typer.Option("--from-raw", help="Nhận lại thông điệp bị từ chối, từ bản gốc / refused messages, anew")
    ] = False,
    in_state: Annotated[
        State, typer.Option("--state", help="Nhiều cùng lúc: đang ở trạng thái / many at once: now in this state")
    ] = State.PARKED,
) -> None:
    """Gửi lại lượt giao, cùng mã, cả khi đã giao / sends deliveries again, same id, even delivered ones.

    --from-raw: thông điệp bị từ chối vì bảng hay ánh xạ sai được nhận lại từ bản gốc / what was refused because of a
    wrong table or map is translated again from the bytes as they came.

    Chỉ cho thông điệp bị từ chối: cái đã nhận thì
    giữ khóa chống trùng và mã cũ, nhận lần nữa sẽ thành hồ sơ thứ hai ở bên nhận; hãy replay không có --from-raw (dịch
    lại từ bản chuẩn) / refused messages only: what was accepted keeps its key and its id, taken again it would reach
    the receiver as a second one; replay without --from-raw translates it anew from its canonical form.
    """
    if from_raw and as_then:
        raise typer.BadParameter("không đi cùng --as-then / not with --as-then", param_hint="--from-raw")
    if not from_raw:
        act = PlanAct.REPLAY_AS_THEN if as_then else PlanAct.REPLAY
        _act(context, chosen, Act.REPLAY, act, "replay", in_state=in_state, as_then=as_then)
        return
    settings, way = state(context).settings, chosen.way(PlanAct.TAKE_AGAIN, "replay")
    if chosen.is_many:
        act_on_many(settings, chosen.filters(in_state), way)
    else:
        take_one_again(settings, chosen.id, way)


@on_one_or_many
def cancel(context: typer.Context, chosen: Chosen) -> None:
    """Hủy lượt giao chưa giao / cancels deliveries that are still open; what waits behind them goes on."""
    _act(context, chosen, Act.CANCEL, PlanAct.CANCEL, "cancel")


@on_one_or_many
def settle(
    context: typer.Context,
    chosen: Chosen,
    *,
    delivered: Annotated[
        bool,
        typer.Option(
            "--delivered/--not-delivered",
            help="Bên nhận nói đã có, hay chưa có / the partner says that it has it, or that it has not",
        ),
    ],
    in_state: Annotated[
        State, typer.Option("--state", help="Nhiều cùng lúc: đang ở trạng thái / many at once: now in this state")
    ] = State.PARKED,
) -> None:
    """Ghi theo lời của bên nhận cho lượt giao chưa rõ hay chờ xử lý tay / settles an unclear or parked delivery.

    --delivered: bên nhận đã có; ghi là đã giao, không gửi gì, bản tin đi sau được đi / it has it: nothing is sent.

    --not-delivered: bên nhận chưa có; gửi lại đúng nội dung đó, cùng mã, không hỏi nữa / it has not: sent again.

    Lượt giao đã đổi trong lúc người ta đang hỏi thì không đụng tới / one that changed meanwhile is not touched.
    """
    act, many = (Act.SETTLE, PlanAct.SETTLE) if delivered else (Act.DENY, PlanAct.DENY)
    _act(context, chosen, act, many, "settle", in_state=in_state)


def _act(
    context: typer.Context, chosen: Chosen, act: Act, many: PlanAct, source: str, *,
    in_state: State = State.PARKED, as_then: bool = False,
) -> None:  # fmt: skip
    settings = state(context).settings
    if chosen.is_many:
        act_on_many(settings, chosen.filters(in_state), chosen.way(many, source))
        return
    asked = Asked(act, chosen.id, chosen.why, chosen.who, chosen.yes, chosen.dry_run, chosen.json, as_then)
    act_on_one(settings, asked)
