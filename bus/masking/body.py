"""Shows the structure of a body: a value only where its name is declared harmless and it looks like a code.

A new partner's names are on no list, so its values are covered until somebody declares them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass

from lxml import etree

from bus.masking.names import SAFE_NAMES
from bus.masking.text import COVER, mask_code
from schemas.jsondoc import JsonValue, loads
from schemas.problem import Refused
from schemas.xmldoc import parse

_MOST_LINES = 400
_LONG = 100_000_000
_CODE = re.compile(r"[A-Za-z0-9ĐđÀ-ỹ._:/+\-]{1,80}")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.:\-]{0,79}")
_NAMESPACE = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:[A-Za-z0-9._:/#\-]{1,160}")
_DIGITS = re.compile(r"\d{6,}")
_SEPARATORS = re.compile(r"[_.:\-]")
_PROTOCOL = frozenset(("type", "nil", "algorithm", "encoding", "mustunderstand"))  # attributes


@dataclass(frozen=True, slots=True)
class MaskedBody:
    """A body fit to be shown."""

    text: str  # indented, one leaf a line; "" where the form is not known
    form: str  # xml | json | "" = neither, or not readable: nothing of it is shown
    cut: bool  # lines were left out at the end


def mask_body(body: bytes, media_type: str = "", *, most_lines: int = _MOST_LINES) -> MaskedBody:
    """The structure of a body with its codes, moments and states; everything else is covered.

    XML and JSON are told apart by their first byte; `media_type` is asked for the charset only.
    """
    start = body.lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if start in (b"{", b"["):
            return _cut(_json_lines(_Leaf(loads(body))), "json", most_lines)
        if start in (b"<", b"\xff", b"\xfe"):
            root = parse(body, charset=_charset(media_type))
            return _cut(_xml_lines(root, "", depth=0), "xml", most_lines)
    except Refused:
        pass
    return MaskedBody("", "", cut=False)


def is_safe(name: str, parent: str = "") -> bool:
    """The values of this leaf are codes, moments or states, never about a person."""
    plain = _plain(name)
    return plain in SAFE_NAMES or f"{_plain(parent)}/{plain}" in SAFE_NAMES


def _plain(name: str) -> str:
    return _SEPARATORS.sub("", name).lower()


def _value(value: str, name: str, parent: str) -> str:
    value = value.strip()
    if value and not (is_safe(name, parent) and _CODE.fullmatch(value)):
        return COVER
    return mask_code(value)


def _shown_name(name: str) -> str:
    """Names are structure, unless somebody uses data as names."""
    return _DIGITS.sub(COVER, name) if _NAME.fullmatch(name) else COVER


# ---------------------------------------------------------------- XML


def _xml_lines(element: etree._Element, parent: str, *, depth: int) -> Iterator[str]:
    pad = "  " * depth
    name = etree.QName(element)
    tag = _shown_name(name.localname)
    head = tag + _namespace(element, name.namespace) + "".join(_attributes(element))
    children = list(element.iterchildren(etree.Element))
    if not children:
        value = _value(element.text or "", name.localname, parent)
        yield f"{pad}<{head}>{value}</{tag}>" if value else f"{pad}<{head}/>"
        return
    yield f"{pad}<{head}>"
    if (element.text or "").strip() or any((child.tail or "").strip() for child in children):
        yield f"{pad}  {COVER}"
    for child in children:
        yield from _xml_lines(child, name.localname, depth=depth + 1)
    yield f"{pad}</{tag}>"


def _namespace(element: etree._Element, uri: str | None) -> str:
    above = element.getparent()
    if uri == (etree.QName(above).namespace if above is not None else None):
        return ""
    known = not uri or (_NAMESPACE.fullmatch(uri) and not _DIGITS.search(uri))
    return f' xmlns="{(uri or "") if known else COVER}"'


def _attributes(element: etree._Element) -> Iterator[str]:
    tag = etree.QName(element).localname
    for full, given in element.items():
        name, value = etree.QName(full).localname, str(given)
        protocol = name.lower() in _PROTOCOL and _CODE.fullmatch(value)
        yield f' {_shown_name(name)}="{mask_code(value) if protocol else _value(value, name, tag)}"'


# ---------------------------------------------------------------- JSON


@dataclass(frozen=True, slots=True)
class _Leaf:
    """A value with its place."""

    value: JsonValue
    name: str = ""
    parent: str = ""
    depth: int = 0
    lead: str = ""
    end: str = ""


def _json_lines(at: _Leaf) -> Iterator[str]:
    pad = "  " * at.depth
    inner = _inside(at)
    if not inner:
        yield f"{pad}{at.lead}{_json_value(at)}{at.end}"
        return
    opening, closing = "{}" if isinstance(at.value, dict) else "[]"
    yield f"{pad}{at.lead}{opening}"
    for one in inner:
        yield from _json_lines(one)
    yield f"{pad}{closing}{at.end}"


def _inside(at: _Leaf) -> list[_Leaf]:
    """An item of a list bears the list's name."""
    depth = at.depth + 1
    if isinstance(at.value, dict):
        found = [
            _Leaf(value, key, at.name, depth, json.dumps(_shown_name(key), ensure_ascii=False) + ": ", ",")
            for key, value in at.value.items()
        ]
    elif isinstance(at.value, list):
        found = [_Leaf(value, at.name, at.parent, depth, "", ",") for value in at.value]
    else:
        return []
    if found:
        last = found[-1]
        found[-1] = _Leaf(last.value, last.name, last.parent, last.depth, last.lead)
    return found


def _json_value(at: _Leaf) -> str:
    if at.value is None or isinstance(at.value, (dict, list)):  # empty: others have lines of their own
        return json.dumps(at.value)
    if isinstance(at.value, str):
        return json.dumps(_value(at.value, at.name, at.parent), ensure_ascii=False)
    # A citizen's number sent as a number has lost its first 0: long numbers are not believed to be codes.
    known = is_safe(at.name, at.parent) and (isinstance(at.value, bool) or abs(at.value) < _LONG)
    return json.dumps(at.value if known else COVER, ensure_ascii=False)


# ---------------------------------------------------------------- pieces


def _cut(lines: Iterator[str], form: str, most: int) -> MaskedBody:
    kept: list[str] = []
    for line in lines:
        if len(kept) == most:
            return MaskedBody("\n".join(kept), form, cut=True)
        kept.append(line)
    return MaskedBody("\n".join(kept), form, cut=False)


def _charset(media_type: str) -> str | None:
    found = re.search(r"charset\s*=\s*\"?([\w.:\-]+)", media_type, re.IGNORECASE)
    return found[1] if found else None
