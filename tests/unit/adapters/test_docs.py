"""What a manifest may say is documented in both languages."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from adapters.manifest import (
    Answer,
    AnswerKind,
    Auth,
    AuthRule,
    Direction,
    DossierName,
    KnownCode,
    Manifest,
    NumberRule,
    Operation,
    ReplyRule,
    SignRule,
    Then,
)
from adapters.poll_rule import PollRule
from adapters.sanity import OUTCOMES

DOCS = Path(__file__).parents[3] / "docs"
SHAPES = (
    Manifest,
    AuthRule,
    Answer,
    DossierName,
    NumberRule,
    SignRule,
    Operation,
    ReplyRule,
    KnownCode,
    PollRule,
    Then,
)
KEYS = sorted({field.name for shape in SHAPES for field in dataclasses.fields(shape)})
WORDS = sorted({*Direction, *Auth, *AnswerKind, *OUTCOMES})


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("word", [*KEYS, *WORDS])
def test_every_key_and_word_is_documented(language: str, word: str) -> None:
    """A key or a word of adapter.toml that the page does not name cannot be found by an integrator."""
    assert f"`{word}`" in (DOCS / language / "adapter-toml.md").read_text(encoding="utf-8")
