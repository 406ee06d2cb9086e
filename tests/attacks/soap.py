"""SOAP messages as a good sender makes them, in pieces that an attacker can exchange, and the gate they are sent to."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from functools import cache
from hashlib import sha256

from lxml import etree

from signing.algorithms import Algorithm
from signing.dsig.names import NAMESPACE
from signing.encoding import to_base64
from signing.gate import GateRules, Stopped, pass_gate
from signing.keys import SigningKey, VerifyKey
from signing.policy import PARTNER_SOAP
from signing.wss import MemoryReplays, Replays, Users
from signing.wss.names import BASE64, SOAP_11, WSA, WSSE, WSU, X509V3
from tests.attacks.corpus import INERT, TAKEN
from tests.unit.signing.kit import Pair, p256, rsa2048

NOW = datetime(2026, 7, 6, 3, 4, 5, tzinfo=UTC)
ENDPOINT = "https://bus.example/soap"
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
METHODS = {p256: "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256"}
RS256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
RULES = GateRules(policy=PARTNER_SOAP, endpoint=ENDPOINT, actions=frozenset({"urn:thu:nhan"}), addressed=True)

CONTENT = "<t:hoSo xmlns:t='urn:t'><t:ma>H99.12-260706-0001</t:ma><t:soTien>1000000</t:soTien></t:hoSo>"
TYPED = CONTENT.replace("<t:ma>", "<t:ma xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:type='k:ma'>")
ADDRESSING = {
    "act": "<w:Action wsu:Id='act'>urn:thu:nhan</w:Action>",
    "to": f"<w:To wsu:Id='to'>{ENDPOINT}</w:To>",
    "mid": "<w:MessageID wsu:Id='mid'>urn:uuid:1</w:MessageID>",
    "rep": f"<w:ReplyTo wsu:Id='rep'><w:Address>{WSA}/anonymous</w:Address></w:ReplyTo>",
}
TIMESTAMP = (
    "<wsu:Timestamp wsu:Id='ts'><wsu:Created>2026-07-06T03:04:05Z</wsu:Created>"
    "<wsu:Expires>2026-07-06T03:09:05Z</wsu:Expires></wsu:Timestamp>"
)
KEY_INFO = (
    "<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI='#tok' "
    f"ValueType='{X509V3}'/></wsse:SecurityTokenReference></ds:KeyInfo>"
)
IDS = ("body", "ts", "act", "to", "mid", "rep")


def token(pair: Pair | None = None, *, name: str = "tok", der: bytes = b"") -> str:
    """A BinarySecurityToken."""
    paper = der or (pair or p256()).signing(with_certificate=True).certificate
    return (
        f"<wsse:BinarySecurityToken EncodingType='{BASE64}' ValueType='{X509V3}' wsu:Id='{name}'>"
        f"{to_base64(paper)}</wsse:BinarySecurityToken>"
    )


def reference(
    uri: str, digest: bytes, *, transforms: str | None = None, digest_method: str = SHA256, attributes: str = ""
) -> str:
    """One Reference."""
    usual = f"<ds:Transform Algorithm='{EXCLUSIVE}'/>"
    return (
        f"<ds:Reference URI='{uri}'{attributes}><ds:Transforms>{usual if transforms is None else transforms}"
        f"</ds:Transforms><ds:DigestMethod Algorithm='{digest_method}'/><ds:DigestValue>{to_base64(digest)}"
        "</ds:DigestValue></ds:Reference>"
    )


def signature(references: str, key: SigningKey, *, method: str, key_info: str = KEY_INFO, after: str = "") -> str:
    """A Signature over references that are at hand, rightly signed."""
    info = (
        f"<ds:SignedInfo><ds:CanonicalizationMethod Algorithm='{EXCLUSIVE}'/>"
        f"<ds:SignatureMethod Algorithm='{method}'/>{references}</ds:SignedInfo>"
    )
    alone = etree.fromstring(f"<ds:Signature xmlns:ds='{NAMESPACE}' xmlns:wsse='{WSSE}'>{info}</ds:Signature>")
    value = to_base64(key.sign(etree.tostring(alone[0], method="c14n", exclusive=True)))
    return (
        f"<ds:Signature xmlns:ds='{NAMESPACE}' xmlns:wsse='{WSSE}'>{info}"
        f"<ds:SignatureValue>{value}</ds:SignatureValue>{key_info}{after}</ds:Signature>"
    )


def envelope(
    *,
    version: str = SOAP_11,
    addressing: Mapping[str, str] = ADDRESSING,
    more_headers: str = "",
    timestamp: str = TIMESTAMP,
    security: str = "",
    paper: str | None = None,
    content: str = CONTENT,
    declared: str = "",
    role: str = "",
) -> str:
    """An envelope whose Security holds token and timestamp, and "@" where the signature comes."""
    return (
        f"<S:Envelope xmlns:S='{version}' xmlns:w='{WSA}' xmlns:wsu='{WSU}' xmlns:wsse='{WSSE}'{declared}><S:Header>"
        f"{''.join(addressing.values())}{more_headers}<wsse:Security S:mustUnderstand='1'{role}>"
        f"{token() if paper is None else paper}{timestamp}{security}@</wsse:Security></S:Header>"
        f"<S:Body wsu:Id='body'>{content}</S:Body></S:Envelope>"
    )


def digest(root: etree._Element, name: str) -> bytes:
    """SHA-256 of the exclusive form of the element of this id."""
    (element,) = [each for each in root.iter() if name in (each.get(f"{{{WSU}}}Id"), each.get("Id"))]
    return sha256(etree.tostring(element, method="c14n", exclusive=True, with_tail=False)).digest()


def signed(
    text: str | None = None,
    *,
    ids: Sequence[str] = IDS,
    pair: Pair | None = None,
    key: SigningKey | None = None,
    more: str = "",
    **how: str,
) -> bytes:
    """The envelope with a good signature over these ids at "@". `more`: further references, as they are."""
    pair = pair or p256()
    text = envelope(paper=token(pair)) if text is None else text
    root = etree.fromstring(text.replace("@", "").encode())
    present = [name for name in ids if f"Id='{name}'" in text]
    references = "".join(reference(f"#{name}", digest(root, name)) for name in present) + more
    how.setdefault("method", RS256 if pair is rsa2048() else METHODS[p256])
    return text.replace("@", signature(references, key or pair.signing(), **how)).encode()


@cache
def trusted() -> dict[str, VerifyKey]:
    """Both good keys, in all a partner's key may do."""
    return {
        name: VerifyKey.from_pem(pair().certificate, key_id=name, policy=PARTNER_SOAP)
        for name, pair in (("p256", p256), ("rsa", rsa2048))
    }


def sent(
    message: bytes,
    rules: GateRules = RULES,
    *,
    keys=None,
    now: datetime = NOW,
    replays: Replays | None = None,
    users: Users | None = None,
    charset: str | None = None,
) -> str:
    """What the gate says."""
    result = pass_gate(
        message,
        rules,
        trusted() if keys is None else keys,
        replays=replays or MemoryReplays(),
        now=now,
        users=users,
        charset=charset,
    )
    return f"{result.step}:{result.problems[0].code}" if isinstance(result, Stopped) else TAKEN


def held(message: bytes) -> str:
    """Taken is no harm where the Body, to its last canonical byte, is the one that was signed."""
    result = pass_gate(message, RULES, trusted(), replays=MemoryReplays(), now=NOW)
    if isinstance(result, Stopped):
        return f"{result.step}:{result.problems[0].code}"
    return INERT if etree.tostring(result.element, method="c14n", exclusive=True) in _bodies() else TAKEN


@cache
def _bodies() -> frozenset[bytes]:
    texts = (CONTENT, TYPED)
    roots = [etree.fromstring(envelope(content=each).replace("@", "").encode()) for each in texts]
    return frozenset(etree.tostring(root[-1], method="c14n", exclusive=True) for root in roots)


def cut(message: bytes, name: str) -> tuple[str, str]:
    """The first element written with this prefixed name, and the message without it."""
    text = message.decode()
    found = re.search(rf"<{name}[ >].*?</{name}>", text, re.DOTALL)
    assert found is not None, name
    return found[0], text.replace(found[0], "", 1)


def psk(algorithm: Algorithm) -> SigningKey:
    """The RSA key, with another of its algorithms."""
    return SigningKey.from_pem(rsa2048().pem, key_id="rsa", algorithm=algorithm)


def rules(**changes: object) -> GateRules:
    """The usual ones, changed."""
    return replace(RULES, **changes)
