"""`lienthong reconcile`: what the journal says was delivered against what the partners say they have."""

from __future__ import annotations

import logging
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.moments import read_moment
from bus.ports import Journal
from bus.records import Progress, Reconciliation, Scope

if TYPE_CHECKING:
    from bus.cli.reconcile_run import Manner
    from bus.settings import Settings

DIFFERENT, INCOMPLETE = 1, 3
_MOST = 200  # runs in a list

EXAMPLES = """\b
Ví dụ / examples:
  lienthong reconcile --since 1d                            hồ sơ có tin từ hôm qua / of the last day
  lienthong reconcile --since 01/07/2026 --until 08/07/2026 --report tuan-27.csv
  lienthong reconcile --since 7d --endpoint cong_dvcqg --agency H99.12
  lienthong reconcile --dossier H99.12-260706-00017         một hồ sơ / one dossier
  lienthong reconcile --resume 019f3a7c                     làm tiếp, hay xem lại / go on, or see again
  lienthong reconcile --resume 019f3a7c --apply --why "cổng mất dữ liệu đêm 05/07"
  lienthong reconcile --list
Mã thoát / exit codes: 0 khớp, hay kế hoạch đã lập (--apply) / equal, or the plan was made · 1 có khác nhau (--apply:
  không có gì sửa được, hay không lập) / differences (--apply: nothing to repair, or no plan made) · 2 gõ sai / usage ·
  3 chưa hỏi hết / incomplete, also with a plan
"""


@dataclass(frozen=True, slots=True)
class _Asked:
    """The command as typed."""

    who: str
    why: str
    json: bool
    report: Path | None
    apply: bool
    yes: bool


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("reconcile", short_help="đối soát với các bên nhận / compare with the receivers", epilog=EXAMPLES)(
        reconcile
    )


def reconcile(
    context: typer.Context,
    since: Annotated[
        str, typer.Option("--since", metavar="LÚC", help="Hồ sơ có tin từ lúc / dossiers with messages since (1d)")
    ] = "",
    until: Annotated[str, typer.Option("--until", metavar="LÚC", help="Tới trước lúc / before (default: now)")] = "",
    endpoint: Annotated[str, typer.Option(help="Chỉ điểm nối này / this endpoint only")] = "",
    agency: Annotated[str, typer.Option(help="Chỉ cơ quan gửi này và đơn vị dưới nó / this sending agency only")] = "",
    dossier: Annotated[str, typer.Option(help="Chỉ một hồ sơ, theo mã bất kỳ của nó / one dossier, by any code")] = "",
    resume: Annotated[
        str, typer.Option("--resume", metavar="MÃ", help="Làm tiếp hay xem lại một lần / go on with a run, or show it")
    ] = "",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE.csv", help="Ghi cả báo cáo ra CSV / the whole report")
    ] = None,
    apply: Annotated[
        bool, typer.Option("--apply", help="Lập kế hoạch sửa, hỏi trước / make the plan, asking first")
    ] = False,
    why: Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do sửa / the reason, with --apply")] = "",
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Không hỏi lại / do not ask")] = False,
    list_: Annotated[bool, typer.Option("--list", help="Các lần đối soát / the runs so far")] = False,
    rate: Annotated[
        float,
        typer.Option(min=0.01, max=1000, help="Câu hỏi mỗi giây tới một nơi / questions a second to one endpoint"),
    ] = 5.0,
    parallel: Annotated[int, typer.Option(min=1, max=64, help="Câu hỏi cùng lúc / questions at once")] = 4,
    patience: Annotated[
        float, typer.Option(min=0, help="Đợi một nơi đang nghỉ bao nhiêu giây / seconds to wait for a resting endpoint")
    ] = 60.0,
    who: Who = "",
    json: Json = False,
) -> None:
    """Đối soát: hỏi từng bên nhận, so với nhật ký, không sửa gì / asks each receiver and compares; changes nothing."""
    from bus.cli.reconcile_run import Manner

    settings = state(context).settings
    asked = _Asked(person(who), why.strip(), json, report, apply, yes)
    if apply and not asked.why:
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        if list_:
            _list(journal, json=json)
            return
        if endpoint and endpoint not in settings.endpoints:
            raise refused("LT-REC-001", endpoint=endpoint, known=", ".join(settings.endpoints) or "–")
        manner = Manner(rate, patience, parallel)
        scope = None if resume else _scope(journal, since, until, endpoint, agency, dossier)
        run, why_not = _compare(settings, journal, manner, asked.who, scope if scope is not None else resume)
        _show(journal, run, asked)
        if why_not:
            out.warn(why_not)
        planned = apply and _apply(journal, run, asked)
    raise typer.Exit(_code(run, planned=planned))


def _scope(journal: Journal, since: str, until: str, endpoint: str, agency: str, dossier: str) -> Scope:
    now = datetime.now(UTC)
    found = ""
    if dossier:
        found = _dossier(journal, dossier)
    elif not since:
        raise typer.BadParameter(
            "phải có --since, --dossier hay --resume / one of these is needed", param_hint="--since"
        )
    end = _moment(until, now, "--until") if until else now
    begin = _moment(since, now, "--since") if since else end - timedelta(microseconds=1)
    if begin >= end:
        raise typer.BadParameter("phải trước --until / must be before --until", param_hint="--since")
    return Scope(begin, end, endpoint, agency, found)


def _moment(text: str, now: datetime, option: str) -> datetime:
    try:
        return read_moment(text, now=now)
    except ValueError as wrong:
        said = "viết như / write it like: 30m, 2h, 3d, 06/07/2026, 2026-07-06T08:00"
        raise typer.BadParameter(said, param_hint=option) from wrong


def _dossier(journal: Journal, text: str) -> str:
    """The dossier that somebody calls so."""
    from bus.records import Query

    found = {line.envelope.order_key for line in journal.find(Query(text=text.strip(), verdict="accepted", limit=200))}
    exact = found - {""}
    if len(exact) != 1:
        raise refused("LT-REC-002", dossier=text, count=len(exact))
    return exact.pop()


def _run_of(journal: Journal, text: str) -> Reconciliation:
    found = [run for run in journal.reconciliations(limit=_MOST) if run.id.startswith(text.strip())]
    if len(found) != 1:
        raise refused("LT-REC-003", id=text, count=len(found))
    return found[0]


def _compare(
    settings: Settings, journal: Journal, manner: Manner, who: str, what: Scope | str
) -> tuple[Reconciliation, str]:
    """The run as far as it came, and why it did not come further."""
    from bus.cli.reconcile_run import reconciler
    from bus.reconciling.gate import PatienceEnded, Stopped
    from bus.reconciling.run import TakenOver

    known = _run_of(journal, what) if isinstance(what, str) else None
    if known is not None and known.progress is Progress.DONE:
        return known, ""
    logging.getLogger("lienthong").setLevel(logging.ERROR)
    with reconciler(settings, journal, manner) as (worker, _):
        run = known if known is not None else worker.begin(what, who=who)  # type: ignore[arg-type]  # a scope then
        try:
            return worker.go_on(run), ""
        except PatienceEnded as ended:
            why = f"Dừng: {ended.endpoint} {ended.why} / stopped: the endpoint rests"
        except Stopped:
            why = "Dừng theo lệnh / stopped as told"
        except TakenOver as taken:
            raise refused("LT-REC-004", id=str(taken)) from taken
    return journal.reconciliation(run.id) or run, why


def _show(journal: Journal, run: Reconciliation, asked: _Asked) -> None:
    from bus.cli import reconcile_report

    if asked.json:
        reconcile_report.show_json(journal, run)
    else:
        reconcile_report.show_screen(journal, run)
    if asked.report is not None:
        try:
            count = reconcile_report.write_csv(journal, run, asked.report)
        except OSError as wrong:
            raise refused("LT-REC-005", file=asked.report, reason=wrong.strerror or wrong) from wrong
        if not asked.json:
            out.say(f"✓ {asked.report}: {count} dòng / lines")


def _apply(journal: Journal, run: Reconciliation, asked: _Asked) -> bool:
    """Writes the plan down, after a yes; it is carried out by `lienthong plan resume`. False: nothing to plan."""
    from itertools import islice

    from bus.cli.reconcile_report import findings_of
    from bus.reconciling.planned import SOURCE, planned_already
    from bus.reconciling.proposing import MOST, lines_of
    from bus.records import PlanDraft

    lines = tuple(islice(lines_of(findings_of(journal, run.id)), MOST))
    if not lines:
        out.warn("Không có gì để sửa tự động / nothing that can be repaired by a plan")
        return False
    if earlier := planned_already(journal, [line.subject for line in lines], since=run.started_at):
        raise refused("LT-REC-006", plan=earlier)
    if not (asked.yes or asked.json):
        out.say(f"{len(lines)} việc sẽ ghi vào kế hoạch, chưa làm gì / acts go into a plan, nothing is done yet")
        if not sys.stdin.isatty():
            raise typer.BadParameter(
                "cần --yes khi không có người / needs --yes where nobody can answer", param_hint="--apply"
            )
        typer.confirm("Lập kế hoạch / make the plan?", abort=True)
    plan = journal.make_plan(PlanDraft(asked.who, asked.why, SOURCE, lines)).result()
    if asked.json:
        out.show_json({"plan": plan.id, "acts": len(lines)}, one_line=True)
    else:
        out.say(f"✓ kế hoạch / plan {plan.id}: {len(lines)} việc · lienthong plan resume {plan.id}", style="green")
    return True


def _list(journal: Journal, *, json: bool) -> None:
    from bus.cli.reconcile_report import run_json
    from bus.reconciling.tally import differences

    runs = journal.reconciliations(limit=_MOST)
    if json:
        for run in runs:
            out.show_json({**run_json(run), "who": run.who, "started_at": run.started_at}, one_line=True)
        return
    titles = (
        "mã/id",
        "lúc/time",
        "ai/who",
        "từ/since",
        "tới/until",
        "hồ sơ/dossiers",
        "khác/different",
        "xong/progress",
    )
    out.show_table(
        titles,
        [
            [
                run.id, out.moment(run.started_at), run.who, out.moment(run.scope.since), out.moment(run.scope.until),
                f"{run.done}/{run.total}", differences(run.counts), run.progress.value,
            ]
            for run in runs
        ],
    )  # fmt: skip


def _code(run: Reconciliation, *, planned: bool) -> int:
    from bus.reconciling.tally import differences

    if run.progress is not Progress.DONE:
        return INCOMPLETE
    return DIFFERENT if differences(run.counts) and not planned else 0
