"""What is typed wrong is said in Vietnamese first, with exit code 2, and is never called a fault of lienthong."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bus.demo import Demo
from bus.journal import open_journal
from tests.integration.cli.running import run


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        (("find", "--state", "nosuch"), "--state: “nosuch” không có; chọn một trong"),
        (("find", "--nosuch"), "không có tuỳ chọn --nosuch"),
        (("nosuch",), "không có lệnh “nosuch”"),
        (("release", "x"), "thiếu / missing: --why"),
        (("signature", "verify", "nosuch.xml"), "TỆP: “nosuch.xml” không có"),
        (("retries", "explain", "--kind", "nosuch"), "--kind: nosuch"),
        (("config", "show", "a", "b"), "thừa / too many"),
    ],
)
def test_said_in_vietnamese(typed: tuple[str, ...], said: str) -> None:
    """The department's person reads it; the usage line and the help stand beside it."""
    ran = run(*typed)
    assert (ran.code, said in ran.err, "Usage: lienthong" in ran.err) == (2, True, True), ran.err


def test_a_group_alone_gives_its_help() -> None:
    """Nothing typed behind it is no mistake to be told of: the commands are shown."""
    ran = run("endpoint")
    assert (ran.code, "pause" in ran.err, "Gõ sai" in ran.err) == (2, True, False)


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    """A file named on the command line is the caller's to mend: exit code 2, not 70."""
    (tmp_path / "a.xml").write_text("<a/>", encoding="utf-8")
    (tmp_path / "key.pem").write_bytes(_key())
    where = str(tmp_path / "none" / "x.xml")
    for out in (("--out", where), (f"--out={where}",)):
        ran = run("signature", "sign", str(tmp_path / "a.xml"), "--key", str(tmp_path / "key.pem"), *out)
        assert (ran.code, where in ran.err, "a fault of" in ran.err) == (2, True, False), ran.err


def test_a_simulator_started_again_on_its_folder_is_found_where_it_listens_now(tmp_path: Path) -> None:
    """The log of a folder used before holds the address of the last run: that one is dead."""
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "dlms.log").write_text("listening on http://127.0.0.1:1\n", encoding="utf-8")
    demo = Demo(tmp_path)
    try:
        demo._simulate("dlms", demo._environment())
        assert demo.addresses["dlms"] != "http://127.0.0.1:1"
        assert demo.state("dlms")["who"]
    finally:
        for process in demo._processes.values():
            process.terminate()
            process.wait(20)


def test_waiting_for_a_paused_poll_ends_at_once(tmp_path: Path) -> None:
    """Nobody fetches it, so it is refused instead of waited for; the doctor names it too."""
    (tmp_path / "partners.toml").write_text(
        '[endpoints.so_may]\nsystem = "mot_cua_rest"\naddress = "http://127.0.0.1:9"\nagency = "H99.12"\n'
        '[endpoints.so_may.settings]\nkey_header = "X-Khoa"\n',
        encoding="utf-8",
    )
    env = {**os.environ, "LIENTHONG_CONFIG": str(tmp_path), "LIENTHONG_DATA": str(tmp_path)}
    open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}").close()
    poll = "so_may.DanhSachHoSo"
    assert run("poll", "pause", poll, "--why", "bảo trì", env=env).code == 0
    ran = run("poll", "run", poll, "--why", "thử", "--wait", env=env)
    assert (ran.code, "LT-POLL-011" in ran.err) == (1, True), ran.err
    found = run("doctor", "--quick", "--json", env=env).json()["findings"]
    assert [(one["subject"], one["verdict"]) for one in found if one["area"] == "poll"] == [(poll, "note")]


def _key() -> bytes:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    return ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
