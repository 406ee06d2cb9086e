"""Tests of the order in which the files are run."""

from __future__ import annotations

from pathlib import Path

from tests.order import LONG_FIRST, place_of

ROOT = Path(__file__).resolve().parents[2]


def test_every_long_file_is_there() -> None:
    """A file that was moved takes its place with it: it would be found at the end, and all would wait for it."""
    assert [file for file in LONG_FIRST if not (ROOT / file).is_file()] == []


def test_others_keep_their_order() -> None:
    """What is not named comes after all that is."""
    assert place_of("tests/unit/test_order.py") == place_of("tests/unit/test_floors.py") == len(LONG_FIRST)
    assert place_of(LONG_FIRST[0]) == 0
