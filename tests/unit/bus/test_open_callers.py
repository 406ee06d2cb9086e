"""A caller without a secret is said so by name, and only on a door that nobody else can reach."""

from __future__ import annotations

from pathlib import Path

import pytest

from bus.settings import Settings, load
from schemas.problem import Refused

CALLER = {"system": "mot_cua_cmon", "agency": "H99.12"}


def settings(tmp_path: Path, *, host: str, **caller: object) -> Settings:
    return load(tmp_path, over={"door": {"host": host}, "callers": {"thu": {**CALLER, **caller}}})


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.0.1", "::1", "localhost"])
def test_an_open_caller_is_taken_on_a_loopback_door(tmp_path: Path, host: str) -> None:
    """Benches and trials on one machine need no key."""
    assert settings(tmp_path, host=host, dangerous_open=True).callers["thu"].dangerous_open


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "cua.example"])
def test_an_open_caller_is_refused_on_any_other_door(tmp_path: Path, host: str) -> None:
    """No configuration that others can reach starts with an open door; the finding names the caller."""
    with pytest.raises(Refused) as caught:
        settings(tmp_path, host=host, dangerous_open=True)

    (found,) = caught.value.problems
    assert found.code == "LT-CONF-002"
    assert "callers.thu.dangerous_open" in found.text_en


@pytest.mark.parametrize("caller", [{}, {"secret": "env:X", "dangerous_open": True}])
def test_a_caller_has_a_secret_or_is_open(tmp_path: Path, caller: dict[str, object]) -> None:
    """A forgotten secret is not an open door, and an open door has no secret."""
    with pytest.raises(Refused) as caught:
        settings(tmp_path, host="127.0.0.1", **caller)

    assert [found.code for found in caught.value.problems] == ["LT-CONF-002"]
