"""Kinds: their documented examples, their registry, and that each keeps what it is given."""

from __future__ import annotations

import doctest
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest

from adapters.mapping.kinds import Kind, Setting, kinds, pair, registry
from adapters.mapping.kinds.registry import BUILT_IN
from adapters.mapping.values import Fault
from schemas.shape import Scalar
from tests.unit.mapping.kit import CONTEXT, tables

OPTIONS = {
    "format": "dd/MM/yyyy",
    "true": "1|True",
    "false": "0|False",
    "table": "gioi_tinh",
    "party": "cong_dvcqg",
}
DOCUMENTED = (
    *BUILT_IN,
    "adapters.mapping.kinds.layout",
    *(f"adapters.mapping.{name}" for name in ("values", "look", "lists", "places", "rules", "explain", "law")),
)


def ready(kind: Kind, folder: Path, **options: str) -> Setting:
    given = {name: OPTIONS[name] for name in kind.needs} | options
    legacy = Scalar.STRING if Scalar.STRING in kind.legacy else min(kind.legacy)
    return Setting(given, tables(folder), legacy, min(kind.canonical), lossy=False)


@pytest.mark.parametrize("name", DOCUMENTED)
def test_documented_examples_hold(name: str) -> None:
    """Every example in a docstring, error texts included, is what happens."""
    module: ModuleType = import_module(name)
    outcome = doctest.testmod(module)
    assert outcome.attempted > 0
    assert outcome.failed == 0


@pytest.mark.parametrize("name", sorted(kinds()))
def test_samples_come_back(name: str, tmp_path: Path) -> None:
    """Each kind gives back every canonical value it offers as a sample."""
    kind = kinds()[name]
    setting = ready(kind, tmp_path)
    made = kind.make(setting)
    assert not isinstance(made, Fault)
    samples = kind.samples(setting, CONTEXT)
    assert samples
    for sample in samples:
        there = made.to_legacy(sample, CONTEXT)
        assert isinstance(there, str)
        assert made.to_canonical(there, CONTEXT) == sample


@pytest.mark.parametrize("name", sorted(kinds()))
def test_kinds_say_what_they_do_in_both_languages(name: str) -> None:
    """`map explain` and the documentation can describe every kind in Vietnamese and English."""
    assert kinds()[name].does_vi.endswith(".")
    assert kinds()[name].does_en.endswith(".")


def test_a_name_is_taken_once() -> None:
    """A foreign kind cannot silently stand in the place of a built-in one."""
    code = kinds()["code"]
    with pytest.raises(ValueError, match="offered twice"):
        registry([code, replace(code)])


def test_a_name_is_a_lower_case_word() -> None:
    """A kind whose name could not be written in a map is refused when it is offered."""
    with pytest.raises(ValueError, match="lower-case"):
        registry([replace(kinds()["code"], name="Code!")])


def test_a_foreign_kind_enters_by_the_same_door() -> None:
    """What the registry knows of a foreign kind is what it knows of its own."""
    foreign = Kind("hai-lan", "Chép hai lần.", "Twice.", lambda _: pair(str, str))
    assert registry([*kinds().values(), foreign])["hai-lan"] is foreign


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("date", {"format": "dd/mm/yyyy"}),
        ("date", {"format": "dd/MM/yyyy dd"}),
        ("digits", {"length": "chín"}),
        ("flag", {"true": "1", "false": "1"}),
        ("decimal", {"decimal": ",", "thousands": ","}),
        ("upper-name", {"marks": "some"}),
    ],
)
def test_options_that_cannot_be_used_are_named(name: str, options: dict[str, str], tmp_path: Path) -> None:
    """A wrong option is a fault of the map that names the option, not a surprise at the first message."""
    kind = kinds()[name]
    made = kind.make(ready(kind, tmp_path, **options))
    assert isinstance(made, Fault)
    assert made.code == "LT-MAP-014"


def test_upper_name_without_marks(tmp_path: Path) -> None:
    """The form without diacritics is made on request, đ included."""
    kind = kinds()["upper-name"]
    made = kind.make(ready(kind, tmp_path, marks="strip"))
    assert not isinstance(made, Fault)
    assert made.to_legacy("Đỗ Thị Mẫu", CONTEXT) == "DO THI MAU"
    assert made.loss
