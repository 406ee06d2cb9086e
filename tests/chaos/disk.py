"""A small disk of its own for the data folder, so that it can be full."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.chaos.row import Row


class CannotRun(Exception):
    """This machine does not allow what the scenario needs."""

    def row(self, scenario: str, seed: int) -> Row:
        """It stays in the ledger."""
        return Row(scenario=scenario, seed=seed, note=f"not run: {self}", ran=False)


@contextmanager
def small_disk(place: Path, *, size_mb: int) -> Iterator[None]:
    """A tmpfs at `place`.

    Raises:
        CannotRun: mounting is not permitted.
    """
    place.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={size_mb}m", "chaos", str(place)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except OSError as error:
        raise CannotRun(f"mount: {error}") from error
    if done.returncode:
        raise CannotRun(f"a small disk cannot be mounted here: {done.stderr.strip()}")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=False)
