"""The effective settings: sources told, secrets not."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.cli.effective import COVERED, effective
from bus.settings import load

PARTNERS = """
[endpoints.x]
system = "cong_dvcqg"
address = "http://x.example"
secret = "file:mat-khau"
[endpoints.y]
system = "cong_dvcqg"
address = "http://y.example"
secret = "mat-khau-viet-thang-vao-day"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A configuration with one secret by reference and one written where only a reference belongs."""
    (tmp_path / "partners.toml").write_text(PARTNERS, encoding="utf-8")
    (tmp_path / "mat-khau").write_text("bi-mat-that\n", encoding="utf-8")
    return tmp_path


def test_secrets_are_never_among_the_values(folder: Path) -> None:
    """A reference is shown and whether it leads somewhere; a secret that stands there by mistake is covered."""
    values = {one.name: one for one in effective(load(folder))}
    assert (values["endpoints.x.secret"].value, values["endpoints.x.secret"].resolves) == ("file:mat-khau", True)
    assert (values["endpoints.y.secret"].value, values["endpoints.y.secret"].resolves) == (COVERED, False)
    shown = " ".join(str(one.value) for one in values.values())
    assert "bi-mat-that" not in shown
    assert "mat-khau-viet-thang" not in shown


def test_credentials_inside_addresses_are_covered(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A password inside a URL is a secret too."""
    monkeypatch.setenv("LIENTHONG_QUEUE__REDIS_URL", "redis://nguoi:mat-khau@may.example/0")
    values = {one.name: one for one in effective(load(folder))}
    assert values["queue.redis_url"].value == "redis://•••@may.example/0"
    assert values["queue.redis_url"].source == "env LIENTHONG_QUEUE__REDIS_URL"


def test_every_value_names_its_source(folder: Path) -> None:
    """File or default."""
    values = {one.name: one.source for one in effective(load(folder))}
    assert values["endpoints.x.system"] == "partners.toml"
    assert values["endpoints.x.windows"] == "default"
    assert values["door.port"] == "default"
