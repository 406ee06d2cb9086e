"""`lienthong poll run` on what nobody would fetch: told, not ticked."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.journal import open_journal
from tests.unit.cli.conftest import Typed

POLL = "so_may.DanhSachHoSo"
PARTNERS = """
[endpoints.so_may]
system = "mot_cua_rest"
address = "http://127.0.0.1:9"
agency = "H99.12"
[endpoints.so_may.settings]
key_header = "X-Khoa"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A bus with a poll."""
    (tmp_path / "partners.toml").write_text(PARTNERS, encoding="utf-8")
    (tmp_path / "lienthong.toml").write_text(f'data = "{tmp_path}"\n', encoding="utf-8")
    open_journal(f"sqlite:///{tmp_path / 'journal.sqlite'}").close()
    return tmp_path


def test_a_paused_poll_is_not_run(lienthong: Typed, folder: Path) -> None:
    """With or without --wait: exit code 1, and why it is paused."""
    assert lienthong("-c", folder, "poll", "run", POLL, "--why", "thử").code == 0
    lienthong("-c", folder, "poll", "pause", POLL, "--why", "bảo trì")
    said = lienthong("-c", folder, "poll", "run", POLL, "--why", "thử")
    assert (said.code, said.out) == (1, "")
    assert "LT-POLL-011" in said.err
    assert "bảo trì" in said.err


def test_nor_one_whose_endpoint_is_paused(lienthong: Typed, folder: Path) -> None:
    """Its endpoint's pause is its own."""
    lienthong("-c", folder, "endpoint", "pause", "so_may", "--why", "bảo trì")
    said = lienthong("-c", folder, "poll", "run", POLL, "--why", "thử", "--json")
    assert (said.code, [one["code"] for one in said.json()["problems"]]) == (1, ["LT-POLL-012"])
