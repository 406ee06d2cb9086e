"""`lienthong version`: which version of what runs here."""

from __future__ import annotations

import platform
from importlib.metadata import PackageNotFoundError, version

import typer

from bus.cli import out
from bus.cli.context import Json

_PARTS = ("lxml", "redis", "SQLAlchemy", "cryptography", "zeep", "fastapi")


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command(
        "version", short_help="phiên bản / versions", epilog="\b\nVí dụ / example:\n  lienthong version --json\n"
    )(show_version)


def show_version(json: Json = False) -> None:
    """Phiên bản của lienthong và các phần chính / versions of lienthong and its main parts."""
    from bus.journal.migrate import HEAD

    found = {
        "lienthong": _version("lienthong"),
        "journal schema": HEAD,
        "python": platform.python_version(),
        **{name: _version(name) for name in _PARTS},
    }
    if json:
        out.show_json(found)
        return
    for name, number in found.items():
        out.say(f"{name:16}{number}")


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "–"
