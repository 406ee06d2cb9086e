"""Tests of enveloped XML signatures: what we make, and that it is believed only whole."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from unicodedata import normalize

import pytest
from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage
from signing.algorithms import XmlTransform
from signing.c14n import canonical as canonical_by
from signing.dsig import Verified, sign_element, sign_enveloped, verify
from signing.keys import VerifyKey
from signing.policy import BUS
from tests.unit.signing.forge import canonical, forge
from tests.unit.signing.kit import DOSSIER, SHAPES, p256, rsa2048, stranger

PAIRS = pytest.mark.parametrize("pair", [p256, rsa2048], ids=["ES256", "RS256"])


def _signed(document: bytes = DOSSIER) -> bytes:
    return sign_enveloped(document, p256().signing(with_certificate=True))


def _verified(document: bytes, keys=None, policy=BUS) -> Verified:
    result = verify(document, p256().trusted() if keys is None else keys, policy)
    assert isinstance(result, Verified), result
    return result


def _codes(document: bytes, keys=None, policy=BUS) -> list[str]:
    result = verify(document, p256().trusted() if keys is None else keys, policy)
    return [] if isinstance(result, Verified) else [found.code for found in result]


@PAIRS
@pytest.mark.parametrize("with_certificate", [True, False])
def test_round_trip(pair, with_certificate: bool) -> None:
    """What we sign verifies, and the verifier hands back the covered element, its bytes and their hash."""
    result = _verified(sign_enveloped(DOSSIER, pair().signing(with_certificate=with_certificate)), pair().trusted())
    assert result.covered == canonical(DOSSIER)
    assert result.sha256 == sha256(result.covered).hexdigest()
    assert canonical(etree.tostring(result.element)) == canonical(DOSSIER)
    assert result.key_id == "bus"


def test_signing_only_adds_bytes() -> None:
    """The document's own bytes stay as they were: the signature is spliced in before the root's end tag."""
    signed = _signed()
    start, end = DOSSIER[: DOSSIER.rindex(b"</")], DOSSIER[DOSSIER.rindex(b"</") :]
    assert signed.startswith(start + b"<ds:Signature ")
    assert signed.endswith(b"</ds:Signature>" + end)


def test_signed_info_is_written_in_canonical_form() -> None:
    """What is signed is what is sent, byte for byte."""
    signed = _signed()
    start, end = signed.index(b"<ds:SignedInfo"), signed.index(b"</ds:SignedInfo>") + len(b"</ds:SignedInfo>")
    element = etree.fromstring(signed).find(".//{*}SignedInfo")
    assert etree.tostring(element, method="c14n", exclusive=True, with_tail=False) == signed[start:end]


@pytest.mark.parametrize("document", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_document_can_be_signed(document: bytes) -> None:
    """However a document is written, its signature verifies and covers the whole of it."""
    assert _verified(_signed(document)).covered == canonical(document)


@pytest.mark.parametrize("document", SHAPES.values(), ids=SHAPES)
def test_element_is_signed_as_its_document(document: bytes) -> None:
    """Signing a parsed element saves the parse and proves the same content."""
    element = xmldoc.parse(document)
    result = _verified(sign_element(element, p256().signing()))
    assert result.covered == canonical(document)


def test_white_space_around_the_signature_belongs_to_the_document() -> None:
    """A signature put on a line of its own covers the white space around it."""
    document = DOSSIER.replace(b"</ChuHoSo>\n", b"</ChuHoSo>\n  \n")
    signed = _signed(document)
    inside = signed[signed.index(b"<ds:Signature") : signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
    moved = document.replace(b"</ChuHoSo>\n  \n", b"</ChuHoSo>\n  " + inside + b"\n")
    assert _verified(moved).covered == canonical(document)
    assert _codes(moved.replace(inside + b"\n", inside)) == ["LT-SIGN-035"]


LEXICAL = {
    "quotes": lambda x: x.replace(b'phienBan="1"', b"phienBan='1'"),
    "empty element": lambda x: x.replace(b"<GhiChu/>", b"<GhiChu></GhiChu>"),
    "character reference": lambda x: x.replace(b"H99.12", b"&#72;99.12"),
    "CDATA": lambda x: x.replace(b"H99.12", b"<![CDATA[H99]]>.12"),
    "CR LF": lambda x: x.replace(b"\n", b"\r\n"),
    "space in a tag": lambda x: x.replace(b"<MaHoSo>", b"<MaHoSo  >"),
    "attribute order and space": lambda x: x.replace(
        b'xmlns="urn:lienthong:canonical:1" phienBan="1"', b'phienBan="1"\n xmlns="urn:lienthong:canonical:1"'
    ),
    "superfluous namespace": lambda x: x.replace(b"<MaHoSo>", b'<MaHoSo xmlns:z="urn:z">'),
    "declaration": lambda x: b'<?xml version="1.0" encoding="UTF-8"?>' + x,
    "byte order mark": lambda x: b"\xef\xbb\xbf" + x,
    "white space in base64": lambda x: x.replace(b"</ds:SignatureValue>", b"\n</ds:SignatureValue>"),
    "white space in the signature": lambda x: x.replace(b"<ds:SignatureValue>", b"\n <ds:SignatureValue>"),
}


@pytest.mark.parametrize("change", LEXICAL.values(), ids=LEXICAL)
def test_lexical_change_passes(change) -> None:
    """Another way to write the same document, as gateways do, leaves the signature good."""
    signed = _signed()
    assert change(signed) != signed
    assert _verified(change(signed)).covered == canonical(DOSSIER)


CONTENT = {
    "text": lambda x: x.replace(b"H99.12", b"H99.13"),
    "attribute": lambda x: x.replace(b'phienBan="1"', b'phienBan="2"'),
    "element renamed": lambda x: x.replace(b"GhiChu", b"GhiCho"),
    "element added": lambda x: x.replace(b"<GhiChu/>", b"<GhiChu/><GhiChu/>"),
    "element removed": lambda x: x.replace(b"<GhiChu/>", b""),
    "namespace undone": lambda x: x.replace(b"<GhiChu/>", b'<GhiChu xmlns=""/>'),
    "namespace of the root": lambda x: x.replace(b"canonical:1", b"canonical:2"),
    "white space": lambda x: x.replace(b"\n  <MaHoSo>", b"\n <MaHoSo>"),
    "decomposed letters": lambda x: normalize("NFD", x.decode()).encode(),
    "text behind the signature": lambda x: x.replace(b"</ds:Signature>", b"</ds:Signature> "),
    "xml:lang": lambda x: x.replace(b"<MaHoSo>", b'<MaHoSo xml:lang="vi">'),
    "digest": lambda x: x.replace(b"<ds:DigestValue>", b"<ds:DigestValue>AAAA"),
}


@pytest.mark.parametrize("change", CONTENT.values(), ids=CONTENT)
def test_changed_content_is_refused(change) -> None:
    """Whatever says something else, be it a space or a namespace, breaks the signature."""
    signed = _signed()
    assert change(signed) != signed
    assert _codes(change(signed)) in (["LT-SIGN-035"], ["LT-SIGN-036"])


PLAIN = {
    "comment in a text": lambda x: x.replace(b"H99.12", b"H99<!-- -->.12"),
    "comment before the root": lambda x: b"<!-- x -->" + x,
    "comment behind the root": lambda x: x + b"<!-- x -->",
    "comment behind CDATA": lambda x: x.replace(b"H99.12", b"<![CDATA[H99]]><!-- -->.12"),
    "comment in the signature": lambda x: x.replace(b"<ds:SignatureValue>", b"<!-- --><ds:SignatureValue>"),
    "comment in a digest": lambda x: x.replace(b"<ds:DigestValue>", b"<ds:DigestValue><!---->"),
    "instruction in a text": lambda x: x.replace(b"H99.12", b"H99<?x?>.12"),
    "stylesheet": lambda x: b'<?xml version="1.0"?><?xml-stylesheet href="x"?>' + x,
    "UTF-16": lambda x: x.decode().encode("utf-16"),
}


@pytest.mark.parametrize("change", PLAIN.values(), ids=PLAIN)
def test_comment_or_instruction_is_refused(change) -> None:
    """The canonical form leaves comments out, so a signed document has none: nothing unsigned can cut a text."""
    assert _codes(change(_signed())) == ["LT-SIGN-021"]
    with pytest.raises(Refused):
        sign_enveloped(change(DOSSIER.replace(b"<GhiChu/>", b"<!-- -->")), p256().signing())


def test_document_is_signed_once() -> None:
    """A second signature would cover the first: refused, on bytes and on elements."""
    for attempt in (lambda: _signed(_signed()), lambda: sign_element(xmldoc.parse(_signed()), p256().signing())):
        with pytest.raises(Refused) as refused:
            attempt()
        assert refused.value.problems[0].code == "LT-SIGN-020"


def test_element_with_comments_is_not_signed() -> None:
    """What the canonical form leaves out is not silently dropped from what we send."""
    with pytest.raises(Refused) as refused:
        sign_element(etree.fromstring("<a>x<!-- y --></a>"), p256().signing())
    assert refused.value.problems[0].code == "LT-SIGN-021"


def test_relative_namespace_is_a_problem() -> None:
    """A document without canonical form is refused by name, on both sides."""
    with pytest.raises(Refused) as refused:
        sign_enveloped(b'<a xmlns="x"/>', p256().signing())
    assert refused.value.problems[0].code == "LT-SIGN-022"
    assert _codes(_signed().replace(b"urn:lienthong:canonical:1", b"../x")) == ["LT-SIGN-022"]


def test_malformed_document_keeps_the_parsers_problem() -> None:
    """A broken or hostile document is refused by the one parser, with its reason."""
    for document in (b"<a>", b"", b'<!DOCTYPE a [<!ENTITY x "y">]><a>&x;</a>', _signed()[:-1]):
        result = verify(document, p256().trusted())
        assert isinstance(result, tuple)
        assert result[0].code.startswith("LT-XML-")


def test_unsigned_document_is_refused() -> None:
    """No signature is not a good signature."""
    assert _codes(DOSSIER) == ["LT-SIGN-030"]


@PAIRS
def test_signature_of_a_stranger_is_refused(pair) -> None:
    """A good signature by a key we do not trust is refused, also under the name of one we do."""
    plain, titled = (sign_enveloped(DOSSIER, stranger().signing(with_certificate=w)) for w in (False, True))
    assert _codes(plain, pair().trusted()) == (["LT-SIGN-036"] if pair is p256 else ["LT-SIGN-033"])
    assert _codes(titled, pair().trusted()) == ["LT-SIGN-037"]


def test_key_is_taken_from_the_trust_set_only() -> None:
    """KeyName and certificate choose among trusted keys, and both must fit."""
    both = {**p256().trusted("mot"), **rsa2048().trusted("hai")}
    assert _codes(sign_enveloped(DOSSIER, p256().signing("mot", with_certificate=True)), both) == []
    assert _codes(sign_enveloped(DOSSIER, p256().signing("hai", with_certificate=True)), both) == ["LT-SIGN-037"]
    assert _codes(sign_enveloped(DOSSIER, p256().signing("ba", with_certificate=True)), both) == ["LT-SIGN-037"]
    assert _codes(sign_enveloped(DOSSIER, p256().signing("mot")), {}) == ["LT-SIGN-037"]


def test_signature_without_key_info_needs_a_single_key() -> None:
    """With one trusted key there is nothing to choose; with two nothing is guessed."""
    silent = forge(p256().signing(), key_info="")
    assert _codes(silent) == []
    assert _codes(silent, {**p256().trusted(), **stranger().trusted("khac")}) == ["LT-SIGN-037"]


def test_certificate_alone_finds_its_key() -> None:
    """A signature that only carries a certificate is matched by its key, also with a bare public key trusted."""
    key = p256().signing(with_certificate=True)
    signed = sign_enveloped(DOSSIER, key).replace(b"<ds:KeyName>bus</ds:KeyName>", b"")
    assert _codes(signed, {**stranger().trusted("khac"), **p256().trusted()}) == []
    assert _codes(signed, {"bus": VerifyKey.from_pem(p256().public, key_id="bus")}) == []
    assert _codes(signed, stranger().trusted()) == ["LT-SIGN-037"]


def test_root_may_be_named_by_id_where_the_policy_allows() -> None:
    """“#id” is taken only by a policy that says so, only for the root, and only if the id is unique."""
    policy = replace(BUS, signed_by_id=True)
    document = b'<a Id="x"><b Id="y"/></a>'
    key = p256().signing()
    named = forge(key, document, reference_attributes=' URI="#x"')
    assert _codes(named) == ["LT-SIGN-034"]
    assert _codes(named, policy=policy) == []
    for other in ("#y", "#z", "#", "x", "#xpointer(/)", "#xpointer(id('x'))"):
        wrong = forge(key, document, reference_attributes=f' URI="{other}"')
        assert _codes(wrong, policy=policy) == ["LT-SIGN-034"]
    for twin in (b'<a Id="x"><b Id="x"/></a>', b'<a Id="x"><b xml:id="x"/></a>', b'<a Id="x" ID="x"/>'):
        doubled = forge(
            key,
            twin.replace(b"/></a>", b"></b></a>").replace(b'ID="x"/>', b'ID="x"></a>'),
            reference_attributes=' URI="#x"',
        )
        assert _codes(doubled, policy=policy) == ["LT-SIGN-034"]


@pytest.mark.parametrize("own", ["", " xml:base='c/'"])
def test_canonical_xml_11_below_xml_base_is_refused(own: str) -> None:
    """It would have to be joined with the part's own, which hardly anybody does alike: refused, and no other bytes."""
    (part,) = xmldoc.parse(f"<a xml:base='http://a.example/b/'><p{own}/></a>".encode())
    for form in (XmlTransform.INCLUSIVE_11, XmlTransform.INCLUSIVE_11_COMMENTS):
        with pytest.raises(Refused) as refused:
            canonical_by(part, form, stage=Stage.RECEIVE)
        assert refused.value.problems[0].code == "LT-SIGN-022"
    said = own.strip().replace("'", '"') or 'xml:base="http://a.example/b/"'
    assert canonical_by(part, XmlTransform.INCLUSIVE, stage=Stage.RECEIVE) == f"<p {said}></p>".encode()
