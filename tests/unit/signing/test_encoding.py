"""Tests of strict base64, and of the examples in the docstrings of `signing`."""

from __future__ import annotations

import doctest

import pytest

import signing.dsig.names
import signing.encoding
from signing.encoding import from_base64, from_base64url, to_base64, to_base64url


@pytest.mark.parametrize("module", [signing.encoding, signing.dsig.names])
def test_examples_in_docstrings_are_true(module) -> None:
    """What a docstring shows is what happens."""
    done = doctest.testmod(module)
    assert done.attempted > 0
    assert done.failed == 0


@pytest.mark.parametrize("size", range(6))
def test_round_trip(size: int) -> None:
    """Every length comes back."""
    value = b"\xff\xfe\xfd\xfc\xfb"[:size]
    assert from_base64(to_base64(value)) == value
    assert from_base64url(to_base64url(value)) == value


@pytest.mark.parametrize("text", ["Y", "YQ", "YQ=", "YQ===", "YR==", "Y-==", "YQ==YQ==", "=YQ=", "YQ\u00a0==", "YQ==é"])
def test_loose_base64_is_refused(text: str) -> None:
    """Foreign characters, spare bits and wrong padding are not skipped over."""
    assert from_base64(text) is None


@pytest.mark.parametrize("text", ["Y", "YQ==", "YR", "+w", "YW\nI", " YQ", "é"])
def test_loose_base64url_is_refused(text: str) -> None:
    """The URL-safe form has no padding, no white space and its own alphabet."""
    assert from_base64url(text) is None
