"""The registry: folders become adapters, foreign ones by the same door, and broken ones say all that is wrong."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from adapters.registry import ENVIRONMENT, Registry, built_in, load_system
from schemas.problem import Problem, Refused


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A foreign folder: the JSON façade under another name."""
    folder = tmp_path / "mat_tien_khac"
    shutil.copytree(built_in() / "mat_tien_json", folder)
    change(folder / "adapter.toml", 'id = "mat_tien_json"', 'id = "mat_tien_khac"')
    return folder


def change(file: Path, old: str, new: str) -> None:
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def problems(folder: Path) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        load_system(folder)
    return caught.value.problems


def codes(folder: Path) -> list[str]:
    return [found.code for found in problems(folder)]


def test_built_in_systems_are_found_by_their_ids() -> None:
    """The systems we bring are there without any setting."""
    registry = Registry.load()

    assert [adapter.id for adapter in registry] == [
        "cong_dvcqg", "gplx_dlms", "hop_lay_rest", "mat_tien_json", "mot_cua_cmon", "mot_cua_rest", "truc_tinh",
    ]  # fmt: skip
    assert registry["gplx_dlms"].party == "gplx_dlms"
    assert "khac" not in registry


def test_a_foreign_folder_needs_no_release(copy: Path) -> None:
    """A folder given by the caller is a system like ours."""
    assert Registry.load(copy)["mat_tien_khac"].folder == copy


def test_a_folder_of_folders_is_walked(copy: Path) -> None:
    """A given folder may hold systems instead of being one."""
    assert "mat_tien_khac" in Registry.load(copy.parent)


def test_the_environment_lists_folders(copy: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """LIENTHONG_SYSTEMS is a list as PATH is."""
    other = tmp_path / "nua"
    shutil.copytree(copy, other / "mat_tien_ba")
    change(other / "mat_tien_ba" / "adapter.toml", 'id = "mat_tien_khac"', 'id = "mat_tien_ba"')
    monkeypatch.setenv(ENVIRONMENT, os.pathsep.join([str(copy), str(other)]))

    registry = Registry.load()

    assert {"mat_tien_khac", "mat_tien_ba"} <= {adapter.id for adapter in registry}


def test_one_id_twice_is_refused(copy: Path, tmp_path: Path) -> None:
    """Two folders cannot be one system."""
    shutil.copytree(copy, tmp_path / "noi_khac" / "mat_tien_khac")

    with pytest.raises(Refused) as caught:
        Registry.load(copy, tmp_path / "noi_khac")

    assert [found.code for found in caught.value.problems] == ["LT-SYS-015"]


def test_the_profile_changes_with_each_part(copy: Path) -> None:
    """Manifest, map, table and schema all count: replay can tell then from now."""
    profiles = [load_system(copy).profile]
    for name, old, new in [
        ("adapter.toml", "Mặt tiền JSON (đơn vị", "Mặt tiền JSON (sở"),
        ("maps/dong_bo_ho_so.map.xml", 'max="', 'max="'),
        ("tables/thu_tuc.csv", "Đường bộ thử nghiệm", "Đường bộ"),
        ("xsd/2026-07/mat_tien.xsd", "Not an official", "No official"),
    ]:
        if old != new:
            change(copy / name, old, new)
        else:
            (copy / name).write_text((copy / name).read_text(encoding="utf-8") + "<!-- x -->", encoding="utf-8")
        profiles.append(load_system(copy).profile)

    assert len(set(profiles)) == 5


def test_the_profile_is_the_same_for_the_same_files(copy: Path) -> None:
    """Loading twice, or from another place, gives the same digest."""
    first = load_system(copy).profile
    moved = copy.parent / "khac" / copy.name
    shutil.copytree(copy, moved)

    assert load_system(copy).profile == first == load_system(moved).profile


def test_the_id_is_the_folder(copy: Path) -> None:
    """A folder that was renamed without its manifest says so."""
    moved = copy.rename(copy.parent / "ten_khac")

    assert codes(moved) == ["LT-SYS-009"]


def test_wrong_paths_are_told_with_the_nearest_name(copy: Path) -> None:
    """A path that is not in the schema is caught at load, not at the first message."""
    change(copy / "adapter.toml", 'key = ["MaHoSo"]', 'key = ["MaHoSO"]')

    (found,) = problems(copy)

    assert found.code == "LT-SYS-008"
    assert "MaHoSo" in found.text_en
    assert found.ours is not None
    assert found.ours.path == "operations.DongBoHoSoMC.key"


def test_a_door_without_authentication_is_refused(copy: Path) -> None:
    """No door is open by default."""
    change(copy / "adapter.toml", '[auth]\nkind = "header"\nheader = "X-Api-Key"\n', "")

    assert codes(copy) == ["LT-SYS-017"]


def test_an_unknown_wire_quirk_and_kind_are_told_together(copy: Path) -> None:
    """Several mistakes come back in one go."""
    change(copy / "adapter.toml", 'wire = "json"', 'wire = "jsn"')
    change(copy / "adapter.toml", "scalar-numbers", "scalar-number")
    change(copy / "adapter.toml", 'kind = "tien_do"', 'kind = "tien_doo"')

    assert sorted(codes(copy)) == ["LT-SYS-011", "LT-SYS-012", "LT-SYS-016"]


def test_a_map_of_another_element_is_refused(copy: Path) -> None:
    """A map that does not read what the operation gives is caught at load."""
    change(copy / "adapter.toml", 'map = "cap_nhat_tien_do.map.xml"', 'map = "dong_bo_ho_so.map.xml"')

    assert codes(copy) == ["LT-SYS-023", "LT-SYS-023"]


def test_a_missing_map_names_the_file(copy: Path) -> None:
    """The file that is not there is named."""
    (copy / "maps" / "cap_nhat_tien_do.map.xml").unlink()

    (found,) = problems(copy)

    assert found.code == "LT-SYS-005"
    assert "cap_nhat_tien_do.map.xml" in found.text_vi


def test_a_broken_map_names_its_folder_file_and_line(copy: Path) -> None:
    """Map problems say which system's file they are in, and are not doubled as a missing map."""
    change(copy / "maps" / "cap_nhat_tien_do.map.xml", 'canonical="NoiDungXuLy"', 'canonical="NoiDungXuLi"')

    (found,) = problems(copy)

    assert found.code == "LT-MAP-004"
    assert found.ours is not None
    assert found.ours.source == "mat_tien_khac/maps/cap_nhat_tien_do.map.xml"
    assert found.ours.line > 1


def test_a_missing_schema_names_the_file(copy: Path) -> None:
    """Nothing else is judged without the schema."""
    change(copy / "adapter.toml", "mat_tien.xsd", "mat-tien.xsd")

    assert codes(copy) == ["LT-SYS-005"]


def test_hooks_without_the_switch_are_refused(copy: Path) -> None:
    """Code in a folder is never run unless the manifest says so."""
    (copy / "hooks.py").write_text("raise SystemExit('ran')\n", encoding="utf-8")

    assert codes(copy) == ["LT-SYS-014"]


def test_broken_hooks_are_a_problem_not_a_crash(copy: Path) -> None:
    """What a folder's code raises comes back as a problem of that folder."""
    (copy / "hooks.py").write_text("KINDS = 1 / 0\n", encoding="utf-8")
    change(copy / "adapter.toml", 'wire = "json"', 'wire = "json"\nhooks = true')

    (found,) = problems(copy)

    assert found.code == "LT-SYS-022"
    assert "ZeroDivisionError" in found.text_en


def test_hooks_bring_kinds() -> None:
    """The driving-licence system splits a name by kinds of its own folder."""
    adapter = load_system(built_in() / "gplx_dlms")

    assert adapter.manifest.hooks
    assert "family-part" in (adapter.folder / "maps" / "tao_moi_ho_so.map.xml").read_text(encoding="utf-8")


_CODE = 'reply_code = "error_code"\nreply_text = "message"\n\n#'
REPLY_MISTAKES = [
    ('outcome = "bad-reply"\n\n[operations.CapNhat', 'outcome = "badreply"\n\n[operations.CapNhat', "LT-SYS-013"),
    ('ask = "TraCuuHoSo"', 'ask = "TraCuuHS"', "LT-SYS-010"),
    ('unclear = "ask"', 'unclear = "guess"', "LT-SYS-013"),
    ('problem = "LT-SYS-020"\n[[', 'problem = "LT-SYS-999"\n[[', "LT-SYS-013"),
    (_CODE, _CODE.replace("error_code", "errorcode"), "LT-SYS-008"),
    ('absent = "result"', 'absent = "results"', "LT-SYS-008"),
    ('code_pattern = "-?[0-9]+"\nproblem', 'code_pattern = "-?[0-9+"\nproblem', "LT-SYS-013"),
]


@pytest.mark.parametrize(("old", "new", "code"), REPLY_MISTAKES)
def test_reply_tables_are_checked(tmp_path: Path, old: str, new: str, code: str) -> None:
    """A word, name, path or pattern in a reply table that cannot be used is caught at load."""
    folder = tmp_path / "cong_dvcqg"
    shutil.copytree(built_in() / "cong_dvcqg", folder)
    change(folder / "adapter.toml", old, new)

    assert codes(folder) == [code]
