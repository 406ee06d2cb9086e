"""`lienthong map explain`: what a map does, rule by rule; and what each rule did with one sample."""

from __future__ import annotations

import dataclasses
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from lxml import etree

from bus.cli import out
from bus.cli.check import show_problem
from bus.cli.context import Json, refused, state

if TYPE_CHECKING:
    from adapters.adapter import Adapter
    from adapters.mapping.explain import Row, Step
    from adapters.mapping.plan import MapContext, MapPlan
    from schemas.problem import Problem

EXAMPLES = """\b
Ví dụ / examples:
  lienthong map explain mot_cua_cmon                          mọi ánh xạ / every map
  lienthong map explain mot_cua_cmon push_document            một ánh xạ / one map
  lienthong map explain mot_cua_cmon push_document --sample mau.xml      từng luật đã làm gì / what each rule did
  lienthong map explain cong_dvcqg dong_bo_ho_so --sample so_moi/samples/in/GuiHoSo-du.expected.xml
                                                              cổng còn đòi gì / what the portal still wants
"""

app = typer.Typer(no_args_is_help=True, help="Ánh xạ của các hệ thống / the systems' maps.")


def register(main: typer.Typer) -> None:
    """Adds the commands."""
    main.add_typer(app, name="map")


@app.callback()
def maps() -> None:
    """Ánh xạ của các hệ thống / the systems' maps."""


@app.command("explain", short_help="giải thích ánh xạ / explain maps", epilog=EXAMPLES)
def explain(
    context: typer.Context,
    system: Annotated[str, typer.Argument(metavar="HỆ THỐNG", help="Mã hay thư mục hệ thống / id or folder")],
    map: Annotated[str, typer.Argument(metavar="[ÁNH XẠ]", help="Tên ánh xạ / name of a map (default: all)")] = "",
    sample: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Mẫu của một trong hai bên / a sample of either side"),
    ] = None,
    unmask: Annotated[bool, typer.Option("--unmask", help="Hiện giá trị của mẫu / show the sample's values")] = False,
    json: Json = False,
) -> None:
    """Giải thích ánh xạ, mỗi luật một dòng; có mẫu thì thêm kết quả / explains maps rule by rule.

    Mẫu bên nào cũng được, cả tệp .expected.xml của hệ thống khác; mã thoát 1 = mẫu thiếu hay sai chỗ nào đó
    / a sample of either side, also another system's .expected.xml; exit code 1 = it lacks something.
    """
    from bus.cli.check import find_folders, load_folder

    adapter = load_folder(find_folders([system], state(context).settings.systems)[0])
    plans = _plans(adapter, map, sample)
    if sample is not None:
        name, plan, element = _fitting(adapter, plans, sample)
        context_of = _context(adapter)
        problems = _problems(plan, element, context_of)
        _show_steps(name, plan, _steps(plan, element, context_of, unmask=unmask), problems=problems, json=json)
        if problems:
            raise typer.Exit(1)
        return
    from adapters.mapping.explain import explain as explain_map

    found = {name: explain_map(plan) for name, plan in plans.items()}
    if json:
        out.show_json({name: [dataclasses.asdict(row) for row in rows] for name, rows in found.items()})
        return
    for name, rows in found.items():
        out.say(f"{adapter.id}/maps/{name}: {plans[name].legacy_root} ↔ {plans[name].canonical_root}", style="bold")
        out.show_table(("dòng/line", "luật/rule", "đối tác/legacy", "", "dạng chuẩn/canonical", "chi tiết/details"),
                       [_row(row) for row in rows])  # fmt: skip


def _plans(adapter: Adapter, wanted: str, sample: Path | None) -> dict[str, MapPlan]:
    if not wanted:
        return dict(adapter.maps)
    name = wanted if wanted.endswith(".map.xml") else f"{wanted}.map.xml"
    if name not in adapter.maps:
        raise refused("LT-CLI-009", system=adapter.id, map=wanted, known=", ".join(sorted(adapter.maps)) or "–")
    return {name: adapter.maps[name]}


def _row(row: Row) -> list[object]:
    details = [row.kind, row.options, f"table={row.table}" if row.table else "", f"[{row.when}]" if row.when else ""]
    details += [f"lossy: {row.lossy}" if row.lossy else "", row.reason]
    return [row.line, row.rule, row.legacy, row.way, row.canonical, " ".join(filter(None, details))]


def _fitting(adapter: Adapter, plans: dict[str, MapPlan], file: Path) -> tuple[str, MapPlan, etree._Element]:
    """The first map that takes what stands in the file, and the element it takes."""
    elements = list(_elements(adapter, plans, file))
    for name, plan in plans.items():
        for element in elements:
            if etree.QName(element).localname in (plan.legacy_root, plan.canonical_root):
                return name, plan, element
    roots = ", ".join(dict.fromkeys(root for p in plans.values() for root in (p.legacy_root, p.canonical_root)))
    raise refused("LT-CLI-010", file=file, roots=roots)


def _elements(adapter: Adapter, plans: dict[str, MapPlan], file: Path) -> list[etree._Element]:
    """Everything in the file that could be an item: of XML every element, of JSON what the door would read."""
    from adapters.samples import Sample, Way, run_sample
    from schemas.problem import Refused
    from schemas.xmldoc import parse

    body = file.read_bytes()
    if body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] not in (b"{", b"["):
        return list(parse(body).iter(etree.Element))
    made = [
        run_sample(adapter, Sample(file, Way.IN, name))
        for name, operation in adapter.manifest.operations.items()
        if operation.map in plans and operation.direction == "in"
    ]
    elements = [item for one in made for item in one.items]
    if not elements and made:
        raise Refused(made[0].problems)
    return elements


def _context(adapter: Adapter) -> MapContext:
    from adapters.mapping.plan import MapContext
    from adapters.samples import identities

    return MapContext(on=datetime.now(UTC).astimezone(out.HERE).date(), identities=identities(adapter))


def _steps(plan: MapPlan, element: etree._Element, context: MapContext, *, unmask: bool) -> list[Step]:
    from adapters.mapping.explain import explain_value

    return explain_value(plan, element, context, reveal=unmask)


def _problems(plan: MapPlan, element: etree._Element, context: MapContext) -> tuple[Problem, ...]:
    """What the whole translation finds, in the direction the sample asks for: also what no rule gave a value."""
    is_legacy = etree.QName(element).localname == plan.legacy_root
    return (plan.to_canonical if is_legacy else plan.to_legacy)(element, context).problems


def _show_steps(name: str, plan: MapPlan, steps: list[Step], *, problems: tuple[Problem, ...], json: bool) -> None:
    if json:
        found = [problem.as_json() for problem in problems]
        out.show_json({"map": name, "steps": [dataclasses.asdict(step) for step in steps], "problems": found})
        return
    out.say(f"{name}: {plan.legacy_root} ↔ {plan.canonical_root}", style="bold")
    titles = ("dòng/line", "luật/rule", "đối tác/legacy", "", "dạng chuẩn/canonical", "mẫu/given", "thành/made")
    out.show_table(titles, [_step(step) for step in steps])
    for problem in problems:
        show_problem(problem)


def _step(step: Step) -> list[object]:
    row = step.row
    return [
        row.line, f"{row.rule} {row.kind}", row.legacy, row.way, row.canonical,
        "–" if step.given is None else step.given, "–" if step.made is None else step.made,
    ]  # fmt: skip
