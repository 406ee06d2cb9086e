"""A wire of another maker enters by the same door as ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.wire.registry import inbound, wires


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed distribution that brings wires; the test writes its entry points."""
    (tmp_path / "khac_wire.py").write_text(
        "from adapters.wire.built_in import SOAP\n"
        "from dataclasses import replace\n"
        "KHAC = replace(SOAP, name='khac')\n"
        "LAI = replace(SOAP, name='soap')\n",
        encoding="utf-8",
    )
    info = tmp_path / "khac-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: khac\nVersion: 1.0\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    wires.cache_clear()
    yield info / "entry_points.txt"
    wires.cache_clear()


def test_a_foreign_wire_is_found_by_its_entry_point(installed: Path) -> None:
    """Nothing of ours has to be changed for it."""
    installed.write_text("[lienthong.wires]\nkhac = khac_wire:KHAC\n", encoding="utf-8")
    assert inbound("khac").read is not None
    assert set(wires()) >= {"soap", "portal", "json", "khac"}


def test_a_foreign_wire_cannot_take_the_place_of_another(installed: Path) -> None:
    """Two wires of one name are a broken installation, and it says who."""
    installed.write_text("[lienthong.wires]\nlai = khac_wire:LAI\n", encoding="utf-8")
    with pytest.raises(ValueError, match="khac_wire:LAI"):
        wires()
