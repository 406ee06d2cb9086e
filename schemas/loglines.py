"""Why a message is not valid, read from libxml2's log: for messages too large for a second validator.

Only names, types and limits are taken from the log's sentences; what they quote of the message is left behind.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Protocol

from lxml import etree

from schemas.findings import (
    Finding,
    attribute_fault,
    limited,
    local,
    misshapen,
    missing,
    not_listed,
    plain,
    unexpected,
    unknown_root,
    wrong_type,
)


class LogLine(Protocol):
    """One entry of lxml's error log."""

    @property
    def type_name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def message(self) -> str: ...


_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_AT_ATTRIBUTE = re.compile(r"^Element '[^']*', attribute '([^']*)'")
_ATTRIBUTE = re.compile(r"[Tt]he attribute '([^']*)'")
_TYPE = re.compile(r"(?:atomic|list|union) type '(?:xs:)?(?:\{[^}]*\})?([^']*)'\.\s*$")
_LIMIT = re.compile(r"'([^']*)'\)?\.\s*$")
_PATTERN = re.compile(r"by the pattern '(.*)'\.\s*$", re.DOTALL)
_SET = re.compile(r"of the set \{(.*)\}\.\s*$", re.DOTALL)
_LIMITS = {
    "SCHEMAV_CVC_MAXLENGTH_VALID": "LT-SCH-008",
    "SCHEMAV_CVC_LENGTH_VALID": "LT-SCH-008",
    "SCHEMAV_CVC_MINLENGTH_VALID": "LT-SCH-009",
    "SCHEMAV_CVC_MININCLUSIVE_VALID": "LT-SCH-013",
    "SCHEMAV_CVC_MAXINCLUSIVE_VALID": "LT-SCH-013",
    "SCHEMAV_CVC_MINEXCLUSIVE_VALID": "LT-SCH-013",
    "SCHEMAV_CVC_MAXEXCLUSIVE_VALID": "LT-SCH-013",
    "SCHEMAV_CVC_TOTALDIGITS_VALID": "LT-SCH-018",
    "SCHEMAV_CVC_FRACTIONDIGITS_VALID": "LT-SCH-018",
}
_PLAIN = {
    "SCHEMAV_CVC_COMPLEX_TYPE_2_1": "LT-SCH-014",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_2": "LT-SCH-015",
    "SCHEMAV_CVC_COMPLEX_TYPE_2_3": "LT-SCH-014",
    "SCHEMAV_CVC_TYPE_3_1_2": "LT-SCH-015",
    "SCHEMAV_CVC_ELT_3_1": "LT-SCH-017",
    "SCHEMAV_CVC_ELT_3_2_1": "LT-SCH-017",
    "SCHEMAV_CVC_ELT_3_2_2": "LT-SCH-017",
    "SCHEMAV_CVC_ELT_5_2_2_2_2": "LT-SCH-016",
    "SCHEMAV_CVC_ELT_5_2_2_2_1": "LT-SCH-016",
    "SCHEMAV_CVC_IDC": "LT-SCH-019",
}


Declared = Callable[[etree._Element | None], list[str]]


def read_log(log: Iterator[LogLine], element: etree._Element, declared: Declared) -> Iterator[Finding]:
    """One finding a line. `declared` tells the Clark names of the elements below one (None: the global ones)."""
    for line in log:
        node = _node(line.path, element)
        if line.type_name == "SCHEMAV_CVC_ELT_1":
            yield unknown_root(node, declared(None))
        else:
            yield _content(line, node, declared) or _value(line, node) or plain("LT-SCH-020", node, rule=line.type_name)


def _node(path: str, top: etree._Element) -> etree._Element:
    """The element at a path of libxml2, which begins at `top`."""
    steps = "." + (path or "")[1:].partition("/")[1] + (path or "")[1:].partition("/")[2]
    prefixes = (
        {prefix: uri for node in top.iter() for prefix, uri in node.nsmap.items() if prefix} if ":" in steps else {}
    )
    try:
        found = top.xpath(steps, namespaces=prefixes)
    except etree.XPathError:
        return top
    return found[0] if isinstance(found, list) and found and isinstance(found[0], etree._Element) else top


def _content(line: LogLine, node: etree._Element, declared: Declared) -> Finding | None:
    if line.type_name == "SCHEMAV_CVC_COMPLEX_TYPE_4" and (found := _ATTRIBUTE.search(line.message)):
        return attribute_fault("LT-SCH-010", node, found[1])
    if line.message.endswith("is not allowed.") and (found := _ATTRIBUTE.search(line.message)):
        return attribute_fault("LT-SCH-011", node, found[1])
    if line.type_name != "SCHEMAV_ELEMENT_CONTENT":
        return None
    expected = _EXPECTED.search(line.message)
    tags = expected[1].split(", ") if expected else []
    if "Missing child" in line.message:
        return missing(" | ".join(local(tag) for tag in tags) or "?", node, rule=local(node.tag))
    parent = node.getparent()
    known = declared(parent) if parent is not None else []
    if len(tags) == 1 and parent is not None and node.tag in known:
        return missing(local(tags[0]), parent, before=local(node.tag), rule=local(parent.tag))
    return unexpected(node, known, expected=tags, rule=local(parent.tag) if parent is not None else "")


def _value(line: LogLine, node: etree._Element) -> Finding | None:
    at = _AT_ATTRIBUTE.match(line.message)
    attribute = at[1] if at else ""
    kind, rule = line.type_name, local(node.tag)
    if kind == "SCHEMAV_CVC_PATTERN_VALID" and (found := _PATTERN.search(line.message)):
        return misshapen(node, found[1], attribute=attribute, rule=rule)
    if kind == "SCHEMAV_CVC_ENUMERATION_VALID" and (found := _SET.search(line.message)):
        return not_listed(node, re.findall(r"'([^']*)'", found[1]), attribute=attribute, rule=rule)
    if kind.startswith("SCHEMAV_CVC_DATATYPE_VALID") and (found := _TYPE.search(line.message)):
        return wrong_type(node, found[1], attribute=attribute, rule=found[1])
    if kind in _LIMITS and (found := _LIMIT.search(line.message)):
        return limited(_LIMITS[kind], node, found[1], attribute=attribute, rule=rule)
    return plain(_PLAIN[kind], node) if kind in _PLAIN else None
