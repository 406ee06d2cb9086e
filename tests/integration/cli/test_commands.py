"""The commands where no bus runs: usage, systems, stores that are away, terminals."""

from __future__ import annotations

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from bus.journal import open_journal
from tests.integration.cli.running import COMMAND, ROOT, Ran, run

SYSTEMS = ROOT / "adapters" / "systems"
WSDL = SYSTEMS / "gplx_dlms" / "wsdl"


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """Surroundings with a data folder of their own, a practice key and secrets that lead somewhere."""
    names = ("DVCQG_PASSWORD", "CMON_PASSWORD", "DVCQG_CALLBACK_KEY", "FACADE_KEY")
    return {
        **os.environ,
        **{f"LIENTHONG_{name}": "thu" for name in names},
        "LIENTHONG_DATA": str(tmp_path / "data"),
        "LIENTHONG_DOOR__PORT": "1",  # nobody answers there
        "LIENTHONG_SIGNING__DANGEROUS_MAKE_KEY": "true",
    }


def on_a_terminal(*arguments: str, **environment: str) -> str:
    """What a command writes when a person watches."""
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*COMMAND, *arguments], cwd=ROOT, env={**os.environ, "TERM": "xterm-256color", "COLUMNS": "160", **environment},
        stdin=theirs, stdout=theirs, stderr=theirs, close_fds=True,
    )  # fmt: skip
    os.close(theirs)
    said = b""
    try:
        while part := os.read(ours, 65536):
            said += part
    except OSError:  # Linux says so when the other end is closed
        pass
    process.wait(60)
    os.close(ours)
    return said.decode()


# ---------------------------------------------------------------- usage


@pytest.mark.parametrize(
    "arguments", [("find", "--state", "nope"), ("find", "--since", "hôm qua"), ("nope",), ("new", "x")]
)
def test_mistakes_of_usage_are_exit_code_2(arguments: tuple[str, ...], env: dict[str, str]) -> None:
    """A wrong word on the command line is answered with the right ones."""
    ran = run(*arguments, env=env)
    assert ran.code == 2
    assert ran.err


def test_no_journal_is_exit_code_3(env: dict[str, str]) -> None:
    """A data folder without a journal is not "nothing found", and none is made."""
    ran = run("find", env=env)
    assert (ran.code, "journal.sqlite" in ran.err) == (3, True)
    assert not Path(env["LIENTHONG_DATA"]).exists()
    told = run("show", "0" * 32, "--json", env=env)
    assert (told.code, "error" in told.json()) == (3, True)


def test_a_file_that_is_no_journal_is_exit_code_3(env: dict[str, str], tmp_path: Path) -> None:
    """Garbage where the journal should be is a store that is away, not a stack trace."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "journal.sqlite").write_bytes(b"not a database" * 1000)
    assert run("find", env=env).code == 3
    wrong = [one for one in run("doctor", "--json", env=env).json()["findings"] if one["verdict"] == "wrong"]
    assert "LT-DOC-010" in {one["code"] for one in wrong}


def test_unknown_setting_names_the_nearest(tmp_path: Path) -> None:
    """A configuration that cannot be read is told with the nearest key, on every command."""
    (tmp_path / "lienthong.toml").write_text("[door]\nprot = 1\n", encoding="utf-8")
    ran = run("--config", str(tmp_path), "config", "show")
    assert ran.code == 1
    assert "LT-CONF-004" in ran.err
    assert "“port”" in ran.err


def test_version_as_json() -> None:
    """Versions of what runs here, for bug reports."""
    told = run("version", "--json").json()
    assert told["lienthong"]
    assert told["journal schema"]


# ---------------------------------------------------------------- systems


def test_check_of_every_system_is_good() -> None:
    """The systems we bring are whole: every sample gives what is expected."""
    told = run("check", "--json")
    assert (told.code, told.json()["good"]) == (0, True)
    systems = {one["system"]: len(one["samples"]) for one in told.json()["systems"]}
    assert set(systems) == {folder.name for folder in SYSTEMS.iterdir() if (folder / "adapter.toml").is_file()}
    assert min(systems.values()) > 0


def broken(tmp_path: Path) -> Path:
    """A copy of a system with one map element misspelt."""
    folder = tmp_path / "gplx_dlms"
    shutil.copytree(SYSTEMS / "gplx_dlms", folder)
    file = sorted((folder / "maps").glob("*.map.xml"))[0]
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('canonical="', 'canonical="Sai', 1), encoding="utf-8")
    return folder


def test_check_names_file_and_line(tmp_path: Path) -> None:
    """A mistake in a map is an error with our file and line, and what to do."""
    ran = run("check", str(broken(tmp_path)))
    assert ran.code == 1
    assert "✗ gplx_dlms" in ran.out
    assert ".map.xml:" in ran.out
    assert "→" in ran.out


def test_check_accept_writes_what_samples_give(tmp_path: Path) -> None:
    """`--accept` puts the expectation right; then the folder is good."""
    folder = tmp_path / "gplx_dlms"
    shutil.copytree(SYSTEMS / "gplx_dlms", folder)
    expectation = sorted((folder / "samples").rglob("*.expected.*"))[0]
    expectation.write_text("cũ", encoding="utf-8")
    assert run("check", str(folder)).code == 1
    assert expectation.name in run("check", str(folder), "--accept").out
    assert run("check", str(folder)).code == 0


def test_check_of_what_is_not_there() -> None:
    """An unknown system is refused with those that are known."""
    (found,) = run("check", "nope", "--json").json()["problems"]
    assert found["code"] == "LT-CLI-007"
    assert "mot_cua_cmon" in found["vi"]


def test_new_writes_a_folder_once(tmp_path: Path) -> None:
    """The skeleton loads at once, marks what is to be decided, and is never written over."""
    contract = str(sorted(WSDL.rglob("*.wsdl"))[0])
    told = run("new", "so_thu", "--wsdl", contract, "--to", str(tmp_path), "--json").json()
    assert told["todos"] > 0
    assert (tmp_path / "so_thu" / "adapter.toml").is_file()
    before = {file: file.read_bytes() for file in (tmp_path / "so_thu").rglob("*") if file.is_file()}
    again = run("new", "so_thu", "--wsdl", contract, "--to", str(tmp_path), "--json")
    assert (again.code, again.json()["problems"][0]["code"]) == (1, "LT-CLI-008")
    assert before == {file: file.read_bytes() for file in (tmp_path / "so_thu").rglob("*") if file.is_file()}


def explain(*arguments: str) -> Ran:
    """`map explain` of the one-stop desk's map for dossiers."""
    return run("map", "explain", "mot_cua_cmon", "push_document", *arguments)


def test_map_explain_tells_every_rule() -> None:
    """A map is told rule by rule, with both paths and its line."""
    rows = explain("--json").json()["push_document.map.xml"]
    assert len(rows) > 10
    assert any(row["legacy"] == "maSoHoSo" and row["canonical"] == "MaHoSoDonVi" and row["line"] for row in rows)


def test_map_explain_covers_a_samples_values() -> None:
    """With a sample, what each rule did is told; a citizen's values only when asked for."""
    samples = sorted((SYSTEMS / "mot_cua_cmon/samples/in").glob("pushDocument-*.xml"))
    sample = next(file for file in samples if "<hoTenNguoiNop>" in file.read_text(encoding="utf-8", errors="replace"))
    covered, open_ = (explain("--sample", str(sample), *more).out for more in ((), ("--unmask",)))
    name = next(line.split("\t")[5] for line in open_.splitlines() if "\thoTenNguoiNop\t" in line)
    assert len(name) > 3
    assert name not in covered
    assert "•" in covered


def test_map_explain_says_all_that_a_sample_lacks(tmp_path: Path) -> None:
    """A dossier made for one system is tried on another's map before any message runs: every gap at once."""
    file = SYSTEMS / "mot_cua_cmon/samples/in/pushDocument-mot-ho-so.expected.xml"
    whole = file.read_text(encoding="utf-8")
    (tmp_path / "thieu.xml").write_text(re.sub(r"<(HinhThucTra|LoaiDoiTuong)>.*</\1>", "", whole), encoding="utf-8")

    fine, short = (
        run("map", "explain", "cong_dvcqg", "dong_bo_ho_so", "--sample", str(each), "--json")
        for each in (file, tmp_path / "thieu.xml")
    )

    assert (fine.code, fine.json()["problems"]) == (0, [])
    assert (short.code, [found["code"] for found in short.json()["problems"]]) == (1, ["LT-MAP-130"] * 2)


def test_map_explain_of_a_foreign_sample(tmp_path: Path) -> None:
    """A document the map does not take is refused with the elements it takes."""
    (tmp_path / "la.xml").write_text("<la/>", encoding="utf-8")
    (found,) = explain("--sample", str(tmp_path / "la.xml"), "--json").json()["problems"]
    assert found["code"] == "LT-CLI-010"
    assert "ossDocumentSoapList" in found["vi"]


def test_simulate_has_its_own_help() -> None:
    """Every switch of a simulator is told by the simulator."""
    assert "--drop-after-commit" in run("simulate", "portal", "--help").out
    assert run("simulate", "nope").code == 2


# ---------------------------------------------------------------- doctor, up


def test_doctor_while_the_bus_is_down(env: dict[str, str]) -> None:
    """With the bus down the doctor tells what is wrong and what only rests; the private queue rests."""
    open_journal(f"sqlite:///{env['LIENTHONG_DATA']}/journal.sqlite").close()
    told = run("doctor", "--json", env=env)
    findings = told.json()["findings"]
    wrong = {(one["area"], one["code"]) for one in findings if one["verdict"] == "wrong"}
    assert told.code == 1
    assert wrong == {("endpoints", "LT-DOC-040")}
    assert [one["verdict"] for one in findings if one["area"] == "queue"] == ["note"]
    assert all(one["do_vi"] and one["do_en"] for one in findings if one["verdict"] == "wrong")


def test_doctor_finds_an_altered_journal(env: dict[str, str]) -> None:
    """An entry changed behind our back breaks the chain, and the doctor says where."""
    import sqlite3

    file = Path(env["LIENTHONG_DATA"]) / "journal.sqlite"
    journal = open_journal(f"sqlite:///{file}")
    for _ in range(3):
        journal.new_generation().result(20)
    journal.close()
    with sqlite3.connect(file) as connection:
        connection.execute("UPDATE entries SET text = replace(text, '2', '3') WHERE number = 2")
    connection.close()
    broken_at = [one for one in run("doctor", "--json", env=env).json()["findings"] if one["code"] == "LT-DOC-012"]
    assert broken_at
    assert not [
        one for one in run("doctor", "--quick", "--json", env=env).json()["findings"] if one["code"] == "LT-DOC-012"
    ]


def test_doctor_finds_missing_secrets_and_keys(env: dict[str, str]) -> None:
    """A reference that leads nowhere and a missing signing key are named, each with what to do."""
    bare = {name: value for name, value in env.items() if "CMON_PASSWORD" not in name and "MAKE_KEY" not in name}
    wrong = [one for one in run("doctor", "--json", env=bare).json()["findings"] if one["verdict"] == "wrong"]
    assert {("callers.motcua_demo.secret", "LT-CONF-003"), ("lienthong", "LT-CONF-005")} <= {
        (one["subject"], one["code"]) for one in wrong
    }


def test_up_refuses_a_data_folder_it_cannot_write(env: dict[str, str], tmp_path: Path) -> None:
    """Said at once and by name, before anything is started."""
    (tmp_path / "file").write_text("", encoding="utf-8")
    ran = run("up", env={**env, "LIENTHONG_DATA": str(tmp_path / "file" / "data")})
    assert (ran.code, "LT-UP-001" in ran.err) == (1, True)


def test_up_refuses_what_would_only_crash(env: dict[str, str]) -> None:
    """A missing secret ends `up` with its name, instead of a door that is restarted for ever."""
    bare = {name: value for name, value in env.items() if "CMON_PASSWORD" not in name}
    ran = run("up", env=bare)
    assert (ran.code, "LT-CONF-003" in ran.err) == (1, True)


# ---------------------------------------------------------------- terminals


def test_colours_only_for_people() -> None:
    """On a terminal there are colours; NO_COLOR and pipes have none (`run` looks at every pipe)."""
    assert "\x1b[32m" in on_a_terminal("check", "gplx_dlms")
    quiet = on_a_terminal("check", "gplx_dlms", NO_COLOR="1")
    assert "✓ gplx_dlms" in quiet
    assert "\x1b[3" not in quiet


def test_every_command_has_help_with_an_example() -> None:
    """`--help` teaches: each command says what it does in both languages and shows an example."""
    commands = ["up", "serve", "work", "find", "show", "release", "replay", "cancel", "check", "new", "doctor", "demo",
                "version", "map explain", "config show"]  # fmt: skip
    for command in commands:
        told = run(*command.split(), "--help").out
        assert f"lienthong {command}" in told.split("Ví dụ", 1)[1], command
        assert " / " in told


def test_module_runs_as_the_command_does() -> None:
    """`python -m bus.cli` calls itself lienthong in its messages."""
    assert run("--help").out.startswith("Usage: lienthong ")
    assert sys.executable in COMMAND


# ---------------------------------------------------------------- endpoints


@pytest.fixture
def journal(env: dict[str, str], tmp_path: Path) -> None:
    """One that is there; the queue is away."""
    (tmp_path / "data").mkdir()
    open_journal(f"sqlite:///{tmp_path / 'data' / 'journal.sqlite'}").close()


def test_a_pause_is_recorded_while_the_queue_is_away(env: dict[str, str], journal: None) -> None:
    """The journal is the record; whoever asks sees who paused it, why and until when; a resume ends it."""
    words = ("--why", "bảo trì", "--who", "van.hanh")
    done = run("endpoint", "pause", "gplx_dlms", *words, "--until", "2h", "--json", env=env)
    assert done.code == 0
    said = done.json()
    assert (said["paused"], said["who"], said["why"], said["queue_told"]) == (True, "van.hanh", "bảo trì", False)
    (seen,) = (one for one in run("endpoint", "list", "--json", env=env).json() if one["endpoint"] == "gplx_dlms")
    assert (seen["paused"], seen["until"], seen["who"]) == (True, said["until"], "van.hanh")
    assert "bảo trì" in run("endpoint", "list", env=env).out
    assert run("endpoint", "resume", "gplx_dlms", "--why", "xong", env=env).code == 0
    assert not any(one["paused"] for one in run("endpoint", "list", "--json", env=env).json())


def test_a_cap_stays_when_an_endpoint_is_paused(env: dict[str, str], journal: None) -> None:
    """One order does not undo another; 0 takes the cap away."""
    assert run("endpoint", "cap", "gplx_dlms", "2", "--why", "bên nhận yếu", env=env).code == 0
    assert run("endpoint", "pause", "gplx_dlms", "--why", "bảo trì", "--json", env=env).json()["in_flight_most"] == 2
    said = run("endpoint", "cap", "gplx_dlms", "0", "--why", "đã nâng cấp", "--json", env=env).json()
    assert (said["paused"], said["in_flight_most"]) == (True, None)


def test_a_rate_is_recorded_and_shown(env: dict[str, str], journal: None) -> None:
    """A rate stays when a cap is ordered; 0 takes it away; the list shows it."""
    assert run("endpoint", "rate", "gplx_dlms", "300/min;20", "--why", "bên nhận yêu cầu", env=env).code == 0
    assert run("endpoint", "cap", "gplx_dlms", "2", "--why", "yếu", "--json", env=env).json()["rate"] == "300/min;20"
    assert "300/min;20" in run("endpoint", "list", env=env).out
    assert run("endpoint", "rate", "gplx_dlms", "0", "--why", "xong", "--json", env=env).json()["rate"] is None


def test_all_retries_are_stopped_and_resumed(env: dict[str, str], journal: None) -> None:
    """One switch, on record with who and why; whoever asks is told; it is no endpoint."""
    words = ("--why", "ghi trùng", "--who", "van.hanh")
    stopped = run("retries", "stop", *words, "--until", "2h", "--json", env=env).json()
    assert (stopped["stopped"], stopped["who"], stopped["queue_told"]) == (True, "van.hanh", False)
    seen = run("retries", "status", "--json", env=env).json()
    assert (seen["stopped"], seen["why"], seen["until"]) == (True, "ghi trùng", stopped["until"])
    assert "ghi trùng" in run("endpoint", "list", env=env).err
    assert all(one["endpoint"] != "*" for one in run("endpoint", "list", "--json", env=env).json())
    assert run("retries", "resume", "--why", "đã sửa", env=env).code == 0
    assert run("retries", "status", "--json", env=env).json()["stopped"] is False
    assert run("retries", "stop", "--why", " ", env=env).code == 2


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("rate", "gplx_dlms", "nhanh", "--why", "x"), 2),
        (("pause", "nope", "--why", "x"), 1),
        (("pause", "mot_cua_cmon", "--why", "x"), 1),
        (("pause", "gplx_dlms", "--why", " "), 2),
        (("pause", "gplx_dlms", "--why", "x", "--until", "hôm qua"), 2),
        (("pause", "gplx_dlms", "--why", "x", "--until", "2020-01-01"), 2),
        (("cap", "gplx_dlms", "32", "--why", "x"), 2),
    ],
)
def test_orders_that_make_no_sense(arguments: tuple[str, ...], code: int, env: dict[str, str], journal: None) -> None:
    """An endpoint nobody sends to, no reason, an end that is past, a cap that takes every thread."""
    ran = run("endpoint", *arguments, env=env)
    assert ran.code == code
    assert run("endpoint", "list", "--json", env=env).json()[0]["why"] == ""
