"""Makes XML signatures of any shape with a good key: what an attacker, or a careless maker, could send."""

from __future__ import annotations

from hashlib import sha256

from lxml import etree

from signing.dsig.names import NAMESPACE
from signing.encoding import to_base64
from signing.keys import SigningKey
from tests.unit.signing.kit import DOSSIER

EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = "http://www.w3.org/2000/09/xmldsig#enveloped-signature"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
ES256 = "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"
PARTS = {
    "signature_attributes": "",
    "signed_info_attributes": "",
    "canonical": EXCLUSIVE,
    "canonical_inside": "",
    "method": ES256,
    "method_inside": "",
    "reference_attributes": ' URI=""',
    "transforms": f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{EXCLUSIVE}"/>',
    "digest_method": SHA256,
    "before_references": "",
    "more_references": "",
    "key_info": "<ds:KeyInfo><ds:KeyName>bus</ds:KeyName></ds:KeyInfo>",
    "after_value": "",
    "object": "",
}
TEMPLATE = (
    '<ds:Signature xmlns:ds="{ns}"{signature_attributes}><ds:SignedInfo{signed_info_attributes}>'
    '<ds:CanonicalizationMethod Algorithm="{canonical}">{canonical_inside}</ds:CanonicalizationMethod>'
    '<ds:SignatureMethod Algorithm="{method}">{method_inside}</ds:SignatureMethod>{before_references}'
    "<ds:Reference{reference_attributes}><ds:Transforms>{transforms}</ds:Transforms>"
    '<ds:DigestMethod Algorithm="{digest_method}"/><ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>'
    "{more_references}</ds:SignedInfo><ds:SignatureValue>{value}</ds:SignatureValue>{after_value}{key_info}{object}"
    "</ds:Signature>"
)


def canonical(xml: bytes) -> bytes:
    """Exclusive canonical form of a document."""
    return etree.tostring(etree.fromstring(xml), method="c14n", exclusive=True, with_comments=False)


def signature(digest: bytes, key: SigningKey | None, **parts: str) -> bytes:
    """A Signature element, rightly signed by `key` (None: a value of zeros)."""
    given = {**PARTS, **parts, "ns": NAMESPACE, "digest": to_base64(digest)}
    draft = etree.fromstring(TEMPLATE.format(value="", **given).encode())
    signed = etree.tostring(draft[0], method="c14n", exclusive=True, with_comments=False)
    value = to_base64(key.sign(signed) if key is not None else bytes(64))
    return TEMPLATE.format(value=given.pop("value", value), **given).encode()


def forge(key: SigningKey | None, document: bytes = DOSSIER, **parts: str) -> bytes:
    """The document with such a signature as last child of its root, over the whole of it."""
    made = signature(sha256(canonical(document)).digest(), key, **parts)
    at = document.rindex(b"</")
    return document[:at] + made + document[at:]
