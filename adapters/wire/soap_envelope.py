"""SOAP envelopes of both versions: opening them, wrapping content into one, and what a header demands of us."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from lxml import etree

from adapters.wire.contract import HttpRequest
from adapters.wire.media import media_type
from adapters.wire.paths import line_of, local_name, namespace
from schemas.problem import Place, Problem, Stage, problem


class Version(StrEnum):
    """A SOAP version; the values are our voices."""

    SOAP11 = "soap11"
    SOAP12 = "soap12"


NAMESPACE: Mapping[Version, str] = MappingProxyType(
    {
        Version.SOAP11: "http://schemas.xmlsoap.org/soap/envelope/",
        Version.SOAP12: "http://www.w3.org/2003/05/soap-envelope",
    }
)
MEDIA_TYPE: Mapping[Version, str] = MappingProxyType(
    {Version.SOAP11: "text/xml; charset=utf-8", Version.SOAP12: "application/soap+xml; charset=utf-8"}
)
PROLOG = b'<?xml version="1.0" encoding="UTF-8"?>\n'
_VERSIONS = {uri: version for version, uri in NAMESPACE.items()}
_FOR_US = {
    "",
    "http://schemas.xmlsoap.org/soap/actor/next",
    f"{NAMESPACE[Version.SOAP12]}/role/next",
    f"{NAMESPACE[Version.SOAP12]}/role/ultimateReceiver",
}


@dataclass(frozen=True, slots=True)
class Opened:
    """An envelope taken apart."""

    version: Version
    headers: tuple[etree._Element, ...]
    content: etree._Element  # the only child of the body; still inside its envelope, so that prefixes resolve
    root: etree._Element  # the envelope itself


def open_envelope(root: etree._Element, *, stage: Stage = Stage.PARSE) -> Opened | Problem:
    """Takes an envelope apart, or says why it is none."""
    if local_name(root) != "Envelope":
        return _at(problem("LT-WIRE-004", stage, {"root": local_name(root)}), root)
    version = _VERSIONS.get(namespace(root))
    if version is None:
        return _at(problem("LT-WIRE-006", stage, {"namespace": namespace(root)}), root)
    uri = NAMESPACE[version]
    for part in root:
        if namespace(part) != uri and namespace(part) in _VERSIONS:
            return _at(problem("LT-WIRE-010", stage, {"part": local_name(part)}), part)
    bodies = root.findall(f"{{{uri}}}Body")
    children = list(bodies[0]) if len(bodies) == 1 else []
    if len(children) != 1:
        return _at(problem("LT-WIRE-005", stage, {"count": len(children)}), bodies[0] if bodies else root)
    header = root.find(f"{{{uri}}}Header")
    return Opened(version, tuple(header) if header is not None else (), children[0], root)


def demanded(opened: Opened, *, known: frozenset[str] = frozenset()) -> tuple[Problem, ...]:
    """The header blocks that we must understand and do not: one problem each, its place holding the block's name.
    `known`: those that were understood elsewhere."""
    uri = NAMESPACE[opened.version]
    role = "actor" if opened.version is Version.SOAP11 else "role"
    found = []
    for block in opened.headers:
        must = block.get(f"{{{uri}}}mustUnderstand", "").strip() in ("1", "true")
        if must and str(block.tag) not in known and block.get(f"{{{uri}}}{role}", "").strip() in _FOR_US:
            place = Place("message", line=line_of(block), path=str(block.tag))
            found.append(problem("LT-WIRE-007", Stage.PARSE, {"header": str(block.tag)}).at(theirs=place))
    return tuple(found)


def wrap(content: bytes, version: Version) -> bytes:
    """An envelope around content bytes, which are not touched."""
    uri = NAMESPACE[version].encode()
    head = PROLOG + b'<soap:Envelope xmlns:soap="' + uri + b'"><soap:Body>'
    return head + content + b"</soap:Body></soap:Envelope>"


def envelope(version: Version, content: etree._Element | None) -> etree._Element:
    """An envelope around an element of ours."""
    uri = NAMESPACE[version]
    root = etree.Element(f"{{{uri}}}Envelope", nsmap={"soap": uri})
    body = etree.SubElement(root, f"{{{uri}}}Body")
    if content is not None:
        body.append(content)
    return root


def sniff(request: HttpRequest) -> Version:
    """The version to answer a request in that could not be read."""
    if NAMESPACE[Version.SOAP12].encode() in request.body[:2000]:
        return Version.SOAP12
    if NAMESPACE[Version.SOAP11].encode() in request.body[:2000]:
        return Version.SOAP11
    name = media_type(request.headers.get("content-type", "")).name
    return Version.SOAP12 if name == "application/soap+xml" else Version.SOAP11


def _at(found: Problem, element: etree._Element) -> Problem:
    return found.at(theirs=Place("message", line=line_of(element), path=f"/{local_name(element)}"))
