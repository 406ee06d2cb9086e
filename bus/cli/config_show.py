"""`lienthong config show`: the settings as they are in effect, and where each value came from."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, state

if TYPE_CHECKING:
    from bus.cli.effective import Effective
    from bus.settings import Settings

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

    Không bao giờ hiện bí mật, chỉ tham chiếu / never a secret, only its reference.
    """
    from bus.cli.effective import effective

    settings = state(context).settings
    values = list(effective(settings))
    derived = _derived(settings) if resolved else {}
    if json:
        shown = [{k: v for k, v in dataclasses.asdict(one).items() if resolved or k != "resolves"} for one in values]
        found: dict[str, object] = {"folder": str(settings.folder.resolve()), "values": shown}
        out.show_json(found | ({"derived": derived} if resolved else {}))
        return
    out.say(f"thư mục cấu hình / configuration folder: {settings.folder.resolve()}", style="bold")
    out.show_table(("khoá/key", "giá trị/value", "đặt ở/set in"), [_row(one, resolved=resolved) for one in values])
    if derived:
        out.say()
        out.show_table(("suy ra/derived", "giá trị/value"), list(derived.items()))


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
