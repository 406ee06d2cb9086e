"""`lienthong config show|check`: what does not fit together is told, with exit code 1, in both languages."""

from __future__ import annotations

from pathlib import Path

from tests.unit.cli.conftest import Typed

ROUTES = """
[[routes]]
id = "ho_so"
kind = "ho_so"
to = [{ endpoint = "khong_khai", operation = "DongBoHoSoMC" }]
"""
PARTNERS = """
[endpoints.cong]
system = "cong_dvcqg"
address = "http://cong.example"
secret = "env:LT_KHONG_CO_BIEN_NAY"
"""


def test_a_route_to_nowhere_ends_with_one(lienthong: Typed, tmp_path: Path) -> None:
    """The values are shown, and beside them what will not run."""
    (tmp_path / "routes.toml").write_text(ROUTES, encoding="utf-8")
    said = lienthong("-c", tmp_path, "config", "show")
    assert said.code == 1
    assert "door.port" in said.out
    assert "LT-ROUTE-003" in said.err
    assert "khong_khai" in said.err
    assert lienthong("-c", tmp_path, "config", "check").code == 1
    shown = lienthong("-c", tmp_path, "config", "show", "--json")
    assert (shown.code, [one["code"] for one in shown.json()["problems"]]) == (1, ["LT-ROUTE-003"])


def test_check_names_what_a_reference_does_not_lead_to(lienthong: Typed, tmp_path: Path) -> None:
    """Showing is possible from anywhere; checking says that a secret is not here, where it was set, and which."""
    (tmp_path / "partners.toml").write_text(PARTNERS, encoding="utf-8")
    assert lienthong("-c", tmp_path, "config", "show").code == 0
    said = lienthong("-c", tmp_path, "config", "check", "--json")
    [found] = said.json()["problems"]
    assert (said.code, found["code"], found["ours"]["path"]) == (1, "LT-CONF-003", "endpoints.cong.secret")


def test_what_can_be_used_is_said_to_be(lienthong: Typed, tmp_path: Path) -> None:
    """Exit code 0."""
    said = lienthong("-c", tmp_path, "config", "check")
    assert (said.code, "✓" in said.out) == (0, True)


def test_a_file_that_is_not_toml_is_told_in_vietnamese(lienthong: Typed, tmp_path: Path) -> None:
    """The line once, and no English in the Vietnamese line."""
    (tmp_path / "routes.toml").write_text("[door]\nhost = may\n", encoding="utf-8")
    said = lienthong("-c", tmp_path, "config", "check")
    vi, en, *_ = said.err.splitlines()
    assert vi.startswith("LT-CONF-001 [routes.toml:2] ")
    assert "dòng 2, cột 8: giá trị sai" in vi
    assert "Invalid" not in vi
    assert "Invalid value (at line 2, column 8)" in en


def test_a_value_of_the_wrong_kind_is_told_in_vietnamese(lienthong: Typed, tmp_path: Path) -> None:
    """With the file and line where it stands."""
    (tmp_path / "lienthong.toml").write_text('[door]\nport = "may"\nconnections = 3\n', encoding="utf-8")
    said = lienthong("-c", tmp_path, "config", "check")
    lines = [line for line in said.err.splitlines() if line.startswith("LT-")]
    assert lines == [
        "LT-CONF-002 [lienthong.toml:2] Cấu hình sai tại door.port: phải là số nguyên",
        "LT-CONF-002 [lienthong.toml:3] Cấu hình sai tại door.connections: phải từ 10 trở lên",
    ]


def test_a_line_in_its_own_notation_names_its_place_once(lienthong: Typed, tmp_path: Path) -> None:
    """File and line stand before the text, not in it again."""
    text = '[endpoints.a]\nsystem = "cong_dvcqg"\nretry = "10s;x"\n'
    (tmp_path / "partners.toml").write_text(text, encoding="utf-8")
    said = lienthong("-c", tmp_path, "config", "check")
    first = said.err.splitlines()[0]
    assert first.startswith("LT-CONF-007 [partners.toml:3] endpoints.a.retry")
    assert first.count("partners.toml") == 1


def test_an_unreadable_key_names_its_file(lienthong: Typed, tmp_path: Path) -> None:
    """Not only the id the key has with us."""
    (tmp_path / "khoa.pem").write_text("khong phai khoa", encoding="utf-8")
    (tmp_path / "lienthong.toml").write_text('[signing]\nkey = "file:khoa.pem"\n', encoding="utf-8")
    said = lienthong("-c", tmp_path, "doctor", "--quick", "--json")
    [found] = [one for one in said.json()["findings"] if one["code"] == "LT-SIGN-001"]
    assert "file:khoa.pem" in found["vi"]
