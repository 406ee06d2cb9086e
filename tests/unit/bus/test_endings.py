"""What ends is said in time, at each step once; and what was seen long ago is dropped."""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from bus.endings import EndingsWatch, believed
from bus.forgetting import Forgetting
from bus.journal import MemoryJournal
from bus.key_cupboard import Cupboard
from bus.records.jobs import Held
from bus.records.seeing import Fate, Seen
from bus.settings import Settings, load
from bus.turn import Turn
from tests.unit.bus.kit import SetClock
from tests.unit.signing.issuer import DAY, Issuer

NOW = datetime.now(UTC)


def settings(folder: Path, *, days: int) -> Settings:
    """Our key ends in so many days; a store with a list that is made anew every day."""
    root = Issuer.root()
    ours = root.person(first=NOW - DAY, last=NOW + days * DAY)
    (folder / "bus.pem").write_bytes(ours.private)
    (folder / "bus.crt").write_bytes(ours.pem)
    (folder / "kho").mkdir()
    (folder / "kho" / "goc.pem").write_bytes(root.pem)
    (folder / "kho" / "goc.crl").write_bytes(root.crl(at=NOW - DAY / 2, next_at=NOW + DAY / 2))
    signing = {"key": "file:bus.pem", "certificate": "file:bus.crt", "key_id": "bus"}
    return load(folder, over={"signing": signing, "trust": {"thu": {"folder": "kho"}}})


def turn(clock: SetClock, journal: MemoryJournal | None = None) -> Turn:
    """The right to run once."""
    return Turn(Held("a", "w", 1), "", journal or MemoryJournal(clock), clock, 60.0, lambda: False)


def test_each_step_is_said_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """60, 30, 7 and 1 days before, and when it has ended; a list that is soon made anew is no news before its end."""
    watch, clock = EndingsWatch(settings(tmp_path, days=70), Cupboard()), SetClock(NOW)
    said: list[tuple[int, list[str]]] = []
    with caplog.at_level(logging.WARNING, logger="lienthong.keys"):
        for day in range(72):
            clock.at = NOW + day * DAY
            caplog.clear()
            watch.run(turn(clock))
            said += [(day, [one.levelname])
                     for one in caplog.records if "signing bus" in one.getMessage()]  # fmt: skip
    assert said == [
        (10, ["WARNING"]), (40, ["WARNING"]), (63, ["WARNING"]), (69, ["ERROR"]), (70, ["ERROR"]),
    ]  # fmt: skip


def test_a_door_reads_what_it_believes_without_our_private_key(tmp_path: Path) -> None:
    """The key's file may not even be readable for it."""
    made = settings(tmp_path, days=70)
    (tmp_path / "bus.pem").unlink()
    assert [(one.kind, one.name.split(":")[0]) for one in believed(made, Cupboard())] == [
        ("certificate", "trust thu"), ("list", "trust thu"),
    ]  # fmt: skip


def test_marks_are_dropped_some_minutes_after_their_time() -> None:
    """Clocks of several hosts differ: not to the second."""
    clock = SetClock(NOW)
    journal = MemoryJournal(clock)
    mark = sha256(b"x").hexdigest()
    journal.see(Seen(mark, mark, NOW + timedelta(seconds=60))).result()
    for seconds, fate in ((59, 0), (120, 0), (400, 1)):
        clock.at = NOW + timedelta(seconds=seconds)
        assert Forgetting().run(turn(clock, journal)).taken == fate
    assert journal.see(Seen(mark, mark, NOW + timedelta(seconds=900))).result().fate is Fate.FIRST
