"""One owner for each data folder."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from bus.ownership import owner, owning
from schemas.problem import Refused

HOLD = """
import sys, time
from pathlib import Path
from bus.ownership import owning
with owning(Path(sys.argv[1])):
    print("held", flush=True)
    time.sleep(60)
"""


def test_second_owner_is_refused_until_the_first_goes(tmp_path: Path) -> None:
    """While one holds the folder another is refused by name; afterwards the folder is free."""
    with owning(tmp_path):
        assert owner(tmp_path) == os.getpid()
        with pytest.raises(Refused, match="LT-UP-002"), owning(tmp_path):
            pass
    assert owner(tmp_path) == 0
    with owning(tmp_path):
        assert owner(tmp_path) == os.getpid()


def test_a_killed_owner_holds_nothing(tmp_path: Path) -> None:
    """kill -9 gives the folder back at once: nobody has to delete a stale file."""
    process = subprocess.Popen([sys.executable, "-c", HOLD, str(tmp_path)], stdout=subprocess.PIPE)
    assert process.stdout is not None
    assert process.stdout.readline().strip() == b"held"
    assert owner(tmp_path) == process.pid
    process.send_signal(signal.SIGKILL)
    process.wait(20)
    process.stdout.close()
    with owning(tmp_path):
        assert owner(tmp_path) == os.getpid()


def test_an_unwritable_folder_is_refused(tmp_path: Path) -> None:
    """Said before anything is started, with the reason."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(Refused, match="LT-UP-001"), owning(tmp_path / "file"):
        pass
