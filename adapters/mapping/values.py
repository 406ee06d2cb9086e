"""What a map takes and gives: the context of one translation, its result, and a fault of one value."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from lxml import etree

from schemas.problem import Problem, Stage, catalogue, problem


class Side(StrEnum):
    """One of the two documents a map stands between."""

    LEGACY = "legacy"
    CANONICAL = "canonical"

    @property
    def other(self) -> Side:
        """The document on the other side of the map."""
        return Side.CANONICAL if self is Side.LEGACY else Side.LEGACY


class Way(StrEnum):
    """A direction of translation, as written in `only="…"`."""

    TO_CANONICAL = "to-canonical"
    TO_LEGACY = "to-legacy"

    @property
    def source(self) -> Side:
        """The document that is read."""
        return Side.LEGACY if self is Way.TO_CANONICAL else Side.CANONICAL

    @property
    def target(self) -> Side:
        """The document that is written."""
        return self.source.other

    @property
    def stage(self) -> Stage:
        """The step of the journey in which this direction is walked."""
        return Stage.TRANSLATE_IN if self is Way.TO_CANONICAL else Stage.TRANSLATE_OUT


@dataclass(frozen=True, slots=True)
class MapContext:
    """What one translation must be told: a map sees no clock and no store."""

    on: date  # the message's own date: which rows of dated code tables hold
    identities: Mapping[str, str]  # party -> that party's code for this dossier


@dataclass(frozen=True, slots=True)
class Translation:
    """The result: an element, or the reasons why there is none."""

    element: etree._Element | None
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Fault:
    """Why one value cannot be converted. Becomes a Problem once the places are known.

    >>> print(Fault("LT-MAP-101", {"value": "2026-07-06", "format": "dd/MM/yyyy"}))
    “2026-07-06” is not written dd/MM/yyyy
    """

    code: str
    values: Mapping[str, object]

    def __str__(self) -> str:
        return catalogue()[self.code].en.format_map(dict(self.values))

    def problem(self, stage: Stage) -> Problem:
        """The fault as a Problem without places."""
        return problem(self.code, stage, self.values)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name that looks most like `name`, or "".

    >>> nearest("ngayHenTr", ["maSoHoSo", "ngayHenTra", "ngaySinh"])
    'ngayHenTra'
    >>> nearest("xyz", ["maSoHoSo"])
    ''
    """
    names = list(known)
    folded = {each.casefold(): each for each in names}
    if name.casefold() in folded:
        return folded[name.casefold()]
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.6)
    return close[0] if close else ""


def hint(name: str, known: Iterable[str]) -> dict[str, str]:
    """The nearest known name as two half-sentences, for the texts of a Problem.

    >>> hint("Nam", ["Name"])["hint_en"]
    ' — did you mean “Name”?'
    """
    near = nearest(name, known)
    if not near:
        return {"hint_vi": "", "hint_en": ""}
    return {"hint_vi": f" — có phải “{near}”?", "hint_en": f" — did you mean “{near}”?"}
