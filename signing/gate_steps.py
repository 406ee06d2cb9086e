"""The steps of the gate, where a message stopped, and which step finds which problem."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from schemas.problem import Problem


class Step(StrEnum):
    """The steps of the gate, in order; decryption stands before the certificate or after the signature, as agreed."""

    SIZE = "size"
    GUARD = "guard"
    PARSE = "parse"
    STRUCTURE = "structure"
    DECRYPTION = "decryption"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"
    FRESHNESS = "freshness"
    ADDRESSING = "addressing"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where it was stopped, and why."""

    step: Step
    problems: tuple[Problem, ...]


_STEPS = {
    "LT-XML-001": Step.SIZE, "LT-XML-005": Step.PARSE, "LT-SIGN-021": Step.GUARD, "LT-SIGN-037": Step.CERTIFICATE,
    "LT-SIGN-010": Step.STRUCTURE, "LT-SIGN-011": Step.STRUCTURE, "LT-SIGN-012": Step.CERTIFICATE,
    "LT-SIGN-015": Step.FRESHNESS, "LT-SIGN-016": Step.ADDRESSING, "LT-SIGN-017": Step.STRUCTURE,
    "LT-SIGN-040": Step.ADDRESSING, "LT-SIGN-041": Step.ADDRESSING,
    "LT-SIGN-030": Step.STRUCTURE, "LT-SIGN-031": Step.STRUCTURE, "LT-SIGN-032": Step.STRUCTURE,
    "LT-WSS-006": Step.SIGNATURE, "LT-WSS-007": Step.CERTIFICATE, "LT-DOOR-002": Step.SIZE,
}  # fmt: skip
_AREAS = (
    ("LT-XML-", Step.GUARD), ("LT-TEXT-", Step.PARSE), ("LT-TRUST-", Step.CERTIFICATE), ("LT-ENC-", Step.DECRYPTION),
    ("LT-SIGN-00", Step.CERTIFICATE), ("LT-SIGN-", Step.SIGNATURE), ("LT-WSS-00", Step.STRUCTURE),
    ("LT-WSS-01", Step.FRESHNESS), ("LT-WSS-02", Step.ADDRESSING), ("LT-XADES-", Step.SIGNATURE),
)  # fmt: skip


def step_of(code: str) -> Step:
    """The step that finds this problem."""
    known = _STEPS.get(code)
    return known or next((step for area, step in _AREAS if code.startswith(area)), Step.SCHEMA)
