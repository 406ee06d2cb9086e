"""The commands against a real bus that runs."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from bus.delivery import State
from tests.acceptance.running_bus import SOMEBODY, Bus
from tests.integration.cli.running import COMMAND, ROOT, Ran, run


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """One bus for all of this module; each test has dossiers of its own."""
    running = Bus.start(tmp_path_factory.mktemp("cli"))
    running.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    try:
        assert running.push("CLI-DELIVERED") == "0"
        running.until("CLI-DELIVERED", "ho_so", State.DELIVERED)
        yield running
    finally:
        running.stop()


def cli(bus: Bus, *arguments: str) -> Ran:
    """A command that sees this bus."""
    return run(*arguments, env=bus.demo.bus_environment())


def park(bus: Bus, code: str) -> dict[str, Any]:
    """A dossier the portal refuses, as `find` shows it."""
    bus.portal(business_error_rate=1.0)
    try:
        assert bus.push(code) == "0"
        bus.until(code, "ho_so", State.PARKED)
    finally:
        bus.portal(business_error_rate=0.0)
    (line,) = cli(bus, "find", code, "--json").lines()
    return line


# ---------------------------------------------------------------- find


def test_find_by_dossier_code(bus: Bus) -> None:
    """A dossier is found by the code people know, with where it went and what became of it."""
    found = cli(bus, "find", "CLI-DELIVERED", "--json")
    (line,) = found.lines()
    assert found.code == 0
    assert (line["kind"], line["endpoint"], line["state"]) == ("ho_so", "cong_dvcqg", "delivered")
    assert line["codes"]["mot_cua_cmon"] == "CLI-DELIVERED"


def test_find_shows_refused_messages_and_who_must_act(bus: Bus) -> None:
    """What the door refused is found too, with the problem and who must act; the citizen's name is nowhere."""
    assert bus.push("CLI-REFUSED", kind="XX99").startswith("1 ")
    (line,) = cli(bus, "find", "--verdict", "rejected", "--problem", "LT-MAP-120", "--since", "1h", "--json").lines()
    assert line["who_acts"]
    assert (line["verdict"], line["state"]) == ("rejected", None)
    shown = cli(bus, "find").out + cli(bus, "find", "--json").out
    assert "LT-MAP-120" in shown
    assert SOMEBODY not in shown


def test_find_nothing_is_exit_code_1(bus: Bus) -> None:
    """A script can ask whether there is anything, as with grep."""
    nothing = cli(bus, "find", "CO-NOT-THERE", "--json")
    assert (nothing.code, nothing.out) == (1, "")
    assert cli(bus, "find", "--since", "2h", "--limit", "1").code == 0


def test_find_into_a_reader_that_leaves(bus: Bus) -> None:
    """`find | head` ends quietly: a reader that has enough is no fault."""
    process = subprocess.Popen(
        [*COMMAND, "find", "--json"],
        env=bus.demo.bus_environment(),
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert (process.wait(60), said) == (0, b"")


# ---------------------------------------------------------------- show


def test_show_tells_the_journey_in_order(bus: Bus) -> None:
    """Received, checked, translated, accepted, content, attempt, and what holds now: in that order, times rising."""
    journey = cli(bus, "show", "CLI-DELIVERED", "--json").json()
    names = [step["name"] for step in journey["stages"]]
    assert names == ["received", "checked", "translated", "accepted", "content", "attempt", "settled"]
    times = [step["at"] for step in journey["stages"] if step["at"]]
    assert times == sorted(times)
    assert journey["attempts"][0]["outcome"] == "accepted"
    assert {"canonical", "content@cong_dvcqg"} <= {body["role"] for body in journey["bodies"]}
    assert all(len(body["sha256"]) == 64 and body["size"] > 0 for body in journey["bodies"])


def test_show_takes_ids_beginnings_and_deliveries(bus: Bus) -> None:
    """One message is meant by its id, a beginning of it, or one of its delivery ids."""
    (line,) = cli(bus, "find", "CLI-DELIVERED", "--json").lines()
    for name in (line["id"], line["id"][:20], line["delivery"]):
        assert cli(bus, "show", name, "--json").json()["id"] == line["id"]


@pytest.mark.parametrize(
    ("name", "code"), [("0" * 32, "LT-CLI-001"), ("CO-NOT-THERE", "LT-CLI-001"), ("CLI-", "LT-CLI-002")]
)
def test_show_what_is_not_there_or_not_one(bus: Bus, name: str, code: str) -> None:
    """None and several are named as such, with what to do."""
    assert bus.push("CLI-SECOND") == "0"
    refused = cli(bus, "show", name, "--json")
    (found,) = refused.json()["problems"]
    assert (refused.code, found["code"]) == (1, code)
    assert found["do_vi"]


def test_show_parked_says_what_to_do(bus: Bus) -> None:
    """A parked delivery comes with the problem, who must act and the next step."""
    line = park(bus, "CLI-PARKED-SHOW")
    shown = cli(bus, "show", line["id"])
    assert "chờ xử lý tay / parked" in shown.out
    assert "→" in shown.out
    assert line["who_acts"]


@pytest.mark.parametrize("role", ["raw", "canonical", "content@cong_dvcqg"])
def test_bodies_are_covered(bus: Bus, role: str) -> None:
    """A body shows codes and states, never a citizen's name, in no form."""
    body = cli(bus, "show", "CLI-DELIVERED", "--body", role)
    assert body.code == 0
    assert "CLI-DELIVERED" in body.out or "H99.12-" in body.out
    assert SOMEBODY not in body.out
    assert SOMEBODY not in cli(bus, "show", "CLI-DELIVERED", "--body", role, "--json").json()["text"]


def test_uncovered_body_is_on_record(bus: Bus) -> None:
    """The whole body needs a reason, and who looked and why stands in the journey from then on."""
    assert bus.push("CLI-LOOK") == "0"
    assert cli(bus, "show", "CLI-LOOK", "--body", "canonical", "--unmask").code == 2
    body = cli(bus, "show", "CLI-LOOK", "--body", "canonical", "--unmask", "--why", "đối chiếu", "--who", "an.ninh")
    assert SOMEBODY in body.out
    (act,) = cli(bus, "show", "CLI-LOOK", "--json").json()["actions"]
    assert (act["act"], act["who"], act["why"], act["reason"]) == ("look", "an.ninh", "đối chiếu", "canonical")
    assert bus.journal.verify_chain() == ()


def test_body_that_is_not_kept(bus: Bus) -> None:
    """An unknown role is refused, and those there are named."""
    (found,) = cli(bus, "show", "CLI-DELIVERED", "--body", "nope", "--json").json()["problems"]
    assert found["code"] == "LT-CLI-005"
    assert "canonical" in found["vi"]


# ---------------------------------------------------------------- acts


def test_release_sends_what_was_parked(bus: Bus) -> None:
    """A parked delivery goes on by itself once released, and the act is recorded."""
    line = park(bus, "CLI-RELEASE")
    done = cli(bus, "release", line["id"], "--why", "cổng đã sửa", "--who", "truc.ban", "--json").json()
    assert (done["done"], done["state_before"], done["queue_told"]) == (True, "parked", True)
    journey = bus.until("CLI-RELEASE", "ho_so", State.DELIVERED)
    assert [(act["act"], act["who"]) for act in journey.actions] == [("release", "truc.ban")]


def test_cancel_tells_how_many_wait_behind(bus: Bus) -> None:
    """Before anything is done it is said what happens and how many wait; `--dry-run` stops there."""
    line = park(bus, "CLI-CANCEL")
    assert bus.step("CLI-CANCEL", 1) == "0"
    looked = cli(bus, "cancel", line["delivery"], "--why", "nộp nhầm", "--dry-run", "--json").json()
    assert (looked["done"], looked["behind"], looked["state"]) == (False, 1, "parked")
    undone = cli(bus, "cancel", line["delivery"], "--why", "nộp nhầm")
    assert (undone.code, "--yes" in undone.err) == (1, True), "nobody could be asked"
    done = cli(bus, "cancel", line["delivery"], "--why", "nộp nhầm", "--yes")
    assert "1 lượt giao chờ sau nó" in done.out
    assert "đã hủy / cancelled" in done.out
    assert cli(bus, "find", "CLI-CANCEL", "--kind", "ho_so", "--json").lines()[0]["state"] == "cancelled"


def test_replay_sends_again_under_the_same_id(bus: Bus) -> None:
    """A delivered message is sent once more when a person says why; its id stays."""
    assert bus.push("CLI-REPLAY") == "0"
    before = bus.until("CLI-REPLAY", "ho_so", State.DELIVERED)
    done = cli(bus, "replay", "CLI-REPLAY", "--why", "bên nhận làm mất", "--yes", "--json").json()
    assert done["done"]
    end = time.monotonic() + 20
    while len(after := bus.journey("CLI-REPLAY", "ho_so").attempts) < 2 and time.monotonic() < end:
        time.sleep(0.1)
    assert len(after) == 2
    assert before.deliveries[0].id == done["delivery"]


def test_act_that_is_not_allowed(bus: Bus) -> None:
    """The journal's reason is told, and nothing changes."""
    refused = cli(bus, "release", "CLI-DELIVERED", "--why", "thử")
    assert (refused.code, "LT-CLI-006" in refused.err) == (1, True)
    assert "Đã kết thúc" in refused.err
    told = cli(bus, "release", "CLI-DELIVERED", "--why", "thử", "--json")
    assert (told.code, told.json()["done"]) == (1, False)


@pytest.mark.parametrize("act", ["release", "replay", "cancel"])
def test_an_act_needs_a_reason(bus: Bus, act: str) -> None:
    """No reason, no act: that is a mistake of usage."""
    assert cli(bus, act, "CLI-DELIVERED").code == 2
    assert cli(bus, act, "CLI-DELIVERED", "--why", "  ").code == 2


# ---------------------------------------------------------------- the house


def test_second_up_is_refused(bus: Bus) -> None:
    """Two `up` on one data folder would feed the same queue twice: the second says who has it, and ends."""
    refused = cli(bus, "up")
    assert refused.code == 1
    assert "LT-UP-002" in refused.err
    assert bus.push("CLI-AFTER-UP") == "0"


def test_doctor_finds_a_healthy_bus_healthy(bus: Bus) -> None:
    """Every area is looked at and nothing is wrong while the bus works."""
    told = cli(bus, "doctor", "--json")
    findings = told.json()["findings"]
    assert [one for one in findings if one["verdict"] == "wrong"] == []
    assert (told.code, told.json()["good"]) == (0, True)
    assert {one["area"] for one in findings} == {
        "watch",
        "encryption",
        "data",
        "bus",
        "journal",
        "queue",
        "clock",
        "keys",
        "systems",
        "endpoints",
    }
    assert {"chuỗi / chain", "thế hệ / generation", "AOF"} <= {one["subject"] for one in findings}


def test_no_command_shows_a_secret(bus: Bus) -> None:
    """Settings, findings and journeys tell references only. Each in a process that starts from nothing."""
    settings = ("config", "show", "--resolved")
    commands = (settings, (*settings, "--json"), ("doctor", "--quick"), ("show", "CLI-DELIVERED", "--body", "raw"))
    shown = "".join(run(*words, env=bus.demo.bus_environment(), cold=True).out for words in commands)
    assert "env:LIENTHONG_CMON_PASSWORD" in shown
    assert [name for name, value in bus.secrets.items() if value in shown] == []


def test_config_says_where_a_value_came_from(bus: Bus) -> None:
    """File, variable or default: each value names its source."""
    values = {one["name"]: one for one in cli(bus, "config", "show", "--json").json()["values"]}
    assert values["door.port"]["source"] == "env LIENTHONG_DOOR__PORT"
    assert values["endpoints.cong_dvcqg.address"]["source"] == "env LIENTHONG_ENDPOINTS__CONG_DVCQG__ADDRESS"
    assert values["worker.threads"]["source"] == "lienthong.toml"
    assert values["endpoints.gplx_dlms.verify_tls"]["source"] == "default"


def test_up_names_its_addresses(bus: Bus) -> None:
    """Whoever starts it is told where everything is and how to stop it."""
    told = Path(bus.demo.folder / "logs" / "up.log").read_text()
    assert bus.demo.addresses["door"] in told
    assert "dừng / stop" in told
