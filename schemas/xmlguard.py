"""The byte guard: refuses XML by counting bytes, before any parser sees it. Costs less than hashing the same bytes."""

from __future__ import annotations

from typing import Protocol

from schemas.problem import Place, Problem, Stage, problem


class GuardLimits(Protocol):
    """What the guard needs to know; see `schemas.xmldoc.XmlLimits`."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def tags(self) -> int: ...
    @property
    def equals(self) -> int: ...
    @property
    def namespaces(self) -> int: ...


_HOPS = 2_000
_FORBIDDEN = ("<!DOCTYPE", "<!ENTITY")


def first_look(body: bytes, limits: GuardLimits, *, stage: Stage = Stage.PARSE) -> Problem | None:
    """Size and beginning: what can be told without reading on."""
    if len(body) > limits.size_bytes:
        return problem("LT-XML-001", stage, {"size": len(body), "limit": limits.size_bytes})
    start = body[:512].lstrip(b" \t\r\n")
    if not start:
        if not body.strip(b" \t\r\n"):
            return problem("LT-XML-006", stage)
    elif start.startswith(b"<?xml ") and body[:1] != b"<":
        return problem("LT-XML-008", stage, {"count": len(body[:512]) - len(start)}).at(theirs=Place("message", 1))
    return None


def guard(body: bytes, limits: GuardLimits, *, stage: Stage = Stage.PARSE) -> Problem | None:
    """The first reason not to parse `body`, in UTF-8 or another form of ASCII, or in UTF-16 with its BOM; or None."""
    return _counts(body, limits, stage=stage) or _forbidden(body, stage=stage)


def _counts(body: bytes, limits: GuardLimits, *, stage: Stage) -> Problem | None:
    # A UTF-16 character is counted when either of its bytes looks like the sign: at worst too many.
    if body.count(b"<") > limits.tags:
        return problem("LT-XML-002", stage, {"what_vi": "thẻ", "what_en": "tags", "limit": limits.tags})
    equals = body.count(b"=")
    if equals > limits.equals:
        return problem("LT-XML-002", stage, {"what_vi": "thuộc tính", "what_en": "attributes", "limit": limits.equals})
    if equals > limits.namespaces and _count_xmlns(body) > limits.namespaces:
        values = {"what_vi": "khai báo xmlns", "what_en": "xmlns declarations", "limit": limits.namespaces}
        return problem("LT-XML-002", stage, values)
    return None


def _count_xmlns(body: bytes) -> int:
    word = "xmlns".encode("utf-16-le")[:-1] if _encoding(body) != "ascii" else b"xmlns"
    return body.count(word)


def _forbidden(body: bytes, *, stage: Stage) -> Problem | None:
    encoding = _encoding(body)
    first = _first_mark(body, encoding)
    for word in _FORBIDDEN if first >= 0 else ():
        at = body.find(word.encode(encoding), first)
        if at >= 0:
            line = body.count("\n".encode(encoding), 0, at) + 1
            return problem("LT-XML-003", stage, {"what": word[2:]}).at(theirs=Place("message", line))
    return None


def _first_mark(body: bytes, encoding: str) -> int:
    """Where the first "<!" stands, -1 = nowhere. One byte at a time is found several times faster than two."""
    mark, at = "<!".encode(encoding), body.find(b"<")
    for _ in range(_HOPS if mark[:1] == b"<" else 0):
        if at < 0 or body.startswith(mark, at):
            return at
        at = body.find(b"<", at + 1)
    return body.find(mark, max(at - 1, 0)) if at >= 0 else -1


def _encoding(body: bytes) -> str:
    return {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}.get(body[:2], "ascii")
