"""The catalogue of problems: complete in both languages, consistent, used."""

import re
import string
from collections.abc import Iterator
from pathlib import Path

import pytest

from schemas.problem import ProblemText, catalogue

ROOT = Path(__file__).parents[3]
PACKAGES = ("adapters", "bus", "schemas", "signing", "config")
EXAMPLE = ROOT / "schemas" / "problem.py"  # its docstring shows how a row is written
ROWS = list(catalogue().values())


def places(text: str) -> set[str]:
    """Names in braces; `x_vi` and `x_en` are one name in two languages."""
    return {re.sub(r"_(vi|en)$", "", name) for _, name, _, _ in string.Formatter().parse(text) if name}


def sources() -> Iterator[str]:
    for package in PACKAGES:
        for file in (ROOT / package).rglob("*"):
            if file.suffix in (".py", ".toml") and file.parent.name != "problems" and file != EXAMPLE:
                yield file.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def used() -> set[str]:
    return {code for text in sources() for code in re.findall(r"LT-[A-Z]+-\d{3}", text)}


def test_there_are_problems() -> None:
    """The tests below look at something."""
    assert len(ROWS) > 50


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_texts_are_complete_in_both_languages(row: ProblemText) -> None:
    """Each code says what is wrong and what to do, in Vietnamese and English, about the same things."""
    assert re.fullmatch(r"LT-[A-Z]+-\d{3}", row.code)
    assert all(text.strip() for text in (row.vi, row.en, row.do_vi, row.do_en))
    assert places(row.vi) == places(row.en)
    assert places(row.do_vi) == places(row.do_en)
    assert places(row.do_vi) <= places(row.vi) | places(row.do_en)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.code)
def test_texts_use_the_projects_words(row: ProblemText) -> None:
    """Vietnamese texts are Vietnamese, English ones are not, and both end without a full stop."""
    assert re.search(r"[à-ỹđÀ-ỸĐ]", row.vi + row.do_vi)
    assert not any(text.endswith(".") for text in (row.vi, row.en, row.do_vi, row.do_en))


def test_every_code_is_used(used: set[str]) -> None:
    """No problem is documented that no program or manifest can report."""
    assert sorted(set(catalogue()) - used) == []


def test_every_used_code_is_in_the_catalogue(used: set[str]) -> None:
    """No program reports a problem that has no text."""
    assert sorted(used - set(catalogue())) == []
