"""Settings from variables: they win over files, and a broken one is told, not thrown."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bus.settings import load
from schemas.problem import Refused


def test_the_list_of_systems_is_the_registrys_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """LIENTHONG_SYSTEMS is a list of paths, and stands beside the `systems` of the file."""
    (tmp_path / "lienthong.toml").write_text('systems = ["them"]\n', encoding="utf-8")
    monkeypatch.setenv("LIENTHONG_SYSTEMS", os.pathsep.join(["/a", "/b"]))

    assert load(tmp_path).systems == (Path("them"),)


def test_a_variable_reaches_into_a_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One member of one endpoint can be given by a variable, the rest by the file."""
    (tmp_path / "partners.toml").write_text('[endpoints.cong]\nsystem = "a"\naddress = "http://a.example"\n')
    monkeypatch.setenv("LIENTHONG_ENDPOINTS__CONG__ADDRESS", "http://b.example")

    endpoint = load(tmp_path).endpoints["cong"]

    assert (endpoint.system, endpoint.address) == ("a", "http://b.example")


def test_a_variable_that_is_not_json_is_a_problem(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever misspells a variable reads a sentence, not a stack trace."""
    monkeypatch.setenv("LIENTHONG_ENDPOINTS", "{broken")

    with pytest.raises(Refused) as caught:
        load(tmp_path)

    assert [found.code for found in caught.value.problems] == ["LT-CONF-002"]
