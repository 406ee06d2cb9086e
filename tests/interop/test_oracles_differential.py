"""The same random documents before every verifier: equal verdicts on the good, the changed and the merely rewritten."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from signing.algorithms import CANONICAL_FORMS, Algorithm, XmlDigest, XmlTransform
from signing.dsig import Verified, sign_enveloped, verify
from signing.dsig.sign import spliced
from signing.keys import VerifyKey
from signing.policy import BUS, PARTNER_LEGACY, Policy
from tests.interop.oracle_world import ORACLES, method, pair_for, santuario_sign
from tests.interop.random_xml import Node, documents, written
from tests.interop.signing_world import Files, jdk_verdicts, run
from tests.unit.signing.forge import canonical
from tests.unit.signing.kit import p256

pytestmark = [
    pytest.mark.foreign("java", "javac", "xmlsec1", "santuario", "bergshamra"),
    pytest.mark.slow,
]
COUNT, ALONE = 120, 60
Verdicts = Callable[[list[bytes]], Sequence[bool | None]]


def _ours(keys: dict[str, VerifyKey], policy: Policy) -> Verdicts:
    return lambda given: [isinstance(verify(document, keys, policy), Verified) for document in given]


def _others(files: Files) -> dict[str, Verdicts]:
    """Whoever reads files; each gets them all at once."""

    def lines(said: Callable[[list[Path]], list[str]]) -> Verdicts:
        return lambda given: [words[:4] == "good" for words in said(files.write(given))]

    def xmlsec1(given: list[bytes]) -> list[bool]:
        words = ("--verify", "--pubkey-cert-pem:bus", files.certificate, "--id-attr:Id", "urn:x:phan")
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda path: run("xmlsec1", *words, path).returncode == 0, files.write(given)))

    def some(given: list[bytes]) -> list[bool | None]:  # a process each: not all of them
        return [*xmlsec1(given[:ALONE]), *(None for _ in given[ALONE:])]

    certificate = files.certificate
    return {
        "JDK": lines(lambda paths: jdk_verdicts(certificate, paths)),
        "Bergshamra": lines(lambda paths: ORACLES["bergshamra"].verify(certificate, paths)),
        "Santuario": lines(lambda paths: ORACLES["santuario"].verify(certificate, paths)),
        "xmlsec1": some,
    }


def _agree(given: list[bytes], expected: list[bool], files: Files, ours: Verdicts) -> None:
    for name, verdicts in {"we": ours, **_others(files)}.items():
        said = verdicts(given)
        wrong = [
            (document, right)
            for document, right, one in zip(given, expected, said, strict=True)
            if one not in (None, right)
        ]
        assert wrong == [], (name, len(wrong), wrong[0])


def _changed(document: bytes, chance: random.Random) -> bytes:
    """One byte is another, where letters and digits stand."""
    places = [at for at, byte in enumerate(document) if chr(byte).isalnum() and byte < 128]
    at = chance.choice(places)
    other = chance.choice([byte for byte in b"abkmxzABX0159" if byte != document[at]])
    return document[:at] + bytes((other,)) + document[at + 1 :]


def _means_another(document: bytes, other: bytes) -> bool:
    """As canonical XML has it. What is no XML any more would show nothing: no parser takes it."""
    try:
        return canonical(document) != canonical(other)
    except (etree.XMLSyntaxError, etree.C14NError):
        return False


def _triples(nodes: list[Node]) -> list[tuple[bytes, bytes, bytes]]:
    """Each document, with one byte changed, and in other words."""
    chance = random.Random(9)
    found = []
    for number, node in enumerate(nodes):
        first, other = (written(node, prefixes=number, style=style) for style in (2 * number, 2 * number + 1))
        changed = _changed(first, chance)
        while not _means_another(first, changed):  # e.g. in a namespace that nothing uses
            changed = _changed(first, chance)
        found.append((first, changed, other))
    return found


def test_all_verifiers_agree_on_generated_documents(tmp_path: Path) -> None:
    """Namespaces, xml:lang, CR, CDATA, references: any changed byte refuses with us, the JDK, Santuario, Bergshamra and
    xmlsec1; other quotes, order, line ends, CDATA or references for the same content do not, with any of us."""
    given, expected = [], []
    for first, changed, other in _triples(documents(20260706, COUNT)):
        signed = sign_enveloped(first, p256().signing(with_certificate=True))
        end = first.rindex(b"</")
        signature = signed[end : len(signed) - (len(first) - end)]
        given += [signed, changed[:end] + signature + changed[end:], spliced(other, signature)]
        expected += [True, False, True]
    _agree(given, expected, Files.of(p256(), tmp_path), _ours(p256().trusted(), BUS))


# One xml:lang above the part: where two are, the JDK and Santuario do not take the nearest, as Canonical XML says.
INHERITED = (
    b"<o:a xmlns:o='urn:o' xmlns='urn:d' xmlns:unused='urn:u' xml:space='preserve'><o:b xml:lang='en'>"
    b"<PART/></o:b></o:a>"
)
FORMS = sorted(form for form in CANONICAL_FORMS if "omments" not in form)


@pytest.mark.parametrize("form", FORMS, ids=lambda form: XmlTransform(form).name)
def test_all_verifiers_agree_on_parts_that_inherit(form: XmlTransform, tmp_path: Path) -> None:
    """A part named by its id, below xml:lang, xml:space and namespaces it may inherit: by each form (1.0, 1.1,
    exclusive) Santuario's signature verifies everywhere; changed in the part, or in what the form inherits, nowhere."""
    pair, algorithm = pair_for(Algorithm.ES256), Algorithm.ES256
    files = Files.of(pair, tmp_path)
    nodes = documents(11, 24)
    for node in nodes:
        node.space, node.name, node.attributes["", "Id"] = "urn:x", "phan", "phan"
    triples = [
        tuple(_within(INHERITED, part) for part in triple)
        for triple in _triples(nodes)
        if all(b'phan"' in part or b"phan'" in part for part in triple)
    ]
    paths = files.write([first for first, _, _ in triples], prefix="source")
    santuario_sign(files, [(method(algorithm), XmlDigest.SHA256, form, "#phan", path) for path in paths])
    given, expected = [], []
    for path, (first, changed, other) in zip(paths, triples, strict=True):
        signed = Path(f"{path}.signed").read_bytes()
        signature = _signature_of(signed)
        outside = first.replace(b"xml:lang='en'", b"xml:lang='es'"), first.replace(b"'preserve'", b"'default'")
        inherits = form != XmlTransform.EXCLUSIVE
        spoken = b"lang" in _start_of_part(first)
        for document, right in (
            (first, True), (changed, False), (other, True),
            (outside[0], not inherits or spoken), (outside[1], not inherits),
        ):  # fmt: skip
            given.append(spliced(document, signature))
            expected.append(right)
    keys = {"bus": VerifyKey.from_pem(pair.certificate, key_id="bus", policy=PARTNER_LEGACY)}
    _agree(given, expected, files, _ours(keys, PARTNER_LEGACY))


def _within(outer: bytes, part: bytes) -> bytes:
    """The part, without its declaration, in its place."""
    return outer.replace(b"<PART/>", part[part.index(b"?>") + 2 :].lstrip() if part.startswith(b"<?xml") else part)


def _start_of_part(document: bytes) -> bytes:
    """The start tag of the part."""
    begins = document.index(b">", document.index(b"<o:b")) + 1
    return document[begins : document.index(b">", document.index(b"phan"))]


def _signature_of(signed: bytes) -> bytes:
    (found,) = etree.fromstring(signed).iter("{http://www.w3.org/2000/09/xmldsig#}Signature")
    found.tail = None
    begins = signed.index(b"<ds:Signature ")
    return signed[begins : signed.index(b"</ds:Signature>") + len(b"</ds:Signature>")]
