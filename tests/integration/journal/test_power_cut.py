"""Accepted means kept: the process is killed and the disk loses everything that was not flushed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bus.journal import open_journal

ROOT = Path(__file__).parents[3]
ANSWERED = 300


@pytest.fixture(scope="module")
def shim(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The library that remembers what was flushed."""
    made = tmp_path_factory.mktemp("shim") / "fsync_shadow.so"
    source = Path(__file__).with_name("fsync_shadow.c")
    subprocess.run(["gcc", "-shared", "-fPIC", "-O2", "-o", made, source, "-ldl"], check=True)
    return made


def answered_then_cut(folder: Path, shim: Path, *, synchronous: str = "") -> tuple[list[str], str]:
    """Ids that were answered before the power went, and the address of the journal as the disk kept it."""
    live, kept = folder / "live", folder / "kept"
    live.mkdir()
    kept.mkdir()
    open_journal(f"sqlite:///{live / 'j.sqlite'}").close()
    for file in live.iterdir():
        shutil.copy(file, kept)  # what was there before the process began is on the disk
    environment = {
        **os.environ, "LD_PRELOAD": str(shim), "SHADOW_OF": str(live), "SHADOW_IN": str(kept),
        "PYTHONPATH": str(ROOT),
    }  # fmt: skip
    child = subprocess.Popen(
        [sys.executable, "-m", "tests.integration.journal.accepting_child", f"sqlite:///{live / 'j.sqlite'}", "8",
         synchronous],
        stdout=subprocess.PIPE, env=environment, cwd=ROOT,
    )  # fmt: skip
    assert child.stdout is not None
    ids = [child.stdout.readline().decode().strip() for _ in range(ANSWERED)]
    child.kill()
    ids += child.stdout.read().decode().split("\n")[:-1]
    child.wait()
    assert all(ids)
    return ids, f"sqlite:///{kept / 'j.sqlite'}"


def missing(ids: list[str], url: str) -> list[str]:
    """Those the journal does not know, or only half."""
    journal = open_journal(url)
    try:
        assert journal.verify_chain() == ()
        lost = []
        for one in ids:
            journey = journal.journey(one)
            if journey is None or len(journey.deliveries) != 1 or journal.body(one, "canonical") is None:
                lost.append(one)
        return lost
    finally:
        journal.close()


@pytest.mark.foreign("gcc")
@pytest.mark.slow
def test_nothing_answered_is_lost(tmp_path: Path, shim: Path) -> None:
    """After kill -9 and a power cut, every message that was answered is there, whole, and the chain is whole."""
    ids, url = answered_then_cut(tmp_path, shim)
    assert len(ids) >= ANSWERED
    assert missing(ids, url) == []


@pytest.mark.foreign("gcc")
@pytest.mark.slow
@pytest.mark.parametrize("synchronous", ["NORMAL", "OFF"])
def test_the_cut_can_be_seen(tmp_path: Path, shim: Path, synchronous: str) -> None:
    """The same cut shows loss where commits are not flushed: the test above is able to fail."""
    ids, url = answered_then_cut(tmp_path, shim, synchronous=synchronous)
    assert len(missing(ids, url)) > ANSWERED // 2
