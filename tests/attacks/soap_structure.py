"""Attacks by the frame: envelopes, headers and bodies where SOAP has none, and what a receiver might read instead."""

from __future__ import annotations

from signing.gate import GateRules
from signing.policy import PARTNER_SOAP
from signing.wss import Required
from signing.wss.names import SOAP_11, SOAP_12, WSSE
from tests.attacks.corpus import Case, Category, cases
from tests.attacks.soap import ADDRESSING, CONTENT, KEY_INFO, envelope, sent, signed, token

BODY = f"<S:Body wsu:Id='body'>{CONTENT}</S:Body>"
NONE = GateRules(policy=PARTNER_SOAP, required=Required(signature=False))


def _made(old: str, new: str) -> bytes:
    """Changed first, then rightly signed: an insider's message."""
    text = envelope()
    assert old in text, old
    return signed(text.replace(old, new, 1))


def _raw(inside: str) -> bytes:
    return f"<S:Envelope xmlns:S='{SOAP_11}' xmlns:wsse='{WSSE}'>{inside}</S:Envelope>".encode()


STRUCTURE = {
    "two Bodies": (lambda: sent(_made(BODY, BODY + "<S:Body/>")), "structure"),
    "no Body": (lambda: sent(_raw("<S:Header/>")), "structure"),
    "nothing in the Envelope": (lambda: sent(_raw("")), "structure"),
    "Header after Body": (lambda: sent(_raw("<S:Body/><S:Header/>")), "structure"),
    "two Headers": (lambda: sent(_made("<S:Header>", "<S:Header/><S:Header>")), "structure"),
    "Envelope in Envelope": (lambda: sent(_raw(f"<S:Body>{signed().decode()}</S:Body>")), "structure"),
    "Envelope in the signed Body": (lambda: sent(_made("<t:ma>", "<S:Envelope><S:Body/></S:Envelope><t:ma>")), "structure"),
    "Envelope of the other SOAP in the signed Body": (
        lambda: sent(_made("<t:ma>", f"<Q:Envelope xmlns:Q='{SOAP_12}'/><t:ma>")), "structure"),
    "Header in the signed Body": (lambda: sent(_made("<t:ma>", "<S:Header/><t:ma>")), "structure"),
    "Body of the other SOAP": (lambda: sent(_raw(f"<Q:Body xmlns:Q='{SOAP_12}'/>")), "structure"),
    "root is no Envelope": (lambda: sent(b"<Envelope/>"), "structure"),
    "Envelope of an unknown SOAP": (lambda: sent(b"<S:Envelope xmlns:S='urn:soap'><S:Body/></S:Envelope>"), "structure"),
    "Body alone": (lambda: sent(f"<S:Body xmlns:S='{SOAP_11}'/>".encode()), "structure"),
    "something between Header and Body": (lambda: sent(_made("<S:Body", "<x xmlns='urn:x'/><S:Body")), "structure"),
    "something after the Body": (lambda: sent(_made("</S:Envelope>", "<x xmlns='urn:x'/></S:Envelope>")), "structure"),
    "Security for an unknown actor": (lambda: sent(signed(envelope(role=" S:actor='urn:khac'"))), "structure"),
    "Security for an unknown role": (lambda: sent(signed(envelope(version=SOAP_12, role=" S:role='urn:khac'"))), "structure"),
    "Security for nobody": (
        lambda: sent(signed(envelope(version=SOAP_12, role=f" S:role='{SOAP_12}/role/none'"))), "structure"),
    "Security for the next one": (
        lambda: sent(signed(envelope(role=" S:actor='http://schemas.xmlsoap.org/soap/actor/next'"))), "structure"),
    "no Security": (lambda: sent(_raw("<S:Header/><S:Body/>")), "structure"),
    "Security without a signature": (lambda: sent(envelope().replace("@", "").encode()), "structure"),
    "Security outside the Header": (lambda: sent(_raw("<S:Header/><S:Body><wsse:Security/></S:Body>")), "structure"),
    "SAML assertion in Security": (
        lambda: sent(signed(envelope(security="<a:Assertion xmlns:a='urn:oasis:names:tc:SAML:2.0:assertion' ID='a'/>"))), "structure"),
    "encrypted key in Security": (
        lambda: sent(signed(envelope(security="<e:EncryptedKey xmlns:e='http://www.w3.org/2001/04/xmlenc#'/>"))), "structure"),
    "a confirmation that nobody signed": (
        lambda: sent(signed(envelope(security="<c:SignatureConfirmation xmlns:c='http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd' Value='AA=='/>"))), "signature"),
    "unknown child of Security": (lambda: sent(signed(envelope(security="<x xmlns='urn:x'/>"))), "structure"),
    "token with an element in it": (
        lambda: sent(signed(envelope(paper=token().replace("</wsse:Binary", "<x/></wsse:Binary")))), "certificate"),
    "token of another kind": (lambda: sent(signed(envelope(paper=token().replace("#X509v3", "#X509PKIPathv1")))), "certificate signature"),
    "token that is no certificate": (lambda: sent(signed(envelope(paper=token(der=b"hello")))), "certificate"),
    "token in hexadecimal": (lambda: sent(signed(envelope(paper=token().replace("#Base64Binary", "#HexBinary")))), "certificate"),
    "no token": (lambda: sent(signed(envelope(paper=""))), "structure certificate"),
    "key by issuer and serial": (
        lambda: sent(signed(key_info="<ds:KeyInfo><ds:X509Data><ds:X509SKI>AAAA</ds:X509SKI></ds:X509Data></ds:KeyInfo>")), "structure"),
    "key named by KeyName beside the token": (
        lambda: sent(signed(key_info="<ds:KeyInfo><ds:KeyName>p256</ds:KeyName></ds:KeyInfo>")), "structure"),
    "embedded token": (
        lambda: sent(signed(key_info=f"<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Embedded>{token()}</wsse:Embedded></wsse:SecurityTokenReference></ds:KeyInfo>")), "signature structure"),
    "two references in the token reference": (
        lambda: sent(signed(key_info=KEY_INFO.replace("</wsse:SecurityT", "<wsse:Reference URI='#tok'/></wsse:SecurityT"))), "structure"),
    "no KeyInfo": (lambda: sent(signed(key_info="")), "certificate"),
    "token reference as transform": (
        lambda: sent(signed(more="<ds:Reference URI='#tok'><ds:Transforms><ds:Transform Algorithm='http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform'/></ds:Transforms><ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>")), "signature"),
    "unsigned message where a timestamp is enough, without one": (
        lambda: sent(envelope(timestamp="", paper="").replace("@", "").encode(), NONE), "structure"),
    "an older WS-Addressing beside ours": (
        lambda: sent(signed(envelope(addressing={**ADDRESSING, "old": "<o:To xmlns:o='http://schemas.xmlsoap.org/ws/2004/08/addressing'>x</o:To>"}))), "structure"),
}  # fmt: skip

CASES: list[Case] = cases(Category.SOAP, STRUCTURE)
