"""`lienthong settle` and its sisters: one delivery or many, looked at first, recorded, and told in JSON."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from bus.delivery import State
from bus.outcome import Outcome
from bus.records import Decision, NextStep
from tests.contract.journal_world import PARKED, World, open_world, to
from tests.unit.cli.conftest import Said, Typed


@dataclass
class House:
    """A bus whose private queue is not running, as a command finds it."""

    folder: Path
    world: World
    typed: Typed

    def __call__(self, *words: str) -> Said:
        """One command."""
        return self.typed("-c", self.folder, *words)

    def parked(self, code: str) -> str:
        """A delivery that waits for a person."""
        delivery = self.world.delivery(to(), code=code)
        self.world.deliver(delivery, decision=PARKED, outcome=Outcome.UNCLEAR)
        return delivery


@pytest.fixture
def house(tmp_path: Path, lienthong: Typed) -> Iterator[House]:
    """Its journal, open beside the command as a running bus has it."""
    (tmp_path / "lienthong.toml").write_text(f'data = "{tmp_path}"\n', encoding="utf-8")
    world = open_world("sqlite", tmp_path)
    yield House(tmp_path, world, lienthong)
    world.journal.close()


def test_settle_needs_a_yes_and_a_word(house: House) -> None:
    """Neither way is the default, and nothing is done where nobody can be asked."""
    delivery = house.parked("A")
    assert house("settle", delivery, "--why", "công văn 12").code == 2
    said = house("settle", delivery, "--delivered", "--why", "công văn 12")
    assert (said.code, "--yes" in said.err) == (1, True)
    assert house.world.state(delivery) is State.PARKED


def test_settled_as_delivered(house: House) -> None:
    """By whom and why is on record; nothing is sent."""
    delivery = house.parked("A")
    words = ("settle", delivery, "--delivered", "--why", "công văn 12", "--who", "an", "--json")
    looked = house(*words, "--dry-run").json()
    assert (looked["done"], looked["state"], house.world.state(delivery)) == (False, "parked", State.PARKED)
    said = house(*words, "--yes")
    shown = said.json()
    assert (said.code, shown["act"], shown["done"], shown["state"]) == (0, "settle", True, "delivered")
    assert house.world.work(delivery).delivery.reason == "an: công văn 12"


def test_settled_as_not_delivered(house: House) -> None:
    """It is sent again; one that nobody has doubts about is refused with exit code 1."""
    delivery = house.parked("A")
    words = ("settle", delivery, "--not-delivered", "--why", "tra sổ: không có", "--yes", "--json")
    assert (house(*words).json()["state"], house.world.state(delivery)) == ("ready", State.READY)
    again = house(*words)
    assert (again.code, again.json()["done"]) == (1, False)


def test_many_are_settled_as_a_plan(house: House) -> None:
    """By the same filters as the other acts, also unclear ones."""
    unclear = house.world.delivery(to(), code="U")
    asks = Decision(NextStep.ASK, "không rõ", next_at=house.world.clock.now())
    house.world.deliver(unclear, decision=asks, outcome=Outcome.UNCLEAR)
    house.parked("P")
    words = ("settle", "--delivered", "--state", "unclear", "--endpoint", "cong", "--why", "công văn 12", "--json")
    assert house(*words, "--dry-run").json()["subjects"] == [unclear]
    said = house(*words, "--yes")
    assert (said.code, said.json()["items"]["done"], said.json()["source"]) == (0, 1, "settle")
    assert house.world.state(unclear) is State.DELIVERED


def test_release_replay_and_cancel_as_before(house: House) -> None:
    """One way of typing for all acts."""
    one, two, three = house.parked("A"), house.parked("B"), house.parked("C")
    assert house("release", one, "--why", "đã sửa", "--json").json()["state"] == "ready"
    assert house("replay", two, "--as-then", "--why", "mất", "--json").json()["state"] == "ready"
    assert house("cancel", three, "--why", "nhầm", "--yes", "--json").json()["state"] == "cancelled"
    assert house("replay", two, "--as-then", "--from-raw", "--why", "x").code == 2
    assert house("release", two, "--endpoint", "cong", "--why", "x").code == 2


def test_a_beginning_of_several_messages_says_what_they_are(house: House) -> None:
    """Kind, dossier, sender and time, not ids alone."""
    house.parked("A")
    house.parked("B")
    said = house("show", "0")
    assert said.code == 1
    assert "LT-CLI-002" in said.err
    assert "ho_so · " in said.err
    assert "mot_cua_cmon" in said.err


def test_evidence_is_never_overwritten_silently(house: House) -> None:
    """Refused before anything is on record; with --force it is written; JSON says what was written."""
    (house.folder / "lienthong.toml").write_text(
        f'data = "{house.folder}"\n[signing]\ndangerous_make_key = true\n', encoding="utf-8"
    )
    message = house.parked("A").partition(":")[0]
    target = house.folder / "a.asice"
    target.write_text("cũ", encoding="utf-8")
    words = ("evidence", "export", message, "--why", "toà yêu cầu", "--out", str(target), "--json")
    refused = house(*words)
    assert (refused.code, "LT-CLI-042" in refused.out, target.read_text("utf-8")) == (1, True, "cũ")
    journey = house.world.journal.journey(message)
    assert journey is not None
    assert journey.actions == ()
    said = house(*words, "--force").json()
    assert (said["message"], said["size"]) == (message, target.stat().st_size)
    checked = house("evidence", "verify", str(target), "--json").json()
    assert any(f"của thông điệp {message}" in one["vi"] for one in checked["statements"])
