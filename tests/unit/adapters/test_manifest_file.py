"""Reading adapter.toml: every problem with its file, line and the nearest name."""

from __future__ import annotations

from pathlib import Path

import pytest

from adapters.manifest import Auth, Direction, Manifest
from adapters.manifest_file import read_manifest
from schemas.problem import Problem, Refused

GOOD = """\
id = "thu"
title_vi = "Thử"
title_en = "Test"
wire = "soap"
namespace = "urn:thu"
schema = "xsd/thu.xsd"

[auth]
kind = "header"
header = "X-Api-Key"

[operations.gui]
direction = "in"
title_vi = "Gửi"
title_en = "Send"
dossier = [{ party = "thu", path = "ma" }]
"""


def read(folder: Path, text: str) -> Manifest:
    (folder / "adapter.toml").write_text(text, encoding="utf-8")
    return read_manifest(folder)


def refused(folder: Path, text: str) -> tuple[Problem, ...]:
    with pytest.raises(Refused) as caught:
        read(folder, text)
    return caught.value.problems


def test_a_good_file_becomes_frozen_values(tmp_path: Path) -> None:
    """Words of the file become enumerations and dataclasses."""
    manifest = read(tmp_path, GOOD)

    assert manifest.auth is not None
    assert manifest.auth.kind is Auth.HEADER
    assert manifest.operations["gui"].direction is Direction.IN
    assert manifest.operations["gui"].dossier[0].party == "thu"


def test_an_unknown_key_names_the_nearest(tmp_path: Path) -> None:
    """A misspelt key is refused, with its line and the key that was meant."""
    unknown, missing = refused(tmp_path, GOOD.replace("wire =", "wier ="))

    assert (unknown.code, unknown.ours and unknown.ours.line) == ("LT-SYS-003", 4)
    assert "“wire”" in unknown.text_vi
    assert (missing.code, missing.ours and missing.ours.path) == ("LT-SYS-004", "wire")


def test_all_unknown_keys_are_told_at_once(tmp_path: Path) -> None:
    """Misspelt keys deep inside lists and tables come back together."""
    text = GOOD.replace("path =", "pat =").replace("header = ", "heder = ") + 'kidn = "ho_so"\n'

    codes = [(p.code, p.ours.path if p.ours else "") for p in refused(tmp_path, text)]

    assert ("LT-SYS-003", "operations.gui.dossier.0.pat") in codes
    assert ("LT-SYS-003", "auth.heder") in codes
    assert ("LT-SYS-003", "operations.gui.kidn") in codes


def test_the_nearest_name_is_proposed(tmp_path: Path) -> None:
    """The text of the problem holds the key that was probably meant."""
    (found,) = refused(tmp_path, GOOD + 'reply_elment = "x"\n')

    assert "reply_element" in found.text_vi
    assert found.ours is not None
    assert found.ours.line == GOOD.count("\n") + 1


def test_a_wrong_value_names_its_key_and_line(tmp_path: Path) -> None:
    """A direction that does not exist is refused where it stands."""
    (found,) = refused(tmp_path, GOOD.replace('direction = "in"', 'direction = "inwards"'))

    assert found.code == "LT-SYS-004"
    assert found.ours is not None
    assert (found.ours.path, found.ours.line) == ("operations.gui.direction", 13)


def test_broken_toml_is_a_problem_not_a_crash(tmp_path: Path) -> None:
    """Syntax errors come back with the reader's own reason."""
    (found,) = refused(tmp_path, "id = ")

    assert found.code == "LT-SYS-002"


def test_a_folder_without_a_manifest_says_so(tmp_path: Path) -> None:
    """An empty folder is not silently passed over."""
    with pytest.raises(Refused) as caught:
        read_manifest(tmp_path)

    assert caught.value.problems[0].code == "LT-SYS-001"
