"""KeyInfo: hints which of the trusted keys signed. Nothing in it is signed, and nothing in it is trusted."""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from signing.dsig.names import WSSE, WSSE11, WSU, X509V3, ds
from signing.dsig.reader import Reader, local

# Known to stand there in partners' signatures, and not read: keys inside a message are never used.
_SKIPPED = ("KeyValue", "X509IssuerSerial", "X509SubjectName", "X509SKI", "X509CRL")


@dataclass(frozen=True, slots=True)
class Hints:
    """What KeyInfo says."""

    key_name: str | None = None
    certificates: tuple[bytes, ...] = ()  # DER, in the order given
    reference: str | None = None  # the element a security token reference names: "#id"


def read_hints(element: etree._Element, reader: Reader) -> Hints:
    """At most one KeyName and so many certificates as the policy takes; RetrievalMethod and the like are refused."""
    name: str | None = None
    papers: list[bytes] = []
    if reader.policy.token_reference:
        return Hints(reference=_token(element, reader))
    for child in reader.children(element, attributes=("Id",)):
        if local(child) == "KeyName" and name is None:
            name = reader.text(child)
        elif local(child) == "X509Data" and (not papers or reader.policy.key_hints):
            papers += _papers(child, reader)
        elif not (reader.policy.key_hints and local(child) in _SKIPPED):
            reader.outside(f"KeyInfo/({', '.join(local(each) for each in list(element)[:8])})")
    if name is not None and len(name) > reader.policy.value_limit:
        reader.outside("KeyName")
    if len(papers) > reader.policy.certificates:
        reader.outside("X509Data")
    return Hints(name, tuple(papers))


def _token(element: etree._Element, reader: Reader) -> str:
    """The URI of the one token the one reference names directly."""
    children = reader.children(element, attributes=("Id",), namespace=WSSE)
    if len(children) != 1 or local(children[0]) != "SecurityTokenReference":
        reader.outside(f"KeyInfo/({', '.join(local(child) for child in children[:8])})")
    allowed = ("Id", f"{{{WSU}}}Id", f"{{{WSSE11}}}TokenType")
    inside = reader.children(children[0], attributes=allowed, namespace=WSSE)
    if len(inside) != 1 or local(inside[0]) != "Reference" or inside[0].get("ValueType", X509V3) != X509V3:
        reader.outside(f"SecurityTokenReference/({', '.join(local(child) for child in inside[:8])})")
    reader.text(inside[0], attributes=("URI", "ValueType"))
    return str(inside[0].get("URI", ""))


def _papers(element: etree._Element, reader: Reader) -> list[bytes]:
    papers = []
    for child in reader.children(element):
        if child.tag == ds("X509Certificate"):
            papers.append(reader.binary(child, reader.policy.certificate_limit))
        elif not (reader.policy.key_hints and local(child) in _SKIPPED):
            reader.outside(f"X509Data/{local(child)}")
    if not papers and not reader.policy.key_hints:
        reader.outside("X509Data/()")
    return papers
