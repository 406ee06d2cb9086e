"""One finding of the doctor: good, worth knowing, or wrong with what to do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from schemas.problem import Problem, Refused, Stage, problem


class Verdict(StrEnum):
    """How bad it is."""

    GOOD = "good"
    NOTE = "note"  # nothing is wrong, and a person should know
    WRONG = "wrong"


@dataclass(frozen=True, slots=True)
class Finding:
    """What was found in one place."""

    area: str  # "journal", "queue", …
    subject: str  # what was looked at, e.g. an endpoint's id
    verdict: Verdict
    vi: str
    en: str
    problem: Problem | None = None  # WRONG: code, what to do, who

    def as_json(self) -> dict[str, object]:
        """For programs."""
        found = self.problem
        return {
            "area": self.area,
            "subject": self.subject,
            "verdict": self.verdict.value,
            "vi": self.vi,
            "en": self.en,
            "code": found.code if found else "",
            "do_vi": found.do_vi if found else "",
            "do_en": found.do_en if found else "",
        }


def good(area: str, subject: str, vi: str, en: str = "") -> Finding:
    """As it should be."""
    return Finding(area, subject, Verdict.GOOD, vi, en or vi)


def note(area: str, subject: str, vi: str, en: str) -> Finding:
    """Worth knowing."""
    return Finding(area, subject, Verdict.NOTE, vi, en)


def wrong(area: str, subject: str, code: str, /, **values: object) -> Finding:
    """Wrong, by the catalogue."""
    return of_problem(area, subject, problem(code, Stage.CONFIGURE, values))


def of_problem(area: str, subject: str, found: Problem) -> Finding:
    """Wrong, as another part of the house said it."""
    place = f"{found.ours.source}:{found.ours.line} " if found.ours else ""
    return Finding(area, subject, Verdict.WRONG, place + found.text_vi, place + found.text_en, found)


def of_refused(area: str, subject: str, refused: Refused) -> Iterator[Finding]:
    """All of what was refused."""
    for found in refused.problems:
        yield of_problem(area, subject, found)
