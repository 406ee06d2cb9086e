"""`lienthong plan list|show|resume|cancel`: many acts written down as a plan, and what became of each."""

from __future__ import annotations

from typing import Annotated

import typer

from bus.cli import out
from bus.cli.carrying import carry_out_plan, item_json, plan_json, say_plan, short
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.words import PLAN_ACTS, PLAN_ITEM_STATES, PLAN_STATES
from bus.ports import Journal
from bus.records import Plan, PlanItemState, PlanState

Id = Annotated[str, typer.Argument(help="Mã kế hoạch hay phần đầu / id of a plan, or its beginning")]

_LIST = """\b
Ví dụ / examples:
  lienthong plan list
  lienthong plan list --state open                còn việc phải làm / with something left to do
"""
_SHOW = """\b
Ví dụ / examples:
  lienthong plan show 019f3a7c
  lienthong plan show 019f3a7c --state refused    mục không làm được, vì sao / what was not done, and why
"""
_RESUME = """\b
Ví dụ / example:
  lienthong plan resume 019f3a7c                  làm tiếp phần còn lại / goes on with what is left
"""
_CANCEL = """\b
Ví dụ / example:
  lienthong plan cancel 019f3a7c --why "chọn nhầm điểm nhận"
"""


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Kế hoạch nhiều thao tác: xem, làm tiếp, hủy / plans of many acts: look, go on, cancel.",
        no_args_is_help=True, rich_markup_mode=None,
    )  # fmt: skip
    group.command("list", short_help="các kế hoạch / all plans", epilog=_LIST)(list_plans)
    group.command("show", short_help="một kế hoạch / one plan", epilog=_SHOW)(show)
    group.command("resume", short_help="làm phần còn lại / do what is left", epilog=_RESUME)(resume)
    group.command("cancel", short_help="bỏ phần còn lại / drop what is left", epilog=_CANCEL)(cancel)
    app.add_typer(group, name="plan", short_help="kế hoạch nhiều thao tác / plans of many acts")


def list_plans(
    context: typer.Context,
    in_state: Annotated[PlanState | None, typer.Option("--state", help="Trạng thái kế hoạch / state of a plan")] = None,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="Nhiều nhất / at most")] = 20,
    json: Json = False,
) -> None:
    """Các kế hoạch, mới nhất trước; mã thoát 1 = không có / plans, newest first; exit code 1 = none."""
    with journal_of(state(context).settings) as journal:
        plans = journal.plans(limit=limit, state=in_state)
    if json:
        for plan in plans:
            out.show_json(plan_json(plan), one_line=True)
    elif plans:
        titles = ("mã/id", "lúc/time", "từ/source", "trạng thái/state", "mục/items", "còn/left", "ai/who", "vì/why")
        out.show_table(titles, map(_row, plans))
    else:
        out.warn("Không có kế hoạch nào / no plans")
    if not plans:
        raise typer.Exit(1)


def _row(plan: Plan) -> list[object]:
    vi, en, _ = PLAN_STATES[plan.state]
    left = plan.tally[PlanItemState.OPEN]
    return [short(plan), out.moment(plan.made_at), plan.source, f"{vi} / {en}", plan.total, left, plan.who, plan.why]


def show(
    context: typer.Context,
    id: Id,
    in_state: Annotated[
        PlanItemState | None, typer.Option("--state", help="Trạng thái của mục / state of an item")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Nhiều nhất / at most")] = 500,
    json: Json = False,
) -> None:
    """Một kế hoạch với từng mục và kết quả / one plan with each item and what became of it."""
    with journal_of(state(context).settings) as journal:
        plan = plan_of(journal, id)
        items = journal.plan_items(plan.id, limit=limit, state=in_state)
    if json:
        out.show_json({**plan_json(plan), "list": [item_json(one) for one in items]})
        return
    say_plan(plan)
    rows = (
        (one.number, PLAN_ACTS[one.act], one.subject, PLAN_ITEM_STATES[one.state][0], one.result or one.note)
        for one in items
    )
    out.show_table(("số/no", "việc/act", "của/subject", "trạng thái/state", "kết quả/result"), rows)


def resume(context: typer.Context, id: Id, who: Who = "", json: Json = False) -> None:
    """Làm phần còn lại của một kế hoạch, mỗi mục một lần / does what is left of a plan, each item once."""
    settings = state(context).settings
    with journal_of(settings) as journal:
        plan = plan_of(journal, id)
        if plan.state is not PlanState.OPEN:
            raise refused("LT-CLI-041", id=short(plan), state=PLAN_STATES[plan.state][0])
        carry_out_plan(settings, journal, plan, who=person(who), json=json)


def cancel(
    context: typer.Context,
    id: Id,
    why: Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")],
    who: Who = "",
    json: Json = False,
) -> None:
    """Bỏ phần còn lại; điều đã làm giữ nguyên / drops what is left; what was done stays done."""
    if not why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(state(context).settings) as journal:
        plan = plan_of(journal, id)
        if plan.state is not PlanState.OPEN:
            raise refused("LT-CLI-041", id=short(plan), state=PLAN_STATES[plan.state][0])
        ended = journal.end_plan(plan.id, who=person(who), why=why.strip()).result()
    assert ended is not None, "found a moment ago"
    if json:
        out.show_json(plan_json(ended))
    else:
        say_plan(ended)


def plan_of(journal: Journal, text: str) -> Plan:
    """The one plan that is meant.

    Raises:
        Refused: there is none, or there are several (LT-CLI-040).
    """
    text = text.strip()
    found = journal.plan(text)
    if found is not None:
        return found
    alike = [plan for plan in journal.plans(limit=10_000) if text and plan.id.startswith(text)]
    if len(alike) != 1:
        raise refused("LT-CLI-040", id=text, count=len(alike))
    return alike[0]
