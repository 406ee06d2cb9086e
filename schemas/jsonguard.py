"""The byte guard for JSON: size, number of values and depth, before the recursive parser sees it."""

from __future__ import annotations

import re
from typing import Protocol

from schemas.problem import Place, Problem, Stage, problem


class GuardLimits(Protocol):
    """What the guard needs to know; see `schemas.jsondoc.JsonLimits`."""

    @property
    def size_bytes(self) -> int: ...
    @property
    def depth(self) -> int: ...
    @property
    def values(self) -> int: ...


_BLANK = b" \t\r\n\xef\xbb\xbf"
_UTF16_BOMS = (b"\xff\xfe", b"\xfe\xff")
_FOLD = bytes.maketrans(b"{}", b"[]")
_OTHERS = bytes(byte for byte in range(256) if byte not in b'[]{}"')
_STRING = re.compile(rb'"[^"]*+"')
_GLANCE_BYTES = 65_536
_LARGE_BYTES = 1_000_000  # above this a cut-off body is refused here: the parser would first build half of it


def guard(body: bytes, limits: GuardLimits, *, stage: Stage = Stage.PARSE) -> Problem | None:
    """The first reason not to parse `body`, or None."""
    if len(body) > limits.size_bytes:
        return problem("LT-JSON-001", stage, {"size": len(body), "limit": limits.size_bytes})
    if not body[:512].strip(_BLANK) and not body.strip(_BLANK):
        return problem("LT-JSON-008", stage)
    if body[:2] in _UTF16_BOMS or b"\0" in body[:4]:
        return problem("LT-TEXT-001", stage, {"charset": "utf-16/utf-32", "allowed": "utf-8"})
    if len(body) > _LARGE_BYTES and not _closes(body):
        return _unpaired(body, stage=stage)
    start = _brackets(body[:_GLANCE_BYTES]) if len(body) > 4 * _GLANCE_BYTES else b""
    if b"[" * (limits.depth + 1) in start.partition(b'"')[0]:  # what follows an open quote may be in a string
        return problem("LT-JSON-002", stage, {"limit": limits.depth})
    openers = body.count(b"[") + body.count(b"{")
    if openers + body.count(b",") > limits.values:
        return problem("LT-JSON-003", stage, {"limit": limits.values})
    return None if openers <= limits.depth else _nesting(body, limits, stage=stage)


def _nesting(body: bytes, limits: GuardLimits, *, stage: Stage) -> Problem | None:
    too_deep = problem("LT-JSON-002", stage, {"limit": limits.depth})
    brackets = _brackets(body)
    if b"[" * (limits.depth + 1) in brackets:
        return too_deep
    for _ in range(limits.depth):  # each pass takes the innermost level away
        left = brackets.replace(b"[]", b"")
        if len(left) == len(brackets):
            break
        brackets = left
    if b"[]" in brackets or brackets.count(b"[") > limits.depth:  # what is left is deeper, or never closes
        return too_deep
    return _unpaired(body, stage=stage) if brackets and len(body) > _LARGE_BYTES else None


def _closes(body: bytes) -> bool:
    """The last sign closes what the first one opened."""
    pair = body[:64].lstrip(_BLANK)[:1] + body[-64:].rstrip(_BLANK)[-1:]
    return pair in (b"{}", b"[]", b'""') or pair[:1] not in b'{["'


def _unpaired(body: bytes, *, stage: Stage) -> Problem:
    line = body.count(b"\n") + 1
    reasons = {"reason_vi": "ngoặc mở và ngoặc đóng không đủ đôi", "reason_en": "brackets do not pair"}
    return problem("LT-JSON-004", stage, {"line": line, "column": 1, **reasons}).at(theirs=Place("message", line))


def _brackets(body: bytes) -> bytes:
    """All brackets that stand outside strings, as "[" and "]"."""
    if b"\\" in body:
        body = body.replace(b"\\\\", b"").replace(b'\\"', b"")
    signs = body.translate(_FOLD, _OTHERS).replace(b'""', b"")  # a run of quotes only matters by being odd
    return _STRING.sub(b"", signs)
