"""Signed documents without SOAP: wrapping, structure of the signature, algorithms; by the strict and by the wide policy.

Under the wide one (`partner_legacy`) a signature may cover one element of a larger document. Then only that element is
handed on: what an attacker puts around it is taken by nobody, and the outcome is `INERT`.
"""

from __future__ import annotations

from functools import cache
from hashlib import sha256

from lxml import etree

from signing.dsig.names import NAMESPACE
from signing.dsig.write import write_file_reference, write_signature
from signing.encoding import to_base64
from signing.gate import GateRules, Stopped, pass_gate
from signing.keys import VerifyKey
from signing.policy import BUS, PARTNER_LEGACY, Policy
from signing.wss import MemoryReplays
from tests.attacks.corpus import INERT, TAKEN, Case, Category, cases
from tests.attacks.soap import NOW
from tests.unit.signing.forge import ENVELOPED, EXCLUSIVE, canonical, forge, signature
from tests.unit.signing.kit import DOSSIER, p256, rsa2048, stranger

NAMED = DOSSIER.replace(b' phienBan="1"', b' phienBan="1" Id="hs"')
EVIL = NAMED.replace(b"0001", b"9999")
NAMELESS_EVIL = EVIL.replace(b' Id="hs"', b"")
ONE = f'<ds:Transform Algorithm="{EXCLUSIVE}"/>'
BOTH = f'<ds:Transform Algorithm="{ENVELOPED}"/>{ONE}'
HONEST = frozenset(map(canonical, (DOSSIER, NAMED)))


@cache
def trusted(policy: Policy) -> dict[str, VerifyKey]:
    """Both good keys, bound as this policy binds them."""
    return {
        name: VerifyKey.from_pem(pair().certificate, key_id=name, policy=policy)
        for name, pair in (("bus", p256), ("rsa", rsa2048))
    }


def document(data: bytes, policy: Policy = PARTNER_LEGACY, keys=None) -> str:
    """What the gate says of a signed document."""
    rules = GateRules(policy=policy)
    result = pass_gate(data, rules, keys or trusted(policy), replays=MemoryReplays(), now=NOW)
    if isinstance(result, Stopped):
        return f"{result.step}:{result.problems[0].code}"
    is_honest = {part.canonical for part in result.parts} <= HONEST
    return INERT if is_honest and canonical(etree.tostring(result.element, with_tail=False)) in HONEST else TAKEN


def by_id(transforms: str = ONE, attributes: str = ' URI="#hs"', **parts: str) -> str:
    """A good signature over the element with Id="hs"."""
    made = signature(sha256(canonical(NAMED)).digest(), p256().signing(), transforms=transforms,
                     reference_attributes=attributes, **parts)  # fmt: skip
    return made.decode()


def package(inside: str, *, around: str = "Goi") -> bytes:
    """A document around parts of it."""
    return f"<{around}>{inside}</{around}>".encode()


def _object(inside: str, *, sign: str | None = None) -> str:
    return (sign or by_id()).replace("</ds:Signature>", f"<ds:Object>{inside}</ds:Object></ds:Signature>")


def _commented() -> str:
    """Comments may stand there, and are gone before a text is read: none is cut short."""
    data = package(GOOD.replace("H99.12", "H99<!-- x -->.12") + by_id())
    result = pass_gate(
        data, GateRules(policy=PARTNER_LEGACY), trusted(PARTNER_LEGACY), replays=MemoryReplays(), now=NOW
    )
    text = result.element.findtext("{*}MaHoSo") if not isinstance(result, Stopped) else None
    return document(data) if text == "H99.12-260706-0001" else f"not the text: {text}"


GOOD, BAD, BARE = NAMED.decode(), EVIL.decode(), NAMELESS_EVIL.decode()
INSIDE = by_id(BOTH)
ENVELOPED_BY_ID = GOOD.replace("</HoSo>", f"{INSIDE}</HoSo>")
WRAPPING = {
    "XSW1 by id: evil root around signature and original": (lambda: document(package(BARE + by_id() + GOOD)), INERT),
    "XSW2 by id: original after the signature, evil before": (lambda: document(package(BARE + by_id() + f"<x>{GOOD}</x>")), INERT),
    "XSW3 by id: evil first child, with the same id": (lambda: document(package(BAD + GOOD + by_id())), "signature"),
    "XSW4 by id: original inside the evil": (lambda: document(BARE.replace("</HoSo>", f"{GOOD}{by_id()}</HoSo>").encode()), INERT),
    "XSW5 by id: evil with the same id under ID": (lambda: document(package(BAD.replace(" Id=", " ID=") + GOOD + by_id())), "signature"),
    "XSW6 by id: evil with the same id under xml:id": (lambda: document(package(BAD.replace(" Id=", " xml:id=") + GOOD + by_id())), "signature"),
    "XSW7 by id: evil with the same id under AssertionID": (lambda: document(package(BAD.replace(" Id=", " AssertionID=") + GOOD + by_id())), "signature"),
    "XSW8 by id: original in the Object": (lambda: document(package(BARE + _object(GOOD))), INERT),
    "original in the Object, evil with the same id": (lambda: document(package(BAD + _object(GOOD))), "signature"),
    "enveloped by id, wrapped": (lambda: document(package(BARE + ENVELOPED_BY_ID)), INERT),
    "enveloped by id, the original's content exchanged": (lambda: document(ENVELOPED_BY_ID.replace("0001", "9999", 1).encode()), "signature"),
    "enveloped by id, the signature moved out": (lambda: document(package(GOOD + INSIDE)), "signature"),
    "detached by id, the signature moved in": (lambda: document(GOOD.replace("</HoSo>", f"{by_id()}</HoSo>").encode()), "signature"),
    "detached, the id moved to the evil": (lambda: document(package(BAD + GOOD.replace(' Id="hs"', "") + by_id())), "signature"),
    "detached, the original gone": (lambda: document(package(BARE + by_id())), "signature"),
    "a second good signature": (lambda: document(package(GOOD + by_id() + by_id())), "signature structure"),
    "a second signature hidden in the Object": (lambda: document(package(GOOD + _object(by_id()))), "signature structure"),
    "whole document: original beside the evil root": (lambda: document(package(BARE + forge(p256().signing()).decode())), "signature structure"),
    "whole document: signature moved to the evil": (
        lambda: document(BARE.replace("</HoSo>", f"{_whole()}</HoSo>").encode()), "signature"),
    "whole document, strict: signature below a child": (
        lambda: document(DOSSIER.replace(b"<GhiChu/>", b"<GhiChu>%s</GhiChu>" % _whole().encode()), BUS), "signature structure"),
    "signature as the root": (lambda: document(by_id().encode()), "signature"),
    "by id, strict": (lambda: document(package(GOOD + by_id()), BUS), "signature structure"),
    "prefix of the signature bound to another namespace": (
        lambda: document(package(GOOD + by_id()).replace(NAMESPACE.encode(), b"urn:x")), "signature structure"),
    "namespace of the original exchanged": (lambda: document(package(GOOD.replace("canonical:1", "canonical:2") + by_id())), "signature"),
    "a comment in a text, by the wide policy": (_commented, INERT),
    "an instruction in a text, by the wide policy": (
        lambda: document(package(GOOD.replace("H99.12", "H99<?x?>.12") + by_id())), "guard"),
    "default namespace put over the original": (
        lambda: document(package(f"<x xmlns='urn:x'>{GOOD}</x>{by_id()}")), INERT),
}  # fmt: skip


def _whole() -> str:
    text = forge(p256().signing()).decode()
    return text[text.index("<ds:Signature ") : text.index("</ds:Signature>") + len("</ds:Signature>")]


def _t(name: str, inside: str = "") -> str:
    return f'<ds:Transform Algorithm="{name}">{inside}</ds:Transform>'


def _changed(**parts: str) -> str:
    """The form of the signature changed, and rightly signed."""
    return document(package(GOOD + by_id(**parts)))


def _key_info(inside: str, *, key=None) -> str:
    """By a stranger, who brings his key along; or by whom is said."""
    made = signature(sha256(canonical(NAMED)).digest(), (key or stranger()).signing(), transforms=ONE,
                     reference_attributes=' URI="#hs"', key_info=f"<ds:KeyInfo>{inside}</ds:KeyInfo>")  # fmt: skip
    return document(package(GOOD).replace(b"</Goi>", made + b"</Goi>"))


def _x509(pair) -> str:
    paper = to_base64(pair.signing(with_certificate=True).certificate)
    return f"<ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data>"


XPATH = "<ds:XPath>not(ancestor-or-self::*)</ds:XPath>"
XSLT = (
    "<x:stylesheet xmlns:x='http://www.w3.org/1999/XSL/Transform' version='1.0'>"
    "<x:template match='/'><x:value-of select=\"document('file:///etc/hostname')\"/></x:template></x:stylesheet>"
)
SECOND = (
    '<ds:Reference URI="{}"><ds:Transforms>'
    + ONE
    + "</ds:Transforms>"
    + (
        '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>{}</ds:DigestValue></ds:Reference>'
    )
)
DIGEST = to_base64(sha256(canonical(NAMED)).digest())
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"
MANIFEST = f'<ds:Manifest Id="m">{SECOND.format("#hs", "AAAA")}</ds:Manifest>'


def _manifest() -> str:
    """The signature covers a Manifest, which names the document with a wrong digest."""
    wrapped = f'<ds:Object xmlns:ds="{XMLDSIG}">{MANIFEST}</ds:Object>'
    covered = etree.tostring(etree.fromstring(wrapped)[0], method="c14n", exclusive=True)
    made = signature(sha256(covered).digest(), p256().signing(), transforms=ONE,
                     reference_attributes=f' URI="#m" Type="{XMLDSIG}Manifest"', object=wrapped)  # fmt: skip
    result = pass_gate(package(GOOD).replace(b"</Goi>", made + b"</Goi>"), GateRules(policy=PARTNER_LEGACY),
                       trusted(PARTNER_LEGACY), replays=MemoryReplays(), now=NOW)  # fmt: skip
    if isinstance(result, Stopped):
        return f"{result.step}:{result.problems[0].code}"
    return INERT if [part.canonical for part in result.parts] == [covered] else TAKEN


DSIG = {
    "KeyValue of a stranger": (lambda: _key_info("<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>"), "certificate"),
    "certificate of a stranger": (lambda: _key_info(_x509(stranger())), "certificate"),
    "certificate of a stranger under our key's name": (lambda: _key_info("<ds:KeyName>bus</ds:KeyName>" + _x509(stranger())), "certificate"),
    "our certificate, a stranger's signature": (lambda: _key_info(_x509(p256())), "signature"),
    "our certificate beside the stranger's": (lambda: _key_info(_x509(stranger()) + _x509(p256())), "signature"),
    "RetrievalMethod of a web address": (lambda: _key_info('<ds:RetrievalMethod URI="http://127.0.0.1:1/x"/>'), "signature structure"),
    "RetrievalMethod of a file": (lambda: _key_info('<ds:RetrievalMethod URI="file:///etc/hostname"/>'), "signature structure"),
    "KeyInfoReference": (lambda: _key_info('<ds11:KeyInfoReference xmlns:ds11="http://www.w3.org/2009/xmldsig11#" URI="#k"/>'), "signature structure"),
    "DEREncodedKeyValue": (lambda: _key_info('<ds11:DEREncodedKeyValue xmlns:ds11="http://www.w3.org/2009/xmldsig11#">AAAA</ds11:DEREncodedKeyValue>'), "signature structure"),
    "nine certificates": (lambda: _key_info(_x509(p256()) * 9, key=p256()), "signature structure"),
    "a certificate of a megabyte": (lambda: _key_info(f"<ds:X509Data><ds:X509Certificate>{'A' * 1_000_000}</ds:X509Certificate></ds:X509Data>"), "signature"),
    "a certificate that is none": (lambda: _key_info("<ds:X509Data><ds:X509Certificate>AAAA</ds:X509Certificate></ds:X509Data>"), "certificate"),
    "Manifest whose references are wrong": (_manifest, INERT),
    "XPath": (lambda: _changed(transforms=_t("http://www.w3.org/TR/1999/REC-xpath-19991116", XPATH)), "signature"),
    "XPath Filter 2": (lambda: _changed(transforms=_t("http://www.w3.org/2002/06/xmldsig-filter2", XPATH)), "signature"),
    "here()": (lambda: _changed(transforms=_t("http://www.w3.org/TR/1999/REC-xpath-19991116", "<ds:XPath>here()</ds:XPath>")), "signature"),
    "XSLT": (lambda: _changed(transforms=_t("http://www.w3.org/TR/1999/REC-xslt-19991116", XSLT)), "signature"),
    "base64": (lambda: _changed(transforms=_t(f"{XMLDSIG}base64")), "signature"),
    "decryption": (lambda: _changed(transforms=_t("http://www.w3.org/2002/07/decrypt#XML")), "signature"),
    "enveloped twice": (lambda: _changed(transforms=_t(ENVELOPED) * 2 + ONE), "signature"),
    "canonical forms in a row": (lambda: _changed(transforms=ONE * 2), "signature structure"),
    "a thousand transforms": (lambda: _changed(transforms=ONE * 1_000), "signature structure"),
    "enveloped as canonical form": (lambda: _changed(canonical=ENVELOPED), "signature"),
    "an unknown canonical form": (lambda: _changed(canonical="urn:x"), "signature"),
    "minimal canonical form": (lambda: _changed(canonical="http://www.w3.org/2000/09/xmldsig#minimal"), "signature"),
    "canonical XML 2.0": (lambda: _changed(canonical="http://www.w3.org/2010/xml-c14n2"), "signature"),
    "a prefix list of a hundred": (
        lambda: _changed(canonical_inside=f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="{" ".join(f"p{n}" for n in range(100))}"/>'), "signature structure"),
    "HMACOutputLength": (lambda: _changed(method_inside="<ds:HMACOutputLength>0</ds:HMACOutputLength>"), "signature structure"),
    "reference to a file": (lambda: _external("file:///etc/hostname"), "signature"),
    "reference to a web address": (lambda: _external("http://127.0.0.1:1/"), "signature"),
    "reference to a relative name": (lambda: _external("../../etc/hostname"), "signature"),
    "reference to a name that is no text": (lambda: _external("%FF%FE"), "signature"),
    "XPointer to the root": (lambda: _changed(attributes=' URI="#xpointer(/)"'), "signature"),
    "XPointer to the id": (lambda: _changed(attributes=""" URI="#xpointer(id('hs'))\""""), "signature"),
    "element() scheme": (lambda: _changed(attributes=' URI="#element(/1)"'), "signature"),
    "percent-encoded id": (lambda: _changed(attributes=' URI="#%68s"'), "signature"),
    "an empty fragment": (lambda: _changed(attributes=' URI="#"'), "signature"),
    "no URI": (lambda: _changed(attributes=""), "signature"),
    "the same part twice": (lambda: _changed(more_references=SECOND.format("#hs", DIGEST)), "signature"),
    "a second part that is not there": (lambda: _changed(more_references=SECOND.format("#hs2", DIGEST)), "signature"),
    "a hundred references": (lambda: _changed(more_references=SECOND.format("#hs", DIGEST) * 100), "signature"),
    "the signature covers its own KeyInfo": (lambda: _changed(more_references=SECOND.format("#k", DIGEST), key_info='<ds:KeyInfo Id="k"/>'), "signature"),
    "the signature covers its own SignedInfo": (lambda: _changed(attributes=' URI="#si"', signed_info_attributes=' Id="si"'), "signature"),
    "no reference": (lambda: document(package(GOOD + _without_references())), "signature"),
    "no SignedInfo": (lambda: document(package(GOOD + f'<ds:Signature xmlns:ds="{XMLDSIG}"/>')), "signature structure"),
    "two SignedInfos": (lambda: document(package(GOOD + by_id().replace("<ds:SignedInfo>", "<ds:SignedInfo/><ds:SignedInfo>"))), "signature structure"),
    "two SignatureValues": (lambda: _changed(after_value="<ds:SignatureValue>AAAA</ds:SignatureValue>"), "signature structure"),
    "text in SignedInfo": (lambda: _changed(before_references="x"), "signature structure"),
    "an attribute of SignedInfo": (lambda: _changed(signed_info_attributes=' xml:base="urn:x"'), "signature structure"),
    "an empty digest": (lambda: document(package(GOOD + by_id().replace(DIGEST, ""))), "signature"),
    "a digest cut short": (lambda: document(package(GOOD + signature(b"\0", p256().signing(), transforms=ONE, reference_attributes=' URI="#hs"').decode())), "signature"),
}  # fmt: skip


def _external(uri: str) -> str:
    """Rightly signed, over what stands elsewhere."""
    key = p256().signing()
    return document(
        package(GOOD + write_signature((write_file_reference(uri, b""),), key).decode()), keys=p256().trusted()
    )


def _without_references() -> str:
    text = by_id()
    return text[: text.index("<ds:Reference")] + text[text.index("</ds:SignedInfo>") :]


CASES: list[Case] = [*cases(Category.WRAPPING, WRAPPING), *cases(Category.DSIG, DSIG)]
