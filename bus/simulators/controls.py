"""Reads the members of a control's JSON object, with errors that name them."""

from __future__ import annotations

from collections.abc import Mapping


def count_of(given: Mapping[str, object], name: str, default: int) -> int:
    """A whole number, 0 or more.

    Raises:
        ValueError: it is something else.
    """
    value = given.get(name, default)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a whole number, 0 or more")
    return value


def number_of(given: Mapping[str, object], name: str) -> float:
    """A number, 0 or more.

    Raises:
        ValueError: it is something else, or missing.
    """
    value = given.get(name)
    if not isinstance(value, int | float) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} must be a number, 0 or more")
    return float(value)


def text_of(given: Mapping[str, object], name: str) -> str:
    """A text that is not empty.

    Raises:
        ValueError: it is something else, or missing.
    """
    value = given.get(name)
    if not isinstance(value, str) or not value:
        raise ValueError(f"{name} must be a text")
    return value


def share_of(given: Mapping[str, object], name: str, default: float) -> float:
    """A share between 0 and 1.

    Raises:
        ValueError: it is something else.
    """
    value = number_of({name: given.get(name, default)}, name)
    if value > 1:
        raise ValueError(f"{name} is a share: between 0 and 1")
    return value
