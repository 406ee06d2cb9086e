"""Tests of the glossary: one concept, one word, in public names and in documentation."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatchcase
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("adapters", "bus", "schemas", "signing")
TERMS = tomllib.loads((ROOT / "docs/glossary.toml").read_text(encoding="utf-8"))["term"]


def _words(name: str) -> list[str]:
    return [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])|\d+", name)]


def _speaks_of(name: str, phrase: str) -> bool:
    words, wanted = _words(name), phrase.split("_")
    return any(words[at : at + len(wanted)] == wanted for at in range(len(words)))


def _defined(node: ast.AST) -> Iterator[str]:
    if isinstance(node, (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)):
        yield node.name
    if isinstance(node, ast.ClassDef):
        for inner in node.body:
            targets = [inner.target] if isinstance(inner, ast.AnnAssign) else getattr(inner, "targets", [])
            yield from (target.id for target in targets if isinstance(target, ast.Name))


@cache
def _public_names() -> tuple[tuple[str, str], ...]:
    """(where, name) of every public module, class, function, member."""
    found = []
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            where = path.relative_to(ROOT).as_posix()
            found.append((where, path.stem))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                found += [(where, name) for name in _defined(node) if not name.startswith("_")]
    return tuple(found)


@cache
def _pages() -> tuple[Path, ...]:
    return (*sorted(ROOT.glob("*.md")), *sorted((ROOT / "docs").rglob("*.md")))


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term["en"])
def test_public_names_use_the_glossarys_word(term: dict) -> None:
    """No public name calls the thing by another word."""
    assert len(_public_names()) > 300
    wrong = [
        f"{where}: {name} (say “{term.get('code', term['en'])}”)"
        for where, name in _public_names()
        for phrase in term.get("not", [])
        if _speaks_of(name, phrase) and not any(fnmatchcase(name, pattern) for pattern in term.get("allowed", []))
    ]
    assert wrong == []


@pytest.mark.parametrize("term", [term for term in TERMS if "not_in_docs" in term], ids=lambda term: term["en"])
def test_documentation_uses_the_glossarys_word(term: dict) -> None:
    """No page calls the thing by another word, in either language."""
    assert _pages()
    wrong = [
        f"{page.relative_to(ROOT)}: “{phrase}” (say “{term['vi']}” / “{term['en']}”)"
        for page in _pages()
        for phrase in term["not_in_docs"]
        if phrase in page.read_text(encoding="utf-8").lower()
    ]
    assert wrong == []


def test_every_concept_has_one_word_in_each_language() -> None:
    """No word stands for two concepts, and no word is both ours and refused."""
    for language in ("vi", "en"):
        words = [term[language] for term in TERMS]
        assert len(words) == len(set(words))
    ours = {term.get("code", term["en"]).replace(" ", "_") for term in TERMS}
    refused = [phrase for term in TERMS for phrase in term.get("not", [])]
    assert ours & set(refused) == set()
    assert len(refused) == len(set(refused))


def test_every_allowance_is_used_and_explained() -> None:
    """An exception nobody needs is taken out again; one that is needed says why."""
    for term in TERMS:
        assert ("allowed" in term) == ("why" in term), term["en"]
    names = {name for _, name in _public_names()}
    unused = [
        (term["en"], pattern)
        for term in TERMS
        for pattern in term.get("allowed", [])
        if "*" not in pattern and pattern not in names
    ]
    assert unused == []


@pytest.mark.parametrize(
    ("name", "phrase", "found"),
    [
        ("DeadLetterQueue", "dead_letter", True),
        ("parse_dead", "dead", True),
        ("deadline", "dead", False),
        ("HTTPFile", "file", True),
    ],
)
def test_words_inside_names_are_seen(name: str, phrase: str, found: bool) -> None:
    """Whole words are compared, in both spellings of names."""
    assert _speaks_of(name, phrase) is found
