"""`lienthong serve`: the door."""

from __future__ import annotations

import typer

from bus.cli.context import log_to_stderr, state
from bus.compose import open_parts
from bus.web.run import serve_door


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve")(serve)


def serve(context: typer.Context) -> None:
    """Mở cửa nhận thông điệp / opens the door (SIGTERM answers what is under way, then ends)."""
    log_to_stderr()
    parts = open_parts(state(context).settings)
    try:
        serve_door(parts)
    finally:
        parts.close()
