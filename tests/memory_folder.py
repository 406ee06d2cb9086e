"""Where tests keep their files: in memory, where there is room. They sync thousands of times, as shipped."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
NEEDED_BYTES = 4 << 30  # the most a whole run was seen to keep, twice


def use_memory() -> None:
    """For this process and those it starts, unless TMPDIR says where. Such files survive whatever a test kills."""
    if "TMPDIR" not in os.environ and is_fit(MEMORY):
        os.environ["TMPDIR"] = tempfile.tempdir = str(MEMORY)


def is_fit(folder: Path) -> bool:
    """Big enough, and programs may be run from it."""
    try:
        found = os.statvfs(folder)
        memory = dict(line.split(":", 1) for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines())
        available_bytes = int(memory["MemAvailable"].split()[0]) * 1024
    except (OSError, KeyError, ValueError):
        return False
    free_bytes = min(found.f_bavail * found.f_frsize, available_bytes // 2)
    return os.access(folder, os.W_OK | os.X_OK) and not found.f_flag & os.ST_NOEXEC and free_bytes >= NEEDED_BYTES
