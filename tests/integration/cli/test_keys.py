"""`lienthong keys`: a key is made, declared, and older bodies are brought under it, also after a kill."""

from __future__ import annotations

import dataclasses
import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

from bus.body_keys import vault_of
from bus.journal import open_journal
from bus.settings import load
from tests.contract.journal_world import acceptance, item, message
from tests.integration.cli.running import COMMAND, ROOT, Ran, run

BODY = ("<HoSo><Ten>Nguyễn Văn Thử</Ten></HoSo>" * 9).encode()


class Place:
    """A configuration folder with a data folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {**os.environ, "LIENTHONG_CONFIG": str(folder), "LIENTHONG_DATA": str(folder / "data")}
        self.declare("")

    def declare(self, encryption: str) -> None:
        """Writes the configuration."""
        (self.folder / "lienthong.toml").write_text(encryption, encoding="utf-8")

    def fill(self, many: int) -> None:
        """Messages with two bodies each."""
        settings = load(self.folder, over={"data": self.folder / "data"})
        (self.folder / "data").mkdir(exist_ok=True)
        journal = open_journal(settings.journal_url(), vault=vault_of(settings))
        made = (acceptance(item("TN", message=message(body=BODY))) for _ in range(many))
        for done in [journal.accept(dataclasses.replace(one, raw=message("goc", BODY))) for one in made]:
            done.result(20)
        journal.close()

    def run(self, *words: str) -> Ran:
        """The command, as a person types it."""
        return run(*words, env=self.env)

    def counts(self) -> dict[str, int]:
        """Bodies by key."""
        return {one["key"]: one["bodies"] for one in self.run("keys", "list", "--json").json()["keys"]}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_a_key_is_made_declared_and_used(place: Place) -> None:
    """rotate writes a private file and says what to declare; rewrap leaves nothing in clear; doctor agrees."""
    place.fill(5)
    made = place.run("keys", "rotate", "--id", "k1")
    assert (made.code, (place.folder / "keys" / "k1.key").stat().st_mode & 0o777) == (0, 0o600)
    place.declare(made.out[made.out.index("[journal.encryption]") :])
    assert place.counts() == {"": 10, "k1": 0}
    done = place.run("keys", "rewrap", "--json")
    assert (done.code, done.json()) == (0, {"rewrapped": 10, "left": {}, "active": "k1"})
    assert place.counts() == {"": 0, "k1": 10}
    findings = place.run("doctor", "--json").json()["findings"]
    assert [one["verdict"] for one in findings if one["area"] == "encryption"] == ["good"]


def test_a_key_is_never_overwritten(place: Place) -> None:
    """The same name again is refused, the file stays."""
    place.run("keys", "rotate", "--id", "k1")
    before = (place.folder / "keys" / "k1.key").read_bytes()
    again = place.run("keys", "rotate", "--id", "k1", "--json")
    assert (again.code, again.json()["problems"][0]["code"]) == (1, "LT-KEY-008")
    assert (place.folder / "keys" / "k1.key").read_bytes() == before


def test_another_key_under_the_same_name_is_told(place: Place) -> None:
    """By every command that opens the journal, and by the doctor; nothing is shown."""
    made = place.run("keys", "rotate", "--id", "k1")
    place.declare(made.out[made.out.index("[journal.encryption]") :])
    place.fill(1)
    (place.folder / "keys" / "k1.key").unlink()
    place.run("keys", "rotate", "--id", "k2")
    (place.folder / "keys" / "k2.key").rename(place.folder / "keys" / "k1.key")
    found = place.run("find")
    assert (found.code, "LT-KEY-006" in found.err) == (3, True)
    findings = place.run("doctor", "--json").json()["findings"]
    assert "LT-KEY-006" in [one["code"] for one in findings if one["area"] == "encryption"]


def test_killed_in_the_middle_it_goes_on(place: Place) -> None:
    """kill -9 while it rewraps: run again, everything is under the key, everything opens."""
    place.fill(900)
    made = place.run("keys", "rotate", "--id", "k1")
    place.declare(made.out[made.out.index("[journal.encryption]") :])
    child = subprocess.Popen(
        [*COMMAND, "keys", "rewrap"], cwd=ROOT, env=place.env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    settings = load(place.folder, over={"data": place.folder / "data"})
    journal = open_journal(settings.journal_url(), vault=vault_of(settings))
    try:
        end = time.monotonic() + 60
        while not journal.bodies_by_key().get("k1") and child.poll() is None and time.monotonic() < end:
            time.sleep(0.005)
        child.send_signal(signal.SIGKILL)
        child.wait(20)
        assert journal.bodies_by_key()["k1"] > 0
        for job in journal.jobs():
            journal.expire_worker(job.owner).result(20)  # its lease would run out by itself
        assert place.run("keys", "rewrap").code == 0
        assert journal.bodies_by_key() == {"": 0, "k1": 1800}
        assert journal.verify_chain() == ()
    finally:
        journal.close()
