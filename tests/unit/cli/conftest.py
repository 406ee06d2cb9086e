"""The command `lienthong` inside the test's own process: as it is typed, with what it says and its exit code."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bus.cli.main import run


@dataclass(frozen=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    def json(self) -> Any:
        """The one JSON value on standard output."""
        return json.loads(self.out)


Typed = Callable[..., Said]


@pytest.fixture
def lienthong(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Typed]:
    """Types a command: no process, no terminal."""
    level = logging.getLogger("lienthong").level

    def typed(*words: str | Path) -> Said:
        monkeypatch.setattr(sys, "argv", ["lienthong", *map(str, words)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as ended:
            run()
        said = capsys.readouterr()
        code = ended.value.code
        return Said(code if isinstance(code, int) else 0 if code is None else 1, said.out, said.err)

    yield typed
    logging.getLogger("lienthong").setLevel(level)
