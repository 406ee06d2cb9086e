"""Problems: what is wrong with a message, where, why, and what to do. Values, never raised one by one.

The texts live in `schemas/problems/*.toml`, one file a stage, one table a code::

    [LT-MAP-021]
    vi = "Mã “{value}” không có trong bảng {table}"
    en = "Code “{value}” is not in table {table}"
    do_vi = "Thêm mã vào bảng rồi phát lại"
    do_en = "Add the code to the table, then replay"
    owner = "integrator"        # sender | integrator | operator | receiver | us
    retryable = false           # may the very same message succeed later, unchanged?
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache
from importlib import resources

_PATH = 500  # of a place in a message, in characters


class Stage(StrEnum):
    """Where in the journey of a message a problem was found."""

    RECEIVE = "receive"
    PARSE = "parse"
    VALIDATE_IN = "validate-in"
    SPLIT = "split"
    TRANSLATE_IN = "translate-in"
    VALIDATE_CANONICAL = "validate-canonical"
    ROUTE = "route"
    ACCEPT = "accept"
    TRANSLATE_OUT = "translate-out"
    VALIDATE_OUT = "validate-out"
    SIGN = "sign"
    DELIVER = "deliver"
    SETTLE = "settle"
    CONFIGURE = "configure"


class Owner(StrEnum):
    """Who must act."""

    SENDER = "sender"
    INTEGRATOR = "integrator"
    OPERATOR = "operator"
    RECEIVER = "receiver"
    US = "us"


@dataclass(frozen=True, slots=True)
class Place:
    """A spot in a file of ours or in the message."""

    source: str  # file name or "message"
    line: int = 0  # 1-based; 0 = unknown
    path: str = ""  # element path or JSON pointer
    quote: str = ""  # the text found there; never a citizen's data


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding. `code` is stable and documented; texts are for people."""

    code: str
    stage: Stage
    text_vi: str
    text_en: str
    do_vi: str
    do_en: str
    owner: Owner
    retryable: bool
    ours: Place | None = None  # place in our file (map, table, manifest)
    theirs: Place | None = None  # place in the message

    def at(self, *, ours: Place | None = None, theirs: Place | None = None) -> Problem:
        """The same problem with places filled in."""
        return replace(self, ours=ours or self.ours, theirs=_bounded(theirs) or self.theirs)

    def as_json(self) -> dict[str, object]:
        """The shape used in `--json`, the journal and typed fault details."""
        return {
            "code": self.code,
            "stage": self.stage.value,
            "vi": self.text_vi,
            "en": self.text_en,
            "do_vi": self.do_vi,
            "do_en": self.do_en,
            "owner": self.owner.value,
            "retryable": self.retryable,
            "ours": _place_json(self.ours),
            "theirs": _place_json(self.theirs),
        }


@dataclass(frozen=True, slots=True)
class ProblemText:
    """One row of the catalogue."""

    code: str
    vi: str
    en: str
    do_vi: str
    do_en: str
    owner: Owner
    retryable: bool


class Refused(Exception):
    """Carries problems across a border where a value cannot: raised only by parsers, caught at the door."""

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("; ".join(f"{p.code}: {p.text_en}" for p in problems))
        self.problems = problems


def problem(code: str, stage: Stage, values: Mapping[str, object] | None = None) -> Problem:
    """Makes a problem from its code; `values` fill the places of its texts.

    Raises:
        KeyError: the code is not in the catalogue, or a value its text needs is missing.
    """
    row = catalogue()[code]
    given = {name: _short(value) for name, value in (values or {}).items()}
    return Problem(
        code=code,
        stage=stage,
        text_vi=row.vi.format_map(given),
        text_en=row.en.format_map(given),
        do_vi=row.do_vi.format_map(given),
        do_en=row.do_en.format_map(given),
        owner=row.owner,
        retryable=row.retryable,
    )


@cache
def catalogue() -> Mapping[str, ProblemText]:
    """Every problem code with its texts.

    Raises:
        ValueError: one code stands in two files.
    """
    rows: dict[str, ProblemText] = {}
    for file in sorted(resources.files("schemas").joinpath("problems").iterdir(), key=lambda f: f.name):
        if not file.name.endswith(".toml"):
            continue
        for code, row in tomllib.loads(file.read_text(encoding="utf-8")).items():
            if code in rows:
                raise ValueError(f"problem code {code} stands twice, the second time in {file.name}")
            rows[code] = ProblemText(code=code, **{**row, "owner": Owner(row["owner"])})
    return rows


def _short(value: object) -> str:
    text = str(value)
    return text if len(text) <= 200 else text[:199] + "…"


def _bounded(place: Place | None) -> Place | None:
    """A path is made of names the sender chose: an answer, a log and the journal need not carry megabytes of them."""
    if place is None or max(len(place.path), len(place.quote)) <= _PATH:
        return place
    return replace(place, path=_middle_out(place.path), quote=_middle_out(place.quote))


def _middle_out(text: str) -> str:
    return text if len(text) <= _PATH else f"{text[: _PATH // 2]}…{text[-_PATH // 2 + 1 :]}"


def _place_json(place: Place | None) -> dict[str, object] | None:
    if place is None:
        return None
    return {"source": place.source, "line": place.line, "path": place.path, "quote": place.quote}
