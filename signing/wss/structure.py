"""Where the parts of a secured SOAP message stand. Each is told by its place, and stands there once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NoReturn

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.dsig.names import ds
from signing.wss.names import ADDRESSING, SOAP_11, SOAP_12, ULTIMATE, WSSE, WSU, Part, wsa, wsse, wsse11, wsu

_KNOWN_IN_SECURITY = {
    wsse("BinarySecurityToken"), wsu("Timestamp"), wsse("UsernameToken"), ds("Signature"), wsse11(Part.CONFIRMATION),
}  # fmt: skip
_PARTS_OF_SECURITY = (
    (Part.TIMESTAMP, wsu("Timestamp")), (Part.USERNAME, wsse("UsernameToken")),
    (Part.CONFIRMATION, wsse11(Part.CONFIRMATION)),
)  # fmt: skip
_ELSEWHERE = "{http://www.w3.org/2004/08/xop/include}Include"
_OF_ENVELOPE = frozenset(
    f"{{{space}}}{name}" for space in (SOAP_11, SOAP_12) for name in ("Envelope", "Header", "Body")
)
_IN_ONE_PLACE = (wsse("Security"), wsu("Timestamp"), ds("Signature"), *sorted(_OF_ENVELOPE))
_VERSIONS = {f"{{{space}}}Envelope": space for space in (SOAP_11, SOAP_12)}
_ADDRESSING = {wsa(part): part for part in ADDRESSING}
_OF_ADDRESSING, _OF_OTHER_ADDRESSING = wsa(""), "{http://schemas.xmlsoap.org/ws/2004/08/addressing}"
_ENDPOINTS = frozenset(map(wsa, ("ReplyTo", "FaultTo", "From")))
_UNSIGNED = frozenset(map(wsa, ("From", "FaultTo")))


@dataclass(frozen=True, slots=True)
class Soap:
    """One SOAP envelope by its places."""

    root: etree._Element
    version: str  # the namespace of its envelope
    body: etree._Element
    security: etree._Element | None
    token: etree._Element | None  # BinarySecurityToken
    signature: etree._Element | None
    parts: Mapping[Part, etree._Element]  # those that are there


def places(root: etree._Element, *, stage: Stage) -> Soap:
    """Finds them.

    Raises:
        Refused: not an envelope, or something stands there twice or at another place (LT-WSS-001 … 003).
    """
    version = _VERSIONS.get(str(root.tag))
    if version is None:
        _refuse("LT-WSS-001", stage, found=root.tag)
    children = [str(child.tag) for child in root]
    header_name, body_name = f"{{{version}}}Header", f"{{{version}}}Body"
    if children not in ([header_name, body_name], [body_name]):
        _refuse("LT-WSS-002", stage, found=", ".join(children[:8]))
    body = root[-1]
    header = root[0] if len(root) > 1 else None
    _not_elsewhere(root, header, stage)
    parts: dict[Part, etree._Element] = {Part.BODY: body}
    if header is not None:
        parts |= _addressing(header, stage)
    security = _security(header, version, stage) if header is not None else None
    if security is None:
        return Soap(root, version, body, None, None, None, parts)
    found = _in_security(security, stage)
    for part, name in _PARTS_OF_SECURITY:
        if name in found:
            parts[part] = found[name]
    return Soap(
        root, version, body, security, found.get(wsse("BinarySecurityToken")), found.get(ds("Signature")), parts
    )


def _addressing(header: etree._Element, stage: Stage) -> dict[Part, etree._Element]:
    parts: dict[Part, etree._Element] = {}
    for child in header:
        name = str(child.tag)
        if name.startswith(_OF_OTHER_ADDRESSING):
            _refuse("LT-WSS-002", stage, found=name)
        if not name.startswith(_OF_ADDRESSING):
            continue
        _one_text(child, name, stage)
        part = _ADDRESSING.get(name)
        if part is None:
            if name not in _UNSIGNED:
                _refuse("LT-WSS-002", stage, found=name)
        elif part in parts:
            _refuse("LT-WSS-003", stage, found=part)
        else:
            parts[part] = child
    return parts


def _one_text(header: etree._Element, name: str, stage: Stage) -> None:
    """An addressing header says one thing: readers that join texts, and those that take the first, read the same."""
    says = header.findall(wsa("Address")) if name in _ENDPOINTS else [header]
    if len(says) != 1 or len(says[0]):
        _refuse("LT-WSS-002", stage, found=name)


def _security(header: etree._Element, version: str, stage: Stage) -> etree._Element | None:
    found = header.findall(wsse("Security"))
    if len(found) > 1:
        _refuse("LT-WSS-003", stage, found="Security")
    if not found:
        return None
    role = found[0].get(f"{{{version}}}{'actor' if version == SOAP_11 else 'role'}", "")
    if role not in ULTIMATE:
        _refuse("LT-WSS-002", stage, found=f"Security ({role})")
    return found[0]


def _in_security(security: etree._Element, stage: Stage) -> dict[str, etree._Element]:
    found: dict[str, etree._Element] = {}
    for child in security:
        name = str(child.tag)
        if name not in _KNOWN_IN_SECURITY:
            _refuse("LT-WSS-002", stage, found=f"Security/{name}")
        if name in found:
            _refuse("LT-WSS-003", stage, found=name)
        found[name] = child
    return found


def _not_elsewhere(root: etree._Element, header: etree._Element | None, stage: Stage) -> None:
    """A second envelope, header, body, Security or Timestamp anywhere is somebody's attempt to be read instead."""
    allowed = {
        wsse("Security"): header,
        wsu("Timestamp"): header.find(wsse("Security")) if header is not None else None,
    }
    for element in root.iter(_ELSEWHERE, *_IN_ONE_PLACE):
        name = str(element.tag)
        if name == _ELSEWHERE:  # its content travels beside the message, and no signature covers it
            _refuse("LT-WSS-002", stage, found=element.tag)
        if name in _OF_ENVELOPE:
            is_misplaced = element is not root and element.getparent() is not root
        else:
            parent = allowed.get(name, allowed[wsu("Timestamp")])
            is_misplaced = parent is None or element.getparent() is not parent
        if is_misplaced:
            _refuse("LT-WSS-003", stage, found=element.tag)


def _refuse(code: str, stage: Stage, *, found: str) -> NoReturn:
    raise Refused((problem(code, stage, {"found": ascii(str(found))}),))


__all__ = ["WSSE", "WSU", "Soap", "places"]
