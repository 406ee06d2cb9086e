"""What commands share: the settings, read when first asked for; the stores; the options everybody has."""

from __future__ import annotations

import getpass
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from bus.ports import Journal, JournalUnavailable
from schemas.problem import Place, Refused, Stage, problem

if TYPE_CHECKING:
    from bus.settings import Settings

Json = Annotated[bool, typer.Option("--json", help="In JSON cho chương trình / JSON for programs")]
Who = Annotated[
    str, typer.Option("--who", metavar="TÊN", help="Ai làm, ghi vào nhật ký / who acts, recorded (default: OS user)")
]


@dataclass(slots=False)
class State:
    """One run of the command."""

    config: str

    @cached_property
    def settings(self) -> Settings:
        """Read once; raises Refused with all findings."""
        from bus.settings import load

        return load(Path(self.config) if self.config else None)


def state(context: typer.Context) -> State:
    """The state of this run."""
    return cast(State, context.obj)


@contextmanager
def journal_of(settings: Settings) -> Iterator[Journal]:
    """The journal, open while the block runs. One that is not there is not made: that would answer "nothing found".

    Raises:
        JournalUnavailable: there is none, or it cannot be opened.
    """
    from bus.body_keys import vault_of
    from bus.cli.effective import without_credentials
    from bus.journal import open_journal
    from bus.journal.migrate import NewerJournal

    url = settings.journal_url()
    if not settings.has_journal():
        shown = without_credentials(url)
        raise JournalUnavailable(f"{shown} chưa có / is not there: LIENTHONG_DATA, --config, `lienthong up`")
    try:
        journal = open_journal(url, vault=vault_of(settings))
    except (NewerJournal, OSError) as wrong:
        raise JournalUnavailable(str(wrong)) from wrong
    try:
        yield journal
    finally:
        journal.close()


def refused(code: str, /, *, ours: Place | None = None, **values: object) -> Refused:
    """A refusal of the command line itself, from its catalogue."""
    return Refused((problem(code, Stage.CONFIGURE, values).at(ours=ours),))


def person(given: str) -> str:
    """Who acts: the name given, else the person behind sudo, else the OS user."""
    if given.strip():
        return given.strip()
    if os.environ.get("SUDO_USER"):
        return os.environ["SUDO_USER"]
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # containers run users that have no name
        return f"uid {os.getuid()}"


def log_to_stderr(level: int = logging.INFO) -> None:
    """Servers log one line per event, UTC."""
    logging.Formatter.converter = time.gmtime
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%SZ"
    )
    for name in ("zeep", "alembic"):  # they tell of their own inside
        logging.getLogger(name).setLevel(logging.WARNING)
