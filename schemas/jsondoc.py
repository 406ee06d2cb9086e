"""The only parser of JSON from outside: bounded, strict UTF-8, no doubled names, no odd numbers."""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from schemas.charset import utf8_fault
from schemas.jsonguard import guard
from schemas.problem import Place, Problem, Refused, Stage, problem

JsonValue: TypeAlias = "dict[str, JsonValue] | list[JsonValue] | str | int | float | bool | None"

# Escapes and bytes that may stand for what no XML can carry; pairs of surrogates are sound.
_SUSPECT = re.compile(
    rb"\\(?:[bf]|u00(?:0[0-8bBcCeEfF]|1)|u[fF]{3}[eEfF]|u[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F]))"
    rb"|(?<!\\u[dD][89abAB][0-9a-fA-F]{2})\\u[dD][c-fC-F]"
    rb"|\xef\xbf[\xbe\xbf]"
)
_UNFIT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")  # what no XML can carry
_LARGE_BYTES = 262_144
_REASONS = (
    ("Expecting property name", "thiếu tên trong nháy kép", "a name in double quotes is missing"),
    ("Expecting ':'", "thiếu dấu hai chấm", "a colon is missing"),
    ("Expecting ','", "thiếu dấu phẩy hoặc dấu đóng ngoặc", "a comma or a closing bracket is missing"),
    ("Illegal trailing comma", "thừa dấu phẩy trước dấu đóng ngoặc", "there is a comma before a closing bracket"),
    ("Expecting value", "thiếu giá trị", "a value is missing"),
    ("Unterminated string", "chuỗi chưa đóng nháy", "a string is not closed"),
    ("Invalid control character", "chuỗi có ký tự điều khiển", "a string holds a control character"),
    ("Invalid", "dấu \\ viết sai trong chuỗi", "a \\ is badly used in a string"),
    ("Extra data", "còn nội dung sau giá trị gốc", "there is content after the root value"),
)


@dataclass(frozen=True, slots=True)
class JsonLimits:
    """How much is too much."""

    size_bytes: int = 10_485_760
    depth: int = 64
    values: int = 250_000  # how often a comma, "[" or "{" stands there, strings included
    digits: int = 30  # of one number


_DEFAULT = JsonLimits()


@dataclass(frozen=True, slots=True)
class _Odd:
    """Stands in the tree where a fault was seen, so that its pointer can be told."""

    code: str
    values: tuple[tuple[str, str], ...] = ()


def loads(body: bytes, *, limits: JsonLimits = _DEFAULT, stage: Stage = Stage.PARSE) -> JsonValue:
    """The value in `body`. A UTF-8 BOM is tolerated; any other charset is not.

    Raises:
        Refused: with the one problem that made the bytes unfit; its place is a JSON pointer, or a line.
    """
    fault = guard(body, limits, stage=stage)
    if fault is not None:
        raise Refused((fault,))
    odd: list[_Odd] = []
    value = _parse(body, limits, odd, stage=stage)
    if _SUSPECT.search(body) or odd:
        fault = next(_faults(value, stage=stage), None)
        if fault is not None:
            raise Refused((fault,))
    return value


def _parse(body: bytes, limits: JsonLimits, odd: list[_Odd], *, stage: Stage) -> JsonValue:
    def mark(code: str, *values: tuple[str, str]) -> _Odd:
        if len(body) > _LARGE_BYTES:  # to find the pointer would cost more than the answer is worth
            raise Refused((problem(code, stage, dict(values)).at(theirs=Place("message")),))
        odd.append(_Odd(code, values))
        return odd[-1]

    def number(reason_vi: str, reason_en: str) -> _Odd:
        return mark("LT-JSON-006", ("reason_vi", reason_vi), ("reason_en", reason_en))

    def whole(text: str) -> object:
        return int(text) if len(text) <= limits.digits else number("quá nhiều chữ số", "too many digits")

    def broken(text: str) -> object:
        if len(text) > limits.digits + 8:
            return number("quá nhiều chữ số", "too many digits")
        made = float(text)
        return made if abs(made) != float("inf") else number("số mũ quá lớn", "the exponent is too large")

    def pairs(items: list[tuple[str, object]]) -> object:
        made = dict(items)
        if len(made) == len(items):
            return made
        seen: set[str] = set()
        for name, _ in items:
            if name in seen:
                return mark("LT-JSON-005", ("key", name[:40]))
            seen.add(name)
        raise AssertionError("a shorter dict has a doubled name")

    try:
        value: JsonValue = json.loads(
            body.removeprefix(codecs.BOM_UTF8).decode("utf-8"),
            object_pairs_hook=pairs,
            parse_int=whole,
            parse_float=broken,
            parse_constant=lambda text: number(f"{text} không phải là số", f"{text} is not a number"),
        )
    except UnicodeDecodeError:
        raise Refused(tuple(filter(None, (utf8_fault(body, stage=stage),)))) from None
    except json.JSONDecodeError as fault:
        raise Refused((_malformed(fault, stage=stage),)) from None
    return value


def _malformed(fault: json.JSONDecodeError, *, stage: Stage) -> Problem:
    vi, en = next(
        ((vi, en) for start, vi, en in _REASONS if fault.msg.startswith(start)),
        ("không đúng cú pháp JSON", "it is not JSON syntax"),
    )
    values = {"line": fault.lineno, "column": fault.colno, "reason_vi": vi, "reason_en": en}
    return problem("LT-JSON-004", stage, values).at(
        theirs=Place("message", fault.lineno, f"{fault.lineno}:{fault.colno}")
    )


def _unfit(character: str, *, stage: Stage) -> Problem:
    lone = 0xD800 <= ord(character) <= 0xDFFF
    return problem("LT-JSON-007" if lone else "LT-JSON-009", stage, {"character": f"U+{ord(character):04X}"})


def _faults(value: object, *, stage: Stage, pointer: str = "") -> Iterator[Problem]:
    """Marks and unfit characters with their JSON pointers. As deep as the guard allows, no deeper."""
    place = Place("message", 0, pointer or "#")
    if isinstance(value, _Odd):
        yield problem(value.code, stage, dict(value.values)).at(theirs=place)
    elif isinstance(value, str):
        if unfit := _UNFIT.search(value):
            yield _unfit(unfit[0], stage=stage).at(theirs=place)
    elif isinstance(value, dict):
        for name, inner in value.items():
            if unfit := _UNFIT.search(name):
                yield _unfit(unfit[0], stage=stage).at(theirs=place)
            step = name.encode("utf-8", "replace").decode().replace("~", "~0").replace("/", "~1")
            yield from _faults(inner, stage=stage, pointer=f"{pointer}/{step[:60]}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _faults(inner, stage=stage, pointer=f"{pointer}/{index}")
