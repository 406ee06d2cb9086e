"""`lienthong doctor`: looks at everything the bus stands on and says what to do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from bus.cli import out
from bus.cli.context import Json, state

if TYPE_CHECKING:
    from bus.doctor import Finding

_MARKS = {"good": ("✓", "green"), "note": ("·", "yellow"), "wrong": ("✗", "bold red")}

EXAMPLES = """\b
Ví dụ / examples:
  lienthong doctor                 trước khi gọi người khác / before you call anybody
  lienthong doctor --quick         bỏ phần kiểm cả chuỗi nhật ký / without walking the journal's chain
  lienthong doctor --json | jq '.findings[] | select(.verdict == "wrong")'
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("doctor", short_help="khám toàn bộ, nói phải làm gì / look at everything", epilog=EXAMPLES)(doctor)


def doctor(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="Không kiểm cả chuỗi nhật ký / skip the journal's chain")
    ] = False,
    json: Json = False,
) -> None:
    """Khám toàn bộ: nhật ký, hàng đợi, đồng hồ, khoá, đối tác, đĩa / looks at stores, clocks, keys, partners, disk.

    Chạy được cả khi bus tắt; không gửi thông điệp nào. Mã thoát 1 = có chỗ sai / sends nothing; exit code 1 = wrong.
    """
    from bus.doctor import STEPS, Patient, Step, look_at_all

    patient = Patient.of(state(context).settings, quick=quick)
    with out.progress() as bar:
        task = bar.add_task("khám / looking", total=len(STEPS))

        def show(step: Step) -> None:
            bar.update(task, description=step.vi, completed=STEPS.index(step))

        findings = list(look_at_all(patient, on_step=show))
    bad = [found for found in findings if found.verdict == "wrong"]
    if json:
        out.show_json({"good": not bad, "findings": [found.as_json() for found in findings]})
    else:
        _show(findings, bad)
    if bad:
        raise typer.Exit(1)


def _show(findings: list[Finding], bad: list[Finding]) -> None:
    if not out.console.is_terminal:
        titles = ("", "phần/area", "chỗ/where", "thấy/found", "làm gì/to do")
        out.show_table(titles, [[*_row(found), _todo(found)] for found in findings])
        return
    out.show_table(("", "phần/area", "chỗ/where", "thấy/found"), map(_row, findings))
    for found in bad:
        code = found.problem.code if found.problem is not None else ""
        out.say(f"✗ {found.area} {found.subject}: {code} {found.vi}", style="red")
        out.say(f"  → {_todo(found)}", style="yellow")
    if not bad:
        out.say("✓ không thấy gì sai / nothing is wrong", style="green")


def _row(found: Finding) -> list[object]:
    mark, style = _MARKS[found.verdict.value]
    said = found.vi if found.vi == found.en else f"{found.vi} / {found.en}"
    return [Text(mark, style=style), found.area, found.subject, said]


def _todo(found: Finding) -> str:
    return f"{found.problem.do_vi} / {found.problem.do_en}" if found.problem is not None else ""
