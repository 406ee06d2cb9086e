"""The schema packs, ours and the partners': each has a SOURCE.toml that says whence its files are and their hashes."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from schemas.pack import SOURCE
from schemas.problem import Place, Problem, Stage, problem
from schemas.validate import Schema

CANONICAL_NAMESPACE = "urn:lienthong:canonical:1"
KINDS: Mapping[str, str] = MappingProxyType(
    {
        "ho_so": "HoSo",
        "tien_do": "TienDo",
        "ket_qua": "KetQua",
        "bo_sung": "BoSung",
        "tep_dinh_kem": "TepDinhKem",
        "hoi_trang_thai": "HoiTrangThai",
        "phi_le_phi": "PhiLePhi",
        "tra_cuu": "TraCuu",
    }
)


@cache
def canonical() -> Schema:
    """The canonical form, version 1."""
    return Schema.load(_home() / "canonical" / "1" / "canonical.xsd")


def packs(*folders: Path) -> Iterator[Path]:
    """Every folder with a SOURCE.toml below `folders`; without any, below schemas/."""
    for folder in folders or (_home(),):
        yield from sorted(file.parent for file in folder.rglob(SOURCE))


def verify(folder: Path) -> tuple[Problem, ...]:
    """What is wrong with a pack: SOURCE.toml itself, changed, missing or unnamed files. () = verbatim."""
    try:
        source = tomllib.loads((folder / SOURCE).read_text(encoding="utf-8"))
    except (OSError, tomllib.TOMLDecodeError) as fault:
        return (_wrong("LT-SCH-107", folder, folder.name, reason=str(fault)),)
    named = source.get("sha256")
    if not source.get("title") or not source.get("origin") or not isinstance(named, dict) or not named:
        return (_wrong("LT-SCH-107", folder, folder.name, reason="title, origin, [sha256]"),)
    there = {file.relative_to(folder).as_posix() for file in folder.rglob("*") if file.is_file()} - {SOURCE}
    problems = [_wrong("LT-SCH-106", folder, name) for name in sorted(there - named.keys())]
    problems += [_wrong("LT-SCH-105", folder, name) for name in sorted(named.keys() - there)]
    for name in sorted(there & named.keys()):
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != named[name]:
            problems.append(_wrong("LT-SCH-104", folder, name))
    return tuple(problems)


def _home() -> Path:
    return Path(str(resources.files("schemas")))


def _wrong(code: str, folder: Path, file: str, *, reason: str = "") -> Problem:
    place = Place(f"{folder.name}/{SOURCE}", 0, file)
    return problem(code, Stage.CONFIGURE, {"file": file, "reason": reason}).at(ours=place)
