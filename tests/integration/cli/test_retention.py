"""`lienthong retention`: bodies long finished are erased from the very files, and the proof still stands."""

from __future__ import annotations

import json
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bus.body_keys import vault_of
from bus.cli import main
from bus.compose_evidence import make_sealer
from bus.erasing import Eraser
from bus.journal import open_journal
from bus.records import Rejection
from bus.records.jobs import Held, JobAct, JobOrder
from bus.settings import load
from bus.turn import Finished, Turn
from schemas.message import sha256_hex
from schemas.problem import Stage, problem
from tests.contract.journal_world import TurnedClock, World, message, settlement
from tests.contract.test_journal_retention import accept
from tests.integration.cli.running import Ran

SECRET = b"khong-duoc-con-lai"  # found as it is where a body is neither compressed nor locked
RULE = "retention.body_days = 40"


class Place:
    """A configuration with a journal in which one message ended 50 days ago and one today."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.folder, self.capsys = folder, capsys
        (folder / "lienthong.toml").write_text("[retention]\nbody_days = 40\n[signing]\ndangerous_make_key = true\n")
        (folder / "data").mkdir()
        self.old = self.fill(days=50)
        self.fill(days=0)

    def fill(self, *, days: int) -> str:
        """Delivered then, with one refused beside it, and sealed."""
        settings = load(self.folder, over={"data": self.folder / "data"})
        clock = TurnedClock()
        clock.at = datetime.now(UTC) - timedelta(days=days)
        journal = open_journal(settings.journal_url(), vault=vault_of(settings), clock=clock)
        world = World("sqlite", journal, clock)
        (made,) = accept(world, (f"TN{days}", "ho_so"), at=clock.at)
        assert world.grant(f"{made}:cong", "1.1")
        told = settlement(f"{made}:cong", 1, "1.1")
        world.settle(replace(told, attempt=replace(told.attempt, reply_sha256=sha256_hex(told.reply))))
        refused = message("goc", SECRET + b"%d" % days, received_at=clock.at)
        journal.reject(Rejection(refused, (problem("LT-JRN-004", Stage.RECEIVE),), "cong")).result(20)
        turn = Turn(Held("", "", 0), "", journal, clock, 1e9, lambda: False)
        make_sealer(settings, journal, clock).run(turn)
        journal.close()
        return made

    def run(self, *words: str) -> Ran:
        """The command, as a person types it, in this process."""
        with pytest.MonkeyPatch.context() as changed:
            changed.setenv("LIENTHONG_CONFIG", str(self.folder))
            changed.setenv("LIENTHONG_DATA", str(self.folder / "data"))
            changed.setattr(sys, "argv", ["lienthong", *words])
            with pytest.raises(SystemExit) as ended:
                main.run()
        said = self.capsys.readouterr()
        assert isinstance(ended.value.code, int)
        return Ran(ended.value.code, said.out, said.err)

    def holds(self, secret: bytes) -> bool:
        """Whether it stands anywhere in the journal's files."""
        files = (self.folder / "data").glob("journal.sqlite*")
        return any(secret in file.read_bytes() for file in files)


@pytest.fixture
def place(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Place:
    return Place(tmp_path, capsys)


def test_bodies_are_erased_and_the_proof_stands(place: Place) -> None:
    """plan tells what run does; afterwards the bytes stand in no file, show says so, evidence verifies, all whole."""
    foretold = place.run("retention", "plan", "--json").json()["looked_at"]
    assert {(one["kind"], one["fate"]): one["messages"] for one in foretold} == {
        ("goc", "erase"): 2, ("ho_so", "erase"): 1,
    }  # fmt: skip
    assert place.holds(SECRET + b"50")
    done = place.run("retention", "run", "--json", "--who", "an")
    assert (done.code, done.json()["erased"]["messages"]) == (0, 3)
    assert (place.holds(SECRET + b"50"), place.holds(SECRET + b"0")) == (False, True)
    shown = place.run("show", place.old, "--body", "canonical")
    assert (shown.code, "LT-RET-001" in shown.err, RULE in shown.err) == (1, True, True)
    assert RULE in place.run("show", place.old).out
    container = place.folder / "chung-cu.asice"
    assert place.run("evidence", "export", place.old, "--why", "thanh tra", "--out", str(container)).code == 0
    checked = place.run("evidence", "verify", str(container), "--json")
    proved = [one["en"] for one in checked.json()["statements"] if one["standing"] == "proved"]
    gone = [text for text in proved if RULE in text]
    assert (checked.code, len(gone)) == (0, 3), checked.out
    assert all("its digest is on record, the proof stands" in text for text in gone)
    with zipfile.ZipFile(container) as files:
        assert not [name for name in files.namelist() if name.startswith("bodies/")]
        told = json.loads(files.read("message.json"))["bodies"]
    assert {one["erased"]["rule"] for one in told} == {RULE}
    assert place.run("evidence", "check").code == 0


def test_a_hold_keeps_it_until_released(place: Place) -> None:
    """hold needs a reason, status tells of it, run leaves the message with its envelope; released, both go."""
    assert place.run("retention", "hold", place.old).code == 2
    assert place.run("retention", "hold", place.old, "--why", "khiếu nại", "--who", "an").code == 0
    status = place.run("retention", "status", "--json").json()
    assert [(one["message"], one["why"]) for one in status["holds"]] == [(place.old, "khiếu nại")]
    done = place.run("retention", "run", "--json").json()
    assert {(one["kind"], one["fate"]) for one in done["looked_at"]} == {
        ("goc", "erase"), ("goc", "hold"), ("ho_so", "hold"),
    }  # fmt: skip
    assert place.run("retention", "release", place.old, "--why", "xong").code == 0
    assert place.run("retention", "run", "--json").json()["erased"] == {"messages": 2, "bodies": 3}


def test_without_days_nothing_is_erased(place: Place) -> None:
    """Off by default: run says so and does nothing; days below the least are refused with the setting's name."""
    (place.folder / "lienthong.toml").write_text("")
    refused = place.run("retention", "run")
    assert (refused.code, "LT-RET-002" in refused.err) == (1, True)
    (place.folder / "lienthong.toml").write_text("[retention]\nbody_days = 7\n")
    short = place.run("retention", "plan")
    assert (short.code, "retention" in short.err) == (1, True)


def test_stopped_by_hand_it_gives_its_lease_back(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """After Ctrl-C the next run goes on at once; one that lost the job to somebody else says so."""
    real = Eraser.run

    def interrupted(self: Eraser, turn: Turn) -> Finished:
        raise KeyboardInterrupt

    def taken(self: Eraser, turn: Turn) -> Finished:
        self.journal.order_job(JobOrder("retention", JobAct.RESET, "binh", "")).result(20)
        return real(self, turn)

    monkeypatch.setattr(Eraser, "run", interrupted)
    place.run("retention", "run")
    monkeypatch.setattr(Eraser, "run", taken)
    lost = place.run("retention", "run", "--json")
    assert (lost.code, lost.json()["problems"][0]["code"]) == (1, "LT-RET-003")
    monkeypatch.setattr(Eraser, "run", real)
    assert place.run("retention", "run", "--json").json()["erased"] == {"messages": 3, "bodies": 4}
