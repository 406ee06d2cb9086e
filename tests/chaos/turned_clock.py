"""The wall clock of the bus and of its queue's server, set forward and back by hours while they run.

Only the wall clock: what counts seconds since the machine started goes on, as when an administrator or a time server
sets a clock. The partners keep the true time, so that their ledgers can be compared.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.preload import preload


@dataclass(frozen=True, slots=True)
class TurnedClock:
    """Processes started in its environment see the true time plus what stands in the file."""

    file: Path
    library: Path

    @classmethod
    def make(cls, folder: Path) -> TurnedClock:
        """At the true time.

        Raises:
            CannotRun: no compiler.
        """
        folder.mkdir(parents=True, exist_ok=True)
        made = cls(folder.resolve() / "clock", preload("turned_clock", folder))
        made.file.write_bytes(struct.pack("q", 0))
        return made

    def turn(self, seconds: int) -> None:
        """All of them at once: true time plus so much."""
        with self.file.open("r+b", buffering=0) as file:
            file.write(struct.pack("q", seconds))

    def environment(self) -> dict[str, str]:
        """For the processes."""
        return {"LD_PRELOAD": str(self.library), "TURNED_CLOCK": str(self.file)}
