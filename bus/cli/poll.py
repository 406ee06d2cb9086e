"""`lienthong poll list|run|reset|pause|resume`: what we fetch from partners, how it goes, and what a person orders."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.ordering import end_of
from bus.cli.poll_line import Line, facts_of, json_of, mark_of, row_of
from bus.records.jobs import Job, JobAct, JobOrder, JobResult

if TYPE_CHECKING:
    from adapters.poll_rule import PollRule
    from bus.ports import Journal
    from bus.settings import Settings

Name = Annotated[str, typer.Argument(help="Tên việc lấy: điểm nối.nghiệp vụ / its name: endpoint.operation")]
Why = Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")]

_LIST = """\b
Ví dụ / examples:
  lienthong poll list
  lienthong poll list --json
"""
_RUN = """\b
Ví dụ / examples:
  lienthong poll run so_tu_phap.DanhSachHoSo --why "đơn vị vừa báo có hồ sơ"
  lienthong poll run so_tu_phap.DanhSachHoSo --why "thử" --wait
"""
_RESET = """\b
Ví dụ / examples:
  lienthong poll reset so_tu_phap.DanhSachHoSo --to 2026-07-01T00:00:00+07:00 --why "đơn vị nhập bù"
  lienthong poll reset so_tu_phap.DanhSachBuoc --why "lấy lại từ đầu"      cái đã có thì không nhận lần hai
"""
_PAUSE = """\b
Ví dụ / examples:
  lienthong poll pause so_tu_phap.DanhSachHoSo --why "đơn vị bảo trì"
  lienthong poll pause so_tu_phap.DanhSachHoSo --why "bảo trì" --until 2h
"""
_RESUME = """\b
Ví dụ / example:
  lienthong poll resume so_tu_phap.DanhSachHoSo --why "đơn vị đã sửa khoá"
"""
_WAIT_S = 120.0


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    group = typer.Typer(
        help="Việc lấy từ đối tác: xem, chạy ngay, đặt lại mốc, tạm dừng / what we fetch from partners",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    group.command("list", short_help="các việc lấy đang thế nào / how polls do", epilog=_LIST)(list_)
    group.command("run", short_help="lấy ngay / fetch now", epilog=_RUN)(run)
    group.command("reset", short_help="đặt lại mốc / another checkpoint", epilog=_RESET)(reset)
    group.command("pause", short_help="tạm dừng một việc lấy / pause a poll", epilog=_PAUSE)(pause)
    group.command("resume", short_help="cho lấy lại / resume a poll", epilog=_RESUME)(resume)
    app.add_typer(group, name="poll")


def list_(context: typer.Context, json: Json = False) -> None:
    """Các việc lấy: ai đang làm, lần cuối, kết quả, lần tới, còn bao nhiêu, mốc / owner, last and next run, mark."""
    settings = state(context).settings
    with journal_of(settings) as journal:
        lines = _lines(settings, journal)
    now = datetime.now(UTC)
    if json:
        out.show_json([json_of(line, now) for line in lines])
        return
    titles = ("việc lấy/poll", "trạng thái/state", "ai/owner", "lần cuối/last", "kết quả/result", "lần tới/next",
              "còn/waiting", "mốc/mark", "đã nhận/taken", "không nhận/refused", "hỏng/failures")  # fmt: skip
    out.show_table(titles, [row_of(line, now) for line in lines])


def run(
    context: typer.Context,
    name: Name,
    why: Why,
    wait: Annotated[bool, typer.Option("--wait", help="Chờ tới khi xong / wait until it has ended")] = False,
    who: Who = "",
    json: Json = False,
) -> None:
    """Lấy ngay, không đợi tới lượt; tiến trình giao nào rảnh sẽ làm / fetches now; whichever worker is free does it.

    Việc lấy hay điểm nối của nó đang tạm dừng thì không lấy, mã thoát 1: cho chạy lại trước / a poll that is paused, or
    whose endpoint is, is not fetched, exit code 1: resume it first.
    """
    settings = state(context).settings
    _known(settings, name)
    with journal_of(settings) as journal:
        _not_paused(next(line for line in _lines(settings, journal) if line.name == name))
        job = _order(journal, JobOrder(name, JobAct.RUN, person(who), _reason(why)))
        if wait:
            job = _ended(journal, job)
    _told(job, json=json)
    if wait and job.result in (JobResult.AGAIN, JobResult.REFUSED):
        raise typer.Exit(1)


def reset(
    context: typer.Context,
    name: Name,
    why: Why,
    to: Annotated[
        str,
        typer.Option(
            "--to",
            metavar="MỐC",
            help="Mốc mới, viết như đối tác; bỏ trống = từ đầu / new mark, as they write it; empty = the beginning",
        ),
    ] = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Đặt lại mốc; cái đã nhận thì không nhận lần hai / another mark; what was taken is not taken twice."""
    from bus.polling.position import Position
    from bus.polling.scale import Scale

    settings = state(context).settings
    rule = _known(settings, name)
    if to and rule.watermark and Scale(rule).value(to) is None:
        raise refused("LT-POLL-007", value=to, format=rule.watermark_format)
    position = Position(cursor=to) if rule.cursor else Position(mark=to)
    with journal_of(settings) as journal:
        order = JobOrder(name, JobAct.RESET, person(who), _reason(why), position=position.text() if to else "")
        _told(_order(journal, order), json=json)


def pause(
    context: typer.Context,
    name: Name,
    why: Why,
    until: Annotated[
        str, typer.Option("--until", metavar="LÚC", help="Tự hết lúc nào, hay sau bao lâu (2h) / when it ends")
    ] = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Tạm dừng một việc lấy; trang đang dở bị bỏ, mốc giữ nguyên / pauses a poll; the mark stays."""
    settings = state(context).settings
    _known(settings, name)
    end = end_of(until, datetime.now(UTC))
    with journal_of(settings) as journal:
        _told(_order(journal, JobOrder(name, JobAct.PAUSE, person(who), _reason(why), until=end)), json=json)


def resume(context: typer.Context, name: Name, why: Why, who: Who = "", json: Json = False) -> None:
    """Cho lấy lại, ngay từ mốc cũ / resumes a poll, at once, from its mark."""
    settings = state(context).settings
    _known(settings, name)
    with journal_of(settings) as journal:
        _told(_order(journal, JobOrder(name, JobAct.RESUME, person(who), _reason(why))), json=json)


# -------------------------------------------------------------------- inside


def _reason(why: str) -> str:
    if not why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    return why.strip()


def _rules(settings: Settings) -> dict[str, tuple[float, str, PollRule]]:
    """Every poll of the configuration: pause, endpoint, rule."""
    from bus.compose_polls import planned

    return {one.name: (one.every_s, one.endpoint, one.rule) for one in planned(settings)}


def _known(settings: Settings, name: str) -> PollRule:
    rules = _rules(settings)
    if name not in rules:
        raise refused("LT-POLL-006", poll=name, known=", ".join(rules) or "–")
    return rules[name][2]


def _not_paused(line: Line) -> None:
    """Nobody would fetch it: an order that nobody follows must not look like one that is.

    Raises:
        Refused: LT-POLL-011, LT-POLL-012.
    """
    if line.job.rests(datetime.now(UTC)):
        raise refused("LT-POLL-011", poll=line.name, why=line.job.text or line.job.why)
    if line.resting:
        raise refused("LT-POLL-012", poll=line.name, endpoint=line.name.partition(".")[0])


def _lines(settings: Settings, journal: Journal) -> list[Line]:
    now = datetime.now(UTC)
    jobs = {job.name: job for job in journal.jobs()}
    paused = {
        order.endpoint
        for order in journal.standing().orders
        if order.paused and (order.until is None or order.until > now)
    }
    return [
        Line(name, every_s, rule, jobs.get(name, Job(name)), endpoint in paused)
        for name, (every_s, endpoint, rule) in sorted(_rules(settings).items())
    ]


def _order(journal: Journal, order: JobOrder) -> Job:
    return journal.order_job(order).result(60)


def _ended(journal: Journal, before: Job) -> Job:
    """The job once a run has ended that began after the order."""
    end = time.monotonic() + _WAIT_S
    with out.busy(f"{before.name}: đang lấy / fetching"):
        while time.monotonic() < end:
            job = next(one for one in journal.jobs() if one.name == before.name)
            done = job.ended is not None and job.ended != before.ended and not job.wanted
            if done and job.result is not JobResult.MORE:
                return job
            time.sleep(0.2)
    raise refused("LT-POLL-009", poll=before.name, seconds=int(_WAIT_S))


def _told(job: Job, *, json: bool) -> None:
    if json:
        out.show_json(facts_of(job))
        return
    now = datetime.now(UTC)
    until = f" · tới / until {out.moment(job.until)}" if job.rests(now) and job.until else ""
    said = "tạm dừng / paused" if job.rests(now) else "được lấy / fetched"
    out.say(f"✓ {job.name}: {said}{until} · mốc / mark {mark_of(job) or 'từ đầu / the beginning'}", style="green")
    if job.text:
        out.say(f"  {job.result.value}: {job.text}")
