"""What a page was asked for: validated word by word; what is not understood is dropped and named, never repeated."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlencode

from bus.delivery import State
from bus.records import Query
from bus.web.console.words import ASKED, KINDS, REJECTED
from schemas.problem import catalogue
from schemas.vietnamese import nfc

LIST = "/console"
REFRESH_S = 10

_TEXT = re.compile(r"[\w.:/+\-]{1,80}")
_ID = re.compile(r"[0-9a-f]{32}")
_FIELDS = ("state", "endpoint", "kind", "problem", "text", "before", "refresh")
_NARROW = {"state": "trạng thái", "endpoint": "nơi nhận", "kind": "loại", "problem": "mã vấn đề", "text": "mã tìm"}
_STATES = frozenset((*(state.value for state in State), REJECTED, ASKED))


@dataclass(frozen=True, slots=True)
class Asked:
    """The filters of the list, each empty or valid."""

    state: str = ""  # a state of a delivery, or the verdict "rejected" or "asked"
    endpoint: str = ""
    kind: str = ""
    problem: str = ""
    text: str = ""
    before: str = ""  # message id to continue from
    refresh: str = ""  # "10" = the page renews itself
    dropped: tuple[str, ...] = ()  # names of parameters that were not understood

    @property
    def unknown(self) -> tuple[str, ...]:
        """Filters that mean nothing, as people call them: whoever asked for less must not be shown everything."""
        return tuple(_NARROW[name] for name in self.dropped if name in _NARROW)

    @property
    def narrowed(self) -> bool:
        """Something was filtered out."""
        return bool(self.state or self.endpoint or self.kind or self.problem or self.text or self.unknown)

    def query(self, limit: int) -> Query:
        """The same for the journal."""
        verdict = self.state if self.state in (REJECTED, ASKED) else ""
        return Query(
            text=self.text, state=State(self.state) if self.state and not verdict else None, endpoint=self.endpoint,
            kind=self.kind, problem_code=self.problem, verdict=verdict, limit=limit, before=self.before,
        )  # fmt: skip

    def link(self, **over: str) -> str:
        """The address of the list with some filters changed."""
        other = replace(self, **over)  # type: ignore[arg-type]  # only fields that are words
        pairs = [(name, getattr(other, name)) for name in _FIELDS if getattr(other, name)]
        return f"{LIST}?{urlencode(pairs)}" if pairs else LIST


def asked_of(parameters: Mapping[str, str], *, endpoints: Collection[str]) -> Asked:
    """Reads the parameters of the list."""
    fits: Mapping[str, Callable[[str], bool]] = {
        "state": _STATES.__contains__,
        "endpoint": endpoints.__contains__,
        "kind": KINDS.__contains__,
        "problem": catalogue().__contains__,
        "text": lambda text: bool(_TEXT.fullmatch(text)),
        "before": is_id,
        "refresh": str(REFRESH_S).__eq__,
    }
    given = {name: nfc(parameters.get(name, "")).strip() for name in _FIELDS}
    valid = {name: value for name, value in given.items() if value and fits[name](value)}
    return Asked(**valid, dropped=tuple(name for name, value in given.items() if value and name not in valid))


def is_id(text: str) -> bool:
    """Looks like a message id."""
    return bool(_ID.fullmatch(text))
