"""What one entry of the attack corpus is, and how its outcome is told in one word.

An attack is sent to the very code that meets it in service. Its outcome is a word: `TAKEN`; where it was stopped
("signature:LT-SIGN-036" of the gate, "LT-ASIC-003" of a parser); or `INERT`: taken, and all that is believed is
exactly what the honest sender said; `TOLD` where the verifier also names what nobody signed. Whatever else is raised
fails the test.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from schemas.problem import Problem, Refused

TAKEN = "taken"  # for controls alone
TOLD = "told"  # inert, and the verifier names what nobody signed
INERT = "inert"  # what was added says nothing to anybody who believes what he is given


class Category(StrEnum):
    """What is attacked."""

    PARSER = "parser"
    SOAP = "SOAP structure"
    WRAPPING = "signature wrapping"
    CONTENT = "content"
    DSIG = "DSig structure"
    ALGORITHM = "algorithm"
    TRUST = "trust"
    FRESHNESS = "freshness"
    ADDRESSING = "addressing"
    SCHEMA = "schema"
    MIME = "MIME and MTOM"
    CONTAINER = "ASiC and ZIP"
    JSON = "JSON"
    JWS = "JWS"
    LOGIN = "UsernameToken"
    STAMP = "time-stamp tokens"
    LASTING = "XAdES"
    EVIDENCE = "evidence"
    DOOR_JWS = "JWS at the door"
    DOCUMENT = "documents at the door"
    ENCRYPTION = "encryption"
    CONTROL = "control"


@dataclass(frozen=True, slots=True)
class Case:
    """One generated input and what must become of it."""

    category: Category
    name: str
    send: Callable[[], str]  # makes it, sends it, tells the outcome
    expected: tuple[str, ...]  # any of these: an outcome, or the beginning of one up to its colon


def cases(category: Category, table: Mapping[str, tuple[Callable[[], str], str]]) -> list[Case]:
    """Of a table: name → how to send it, and the expected outcomes, parted by spaces."""
    return [Case(category, name, send, tuple(expected.split())) for name, (send, expected) in table.items()]


def outcome_of(send: Callable[[], str]) -> str:
    """The word, where the code may also refuse by raising `Refused`."""
    try:
        return send()
    except Refused as refused:
        return said(refused.problems)


def said(problems: Iterable[Problem]) -> str:
    """The code of the first; nothing = taken."""
    return next((found.code for found in problems), TAKEN)


def fits(outcome: str, expected: Iterable[str]) -> bool:
    """Is it one of those?"""
    return any(outcome == one or outcome.startswith(f"{one}:") for one in expected)
