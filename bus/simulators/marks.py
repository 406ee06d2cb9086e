"""Marks in the free text of invented messages: step number and dossier, so that order can be judged anywhere."""

from __future__ import annotations

import re
import unicodedata

_STEP = re.compile(r"Bước (\d+)/(\d+)")
_DOSSIER = re.compile(r"\[([^\[\]\s]{3,60})\]")

RESULT_STEP = 1000  # the step number of a result: behind every progress step


def write_mark(step: int, total: int, *, action: str, dossier: str) -> str:
    """The text of a step, e.g. "Bước 2/5: Thẩm định hồ sơ [TN01-2026-000007]"."""
    return f"Bước {step}/{total}: {action} [{dossier}]"


def read_step(text: str) -> int:
    """The step number in a text; 0 = none stands there."""
    found = _STEP.search(unicodedata.normalize("NFC", text))
    return int(found[1]) if found else 0


def read_dossier(text: str) -> str:
    """The dossier named in a text; "" = none."""
    found = _DOSSIER.search(text)
    return found[1] if found else ""
