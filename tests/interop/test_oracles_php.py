"""XML signatures as PHP applications make and check them, by xmlseclibs: its forms with us, ours with it."""

from __future__ import annotations

from itertools import product
from pathlib import Path

import pytest

from signing.algorithms import Algorithm, XmlDigest, XmlTransform
from signing.dsig import Verified, sign_enveloped, verify
from signing.keys import VerifyKey
from signing.policy import BUS, PARTNER_LEGACY, Form
from tests.interop.oracle_world import ORACLES, RSA_ONLY, method, xmlseclibs_sign
from tests.interop.signing_world import Files
from tests.unit.signing.kit import DOSSIER, p256, rsa2048

pytestmark = pytest.mark.foreign("php", "xmlseclibs")
# Inherited xml:lang, a default namespace undone and set again, CR, a prefix only a value uses.
DOCUMENT = (
    '<a xmlns="urn:a" xmlns:q="urn:q" xmlns:u="urn:u" Id="goc" xml:lang="vi"><b xmlns="" Id="phan" q:k=" 1">Nguyễn'
    '&#13;<c xmlns="urn:a" t="q:x"/>1234</b>&lt;x</a>'
).encode()
FORMS = {
    "whole": (Form.ENVELOPED, "/a"), "root": (Form.ENVELOPED, "/a"), "part": (Form.DETACHED, "/a/b"),
    "object": (Form.ENVELOPING, "/a/Signature/Object"),
}  # fmt: skip
CANONICAL = (
    XmlTransform.EXCLUSIVE, XmlTransform.EXCLUSIVE_COMMENTS, XmlTransform.INCLUSIVE, XmlTransform.INCLUSIVE_COMMENTS,
)  # fmt: skip
DIGESTS = (XmlDigest.SHA256, XmlDigest.SHA384, XmlDigest.SHA512)
VALUE = (b"SignatureValue>", b"SignatureValue>AAAA")
OF_DOCUMENT = ((b"1234", b"1243"), (b'q:k=" 1"', b'q:k="1"'), (b"&#xD;", b""), VALUE)
OF_OBJECT = ((b"x &lt; y", b"x &lt;y"), VALUE)


def _made(folder: Path) -> dict[tuple[str, XmlTransform, Algorithm], bytes]:
    """Each form it can make, all in one run."""
    every = list(product(FORMS, CANONICAL, sorted(RSA_ONLY)))
    files = Files.of(rsa2048(), folder)
    paths = files.write([DOCUMENT] * len(every))
    xmlseclibs_sign(
        files,
        [
            (method(algorithm), DIGESTS[number % len(DIGESTS)], canonical, form, path)
            for number, ((form, canonical, algorithm), path) in enumerate(zip(every, paths, strict=True))
        ],
    )
    return {name: Path(f"{path}.signed").read_bytes() for name, path in zip(every, paths, strict=True)}


def test_every_form_of_xmlseclibs_verifies_and_changed_does_not(tmp_path: Path) -> None:
    """Around, inside or beside, by each canonical form, method and digest it knows: we take it, believe exactly the
    part that was signed, and refuse it once a byte of that is another. The bus's profile takes its own form alone."""
    keys = {"bus": VerifyKey.from_pem(rsa2048().certificate, key_id="bus", policy=PARTNER_LEGACY)}
    refused = taken_by_the_bus = 0
    for name, signed in _made(tmp_path).items():
        result = verify(signed, keys, PARTNER_LEGACY)
        assert isinstance(result, Verified), (name, result)
        (part,) = result.parts
        assert (part.form, part.path) == FORMS[name[0]], name
        is_plain = name == ("whole", XmlTransform.EXCLUSIVE, Algorithm.RS256)
        assert isinstance(verify(signed, rsa2048().trusted(), BUS), Verified) == is_plain, name
        taken_by_the_bus += is_plain
        for old, new in OF_OBJECT if name[0] == "object" else OF_DOCUMENT:
            assert old in signed, (name, old)
            assert isinstance(verify(signed.replace(old, new, 1), keys, PARTNER_LEGACY), tuple), (name, old)
            refused += 1
    assert (taken_by_the_bus, refused) == (1, 3 * 12 * 4 + 12 * 2)


def test_what_it_cannot_do_it_refuses(tmp_path: Path) -> None:
    """ECDSA is no method of xmlseclibs: a partner with it needs our RSA key."""
    files = Files.of(p256(), tmp_path)
    signed = files.write([sign_enveloped(DOSSIER, p256().signing())])
    assert ORACLES["xmlseclibs"].verify(files.certificate, signed) == ["error: no such method"]
