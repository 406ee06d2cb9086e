"""Every form of signature the JDK can make: each signature method, canonical form and place of the signature."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from lxml import etree

from schemas import xmldoc
from schemas.problem import Stage
from signing.dsig import Verified, verify
from signing.keys import VerifyKey
from signing.policy import BUS, PARTNER_LEGACY, Form
from tests.interop.signing_world import Files, jdk
from tests.unit.signing.kit import Pair, p256, pair_of, rsa2048

pytestmark = [pytest.mark.foreign("javac", "java"), pytest.mark.slow]

# Inherited xml: attributes, a default namespace undone and set again, comments, CR, CDATA, a prefix only values use.
DOCUMENT = (
    '<?xml version="1.0"?><!-- đầu --><a xmlns="urn:a" xmlns:q="urn:q" xmlns:unused="urn:u" Id="goc" xml:lang="vi"'
    ' xml:space="preserve"><!-- chú thích --><b xmlns="" q:z="1" k="2"><c Id="phan" q:k=" x&#9;y&#10;">'
    '<d xmlns="urn:a">Nguyễn&#13; <![CDATA[<x>&]]></d><e/>12<!-- ẩn -->34<f xmlns:g="urn:g" g:h="q:tên"/></c></b></a>'
).encode()
# The same, as a receiver must read it.
TEXT_OF_PART = "Nguyễn\r <x>&1234"
FORMS = {
    "whole": Form.ENVELOPED, "default": Form.ENVELOPED, "prefixes": Form.ENVELOPED, "wholeId": Form.ENVELOPED,
    "part": Form.DETACHED, "plain": Form.DETACHED, "object": Form.ENVELOPING,
}  # fmt: skip


@cache
def p384() -> Pair:
    """A larger curve."""
    return pair_of(ec.generate_private_key(ec.SECP384R1()))


@cache
def p521() -> Pair:
    """The largest curve."""
    return pair_of(ec.generate_private_key(ec.SECP521R1()))


def _made(pair: Pair, folder: Path) -> dict[str, bytes]:
    files = Files.of(pair, folder)
    source, out = folder / "document.xml", folder / "out"
    source.write_bytes(DOCUMENT)
    out.mkdir()
    jdk("sign-forms", files.key, files.certificate, out, source)
    return {path.stem: path.read_bytes() for path in sorted(out.iterdir())}


def _keys(pair: Pair) -> dict[str, VerifyKey]:
    return {"bus": VerifyKey.from_pem(pair.certificate, key_id="bus", policy=PARTNER_LEGACY)}


@pytest.mark.parametrize(("pair", "count"), [(p256, 42), (p384, 42), (p521, 42), (rsa2048, 294)])
def test_every_form_of_the_jdk_verifies(pair, count: int, tmp_path: Path) -> None:
    """Inclusive or exclusive, 1.0 or 1.1, with comments or not, around, inside or beside: a good signature is taken,
    and what is given back is exactly the part that was signed."""
    made = _made(pair(), tmp_path)
    assert len(made) == count
    for name, document in made.items():
        result = verify(document, _keys(pair()), PARTNER_LEGACY)
        assert isinstance(result, Verified), (name, result)
        (part,) = result.parts
        form = FORMS[name.rsplit("-", 1)[1]]
        assert part.form is form, name
        if form is Form.DETACHED:
            assert part.path == "/a/b/c"
            assert "".join(part.element.itertext()) == TEXT_OF_PART
        else:
            assert part.path == ("/a" if form is Form.ENVELOPED else "/a/Signature/Object")


@pytest.mark.parametrize("pair", [p256, rsa2048])
def test_any_change_in_the_signed_part_refuses(pair, tmp_path: Path) -> None:
    """Whatever the form, another letter, space, attribute or language refuses. (The method does not matter for that: by
    the first two of a key.)"""
    changes = {
        "a letter": (b"1234", b"1243"),
        "a space": (b"1234", b"12 34"),
        "an attribute": (b'g:h="', b'g:h=" '),
        "the language that is inherited": (b'xml:lang="vi"', b'xml:lang="en"'),
        "a carriage return": (b"&#13;", b""),
    }
    refused = 0
    for name, document in _made(pair(), tmp_path).items():
        if name[:2] not in ("m0", "m1"):
            continue
        document = document.replace(b"12<!-- \xe1\xba\xa9n -->34", b"1234")
        form = name.rsplit("-", 1)[1]
        assert isinstance(verify(document, _keys(pair()), PARTNER_LEGACY), Verified), name  # a comment covers nothing
        for what, (good, bad) in changes.items():
            excluded = form == "object" or ("lang" in what and "exc" in name and form in ("part",))
            if excluded or good not in document or ("lang" in what and "c11" not in name and "inc" not in name):
                continue
            result = verify(document.replace(good, bad), _keys(pair()), PARTNER_LEGACY)
            assert isinstance(result, tuple), (name, what)
            assert result[0].code in ("LT-SIGN-035", "LT-SIGN-036"), (name, what)
            refused += 1
    assert refused > 80


def test_strict_profile_takes_only_its_own(tmp_path: Path) -> None:
    """The profile of the bus takes whole documents in exclusive form alone; a comment is not even looked behind."""
    taken = [
        name
        for name, document in _made(p256(), tmp_path).items()
        if isinstance(verify(_plain(document), _keys(p256()), BUS), Verified)
    ]
    assert taken == ["m0-exc-default", "m0-exc-whole"]


def _plain(document: bytes) -> bytes:
    """Without comments, which no canonical form of these signatures covers."""
    root = etree.fromstring(document)
    etree.strip_tags(root, etree.Comment)
    written = etree.tostring(root, encoding="UTF-8")
    assert xmldoc.parse(written, stage=Stage.PARSE) is not None
    return written
