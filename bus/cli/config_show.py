"""`lienthong config show|check`: the settings in effect, where each value came from, and what is wrong with them."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, state
from schemas.problem import Refused

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bus.cli.effective import Effective
    from bus.settings import Settings
    from schemas.problem import Problem

CHECK = """\b
Ví dụ / examples:
  lienthong config check                        trước khi khởi động lại / before a restart
  lienthong config check --json | jq '.problems[].code'
"""
EXAMPLES = """\b
Ví dụ / examples:
  lienthong config show                         mọi giá trị và nơi đặt / every value and where it was set
  lienthong config show --resolved              thêm địa chỉ suy ra, bí mật có tìm thấy không / derived values too
  LIENTHONG_DOOR__PORT=9000 lienthong config show | grep port
"""

app = typer.Typer(no_args_is_help=True, help="Cấu hình / the configuration.")


def register(main: typer.Typer) -> None:
    """Adds the commands."""
    main.add_typer(app, name="config")


@app.callback()
def configuration() -> None:
    """Cấu hình / the configuration."""


@app.command("show", short_help="cấu hình đang có hiệu lực / settings in effect", epilog=EXAMPLES)
def show(
    context: typer.Context,
    resolved: Annotated[
        bool, typer.Option("--resolved", help="Thêm giá trị suy ra và bí mật có tìm thấy không / derived values too")
    ] = False,
    json: Json = False,
) -> None:
    """Cấu hình đang có hiệu lực, mỗi giá trị đặt ở đâu / settings in effect and where each was set.

    Không bao giờ hiện bí mật, chỉ tham chiếu. Mã thoát 1 = tuyến, điểm nối hay hệ thống không khớp nhau / never a
    secret, only its reference. Exit code 1 = routes, endpoints and systems do not fit together.
    """
    from bus.cli.effective import effective

    settings = state(context).settings
    values = list(effective(settings))
    derived = _derived(settings) if resolved else {}
    if json:
        shown = [{k: v for k, v in dataclasses.asdict(one).items() if resolved or k != "resolves"} for one in values]
        found: dict[str, object] = {"folder": str(settings.folder.resolve()), "values": shown}
        problems = tuple(_misfits(settings))
        found["problems"] = [one.as_json() for one in problems]
        out.show_json(found | ({"derived": derived} if resolved else {}))
        raise typer.Exit(1 if problems else 0)
    out.say(f"thư mục cấu hình / configuration folder: {settings.folder.resolve()}", style="bold")
    out.show_table(("khoá/key", "giá trị/value", "đặt ở/set in"), [_row(one, resolved=resolved) for one in values])
    if derived:
        out.say()
        out.show_table(("suy ra/derived", "giá trị/value"), list(derived.items()))
    if problems := tuple(_misfits(settings)):
        raise Refused(problems)


@app.command("check", short_help="cấu hình có dùng được không / whether it can be used", epilog=CHECK)
def check(context: typer.Context, json: Json = False) -> None:
    """Cấu hình có dùng được không: khoá, giá trị, tuyến, điểm nối, hệ thống, bí mật / whether it can be used.

    Không mở kho, không gọi ai. Mã thoát 1 = có lỗi, nêu hết / opens no store, calls nobody. Exit code 1 = wrong.
    """
    settings = state(context).settings
    problems = (*_misfits(settings), *_unresolved(settings))
    if json:
        out.show_json({"good": not problems, "problems": [one.as_json() for one in problems]})
        raise typer.Exit(1 if problems else 0)
    if problems:
        raise Refused(problems)
    count = f"{len(settings.endpoints)} điểm nối / endpoints, {len(settings.routes)} tuyến / routes"
    out.say(f"✓ {settings.folder.resolve()}: dùng được / can be used · {count}", style="green")


def _misfits(settings: Settings) -> Iterator[Problem]:
    """What does not fit together: routes, endpoints, systems, receiving hours."""
    from bus.compose import load_house

    try:
        load_house(settings)
    except Refused as wrong:
        yield from wrong.problems


def _unresolved(settings: Settings) -> Iterator[Problem]:
    """References that lead to nothing."""
    from bus.cli.effective import effective
    from schemas.problem import Place, Stage, problem

    for one in effective(settings):
        if one.resolves is False:
            found = problem("LT-CONF-003", Stage.CONFIGURE, {"reference": one.value})
            yield found.at(ours=Place(one.source, 0, one.name))


def _row(one: Effective, *, resolved: bool) -> list[object]:
    value = str(list(map(str, one.value))) if isinstance(one.value, (tuple, list)) else str(one.value)
    if resolved and one.resolves is not None:
        value += "  ✓ có / there" if one.resolves else "  ✗ không có / not there"
    return [one.name, value, one.source]


def _derived(settings: Settings) -> dict[str, str]:
    from bus.cli.effective import without_credentials
    from bus.compose import queue_url

    found = {
        "address": settings.address(),
        "data": str(settings.data.resolve()),
        "journal": settings.journal_url(),
        "queue": queue_url(settings),
    }
    return {name: without_credentials(value) for name, value in found.items()}
