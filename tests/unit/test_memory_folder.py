"""Tests of where tests keep their files."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest

from tests import memory_folder
from tests.memory_folder import is_fit, use_memory


def test_who_says_where_is_heard(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """With TMPDIR set, nothing is moved."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    before = tempfile.gettempdir()
    use_memory()
    assert tempfile.gettempdir() == before


def test_what_is_not_there_or_too_small_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Files of a run that no memory holds stay on the disk."""
    assert not is_fit(tmp_path / "nobody")
    monkeypatch.setattr(memory_folder, "NEEDED_BYTES", 1 << 60)
    assert not is_fit(tmp_path)
