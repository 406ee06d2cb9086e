"""Attacks on XML signatures. Each is rightly signed where an attacker could get that, and none is believed."""

from __future__ import annotations

import time
from hashlib import sha256

import pytest

from signing.dsig import Verified, sign_enveloped, verify
from signing.encoding import to_base64
from tests.unit.signing.forge import ENVELOPED, EXCLUSIVE, canonical, forge, signature
from tests.unit.signing.kit import DOSSIER, p256, rsa2048

EVIL = DOSSIER.replace(b"H99.12-260706-0001", b"H99.12-260706-9999")


def _codes(document: bytes, keys=None) -> list[str]:
    result = verify(document, keys or p256().trusted())
    return [] if isinstance(result, Verified) else [found.code for found in result]


def _signed() -> bytes:
    return sign_enveloped(DOSSIER, p256().signing())


def _cut() -> tuple[bytes, bytes]:
    """A good Signature element, and the signed document without it."""
    signed = _signed()
    start, end = signed.index(b"<ds:Signature "), signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")
    return signed[start:end], signed[:start] + signed[end:]


def _into(document: bytes, more: bytes) -> bytes:
    at = document.rindex(b"</")
    return document[:at] + more + document[at:]


def test_forger_of_these_tests_makes_good_signatures() -> None:
    """Unchanged, the forged form is accepted: the refusals below are for the change alone."""
    assert _codes(forge(p256().signing())) == []


def _wrappings() -> dict[str, bytes]:
    good, bare = _cut()
    return {
        "original beside the evil root": b"<x>" + EVIL + _signed() + b"</x>",
        "original inside the evil root": _into(EVIL, _signed()),
        "original inside an evil root that is signed by copy": _into(EVIL, good + bare),
        "original inside the signature's Object": _into(
            EVIL, good.replace(b"</ds:Signature>", b"<ds:Object>" + bare + b"</ds:Object></ds:Signature>")
        ),
        "signature around the evil": EVIL.join((good[: -len(b"</ds:Signature>")], b"</ds:Signature>")),
        "signature moved to the evil root": _into(EVIL, good),
        "signature as first child of the evil root": EVIL.replace(b"\n", good + b"\n", 1),
        "signature below a child": bare.replace(b"<GhiChu/>", b"<GhiChu>" + good + b"</GhiChu>"),
        "two good signatures": _into(_into(bare, good), good),
        "a good and an empty signature": _into(
            _into(bare, good), b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>'
        ),
        "a hidden second signature": _into(bare.replace(b"<GhiChu/>", b"<GhiChu>" + good + b"</GhiChu>"), good),
        "signature as root": good,
    }


@pytest.mark.parametrize("name", _wrappings())
def test_wrapping_is_refused(name: str) -> None:
    """A signature counts only as the one Signature of the document, directly under the root it covers."""
    assert _codes(_wrappings()[name]) in (["LT-SIGN-031"], ["LT-SIGN-032"], ["LT-SIGN-035"])


SHA1 = "http://www.w3.org/2000/09/xmldsig#sha1"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
XPATH = '<ds:XPath xmlns:ds="http://www.w3.org/2000/09/xmldsig#">false()</ds:XPath>'
MORE = "http://www.w3.org/2001/04/xmldsig-more#"
PREFIXES = f'<e:InclusiveNamespaces xmlns:e="{EXCLUSIVE}" PrefixList="x"/>'


def _transform(*uris: str, inside: str = "") -> str:
    return "".join(f'<ds:Transform Algorithm="{uri}">{inside}</ds:Transform>' for uri in uris)


SUBSTITUTED = {
    "rsa-sha1": {"method": "http://www.w3.org/2000/09/xmldsig#rsa-sha1"},
    "dsa-sha1": {"method": "http://www.w3.org/2000/09/xmldsig#dsa-sha1"},
    "ecdsa-sha1": {"method": f"{MORE}ecdsa-sha1"},
    "hmac-sha1": {"method": "http://www.w3.org/2000/09/xmldsig#hmac-sha1"},
    "hmac-sha256": {"method": f"{MORE}hmac-sha256"},
    "rsa-sha256 for an EC key": {"method": f"{MORE}rsa-sha256"},
    "ecdsa-sha512": {"method": f"{MORE}ecdsa-sha512"},
    "no method": {"method": ""},
    "digest SHA-1": {"digest_method": SHA1},
    "digest MD5": {"digest_method": f"{MORE}md5"},
    "inclusive canonical form": {"canonical": INCLUSIVE},
    "canonical form with comments": {"canonical": f"{EXCLUSIVE}WithComments"},
    "canonical form unknown": {"canonical": "urn:none"},
    "transform with comments": {"transforms": _transform(ENVELOPED, f"{EXCLUSIVE}WithComments")},
    "transform inclusive": {"transforms": _transform(ENVELOPED, INCLUSIVE)},
    "transforms the other way round": {"transforms": _transform(EXCLUSIVE, ENVELOPED)},
    "enveloped twice": {"transforms": _transform(ENVELOPED, ENVELOPED)},
    "XSLT": {"transforms": _transform(ENVELOPED, "http://www.w3.org/TR/1999/REC-xslt-19991116")},
    "XPath": {"transforms": _transform("http://www.w3.org/TR/1999/REC-xpath-19991116", EXCLUSIVE, inside=XPATH)},
    "base64": {"transforms": _transform(ENVELOPED, "http://www.w3.org/2000/09/xmldsig#base64")},
}


@pytest.mark.parametrize("parts", SUBSTITUTED.values(), ids=SUBSTITUTED)
def test_algorithm_of_the_messages_choice_is_refused(parts: dict[str, str]) -> None:
    """Every algorithm is the policy's and the key's; a message that names another is refused."""
    assert _codes(forge(p256().signing(), **parts)) == ["LT-SIGN-033"]


STRUCTURE = {
    "Object": {"object": "<ds:Object>x</ds:Object>"},
    "foreign child of Signature": {"object": '<x xmlns="urn:x"/>'},
    "two SignatureValues": {"after_value": "<ds:SignatureValue>AAAA</ds:SignatureValue>"},
    "two KeyInfos": {"after_value": "<ds:KeyInfo/>"},
    "attribute of Signature": {"signature_attributes": ' x="1"'},
    "attribute of SignedInfo": {"signed_info_attributes": ' xml:base="urn:x"'},
    "Type of Reference": {"reference_attributes": ' URI="" Type="http://www.w3.org/2000/09/xmldsig#Manifest"'},
    "HMACOutputLength": {"method_inside": "<ds:HMACOutputLength>0</ds:HMACOutputLength>"},
    "text in SignatureMethod": {"method_inside": "x"},
    "prefix list": {"canonical_inside": PREFIXES},
    "prefix list of the transform": {"transforms": _transform(ENVELOPED, EXCLUSIVE, inside=PREFIXES)},
    "no transforms": {"transforms": ""},
    "one transform": {"transforms": _transform(ENVELOPED)},
    "many transforms": {"transforms": _transform(*[EXCLUSIVE] * 1_000)},
    "something before the Reference": {"before_references": "x"},
    "KeyValue": {"key_info": "<ds:KeyInfo><ds:KeyValue/></ds:KeyInfo>"},
    "RetrievalMethod": {"key_info": '<ds:KeyInfo><ds:RetrievalMethod URI="http://x.example/"/></ds:KeyInfo>'},
    "two KeyNames": {"key_info": "<ds:KeyInfo><ds:KeyName>bus</ds:KeyName><ds:KeyName>bus</ds:KeyName></ds:KeyInfo>"},
    "element in KeyName": {"key_info": "<ds:KeyInfo><ds:KeyName>bus<ds:x/></ds:KeyName></ds:KeyInfo>"},
    "empty X509Data": {"key_info": "<ds:KeyInfo><ds:X509Data/></ds:KeyInfo>"},
    "long KeyName": {"key_info": f"<ds:KeyInfo><ds:KeyName>{'b' * 9_000}</ds:KeyName></ds:KeyInfo>"},
}


@pytest.mark.parametrize("parts", STRUCTURE.values(), ids=STRUCTURE)
def test_structure_outside_the_profile_is_refused(parts: dict[str, str]) -> None:
    """Rightly signed or not: what the profile does not know has no place in a signature."""
    assert _codes(forge(p256().signing(), **parts)) == ["LT-SIGN-032"]


SECOND = (
    f'<ds:Reference URI=""><ds:Transforms>{_transform(ENVELOPED, EXCLUSIVE)}</ds:Transforms>'
    '<ds:DigestMethod Algorithm="http://www.w3.org/2001/04/xmlenc#sha256"/><ds:DigestValue>AAAA</ds:DigestValue>'
    "</ds:Reference>"
)
REFERENCES = {
    "a second": {"more_references": SECOND},
    "thousands": {"more_references": SECOND * 5_000},
    "no URI": {"reference_attributes": ""},
    "an element by id": {"reference_attributes": ' URI="#x"'},
    "XPointer": {"reference_attributes": ' URI="#xpointer(/)"'},
    "a file": {"reference_attributes": ' URI="file:///etc/hostname"'},
    "a web address": {"reference_attributes": ' URI="http://x.example/"'},
}


@pytest.mark.parametrize("parts", REFERENCES.values(), ids=REFERENCES)
def test_reference_to_anything_but_the_document_is_refused(parts: dict[str, str]) -> None:
    """One reference, to the whole document: nothing is fetched, nothing partial is believed."""
    assert _codes(forge(p256().signing(), **parts)) == ["LT-SIGN-034"]


def test_other_content_under_a_good_signed_info_is_refused() -> None:
    """A digest is compared, not only a signature checked."""
    assert _codes(_into(EVIL, signature(sha256(canonical(DOSSIER)).digest(), p256().signing()))) == ["LT-SIGN-035"]


def test_hmac_with_our_public_key_is_refused() -> None:
    """The public key is no shared secret."""

    class Mac:
        """Signs as HMAC with what everybody knows."""

        def sign(self, data: bytes) -> bytes:
            import hmac

            return hmac.new(rsa2048().public, data, "sha256").digest()

    forged = forge(Mac(), method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256")  # type: ignore[arg-type]
    assert _codes(forged, rsa2048().trusted()) == ["LT-SIGN-033"]


@pytest.mark.parametrize("length", [0, 1, 63, 64, 65, 128])
def test_zero_values_are_refused(length: int) -> None:
    """r = s = 0, and values of any other length, verify for no message."""
    zeros = to_base64(bytes(length))
    signed = forge(None).replace(to_base64(bytes(64)).encode(), zeros.encode())
    assert _codes(signed) == (["LT-SIGN-036"] if length else ["LT-SIGN-038"])


def test_loose_base64_is_refused() -> None:
    """A signature value has one text: spare bits, foreign characters and missing padding are refused."""
    signed = _signed()
    start = signed.index(b"<ds:SignatureValue>") + len(b"<ds:SignatureValue>")
    end = signed.index(b"</ds:SignatureValue>")
    value = signed[start:end]
    spare = value[:-3] + bytes([value[-3] + 1]) + value[-2:]  # 64 octets: "x==" has four spare bits
    for loose in (spare, value.rstrip(b"="), value + b"=", b"!" + value, value[:8] + "\u00a0".encode() + value[8:]):
        assert loose != value
        assert _codes(signed[:start] + loose + signed[end:]) == ["LT-SIGN-038"]


def test_deep_and_wide_documents_end_quickly_in_a_problem() -> None:
    """Limits of the parser hold before a signature is looked at."""
    deep = b"<a>" * 5_000 + b"</a>" * 5_000
    wide = b"<a>" + b'<Signature xmlns="http://www.w3.org/2000/09/xmldsig#"/>' * 1_500 + b"</a>"
    assert _codes(deep)[0].startswith("LT-XML-")
    assert _codes(wide) == ["LT-SIGN-031"]


def test_many_cdata_sections_are_looked_through_once() -> None:
    """The look for comments takes time in proportion to the document, whatever it holds."""
    for cells in (b"<![CDATA[x]]>" * 400_000, b"<![CDATA[" * 400_000, b"<![CDATA[]]>" + b"<!" * 1_000_000):
        began = time.process_time()
        assert _codes(b"<a>" + cells + b"</a>")[0].startswith("LT-XML-")
        assert time.process_time() - began < 2
