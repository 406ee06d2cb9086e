"""The words for what a schema finds: codes and their values. Names and rules are quoted, a citizen's value never."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from lxml import etree

from schemas.problem import Place, Problem, Stage, problem

_A_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,7}")  # short enough never to be a person's number
_LIST_LIMIT = 12
_TYPES: Mapping[str, tuple[str, str]] = {
    "boolean": ("đúng/sai (true hoặc false)", "true or false"),
    "date": ("ngày dạng yyyy-MM-dd", "a date like yyyy-MM-dd"),
    "dateTime": ("thời điểm dạng yyyy-MM-ddThh:mm:ss", "a time like yyyy-MM-ddThh:mm:ss"),
    "time": ("giờ dạng hh:mm:ss", "a time of day like hh:mm:ss"),
    "decimal": ("số thập phân (dấu chấm, không có dấu phân cách nghìn)", "a decimal number (a point, no separators)"),
    "float": ("số", "a number"),
    "double": ("số", "a number"),
    "base64Binary": ("base64", "base64"),
    "hexBinary": ("chuỗi thập lục phân", "hexadecimal"),
    "anyURI": ("địa chỉ URI", "a URI"),
}
_WHOLE = ("int", "integer", "long", "short", "byte")


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding, before it becomes a Problem."""

    code: str
    element: etree._Element | None
    values: Mapping[str, object] = field(default_factory=dict)
    rule: str = ""  # name of the type or element in the schema

    def problem(self, top: etree._Element, *, schema: str, stage: Stage) -> Problem:
        """As a Problem, with both places."""
        node = top if self.element is None else self.element
        place = Place("message", line_of(node), path_of(node, top), local(node.tag))
        return problem(self.code, stage, self.values).at(ours=Place(schema, 0, self.rule), theirs=place)


def line_of(element: etree._Element) -> int:
    """1-based line in the source; 0 = unknown."""
    line = element.sourceline
    return line if isinstance(line, int) else 0


def local(tag: object) -> str:
    """The name without its namespace."""
    return str(tag).rpartition("}")[2]


def namespace(tag: object) -> str:
    """The namespace of a Clark name; "" = none."""
    return str(tag)[1:].partition("}")[0] if str(tag).startswith("{") else ""


def path_of(element: etree._Element, top: etree._Element) -> str:
    """Local names from `top` down, numbered where siblings share the name.

    >>> root = etree.XML("<HoSo><Tep/><Tep><Ten/></Tep></HoSo>")
    >>> path_of(root[1][0], root)
    'HoSo/Tep[2]/Ten'
    """
    steps: list[str] = []
    node: etree._Element | None = element
    while node is not None:
        step = local(node.tag)
        parent = None if node is top else node.getparent()
        if parent is not None:
            before = sum(1 for _ in node.itersiblings(node.tag, preceding=True))
            if before or next(node.itersiblings(node.tag), None) is not None:
                step += f"[{before + 1}]"
        steps.append(step)
        node = parent
    return "/".join(reversed(steps))


def missing(name: str, parent: etree._Element, *, before: str = "", rule: str = "") -> Finding:
    """A required element is not there."""
    hint = {"hint_vi": f", trước “{before}”", "hint_en": f", before “{before}”"} if before else _NO_HINT
    return Finding("LT-SCH-001", parent, {"name": name, "parent": local(parent.tag), **hint}, rule)


def unexpected(
    child: etree._Element, declared: Iterable[str], *, expected: Iterable[str] = (), rule: str = ""
) -> Finding:
    """A child that may not stand there. `declared`: Clark names the parent knows; `expected`: what may stand there."""
    declared, expected = list(declared), list(expected)
    parent = child.getparent()
    values = {"name": local(child.tag), "parent": local(parent.tag) if parent is not None else ""}
    if child.tag in declared:
        return Finding("LT-SCH-003", child, {**values, **_expected_hint(expected)}, rule)
    twin = next((tag for tag in declared if local(tag) == local(child.tag)), None)
    if twin is not None:
        given = {"name": local(child.tag), "given": namespace(child.tag), "wanted": namespace(twin)}
        return Finding("LT-SCH-004", child, given, rule)
    near = nearest(local(child.tag), [local(tag) for tag in declared])
    hint = {"hint_vi": f"; gần nhất là “{near}”", "hint_en": f"; the nearest is “{near}”"} if near else _NO_HINT
    return Finding("LT-SCH-002", child, {**values, **hint}, rule)


def wrong_type(element: etree._Element, type_name: str, *, attribute: str = "", rule: str = "") -> Finding:
    """The text does not fit a built-in type."""
    vi, en = _TYPES.get(type_name, (f"kiểu {type_name}", f"of type {type_name}"))
    if type_name in _WHOLE or type_name.endswith("Integer") or type_name.startswith("unsigned"):
        vi, en = "số nguyên", "a whole number"
    return Finding("LT-SCH-005", element, {"name": named(element, attribute), "type_vi": vi, "type_en": en}, rule)


def not_listed(element: etree._Element, allowed: list[str], *, attribute: str = "", rule: str = "") -> Finding:
    """A code outside an enumeration. The code is quoted only when it is short and looks like one."""
    given = (element.get(attribute) if attribute else element.text) or ""
    value = f" “{given}”" if _A_CODE.fullmatch(given) else ""
    words = ", ".join(allowed[:_LIST_LIMIT]) + (" …" if len(allowed) > _LIST_LIMIT else "")
    return Finding("LT-SCH-007", element, {"name": named(element, attribute), "value": value, "allowed": words}, rule)


def limited(code: str, element: etree._Element, limit: object, *, attribute: str = "", rule: str = "") -> Finding:
    """A value over or under a limit of the schema."""
    return Finding(code, element, {"name": named(element, attribute), "limit": limit}, rule)


def misshapen(element: etree._Element, pattern: str, *, attribute: str = "", rule: str = "") -> Finding:
    """A value that does not fit a pattern."""
    return Finding("LT-SCH-006", element, {"name": named(element, attribute), "pattern": pattern}, rule)


def attribute_fault(code: str, element: etree._Element, attribute: str) -> Finding:
    """An attribute that is missing or may not be there."""
    name = local(element.tag)
    return Finding(code, element, {"name": name, "attribute_name": local(attribute)}, name)


def plain(code: str, element: etree._Element, *, rule: str = "") -> Finding:
    """A finding that says no more than the element's name and the rule it breaks."""
    name = local(element.tag)
    return Finding(code, element, {"name": name, "rule": rule or name}, rule or name)


def unknown_root(root: etree._Element, declared: Iterable[str]) -> Finding:
    """The root is not a global element."""
    tags = list(declared)
    twin = next((tag for tag in tags if local(tag) == local(root.tag)), None)
    if twin is not None:
        given = {"name": local(root.tag), "given": namespace(root.tag), "wanted": namespace(twin)}
        return Finding("LT-SCH-004", root, given)
    near = nearest(local(root.tag), [local(tag) for tag in tags])
    hint = {"hint_vi": f"; gần nhất là “{near}”", "hint_en": f"; the nearest is “{near}”"} if near else _NO_HINT
    return Finding("LT-SCH-012", root, {"name": local(root.tag), **hint})


def named(element: etree._Element, attribute: str = "") -> str:
    """An element's local name, or "element/@attribute"."""
    return f"{local(element.tag)}/@{local(attribute)}" if attribute else local(element.tag)


def nearest(name: str, known: Iterable[str]) -> str:
    """The known name most like `name`, whatever its case; "" where none is near.

    >>> nearest("maHoSo", ["MaHoSo", "TrangThai"]), nearest("x", ["MaHoSo"])
    ('MaHoSo', '')
    """
    by_folded = {item.casefold(): item for item in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.7)
    return by_folded[found[0]] if found else ""


_NO_HINT: Mapping[str, object] = {"hint_vi": "", "hint_en": ""}


def _expected_hint(expected: list[str]) -> Mapping[str, object]:
    if not expected:
        return _NO_HINT
    words = ", ".join(f"“{local(tag)}”" for tag in expected[:_LIST_LIMIT])
    return {"hint_vi": f"; ở đây chờ {words}", "hint_en": f"; expected here: {words}"}
