"""`lienthong check`: everything that can be known about systems without their partners."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, refused, state
from schemas.problem import Place, Problem, Refused

if TYPE_CHECKING:
    from adapters.adapter import Adapter
    from adapters.check import CheckReport

EXAMPLES = """\b
Ví dụ / examples:
  lienthong check                          mọi hệ thống / every system
  lienthong check gplx_dlms                một hệ thống / one system
  lienthong check ./he_thong_moi           một thư mục chưa cài / a folder that is not installed
  lienthong check gplx_dlms --accept       ghi kết quả hiện nay thành kết quả mong đợi / accept what samples give now
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("check", short_help="kiểm tra thư mục hệ thống / check system folders", epilog=EXAMPLES)(check)


def check(
    context: typer.Context,
    systems: Annotated[
        list[str] | None, typer.Argument(metavar="[HỆ THỐNG]...", help="Mã hay thư mục hệ thống / ids or folders")
    ] = None,
    accept: Annotated[
        bool,
        typer.Option("--accept", help="Ghi lại kết quả mong đợi của mẫu / rewrite what samples are expected to give"),
    ] = False,
    json: Json = False,
) -> None:
    """Kiểm tra thư mục hệ thống: bản kê, lược đồ, ánh xạ, độ phủ, quy luật, mẫu / checks system folders completely.

    Mỗi lỗi nêu tệp:dòng của ta và chỗ trong thông điệp. Mã thoát 1 = có lỗi / each finding names both places.
    """
    reports: list[CheckReport] = []
    broken: dict[str, tuple[Problem, ...]] = {}
    folders = find_folders(systems or [], state(context).settings.systems)
    with out.progress() as bar:
        task = bar.add_task("kiểm tra / checking", total=len(folders))
        for folder in folders:
            bar.update(task, description=folder.name)
            try:
                reports.append(_check(folder, accept=accept))
            except Refused as wrong:
                broken[folder.name] = wrong.problems
            bar.advance(task)
    good = not broken and all(report.good for report in reports)
    if json:
        out.show_json({"good": good, "systems": [*map(_json, reports), *_broken_json(broken)]})
    else:
        _show(reports, broken)
    if not good:
        raise typer.Exit(1)


def find_folders(wanted: list[str], more: tuple[Path, ...]) -> list[Path]:
    """Folders by id or by path; all that are known where none is named."""
    from adapters.registry import system_folders

    known = {folder.name: folder for folder in system_folders(*more)}
    if not wanted:
        return list(known.values())
    found: list[Path] = []
    for name in wanted:
        if name in known:
            found.append(known[name])
        elif Path(name).is_dir():
            found.append(Path(name).resolve())
        else:
            raise refused("LT-CLI-007", id=name, known=", ".join(sorted(known)))
    return found


def _check(folder: Path, *, accept: bool) -> CheckReport:
    from adapters.check import check_system

    return check_system(load_folder(folder), accept)


def load_folder(folder: Path) -> Adapter:
    """The system of a folder.

    Raises:
        Refused: with everything that is wrong with it.
    """
    from adapters.registry import load_system

    return load_system(folder)


def _show(reports: list[CheckReport], broken: dict[str, tuple[Problem, ...]]) -> None:
    for name, problems in broken.items():
        out.say(f"✗ {name}: không nạp được / cannot be loaded, {len(problems)} lỗi / findings", style="red")
        for found in problems:
            show_problem(found)
    for report in reports:
        mark, style = ("✓", "green") if report.good else ("✗", "red")
        right = sum(1 for each in report.samples if not each.problems)
        said = f"{mark} {report.system}: {right}/{len(report.samples)} mẫu đúng / samples as expected"
        out.say(said, style=style)
        for found in report.problems:
            show_problem(found)
        for line in report.warnings:
            out.say(f"  mã trả lời chưa có dòng nào nhận / reply code that no row covers {line}", style="yellow")
        for file in report.written:
            out.say(f"  ghi / written {file}")
        for line in report.lossy:
            out.say(f"  mất có khai / declared loss {line}", style="dim")


def show_problem(found: Problem) -> None:
    """One finding: its code, both places, what is wrong, what to do."""
    out.say(f"  {found.code} {where(found.ours)}", style="red")
    out.say(f"    {found.text_vi}")
    out.say(f"    {found.text_en}", style="dim")
    if found.theirs is not None:
        out.say(f"    thông điệp / message: {where(found.theirs)}")
    out.say(f"    → {found.do_vi} / {found.do_en}", style="yellow")


def where(place: Place | None) -> str:
    """file:line path, as editors open it."""
    if place is None:
        return ""
    return f"{place.source}{f':{place.line}' if place.line else ''}{f' {place.path}' if place.path else ''}"


def _json(report: CheckReport) -> dict[str, object]:
    return {
        "system": report.system,
        "good": report.good,
        "problems": [found.as_json() for found in report.problems],
        "samples": [
            {"name": each.sample.name, "good": not each.problems, "problems": [p.code for p in each.problems]}
            for each in report.samples
        ],
        "lossy": list(report.lossy),
        "warnings": list(report.warnings),
        "written": [str(file) for file in report.written],
    }


def _broken_json(broken: dict[str, tuple[Problem, ...]]) -> list[dict[str, object]]:
    return [
        {"system": name, "good": False, "problems": [found.as_json() for found in problems], "samples": []}
        for name, problems in broken.items()
    ]
