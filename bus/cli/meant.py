"""Many deliveries at once: what the filters of the acts mean, shown as a plan before anything is done."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.bulk import MOST, Selection, select
from bus.cli import out
from bus.cli.carrying import carry_out_plan
from bus.cli.context import journal_of, person
from bus.cli.moments import read_moment
from bus.cli.reach import message_of
from bus.cli.words import PLAN_ACTS, STATES
from bus.delivery import State
from bus.ports import Journal
from bus.records import Found, PlanAct, PlanDraft, PlanLine

if TYPE_CHECKING:
    from bus.settings import Settings

Problem = Annotated[str, typer.Option("--problem", help="Nhiều cùng lúc: mã vấn đề / many at once: problem code")]
To = Annotated[str, typer.Option("--endpoint", help="Nhiều cùng lúc: điểm nhận / many at once: endpoint")]
OfKind = Annotated[str, typer.Option("--kind", help="Nhiều cùng lúc: loại thông điệp / many at once: kind")]
Since = Annotated[str, typer.Option("--since", help="Nhiều cùng lúc: nhận từ lúc (2h, 3d) / many: received since")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=MOST, help="Nhiều nhất bao nhiêu / at most so many")]
PerMinute = Annotated[
    int,
    typer.Option("--per-minute", min=0, help="Mỗi phút nhiều nhất; 0 = không hạn chế / at most a minute; 0 = no limit"),
]
DRIP = 600  # a minute
_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Filters:
    """What was typed."""

    problem: str = ""
    endpoint: str = ""
    kind: str = ""
    since: str = ""
    limit: int = MOST
    state: State = State.PARKED

    @property
    def given(self) -> bool:
        """Several are meant."""
        return bool(self.problem or self.endpoint or self.kind or self.since)

    def selection(self, act: PlanAct) -> Selection:
        """For the journal."""
        return Selection(act, self.state, self.problem, self.endpoint, self.kind, _moment(self.since), self.limit)


@dataclass(frozen=True, slots=True)
class Way:
    """How it is to be done."""

    act: PlanAct
    source: str  # the command
    why: str
    who: str
    per_minute: int
    yes: bool
    dry_run: bool
    json: bool


def one_or_many(id: str, filters: Filters) -> bool:
    """True: many. Either an id or filters, never both, never neither."""
    if bool(id.strip()) is filters.given:
        said = "ghi một mã, hoặc điều kiện lọc / an id, or filters: --problem, --endpoint, --kind, --since"
        raise typer.BadParameter(said, param_hint="ID")
    return filters.given


def act_on_many(settings: Settings, filters: Filters, way: Way) -> None:
    """Shows what is meant and what would come of it; then, if that is wanted, keeps it as a plan and carries it out."""
    if not way.why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        found = select(journal, filters.selection(way.act))
        if not found:
            out.warn("Không có gì khớp / nothing fits")
            raise typer.Exit(1)
        if way.dry_run or not way.json:
            _show(journal, found, way)
        if way.dry_run:
            return
        _ask(way)
        lines = tuple(line for line, _ in found)
        draft = PlanDraft(person(way.who), way.why.strip(), way.source, lines, way.per_minute)
        plan = journal.make_plan(draft).result()
        carry_out_plan(settings, journal, plan, who=plan.who, json=way.json)


def take_one_again(settings: Settings, id: str, way: Way) -> None:
    """One refused message, as a plan of one."""
    if not way.why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        envelope = message_of(journal, id).envelope
        out.say(f"{envelope.id} · {PLAN_ACTS[way.act]} / {way.act.value}") if not way.json else None
        if way.dry_run:
            return
        line = PlanLine(envelope.id, way.act)
        plan = journal.make_plan(PlanDraft(person(way.who), way.why.strip(), way.source, (line,))).result()
        carry_out_plan(settings, journal, plan, who=plan.who, json=way.json)


def _ask(way: Way) -> None:
    if not way.yes:
        ask_or_end(json=way.json)


def ask_or_end(*, json: bool) -> None:
    """Goes on after a yes. Where nobody can be asked the command ends, and says that nothing was done."""
    if json or not (sys.stdin.isatty() and out.console.is_terminal):
        out.warn("Chưa làm gì: thêm --yes để làm / nothing was done: add --yes to do it")
        raise typer.Exit(1)
    typer.confirm("Làm không / go on?", abort=True)


def _show(journal: Journal, found: Sequence[tuple[PlanLine, Found]], way: Way) -> None:
    ids = [one.delivery.id for _, one in found if one.delivery is not None]
    behind = journal.behind(ids) if way.act is not PlanAct.TAKE_AGAIN else {}
    if way.json:
        out.show_json(_json(found, behind, way))
        return
    ends = Counter(_whereto(one) for _, one in found)
    waiting = sum(behind.values())
    out.say(f"{len(found)} × {PLAN_ACTS[way.act]} / {way.act.value}", style="bold")
    for name, many in ends.most_common():
        out.say(f"  {many} · {name}")
    if behind:
        out.say(f"  {waiting} lượt giao đang chờ phía sau / deliveries wait behind them")
    if way.per_minute:
        minutes = max(1, round(len(found) / way.per_minute))
        out.say(f"  nhiều nhất {way.per_minute} mỗi phút: khoảng {minutes} phút / about {minutes} min")
    for line, one in found[:_SHOWN]:
        said = STATES[one.delivery.state][0] if one.delivery else "từ chối"
        out.say(f"  {line.subject}  {said}  {', '.join(one.problem_codes)}", style="dim")
    if found[_SHOWN:]:
        out.say(f"  … {len(found) - _SHOWN} nữa / more", style="dim")


def _whereto(found: Found) -> str:
    return found.delivery.endpoint if found.delivery is not None else f"từ / from {found.envelope.sender.system}"


def _json(found: Sequence[tuple[PlanLine, Found]], behind: object, way: Way) -> dict[str, object]:
    waiting = dict(behind) if isinstance(behind, dict) else {}
    return {
        "act": way.act.value,
        "dry_run": True,
        "count": len(found),
        "behind": sum(waiting.values()),
        "per_minute": way.per_minute,
        "endpoints": dict(Counter(one.delivery.endpoint for _, one in found if one.delivery is not None)),
        "subjects": [line.subject for line, _ in found],
    }


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return read_moment(text, now=datetime.now(UTC))
    except ValueError as wrong:
        said = "viết như / write it like: 30m, 2h, 3d, 06/07/2026, 2026-07-06T08:00"
        raise typer.BadParameter(said, param_hint="--since") from wrong
