"""Mistakes in `[poll.…]` are told when the folder is loaded, with the place and the nearest name."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.registry import built_in, load_system
from schemas.problem import Refused


def mended(tmp_path: Path, system: str, old: str, new: str) -> list[tuple[str, str]]:
    """What is said of a system folder with one change: (code, key)."""
    folder = tmp_path / system
    shutil.copytree(built_in() / system, folder)
    file = folder / "adapter.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), encoding="utf-8")
    try:
        load_system(folder)
    except Refused as refused:
        return [(found.code, found.ours.path if found.ours else "") for found in refused.problems]
    return []


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ("[poll.DanhSachHoSo]", "[poll.DanhSachHoSoo]", "LT-SYS-010", "poll.DanhSachHoSoo"),
        ('every = "30s"', 'every = "30"', "LT-SYS-013", "poll.DanhSachHoSo.every"),
        ("page = 100", "page = 0", "LT-SYS-013", "poll.DanhSachHoSo.page"),
        ('order = "up"', 'order = "down"', "LT-SYS-013", "poll.DanhSachHoSo.order"),
        ('watermark = "cap_nhat_luc"', 'watermark = "cap_nhat"', "LT-SYS-008", "poll.DanhSachHoSo.watermark"),
        ('id = "ma_ho_so"', 'id = "ma"', "LT-SYS-008", "poll.DanhSachHoSo.id"),
        ('more = "con_lai"', 'more = "con"', "LT-SYS-008", "poll.DanhSachHoSo.more"),
        ('tu = "{mark}"', 'tu = "{moc}"', "LT-SYS-013", "poll.DanhSachHoSo.ask"),
        ('tu = "{mark}"', 'tuu = "{mark}"', "LT-SYS-008", "poll.DanhSachHoSo.ask"),
        ("\"number\"", "\"dd/mm\"", "LT-SYS-013", "poll.DanhSachBuoc.watermark_format"),
        ('key = ["ma_ho_so"]', "key = []", "LT-SYS-018", "operations.DanhSachHoSo"),
        ('wire = "json"', 'wire = "portal"', "LT-POLL-001", "wire"),
    ],
)  # fmt: skip
def test_mistakes_in_a_list(tmp_path: Path, old: str, new: str, code: str, key: str) -> None:
    """A list that could not be fetched is refused at once."""
    assert (code, key) in mended(tmp_path, "mot_cua_rest", old, new)


@pytest.mark.parametrize(
    ("old", "new", "code", "key"),
    [
        ('get = "LayThu"', 'get = "LayTho"', "LT-SYS-010", "poll.DanhSachThu.get"),
        ('ack = "BaoNhan"', 'ack = "LayThu"', "LT-SYS-010", "poll.DanhSachThu.ack"),
        ('id = "docId"', "", "LT-SYS-018", "poll.DanhSachThu"),
        ('status = "{verdict}"', 'state = "{verdict}"', "LT-SYS-008", "poll.DanhSachThu.ack_ask"),
    ],
)
def test_mistakes_in_an_inbox(tmp_path: Path, old: str, new: str, code: str, key: str) -> None:
    """An inbox that could not be acknowledged is refused at once."""
    assert (code, key) in mended(tmp_path, "truc_tinh", old, new)


def test_nothing_to_say(tmp_path: Path) -> None:
    """The folders as they are have no mistake."""
    assert mended(tmp_path, "truc_tinh", "page = 50", "page = 20") == []
