"""`lienthong retention status|plan|run|hold|release`: how long bodies are kept, and which are erased."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.reach import message_of
from bus.cli.words import KINDS

if TYPE_CHECKING:
    from bus.erasing import Looked
    from bus.ports import Journal
    from bus.records.jobs import Job
    from bus.retention import RetentionRules
    from bus.settings import Settings

EXAMPLES = """\b
Ví dụ / examples:
  lienthong retention status                       còn gì, đã xoá gì, đang giữ gì / kept, erased, held
  lienthong retention plan                         nếu chạy bây giờ thì xoá gì / what a run would erase now
  lienthong retention run --why "theo quy chế lưu trữ"     chạy ngay, dừng lúc nào cũng được / now; resumable
  lienthong retention hold 019f3a7c --why "đang khiếu nại" không xoá thông điệp này / keep this one
  lienthong retention release 019f3a7c --why "đã giải quyết xong"
"""
FATES = {
    "erase": "xoá / erase", "keep": "giữ theo quy tắc / kept by rule", "young": "chưa đủ ngày / too young",
    "open": "chưa kết thúc / under way", "planned": "trong kế hoạch / in a plan", "hold": "có lệnh giữ / hold",
    "unsealed": "chưa niêm phong / not sealed",
}  # fmt: skip
_LEASE_S = 60.0
_WAIT_S = 60.0
Why = Annotated[str, typer.Option("--why", help="Lý do, ghi vào nhật ký / why, recorded")]
Id = Annotated[str, typer.Argument(help="Mã thông điệp hay phần đầu / a message id or its beginning")]

retention_app = typer.Typer(
    name="retention", short_help="nội dung được giữ bao lâu / how long bodies are kept", no_args_is_help=True,
    epilog=EXAMPLES,
    help="Xoá nội dung của thông điệp đã kết thúc sau số ngày ghi ở [retention]; mã băm, nhật ký, bằng chứng ở lại / "
    "erases bodies of messages whose way has ended, days after, as [retention] says; digests, journal and proof stay.",
)  # fmt: skip


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.add_typer(retention_app)


@dataclass(slots=True)
class _Tally:
    """Sums only: a journal may hold very many messages."""

    counts: dict[tuple[str, str], tuple[int, int, int]] = field(default_factory=dict)  # (kind, fate) → sums
    messages: int = 0
    bodies: int = 0

    def add(self, page: Looked) -> None:
        """One page more."""
        for one, fate in page.fates:
            messages, bodies, size = self.counts.get((one.kind, fate.value), (0, 0, 0))
            self.counts[one.kind, fate.value] = (messages + 1, bodies + one.bodies, size + one.size_bytes)
        if page.erased is not None:
            self.messages += page.erased.messages
            self.bodies += page.erased.bodies


@retention_app.command("status", epilog=EXAMPLES)
def status(context: typer.Context, json: Json = False) -> None:
    """Nội dung còn giữ và đã xoá theo loại, lệnh giữ, lần chạy gần nhất / kept and erased by kind, holds, last run."""
    settings = state(context).settings
    rules = _rules(settings)
    with journal_of(settings) as journal, out.busy("đang đếm / counting"):
        sums, marks = journal.kept_sums(), journal.holds()
        job = next((one for one in journal.jobs() if one.name == "retention"), None)
    if json:
        out.show_json({
            "body_days": rules.days, "kinds": dict(rules.kinds),
            "sums": [{"kind": s.kind, "erased": s.erased, "bodies": s.bodies, "size_bytes": s.size_bytes}
                     for s in sums],
            "holds": [{"message": m.message_id, "at": m.at, "who": m.who, "why": m.why} for m in marks],
            "last_run": {"ended": job.ended, "result": job.result, "text": job.text, "owner": job.owner,
                         "running": job.lease_until is not None, "paused": job.paused} if job else None,
        })  # fmt: skip
        return
    if not rules.shortest:
        out.say("Chưa bật xoá nội dung / bodies are not erased: [retention] body_days, kinds", style="yellow")
    rows = [(KINDS.get(s.kind, s.kind), "đã xoá/erased" if s.erased else "còn/kept", s.bodies, s.size_bytes)
            for s in sums]  # fmt: skip
    out.show_table(("loại/kind", "", "nội dung/bodies", "byte"), rows)
    for mark in marks:
        out.say(f"giữ / hold  {mark.message_id}  {mark.who}: {mark.why}")
    if job is not None and job.ended is not None:
        out.say(f"lần chạy gần nhất / last run  {out.moment(job.ended)}  {job.text}")


@retention_app.command("plan", epilog=EXAMPLES)
def plan(context: typer.Context, json: Json = False) -> None:
    """Nếu chạy bây giờ thì xoá gì, giữ gì, vì sao; không thay đổi gì / what a run would do now, and why; no change."""
    settings = state(context).settings
    with journal_of(settings) as journal:
        _show(_foretold(journal, _needed(settings)), json=json, dry=True)


@retention_app.command("run", epilog=EXAMPLES)
def run(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Như `plan`: chỉ xem / as `plan`: only look")] = False,
    why: Why = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Xoá ngay những gì đến hạn / erases now what is due.

    Dừng (cả kill -9) rồi chạy lại thì làm tiếp; bus vẫn chạy / stopped at any moment it goes on when run again; the
    bus may run meanwhile.
    """
    settings = state(context).settings
    rules = _needed(settings)
    with journal_of(settings) as journal:
        if dry_run:
            _show(_foretold(journal, rules), json=json, dry=True)
        else:
            _show(_erased(journal, rules, who=person(who), why=why.strip()), json=json, dry=False)


@retention_app.command("hold", epilog=EXAMPLES)
def hold(context: typer.Context, id: Id, why: Why = "", who: Who = "", json: Json = False) -> None:
    """Không xoá nội dung của thông điệp này, của nguồn và của những gì sinh ra từ nó / keeps it and its kin."""
    _mark(context, id, hold=True, why=why, who=who, json=json)


@retention_app.command("release", epilog=EXAMPLES)
def release(context: typer.Context, id: Id, why: Why = "", who: Who = "", json: Json = False) -> None:
    """Thôi giữ: quy tắc lại có hiệu lực / takes the mark away: the rules hold again."""
    _mark(context, id, hold=False, why=why, who=who, json=json)


def _mark(context: typer.Context, id: str, *, hold: bool, why: str, who: str, json: bool) -> None:
    from bus.records.retaining import HoldOrder

    if not why.strip():
        raise typer.BadParameter("cần --why / --why is needed", param_hint="--why")
    with journal_of(state(context).settings) as journal:
        journey = message_of(journal, id)
        order = HoldOrder(journey.envelope.id, hold, person(who), why.strip())
        changed = journal.order_hold(order).result(_WAIT_S)
        gone = sum(one.erased is not None for one in journey.bodies)
    if json:
        out.show_json({"message": journey.envelope.id, "hold": hold, "changed": changed, "erased_bodies": gone})
        return
    word = "giữ / hold" if hold else "thôi giữ / released"
    out.say(f"✓ {journey.envelope.id} {word}" + ("" if changed else " (đã vậy từ trước / it was so already)"))
    if hold and gone:
        out.say(f"  {gone} nội dung đã xoá trước đó / bodies were erased before", style="yellow")


def _rules(settings: Settings) -> RetentionRules:
    return settings.retention.rules(stamped=bool(settings.evidence.authorities))


def _needed(settings: Settings) -> RetentionRules:
    rules = _rules(settings)
    if not rules.shortest:
        raise refused("LT-RET-002")
    return rules


def _foretold(journal: Journal, rules: RetentionRules) -> _Tally:
    from bus.erasing import foretell

    now = datetime.now(UTC)
    tally = _Tally()
    with out.progress() as bar:
        total = journal.count_before(now - timedelta(days=rules.shortest))
        task = bar.add_task("đang xem / looking", total=total)
        for page in foretell(journal, rules, now=now):
            tally.add(page)
            bar.advance(task, len(page.fates))
        bar.update(task, completed=total)
    return tally


def _begun(journal: Journal, *, who: str, why: str, now: datetime) -> Job:
    """The job is ours; else a worker that is at it keeps it."""
    from bus.erasing import NAME
    from bus.records.jobs import JobAct, JobOrder

    journal.order_job(JobOrder(NAME, JobAct.RUN, who, why or "lienthong retention run")).result(_WAIT_S)
    until = now + timedelta(seconds=_LEASE_S)
    job = journal.begin_job(NAME, f"retention:{os.getpid()}", now=now, until=until).result(_WAIT_S)
    if job is None:
        held = next((one for one in journal.jobs() if one.name == NAME), None)
        raise refused("LT-RET-003", owner=held.owner if held else "–")
    return job


def _erased(journal: Journal, rules: RetentionRules, *, who: str, why: str) -> _Tally:
    """Runs the job here, under its lease."""
    from bus.clock import SystemClock
    from bus.erasing import Eraser
    from bus.job_port import LeaseLost
    from bus.records.jobs import Ending, JobResult
    from bus.turn import Turn

    clock, tally = SystemClock(), _Tally()
    job = _begun(journal, who=who, why=why, now=clock.now())
    with out.progress() as bar:
        total = journal.count_before(clock.now() - timedelta(days=rules.shortest))
        task = bar.add_task("đang xoá / erasing", total=total)

        def tell(page: Looked) -> None:
            tally.add(page)
            bar.advance(task, len(page.fates))

        turn = Turn(job.held, job.position, journal, clock, _LEASE_S, lambda: False)
        try:
            done = Eraser(journal, rules, who=who, tell=tell).run(turn)
        except LeaseLost as lost:
            raise refused("LT-RET-003", owner="–") from lost
        except KeyboardInterrupt:  # the next run need not wait for our lease
            journal.end_job(Ending(job.held, clock.now(), JobResult.MORE, "", tally.messages)).result(_WAIT_S)
            raise
        bar.update(task, completed=total)
    due = clock.now() + timedelta(days=1)
    journal.end_job(Ending(job.held, due, done.result, done.text, done.taken, 0)).result(_WAIT_S)
    return tally


def _show(tally: _Tally, *, json: bool, dry: bool) -> None:
    counts = sorted(tally.counts.items())
    if json:
        rows = [{"kind": kind, "fate": fate, "messages": m, "bodies": b, "size_bytes": s}
                for (kind, fate), (m, b, s) in counts]  # fmt: skip
        found: dict[str, object] = {"dry_run": dry, "looked_at": rows}
        erased = {"erased": {"messages": tally.messages, "bodies": tally.bodies}}
        out.show_json(found if dry else {**found, **erased})
        return
    table = [(KINDS.get(kind, kind), FATES[fate], *each) for (kind, fate), each in counts]
    out.show_table(("loại/kind", "", "thông điệp/messages", "nội dung/bodies", "byte"), table)
    if dry:
        out.say("chỉ xem, không thay đổi gì / only a look, nothing was changed")
    else:
        done = f"✓ đã xoá {tally.bodies} nội dung của {tally.messages} thông điệp / bodies erased"
        out.say(done, style="green")
