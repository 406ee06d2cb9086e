"""The fixed rule between JSON and XML. The schema says what is an array, an object or a number; the data never does.

repeated element        ↔  array (always, also with one item)
single complex element  ↔  object, members in the schema's order
xs:boolean, integers, xs:decimal  ↔  JSON true/false and numbers; all else ↔ JSON string
no element              ↔  no member; null is read as no member
empty element           ↔  ""
bare-array form: a JSON array at the top stands for the only repeated child of the element
"""

from __future__ import annotations

import difflib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from lxml import etree

from adapters.wire.paths import local_name
from adapters.wire.quirks import EMPTY_ARRAYS, SCALAR_NUMBERS
from schemas.jsondoc import JsonValue
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.shape import Scalar, Shape
from schemas.validate import MAX_PROBLEMS

_NUMBERS = (Scalar.INTEGER, Scalar.DECIMAL)
_quoted = json.JSONEncoder(ensure_ascii=False).encode  # made once: json.dumps with an option makes one a call


class Digits(float):
    """A decimal number that keeps the digits it was written with."""

    __slots__ = ("text",)

    def __new__(cls, text: str) -> Digits:
        """From its XML form; JSON knows no leading plus and no bare point."""
        made = super().__new__(cls, text)
        sign, bare = ("-", text[1:]) if text.startswith("-") else ("", text.removeprefix("+"))
        whole, _, part = bare.partition(".")
        made.text = sign + (whole.lstrip("0") or "0") + (f".{part}" if part else "")
        return made

    text: str


def json_to_xml(
    value: JsonValue, shape: Shape, *, quirks: Collection[str] = (), tolerant: bool = False, stage: Stage = Stage.PARSE
) -> etree._Element:
    """The element a JSON value stands for.

    `tolerant` is for partners' replies: unknown members are passed over, and text, numbers and booleans stand for
    each other, because a partner may add to its replies at any time.

    Raises:
        Refused: with every finding; places are JSON pointers.
    """
    reading = _Reading(tolerant=tolerant, numbers_as_text=tolerant or SCALAR_NUMBERS in quirks, stage=stage)
    root = etree.Element(_tag(shape), nsmap={"m": shape.namespace} if shape.namespace else None)
    if isinstance(value, list):
        only = bare_child(shape)
        if only is None:
            reading.say("LT-WIRE-023", "", name=shape.name)
        else:
            reading.children(root, only, value, path="")
    else:
        reading.content(root, shape, value, path="")
    if reading.problems:
        raise Refused(tuple(reading.problems))
    return root


def bare_child(shape: Shape) -> Shape | None:
    """The child a bare array stands for: the only repeated one."""
    repeated = [child for child in shape.children if child.max_occurs != 1]
    return repeated[0] if len(repeated) == 1 else None


@dataclass(slots=True)
class _Reading:
    """One reading: its tolerance and its findings."""

    tolerant: bool
    numbers_as_text: bool
    stage: Stage
    problems: list[Problem] = field(default_factory=list)

    def say(self, code: str, path: str, **values: object) -> None:
        self.problems.append(problem(code, self.stage, values).at(theirs=Place("message", path=path or "/")))
        if len(self.problems) == MAX_PROBLEMS:
            more = problem("LT-SCH-021", self.stage, {"limit": MAX_PROBLEMS})
            raise Refused((*self.problems, more))

    def content(self, element: etree._Element, shape: Shape, value: JsonValue, *, path: str) -> None:
        if shape.scalar is not None:
            self.text(element, shape, value, path=path)
        elif isinstance(value, dict):
            self.members(element, shape, value, path=path)
        else:
            self.say("LT-WIRE-023", path, name=shape.name)

    def members(self, element: etree._Element, shape: Shape, value: Mapping[str, JsonValue], *, path: str) -> None:
        known = {child.name for child in shape.children}
        for name in value:
            if name not in known and not self.tolerant:
                near = difflib.get_close_matches(name, known, n=1)
                self.say("LT-WIRE-021", f"{path}/{_pointer(name)}", name=name, nearest=near[0] if near else "–")
        for child in shape.children:
            given = value.get(child.name)
            if given is not None:
                self.children(element, child, given, path=f"{path}/{_pointer(child.name)}")

    def children(self, element: etree._Element, child: Shape, given: JsonValue, *, path: str) -> None:
        if child.max_occurs == 1:
            if isinstance(given, list):
                self.say("LT-WIRE-026", path, name=child.name)
            else:
                self.content(etree.SubElement(element, _tag(child)), child, given, path=path)
        elif isinstance(given, list):
            for number, item in enumerate(given):
                self.content(etree.SubElement(element, _tag(child)), child, item, path=f"{path}/{number}")
        else:
            self.say("LT-WIRE-022", path, name=child.name)

    def text(self, element: etree._Element, shape: Shape, value: JsonValue, *, path: str) -> None:
        text = self._scalar(shape, value)
        if text is None:
            self.say(_EXPECTED[_sort(shape.scalar)], path, name=shape.name)
            return
        try:
            element.text = text
        except ValueError:  # a character XML cannot carry
            self.say("LT-WIRE-027", path, name=shape.name)

    def _scalar(self, shape: Shape, value: JsonValue) -> str | None:
        sort = _sort(shape.scalar)
        if isinstance(value, bool):
            return ("true" if value else "false") if sort == "boolean" or self.numbers_as_text else None
        if isinstance(value, int | float):
            return _number(value) if sort == "number" or self.numbers_as_text else None
        if isinstance(value, str):
            return value if sort == "text" or self.tolerant else None
        return None


_EXPECTED = {"text": "LT-WIRE-024", "number": "LT-WIRE-025", "boolean": "LT-WIRE-028"}


def xml_to_json(element: etree._Element, shape: Shape, *, quirks: Collection[str] = ()) -> JsonValue:
    """The JSON value of a valid element. Decimals are `Digits`: `compact` writes them exactly."""
    if shape.scalar is not None:
        return _typed(element.text or "", shape.scalar)
    found: dict[str, list[etree._Element]] = {}
    for child in element:
        found.setdefault(local_name(child), []).append(child)
    made: dict[str, JsonValue] = {}
    for part in shape.children:
        elements = found.get(part.name, [])
        if part.max_occurs != 1:
            if elements or EMPTY_ARRAYS in quirks:
                made[part.name] = [xml_to_json(one, part, quirks=quirks) for one in elements]
        elif elements:
            made[part.name] = xml_to_json(elements[0], part, quirks=quirks)
    return made


def compact(value: JsonValue | Mapping[str, JsonValue] | Sequence[JsonValue]) -> bytes:
    """Compact UTF-8 JSON; decimals keep their digits."""
    out: list[str] = []
    _write(value, out)
    return "".join(out).encode("utf-8")


def _write(value: object, out: list[str]) -> None:
    if isinstance(value, str):
        out.append(_quoted(value))
    elif isinstance(value, bool) or value is None:
        out.append({True: "true", False: "false", None: "null"}[value])
    elif isinstance(value, int | float):
        out.append(_number(value))
    elif isinstance(value, Mapping):
        for number, (name, item) in enumerate(value.items()):
            out.append(("," if number else "{") + _quoted(str(name)) + ":")
            _write(item, out)
        out.append("}" if value else "{}")
    elif isinstance(value, Sequence):
        for number, item in enumerate(value):
            out.append("," if number else "[")
            _write(item, out)
        out.append("]" if value else "[]")
    else:
        raise TypeError(type(value).__name__)


def _typed(text: str, scalar: Scalar) -> JsonValue:
    bare = text.strip()
    try:
        if scalar is Scalar.BOOLEAN:
            return bare in ("true", "1") if bare else ""
        if scalar in _NUMBERS:
            return (int(bare) if scalar is Scalar.INTEGER else Digits(bare)) if bare else ""
    except ValueError:
        return text
    return text


def _number(value: float) -> str:
    return value.text if isinstance(value, Digits) else repr(value)


def _sort(scalar: Scalar | None) -> str:
    if scalar in _NUMBERS:
        return "number"
    return "boolean" if scalar is Scalar.BOOLEAN else "text"


def _pointer(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")


def _tag(shape: Shape) -> str:
    return f"{{{shape.namespace}}}{shape.name}" if shape.namespace else shape.name
