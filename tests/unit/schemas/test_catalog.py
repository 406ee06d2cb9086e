"""Schema packs: the canonical form, and that every pack's files are the ones it was made with."""

from pathlib import Path

import pytest

from schemas.catalog import CANONICAL_NAMESPACE, KINDS, canonical, packs, verify
from schemas.problem import Stage
from schemas.xmldoc import parse

ROOT = Path(__file__).parents[3]
PACKS = list(packs(ROOT / "schemas", ROOT / "adapters"))


def test_canonical_pack_is_among_them() -> None:
    """The walk below finds something to verify."""
    assert ROOT / "schemas" / "canonical" / "1" in PACKS


@pytest.mark.parametrize("folder", PACKS, ids=lambda folder: str(folder.relative_to(ROOT)))
def test_pack_is_verbatim(folder: Path) -> None:
    """Each file of each pack has the hash in its SOURCE.toml, none is missing, none is unnamed."""
    assert verify(folder) == ()


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_root(kind: str) -> None:
    """Each canonical kind is a global element of the canonical schema."""
    shape = canonical().shape(KINDS[kind])
    assert (shape.name, shape.namespace) == (KINDS[kind], CANONICAL_NAMESPACE)
    assert shape.children


def test_canonical_is_loaded_once() -> None:
    """Everybody shares one canonical schema."""
    assert canonical() is canonical()


def test_canonical_checks_a_dossier() -> None:
    """A minimal dossier is good; a status outside the national list is told as such."""
    text = (
        '<HoSo xmlns="urn:lienthong:canonical:1"><NguonGoc>don_vi</NguonGoc><ThuTuc><Ma>9.999001</Ma></ThuTuc>{}</HoSo>'
    )
    good = parse(text.format("<TrangThai>4</TrangThai>").encode())
    assert canonical().check(good, stage=Stage.VALIDATE_CANONICAL) == ()
    bad = parse(text.format("<TrangThai>11</TrangThai>").encode())
    (found,) = canonical().check(bad, stage=Stage.VALIDATE_CANONICAL)
    assert found.code == "LT-SCH-007"
    assert "“11” của “TrangThai”" in found.text_vi


def pack(folder: Path, source: str, **files: str) -> list[str]:
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")
    (folder / "SOURCE.toml").write_text(source, encoding="utf-8")
    return [problem.code for problem in verify(folder)]


HEAD = 'title = "t"\norigin = "o"\n[sha256]\n'
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_changed_missing_and_unnamed_files_are_told(tmp_path: Path) -> None:
    """A pack that is not verbatim says which file and how."""
    assert pack(tmp_path, f'{HEAD}a = "{EMPTY}"', a="") == []
    assert pack(tmp_path, f'{HEAD}a = "{EMPTY}"', a="x") == ["LT-SCH-104"]
    assert pack(tmp_path, f'{HEAD}a = "{EMPTY}"\nb = "{EMPTY}"', a="") == ["LT-SCH-105"]
    assert pack(tmp_path, f'{HEAD}a = "{EMPTY}"', a="", c="") == ["LT-SCH-106"]


@pytest.mark.parametrize("source", ["", "title = 1 2", '[sha256]\na = "x"', 'title = "t"\norigin = "o"'])
def test_poor_source_file_is_told(tmp_path: Path, source: str) -> None:
    """A SOURCE.toml must say what, whence and which hashes."""
    assert pack(tmp_path, source) == ["LT-SCH-107"]
