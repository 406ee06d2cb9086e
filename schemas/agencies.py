"""The agency registry: old and new code forms, validity, successors. An alias is looked up, never computed.

Rows come from the code tables `co_quan`, `tinh_thanh` and `bo_nganh`; level-1 families from `ho_ma_co_quan`. Rows
marked unverified=yes are sample data: they are left out unless asked for, so that nothing is refused by a guess.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

from schemas.codefile import Row, read_table
from schemas.codes import nearest_name
from schemas.problem import Problem, Refused, Stage, problem

FAMILIES = "ho_ma_co_quan"
TABLES = ("co_quan", "tinh_thanh", "bo_nganh")
_OLD = re.compile(r"([0-9A-Z]{3})\.([0-9A-Z]{2})\.([0-9A-Z]{2})\.([A-Z]\d{2})")
_NEW = re.compile(r"([A-Z])\d{2}(?:\.[0-9A-Z]{1,3}){0,4}")


class Form(StrEnum):
    """How an agency code is written."""

    OLD = "old"  # 000.00.12.H99: the highest level last
    NEW = "new"  # H99.12: the highest level first
    OTHER = "other"  # shorter and odd forms that live in real traffic


@dataclass(frozen=True, slots=True)
class Agency:
    """One agency for as long as its code is good."""

    code: str  # the new form
    old_code: str  # the old form; "" = it never had one
    name: str
    valid_from: date | None
    valid_to: date | None  # last day; None = still good
    successor: str  # code (new form) that takes over; "" = none
    unverified: bool  # sample data, not checked against the official table

    def holds(self, on: date) -> bool:
        """Good on that day, both ends included."""
        return (self.valid_from is None or self.valid_from <= on) and (self.valid_to is None or on <= self.valid_to)


class AgencyRegistry:
    """All agencies by either form of their code. Immutable, thread-safe."""

    def __init__(self, agencies: Iterable[Agency], families: Mapping[str, str]) -> None:
        self.families = MappingProxyType(dict(families))  # level-1 letter → its name
        self._by_code: dict[str, tuple[Agency, ...]] = {}
        for agency in agencies:
            for code in filter(None, (agency.code, agency.old_code)):
                self._by_code[code] = (*self._by_code.get(code, ()), agency)

    @classmethod
    def load(cls, *folders: Path, unverified: bool = False) -> AgencyRegistry:
        """The agency tables of the folders; a later folder's table replaces an earlier one's of the same name.

        `unverified`: take sample rows too (demonstrations, tests).

        Raises:
            Refused: with every wrong line.
        """
        problems: list[Problem] = []
        rows: dict[str, tuple[Row, ...]] = {}
        for name in (FAMILIES, *TABLES):
            files = [file for folder in folders if (file := folder / f"{name}.csv").is_file()]
            if files:
                _, rows[name], wrong = read_table(files[-1].name, files[-1].read_bytes())
                problems += wrong
        if problems:
            raise Refused(tuple(problems))
        agencies = [_agency(row) for name in TABLES for row in rows.get(name, ())]
        kept = (agency for agency in agencies if unverified or not agency.unverified)
        return cls(kept, {row.code: row.columns["vi"] for row in rows.get(FAMILIES, ())})

    def find(self, code: str, *, on: date) -> Agency | None:
        """The agency that has this code, in either form, on that day."""
        return next((agency for agency in self._by_code.get(code, ()) if agency.holds(on)), None)

    def in_form(self, code: str, form: Form, *, on: date) -> str | None:
        """The code in the form an upstream wants, from the table; None: not known, or it has none in that form."""
        agency = self.find(code, on=on)
        if agency is None or form is Form.OTHER:
            return None
        return (agency.code if form is Form.NEW else agency.old_code) or None

    def successor(self, code: str, *, on: date) -> Agency | None:
        """Who has taken over from a closed code by that day, followed to the end of the chain."""
        seen: set[str] = set()
        current = self._by_code.get(code, ())
        while current and current[-1].successor and current[-1].successor not in seen:
            seen.add(current[-1].successor)
            found = self.find(current[-1].successor, on=on)
            if found is not None:
                return found
            current = self._by_code.get(current[-1].successor, ())
        return None

    def check(self, code: str, *, on: date, stage: Stage) -> Problem | None:
        """Whether a dossier of that day may carry the code. `on` is the dossier's day, never today."""
        rows = self._by_code.get(code, ())
        if any(agency.holds(on) for agency in rows):
            return None
        if not rows:
            return problem("LT-CODE-101", stage, {"code": code, **self._hint(code, on)})
        closed = max((agency.valid_to for agency in rows if agency.valid_to and agency.valid_to < on), default=None)
        if closed is None:
            opened = min(agency.valid_from for agency in rows if agency.valid_from)
            return problem("LT-CODE-103", stage, {"code": code, "on": on, "opened": opened})
        heir = self.successor(code, on=on)
        hint = {
            "hint_vi": f"; mã kế thừa là {heir.code} ({heir.name})" if heir else "",
            "hint_en": f"; its successor is {heir.code} ({heir.name})" if heir else "",
        }
        return problem("LT-CODE-102", stage, {"code": code, "closed": closed, "on": on, **hint})

    def form(self, code: str) -> Form:
        """How a code is written; a level-1 letter must be one of the families."""
        old, new = _OLD.fullmatch(code), _NEW.fullmatch(code)
        if old is not None and old[4][0] in self.families:
            return Form.OLD
        return Form.NEW if new is not None and new[1] in self.families else Form.OTHER

    def suggest(self, code: str, *, on: date) -> str:
        """A code to propose to a person, "" where none comes to mind. By rule and likeness: never to be used as is."""
        by_rule = other_form(code)
        if by_rule and self.find(by_rule, on=on) is not None:
            return by_rule
        return nearest_name(code, [known for known in self._by_code if self.find(known, on=on) is not None])

    def _hint(self, code: str, on: date) -> Mapping[str, str]:
        near = self.suggest(code, on=on)
        if not near:
            return {"hint_vi": "", "hint_en": ""}
        return {"hint_vi": f"; có thể là “{near}”", "hint_en": f"; perhaps “{near}”"}


def other_form(code: str) -> str:
    """What the other form would be if the rule of thumb held; "" where it says nothing. Only for suggestions.

    >>> other_form("000.01.12.H99"), other_form("H99.12"), other_form("H99.DN.001.02")
    ('H99.12.01', '000.00.12.H99', '')
    """
    old = _OLD.fullmatch(code)
    if old is not None:
        groups = [old[4], old[3], old[2], old[1]]
        while len(groups) > 1 and set(groups[-1]) == {"0"}:
            groups.pop()
        return ".".join(groups)
    groups = code.split(".")
    if _NEW.fullmatch(code) is None or len(groups) > 3 or any(len(group) != 2 for group in groups[1:]):
        return ""
    low = [*reversed(groups[1:])]
    return ".".join(["000", *["00"] * (2 - len(low)), *low, groups[0]])


def _agency(row: Row) -> Agency:
    columns = row.columns
    return Agency(
        code=row.code,
        old_code=columns.get("old_code", ""),
        name=columns["vi"],
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        successor=columns.get("successor", ""),
        unverified=columns.get("unverified", "no") == "yes",
    )
