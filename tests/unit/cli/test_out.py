"""What ends up on a terminal cannot steer it."""

from __future__ import annotations

import json

import pytest

from bus.cli.out import clean, clean_json

STEERING = ["\x1b[31m", "\x1b]0;title\x07", "\r", "\x9b2J", "\u202e", "\u2066", "\x08", "\x00"]


@pytest.mark.parametrize("text", STEERING)
def test_control_characters_are_shown_as_a_sign(text: str) -> None:
    """A partner's words never move the cursor, change colours, or turn the direction of reading."""
    shown = clean(f"trước{text}sau")
    assert shown.startswith("trước")
    assert shown.endswith("sau")
    assert not set(shown) & {"\x1b", "\x07", "\r", "\x9b", "\u202e", "\u2066", "\x08", "\x00"}


@pytest.mark.parametrize("text", STEERING)
def test_json_says_the_same_value_without_control_characters(text: str) -> None:
    """JSON keeps the value, escaped."""
    written = clean_json(json.dumps({"a": text}, ensure_ascii=False))
    assert json.loads(written) == {"a": text}
    assert written.isprintable()


def test_vietnamese_is_left_alone() -> None:
    """Nothing of ours is taken for a control character."""
    assert clean("Nguyễn Thị Thử → “đã giao”\tx") == "Nguyễn Thị Thử → “đã giao”\tx"
