"""How commands speak: tables for people, TAB-separated lines for pipes, JSON for programs; never control characters.

What partners sent ends up on a terminal here, so nothing of it may steer that terminal.
"""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import datetime
from typing import NoReturn
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

HERE = ZoneInfo("Asia/Ho_Chi_Minh")
_CONTROLS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


class _Pipe(Console):
    """A console whose reader may leave early: `find | head` is no fault."""

    def on_broken_pipe(self) -> NoReturn:
        """See rich. What is still buffered goes nowhere."""
        leave_pipe()
        raise SystemExit(0)


def leave_pipe() -> None:
    """Nobody reads our output any more."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


console = _Pipe(highlight=False, markup=False, soft_wrap=False)
error = _Pipe(stderr=True, highlight=False, markup=False)


def clean(value: object) -> str:
    """A text that cannot steer a terminal: control and direction characters are shown as a sign.

    >>> clean("a\\x1b[31mb")
    'a�[31mb'
    """
    return _CONTROLS.sub("�", str(value))


def moment(at: datetime | None, *, short: bool = False) -> str:
    """A moment as people in Vietnam read it."""
    if at is None:
        return ""
    return at.astimezone(HERE).strftime("%d/%m %H:%M:%S" if short else "%d/%m/%Y %H:%M:%S")


def put(line: str) -> None:
    """One line as it is: Rich would turn TABs into blanks."""
    try:
        sys.stdout.write(line + "\n")
    except BrokenPipeError:
        leave_pipe()
        raise SystemExit(0) from None


def finish() -> None:
    """What is still buffered goes out now, while a reader that left can be dealt with."""
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        leave_pipe()


def say(text: object = "", *, style: str = "") -> None:
    """One line for people."""
    if console.is_terminal:
        console.print(Text(clean(text), style=style), soft_wrap=True)
    else:
        put(clean(text))


def warn(text: object, *, style: str = "yellow") -> None:
    """One line beside the answer, on standard error."""
    error.print(Text(clean(text), style=style), soft_wrap=True)


def show_json(value: object, *, one_line: bool = False) -> None:
    """One JSON value. ASCII control characters never stand in it unescaped."""
    text = json.dumps(value, ensure_ascii=False, indent=None if one_line else 2, default=_plain)
    put(clean_json(text))


def clean_json(text: str) -> str:
    """JSON text with what could steer a terminal written as \\u escapes."""
    return re.sub(r"[\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]", lambda hit: f"\\u{ord(hit[0]):04x}", text)


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value)


def show_table(titles: Sequence[str], rows: Iterable[Sequence[object]], *, styles: Sequence[str] = ()) -> None:
    """A table on a terminal; in a pipe one line a row, TAB between, so that `cut` and `awk` can read it."""
    if not console.is_terminal:
        for row in (titles, *rows):
            put("\t".join(clean(cell).replace("\t", " ").replace("\n", " ") for cell in row))
        return
    table = Table(header_style="bold")
    for number, title in enumerate(titles):
        table.add_column(title, overflow="fold", style=styles[number] if number < len(styles) else "")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else Text(clean(cell)) for cell in row))
    console.print(table)


def busy(what: str) -> AbstractContextManager[object]:
    """A turning sign while something without a measure goes on; silent where nobody watches."""
    return error.status(Text(what)) if error.is_terminal else nullcontext()


def progress() -> Progress:
    """A bar for long work, on standard error, gone when done; silent where nobody watches."""
    return Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=error, transient=True, disable=not error.is_terminal,
    )  # fmt: skip
