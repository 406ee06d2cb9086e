"""`lienthong serve`: the door."""

from __future__ import annotations

import typer

from bus.cli.context import log_to_stderr, state

EXAMPLES = """\b
Ví dụ / examples:
  lienthong serve                                                cửa, hàng đợi đã chạy sẵn / the door alone
  LIENTHONG_QUEUE__REDIS_URL=redis://hang-doi.example:6379 lienthong serve
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("serve", short_help="chạy riêng cửa / run the door alone", epilog=EXAMPLES)(serve)


def serve(context: typer.Context) -> None:
    """Mở cửa nhận thông điệp / opens the door (SIGTERM answers what is under way, then ends)."""
    from bus.compose import open_parts
    from bus.web.run import serve_door

    log_to_stderr()
    parts = open_parts(state(context).settings)
    try:
        serve_door(parts)
    finally:
        parts.close()
