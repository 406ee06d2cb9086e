"""One problem as it is shown: its words, its places, its next step and whose it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.masking import mask_text
from bus.web.console.words import OWNERS, STAGES


@dataclass(frozen=True, slots=True)
class ProblemView:
    """One problem with its places and its next step."""

    code: str
    stage: str
    text: str
    theirs: str  # place in the message
    ours: str  # place in our files
    todo: str
    owner: str
    retryable: bool


def problem_view(found: Mapping[str, object], codes: list[str]) -> ProblemView:
    """`found`: as `Problem.as_json`; `codes` may stand in its words."""
    return ProblemView(
        code=str(found.get("code", "")),
        stage=STAGES.get(str(found.get("stage", "")), ""),
        text=mask_text(str(found.get("vi", "")), keep=codes),
        theirs=_place(found.get("theirs"), codes),
        ours=_place(found.get("ours"), codes),
        todo=mask_text(str(found.get("do_vi", "")), keep=codes),
        owner=OWNERS.get(str(found.get("owner", "")), ""),
        retryable=bool(found.get("retryable")),
    )


def _place(place: object, codes: list[str]) -> str:
    """Line and path; a quote is left out: what stands in a message is seen in its body, covered."""
    if not isinstance(place, dict):
        return ""
    source = str(place.get("source", ""))
    pieces = ["" if source == "message" else source, str(place.get("path", ""))]
    if line := place.get("line"):
        pieces.append(f"dòng {line}")
    return mask_text(" · ".join(piece for piece in pieces if piece), keep=codes)
