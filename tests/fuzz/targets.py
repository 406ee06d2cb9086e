"""What is fuzzed: every parser that meets foreign bytes, and the verifiers behind them.

A target takes any bytes and returns. Refusals by `Refused` or as problems are its daily bread; whatever else is raised
is a finding, and so is a message that is taken though nobody signed it: the fuzzer has signed seeds, and no key.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache

from lxml import etree

from schemas import jsondoc, xmldoc
from schemas.problem import Refused
from signing.asic import Checked, open_sealed, unpack
from signing.dsig import Verified, verify
from signing.encoding import to_base64url
from signing.encryption import Opener, ReadingKey, decrypt_jwe, decrypt_xml
from signing.evidence.verify import verify_evidence
from signing.gate import GateRules, Passed, pass_gate
from signing.gate_json import JsonRules, pass_json
from signing.jws import sign_detached, verify_detached
from signing.policy import PARTNER_JWS, PARTNER_LEGACY, PARTNER_XADES
from signing.stamp import accept, check, query
from signing.trust import Trust
from signing.wss import MemoryReplays, Required
from signing.wss.names import SOAP_11, SOAP_12
from signing.xades import Lasting, verify_lasting
from tests.attacks import containers, documents, lasting, soap, trusting, web
from tests.attacks.time_world import clock
from tests.unit.signing.forge import PARTS, canonical, forge
from tests.unit.signing.issuer import NOW
from tests.unit.signing.kit import DOSSIER, p256, rsa2048

Target = Callable[[bytes], None]
LOGIN = soap.rules(required=Required(signature=False, login=True), addressed=False, actions=frozenset())


def xml(data: bytes) -> None:
    """The XML parser; what it gives has a canonical form or a typed refusal."""
    try:
        xmldoc.c14n(xmldoc.parse(data))
    except (Refused, etree.C14NError):
        return


def json(data: bytes) -> None:
    """The JSON parser."""
    try:
        jsondoc.loads(data)
    except Refused:
        return


def container(data: bytes) -> None:
    """The ZIP reader; the verifier of containers; evidence out of them."""
    try:
        unpack(data)
    except Refused:
        pass
    else:
        result = open_sealed(data, trusting.store(), None, now=NOW, evidence=trusting.lists())
        honest = {name: body for name, (_, body) in containers.FILES.items()}
        assert not isinstance(result, Checked) or result.container.files == honest, "taken, and nobody signed it"
        verify_evidence(data, None, None, now=NOW)


def token(data: bytes) -> None:
    """Time-stamp tokens and answers."""
    with suppress(Refused):
        check(data, lasting.DATA, clock().trusted())
    with suppress(Refused):
        accept(data, query(lasting.DATA), clock().trusted())


def document(data: bytes) -> None:
    """Signed documents, by the wide policy."""
    result = verify(data, documents.trusted(PARTNER_LEGACY), PARTNER_LEGACY)
    if isinstance(result, Verified):
        assert {part.canonical for part in result.parts} <= documents.HONEST, "taken, and nobody signed it"


def message(data: bytes) -> None:
    """Signed SOAP messages, by pinned keys and by certificates; logins without a signature."""
    for keys in (soap.trusted(), Trust(trusting.store(), soap.RULES.policy).keys(now=NOW)):
        result = pass_gate(data, soap.RULES, keys, replays=MemoryReplays(), now=NOW)
        if isinstance(result, Passed):
            assert canonical(etree.tostring(result.element, with_tail=False)) in _bodies(), (
                "taken, and nobody signed it"
            )
    pass_gate(data, LOGIN, {}, replays=MemoryReplays(), now=NOW, users=web.USERS)


@cache
def _bodies() -> frozenset[bytes]:
    roots = [etree.fromstring(soap.envelope(version=each).replace("@", "").encode()) for each in (SOAP_11, SOAP_12)]
    return frozenset(etree.tostring(root[-1], method="c14n", exclusive=True) for root in roots)


def header(data: bytes) -> None:
    """Detached signatures."""
    text = data.decode("utf-8", "surrogateescape")
    assert verify_detached(DOSSIER, text, p256().trusted()) or data == good_header(), "taken, and nobody signed it"


@cache
def good_header() -> bytes:
    """The one that is signed."""
    return sign_detached(DOSSIER, p256().signing()).encode()


def stays(data: bytes) -> None:
    """Signatures that last."""
    result = verify_lasting(data, trusting.store(), clock().trusted(), now=NOW, evidence=trusting.lists())
    if isinstance(result, Lasting):
        assert canonical(DOSSIER) in {part.canonical for part in result.verified.parts}, "taken, and nobody signed it"


def insider(data: bytes) -> None:
    """A partner with a good key signs whatever he likes: what stands behind the signature is met."""
    pieces = [piece.decode("utf-8", "replace").replace("@", "") for piece in data.split(b"\0")] + [""] * 8
    addressing = {**soap.ADDRESSING, "to": pieces[3], "rep": pieces[4]}
    text = soap.envelope(
        addressing=addressing, timestamp=pieces[1], content=pieces[0], security=pieces[2], more_headers=pieces[5]
    )
    try:
        made = soap.signed(text)
    except (etree.LxmlError, ValueError):
        return  # the maker's own tools could not make it
    pass_gate(made, soap.RULES, soap.trusted(), replays=MemoryReplays(), now=NOW, users=web.USERS)


def maker(data: bytes) -> None:
    """A partner with a good key makes signatures of any shape."""
    pieces = [piece.decode("utf-8", "replace") for piece in data.split(b"\0")]
    try:
        made = forge(p256().signing(), **dict(zip(PARTS, pieces, strict=False)))
    except (etree.LxmlError, ValueError, KeyError, IndexError):
        return
    verify(made, documents.trusted(PARTNER_LEGACY), PARTNER_LEGACY)


def caller(data: bytes) -> None:
    """A partner with a good certificate writes whatever he likes into the header of his JWS, and around it."""
    first, _, body = data.partition(b"\0")
    protected = to_base64url(first)
    value = to_base64url(trusting.person().signing().sign(f"{protected}.{to_base64url(body)}".encode()))
    keys = Trust(trusting.store(), PARTNER_JWS).keys(now=NOW, evidence=trusting.lists())
    for header in (f"{protected}..{value}", data.decode("latin-1")):
        pass_json(
            body, header, JsonRules(opener=opener(), says_where=lambda _: False), keys, replays=MemoryReplays(), now=NOW
        )


@cache
def opener() -> Opener:
    """A key of ours for either form."""
    return Opener({"k": ReadingKey.from_pem(rsa2048().pem, key_id="k")}, frozenset({"k"}))


def locked(data: bytes) -> None:
    """What is encrypted for us, or looks like it: nothing comes out but what was put in."""
    with suppress(Refused):
        assert decrypt_jwe(data, opener().keys) == DOSSIER, "opened, and nobody encrypted it"
    with suppress(Refused):
        xmldoc.c14n(xmldoc.parse(decrypt_xml(data, opener().keys)))
    rules = GateRules(policy=PARTNER_XADES, in_body=True, opener=opener(), good_for_s=60.0)
    result = pass_gate(data, rules, documents.trusted(PARTNER_LEGACY), replays=MemoryReplays(), now=NOW)
    assert not isinstance(result, Passed), "taken, and nobody signed it"


TARGETS: Mapping[str, Target] = {
    "xml": xml,
    "json": json,
    "container": container,
    "token": token,
    "document": document,
    "message": message,
    "header": header,
    "lasting": stays,
    "insider": insider,
    "maker": maker,
    "caller": caller,
    "locked": locked,
}
