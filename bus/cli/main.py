"""The command `lienthong`: one module per command, one place that says what went wrong and with which exit code."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from rich.console import Console

from bus.cli import demo, serve, up, work
from bus.cli.context import State
from schemas.problem import Refused

app = typer.Typer(
    name="lienthong",
    help="Lớp chuyển đổi của trục liên thông dịch vụ công / the adapter layer of a government service bus.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

for module in (up, serve, work, demo):
    module.register(app)


@app.callback()
def configure(
    context: typer.Context,
    config: Annotated[
        str, typer.Option("--config", "-c", envvar="LIENTHONG_CONFIG", help="Thư mục cấu hình / configuration folder")
    ] = "",
) -> None:
    """Chọn thư mục cấu hình / chooses the configuration folder."""
    context.obj = State(config)


def run() -> None:
    """Entry point. Exit codes: 0 fine, 1 refused or not found, 2 usage, 3 a store or server is away."""
    from bus.ports import JournalUnavailable, QueueUnavailable

    error = Console(stderr=True)
    try:
        app()
    except Refused as refused:
        for found in refused.problems:
            place = f" [{found.ours.source}:{found.ours.line}]" if found.ours else ""
            error.print(f"[red]{found.code}[/]{place} {found.text_vi}", highlight=False)
            error.print(f"  {found.text_en}\n  → {found.do_vi} / {found.do_en}", style="dim", highlight=False)
        sys.exit(1)
    except (JournalUnavailable, QueueUnavailable) as away:
        error.print(f"[red]Kho dữ liệu không trả lời / a store is away:[/] {away}", highlight=False)
        sys.exit(3)
