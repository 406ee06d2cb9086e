"""What commands share: the settings, read when first asked for."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import cast

import typer

from bus.settings import Settings, load


@dataclass(slots=False)
class State:
    """One run of the command."""

    config: str

    @cached_property
    def settings(self) -> Settings:
        """Read once; raises Refused with all findings."""
        return load(Path(self.config) if self.config else None)


def state(context: typer.Context) -> State:
    """The state of this run."""
    return cast(State, context.obj)


def log_to_stderr(level: int = logging.INFO) -> None:
    """Servers log one line per event, UTC."""
    logging.basicConfig(
        level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s", datefmt="%Y-%m-%dT%H:%M:%S%z"
    )
    logging.getLogger("zeep").setLevel(logging.WARNING)
