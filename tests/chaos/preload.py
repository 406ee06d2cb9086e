"""Small libraries that come between a program and the kernel: compiled when a scenario needs one."""

from __future__ import annotations

import subprocess
from pathlib import Path

from tests.chaos.disk import CannotRun
from tests.foreign import path_of


def preload(name: str, folder: Path) -> Path:
    """The library made of NAME.c, in a folder.

    Raises:
        CannotRun: no compiler.
    """
    made = folder.resolve() / f"{name}.so"
    if not made.exists():
        if path_of("gcc") is None:
            raise CannotRun(f"no gcc to make {name}")
        source = Path(__file__).with_name(f"{name}.c")
        subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", str(made), str(source), "-ldl"], check=True)
    return made
