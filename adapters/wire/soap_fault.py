"""SOAP faults in both versions, with our problems as typed detail. Never a stack trace, never a citizen's value."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from lxml import etree

from adapters.wire.soap_envelope import NAMESPACE, Version, envelope
from schemas.problem import Problem

PROBLEM_NAMESPACE = "urn:lienthong:problem:1"
_XML_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_MOST = 50  # problems told in one fault


def fault(version: Version, *, sender: bool, vi: str, en: str, problems: Sequence[Problem]) -> etree._Element:
    """A whole envelope with a fault; `sender`: the caller must change something (else: we must, try later)."""
    special = next((_SPECIAL[p.code] for p in problems if p.code in _SPECIAL), "")
    if version is Version.SOAP11:
        return _fault11(special or ("Client" if sender else "Server"), vi or en, problems)
    return _fault12(special or ("Sender" if sender else "Receiver"), vi, en, problems)


def security_fault(version: Version) -> etree._Element:
    """What a caller is told whose message was refused by the gate: always the same, whatever was wrong with it."""
    text = "The message's security could not be verified"
    if version is Version.SOAP12:
        made = _fault12("Sender", "", text, ())
        code = made.find(f".//{{{NAMESPACE[version]}}}Code")
        assert code is not None  # we made it
        value = etree.SubElement(
            etree.SubElement(code, f"{{{NAMESPACE[version]}}}Subcode"), f"{{{NAMESPACE[version]}}}Value",
            nsmap={"wsse": _WSSE},
        )  # fmt: skip
        value.text = "wsse:InvalidSecurity"
        return made
    uri = NAMESPACE[Version.SOAP11]
    body = etree.Element(f"{{{uri}}}Fault", nsmap={"soap": uri})
    etree.SubElement(body, "faultcode", nsmap={"wsse": _WSSE}).text = "wsse:InvalidSecurity"
    etree.SubElement(body, "faultstring").text = text
    return envelope(Version.SOAP11, body)


_WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
_SPECIAL = {"LT-WIRE-006": "VersionMismatch", "LT-WIRE-007": "MustUnderstand"}


def _fault11(code: str, text: str, problems: Sequence[Problem]) -> etree._Element:
    uri = NAMESPACE[Version.SOAP11]
    body = etree.Element(f"{{{uri}}}Fault", nsmap={"soap": uri})
    etree.SubElement(body, "faultcode").text = f"soap:{code}"
    etree.SubElement(body, "faultstring").text = clean(text)
    # SOAP 1.1 forbids a detail about header blocks.
    if problems and code != "MustUnderstand":
        etree.SubElement(body, "detail").append(detail(problems))
    return envelope(Version.SOAP11, body)


def _fault12(code: str, vi: str, en: str, problems: Sequence[Problem]) -> etree._Element:
    uri = NAMESPACE[Version.SOAP12]
    body = etree.Element(f"{{{uri}}}Fault", nsmap={"soap": uri})
    value = etree.SubElement(etree.SubElement(body, f"{{{uri}}}Code"), f"{{{uri}}}Value")
    value.text = f"soap:{code}"
    reason = etree.SubElement(body, f"{{{uri}}}Reason")
    for language, text in (("vi", vi), ("en", en)):
        if text:
            etree.SubElement(reason, f"{{{uri}}}Text", {_XML_LANG: language}).text = clean(text)
    if problems and code != "MustUnderstand":
        etree.SubElement(body, f"{{{uri}}}Detail").append(detail(problems))
    root = envelope(Version.SOAP12, body)
    if code == "MustUnderstand":
        root.insert(0, _not_understood(uri, problems))
    if code == "VersionMismatch":
        root.insert(0, _upgrade(uri))
    return root


def _not_understood(uri: str, problems: Iterable[Problem]) -> etree._Element:
    header = etree.Element(f"{{{uri}}}Header")
    for found in problems:
        if found.code == "LT-WIRE-007" and found.theirs is not None:
            name = etree.QName(found.theirs.path)
            block = etree.SubElement(header, f"{{{uri}}}NotUnderstood", nsmap={"h": name.namespace or "urn:none"})
            block.set("qname", f"h:{name.localname}" if name.namespace else name.localname)
    return header


def _upgrade(uri: str) -> etree._Element:
    header = etree.Element(f"{{{uri}}}Header")
    upgrade = etree.SubElement(header, f"{{{uri}}}Upgrade")
    for number, version in enumerate((Version.SOAP12, Version.SOAP11)):
        known = etree.SubElement(upgrade, f"{{{uri}}}SupportedEnvelope", nsmap={f"v{number}": NAMESPACE[version]})
        known.set("qname", f"v{number}:Envelope")
    return header


def detail(problems: Sequence[Problem]) -> etree._Element:
    """The typed detail: one `problem` each with code, vi, en, do and place. The quotes of places stay here."""
    root = etree.Element(_name("problems"), nsmap={"lt": PROBLEM_NAMESPACE})
    for found in problems[:_MOST]:
        one = etree.SubElement(root, _name("problem"))
        for tag, text in (("code", found.code), ("vi", found.text_vi), ("en", found.text_en), ("do", found.do_vi)):
            etree.SubElement(one, _name(tag)).text = clean(text)
        if found.theirs is not None and (found.theirs.line or found.theirs.path):
            place = etree.SubElement(one, _name("place"))
            if found.theirs.line:
                etree.SubElement(place, _name("line")).text = str(found.theirs.line)
            etree.SubElement(place, _name("path")).text = clean(found.theirs.path)
    return root


def clean(text: str) -> str:
    """Text that XML can carry: control characters and lone surrogates become a replacement mark."""
    if text.isprintable():
        return text
    return "".join(c if _allowed(ord(c)) else "\ufffd" for c in text)


def _allowed(point: int) -> bool:
    return point in (0x9, 0xA, 0xD) or 0x20 <= point <= 0xD7FF or 0xE000 <= point <= 0xFFFD or point >= 0x10000


def _name(local: str) -> str:
    return f"{{{PROBLEM_NAMESPACE}}}{local}"
