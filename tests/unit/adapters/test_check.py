"""`lienthong check` must notice: a changed result, a missing expectation, a touched contract, a broken law."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from adapters.check import CheckReport, check_system
from adapters.registry import built_in, load_system


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of a good folder."""
    place = tmp_path / "mat_tien_json"
    shutil.copytree(built_in() / "mat_tien_json", place)
    return place


def check(folder: Path, *, accept: bool = False) -> CheckReport:
    return check_system(load_system(folder), accept)


def codes(report: CheckReport) -> set[str]:
    return {found.code for found in report.problems}


def sample(folder: Path, name: str) -> Path:
    return folder / "samples" / "in" / name


def test_the_copy_is_good(folder: Path) -> None:
    """The starting point of every other test here."""
    report = check(folder)

    assert report.good
    assert len(report.samples) == 12


def test_a_changed_result_is_found_with_its_line(folder: Path) -> None:
    """A single letter in an expectation is enough."""
    file = sample(folder, "DongBoHoSoMC-day-du.expected.xml")
    file.write_text(file.read_text(encoding="utf-8").replace("Bản đồ vị trí", "Bản đồ"), encoding="utf-8")

    report = check(folder)

    assert codes(report) == {"LT-SYS-026"}
    assert "expected.xml:" in report.problems[0].text_en


def test_other_problems_than_expected_are_found(folder: Path) -> None:
    """A refusal for another reason is not the refusal that was expected."""
    sample(folder, "DongBoHoSoMC-kenh-la.problems").write_text("LT-MAP-101\n", encoding="utf-8")

    assert codes(check(folder)) == {"LT-SYS-027", "LT-MAP-120"}


def test_a_refusal_that_should_be_a_success_is_found(folder: Path) -> None:
    """A sample with an expected result must not be refused."""
    file = sample(folder, "DongBoHoSoMC-day-du.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"KenhThucHien": "2"', '"KenhThucHien": "5"'), "utf-8")

    assert codes(check(folder)) == {"LT-SYS-027", "LT-MAP-120"}


def test_a_sample_without_expectation_is_found(folder: Path) -> None:
    """Nothing passes by not being compared."""
    sample(folder, "DongBoHoSoMC-day-du.expected.xml").unlink()

    assert codes(check(folder)) == {"LT-SYS-025"}


def test_a_sample_of_no_operation_is_found(folder: Path) -> None:
    """A misnamed sample is told, not skipped."""
    shutil.copy(sample(folder, "DongBoHoSoMC-day-du.json"), sample(folder, "DongBo-1.json"))

    assert codes(check(folder)) == {"LT-SYS-028"}


def test_an_operation_without_samples_is_found(folder: Path) -> None:
    """Every operation is shown by at least one sample."""
    for file in sample(folder, "").glob("CapNhatTienDoHoSoMC-*"):
        file.unlink()

    assert codes(check(folder)) == {"LT-SYS-029"}


def test_accept_writes_what_is_missing_and_nothing_else(folder: Path) -> None:
    """--accept makes today's results the expectation; a second run writes nothing."""
    kept = sample(folder, "DongBoHoSoMC-day-du.expected.xml")
    before = kept.read_bytes()
    kept.unlink()

    first, second = check(folder, accept=True), check(folder, accept=True)

    assert first.good
    assert first.written == (kept,)
    assert kept.read_bytes() == before
    assert second.written == ()


def test_accept_turns_a_result_into_problems(folder: Path) -> None:
    """When a sample is refused now, its old result is removed: there is one expectation."""
    file = sample(folder, "DongBoHoSoMC-day-du.json")
    file.write_text(file.read_text(encoding="utf-8").replace('"KenhThucHien": "2"', '"KenhThucHien": "5"'), "utf-8")

    report = check(folder, accept=True)

    assert report.good
    assert sample(folder, "DongBoHoSoMC-day-du.problems").read_text("utf-8") == "LT-MAP-120\n"
    assert not sample(folder, "DongBoHoSoMC-day-du.expected.xml").exists()


def test_a_touched_contract_is_found(folder: Path) -> None:
    """Contract files are held to their hashes."""
    file = folder / "xsd" / "2026-07" / "mat_tien.xsd"
    file.write_text(file.read_text(encoding="utf-8") + "\n", encoding="utf-8")

    assert len(codes(check(folder))) == 1


def test_a_missing_readme_is_found(folder: Path) -> None:
    """A folder explains itself."""
    (folder / "README.md").unlink()

    assert codes(check(folder)) == {"LT-SYS-030"}


def test_a_gap_in_a_map_is_found(folder: Path) -> None:
    """A legacy element without a rule is an error."""
    file = folder / "maps" / "cap_nhat_tien_do.map.xml"
    text = file.read_text(encoding="utf-8")
    line = next(each for each in text.splitlines() if 'legacy="ChucDanh"' in each)
    file.write_text(text.replace(line + "\n", ""), encoding="utf-8")

    assert codes(check(folder)) == {"LT-MAP-201"}


def test_declared_losses_are_shown() -> None:
    """What a map loses on purpose is listed with file, line and reason."""
    report = check_system(load_system(built_in() / "mot_cua_cmon"))

    assert any("update_status.map.xml:" in each and "chỉ ghi ngày" in each for each in report.lossy)
