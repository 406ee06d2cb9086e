"""Problems as texts of a row."""

from __future__ import annotations

import json
from collections.abc import Iterable

from schemas.problem import Problem


def problem_text(cause: Problem | None) -> str:
    """A problem as it is kept; "" = none."""
    return "" if cause is None else json.dumps(cause.as_json(), ensure_ascii=False, separators=(",", ":"))


def problem_texts(causes: Iterable[Problem]) -> str:
    """Several of them; "" = none."""
    found = [cause.as_json() for cause in causes]
    return json.dumps(found, ensure_ascii=False, separators=(",", ":")) if found else ""
