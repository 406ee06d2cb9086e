"""Secures a SOAP message of ours: timestamp, certificate, one signature over its parts, a login where one is asked.

One parse (none, where a tree is given), one canonical form for each part, one key operation. What the Security header
holds is written as bytes in canonical form and put in where the written message has a place for it.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha1
from xml.sax.saxutils import escape

from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem
from signing.c14n import exclusive
from signing.dsig.write import write_reference, write_signature
from signing.encoding import to_base64
from signing.keys import SigningKey
from signing.policy import BUS_SOAP, Policy
from signing.wss.names import ADDRESSING, BASE64, PASSWORD_DIGEST, PASSWORD_TEXT, WSSE, WSSE11, WSU, X509V3, Part, wsu
from signing.wss.structure import Soap, places

_ID = wsu("Id")


@dataclass(frozen=True, slots=True)
class Login:
    """A UsernameToken to be sent."""

    user: str
    password: str = field(repr=False)
    digest: bool = True  # False: the password itself, for partners that ask for it; never without TLS


def secure(
    envelope: bytes | etree._Element,
    key: SigningKey | None,
    *,
    now: datetime,
    login: Login | None = None,
    confirm: str = "",
    policy: Policy = BUS_SOAP,
) -> bytes:
    """The message with its Security header. A tree given is changed: its parts get ids. Without a key it carries a
    timestamp and the login alone. `confirm`: the value of the signature this is an answer to, base64.

    Raises:
        Refused: not an envelope, secured already, or without canonical form.
        signing.keys.KeyUnavailable: the key cannot be used just now.
    """
    root = xmldoc.parse(envelope, stage=Stage.SIGN) if isinstance(envelope, bytes) else envelope
    soap = places(root, stage=Stage.SIGN)
    if soap.security is not None:
        raise Refused((problem("LT-WSS-003", Stage.SIGN, {"found": "'Security'"}),))
    if key is not None and not key.certificate:
        raise Refused((problem("LT-WSS-004", Stage.SIGN, {"key": ascii(key.key_id)}),))
    mark = f"_{secrets.token_hex(8)}"
    pieces = [_timestamp(mark, now, policy)]
    signed = [(f"{mark}-ts", pieces[0])]
    if login is not None:
        pieces.append(_login(mark, login, now))
        signed.append((f"{mark}-ut", pieces[-1]))
    if confirm:
        pieces.append(_confirmation(mark, confirm))
        signed.append((f"{mark}-sc", pieces[-1]))
    if key is not None:
        signed += _parts(soap, mark)
        references = [write_reference(f"#{name}", covered, policy) for name, covered in signed]
        pieces.insert(0, _token(mark, key))
        pieces.append(write_signature(references, key, hints=_hints(mark)))
    return _written(soap, mark, b"".join(pieces))


def _parts(soap: Soap, mark: str) -> list[tuple[str, bytes]]:
    """Names the parts and gives their canonical bytes."""
    found = []
    for part in (Part.BODY, *ADDRESSING):
        element = soap.parts.get(part)
        if element is not None:
            name = f"{mark}-{part.lower()}"
            element.set(_ID, name)
            found.append((name, exclusive(element, stage=Stage.SIGN)))
    return found


def _written(soap: Soap, mark: str, inside: bytes) -> bytes:
    header = soap.root[0]
    if header is soap.body:
        header = soap.root.makeelement(f"{{{soap.version}}}Header")
        soap.root.insert(0, header)
    place = f"{mark}!"  # where the header ends, in the bytes
    if len(header):
        header[-1].tail = (header[-1].tail or "") + place
    else:
        header.text = place
    before, _, after = xmldoc.to_bytes(soap.root).partition(place.encode("ascii"))
    opened = (
        f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" xmlns:soap="{soap.version}" soap:mustUnderstand="1">'
    )
    return b"".join((before, opened.encode("ascii"), inside, b"</wsse:Security>", after))


def _timestamp(mark: str, now: datetime, policy: Policy) -> bytes:
    end = now + timedelta(seconds=policy.lifetime_s)
    return (
        f'<wsu:Timestamp xmlns:wsu="{WSU}" wsu:Id="{mark}-ts"><wsu:Created>{_moment(now)}</wsu:Created>'
        f"<wsu:Expires>{_moment(end)}</wsu:Expires></wsu:Timestamp>"
    ).encode("ascii")


def _login(mark: str, login: Login, now: datetime) -> bytes:
    nonce, created = secrets.token_bytes(16), _moment(now)
    if login.digest:  # SHA-1 is the token profile's own; what keeps it from being replayed is the signature over it
        password = to_base64(sha1(nonce + created.encode() + login.password.encode(), usedforsecurity=False).digest())
    else:
        password = login.password
    kind = PASSWORD_DIGEST if login.digest else PASSWORD_TEXT
    # Of text, canonical XML escapes these three and carriage returns.
    return (
        f'<wsse:UsernameToken xmlns:wsse="{WSSE}" xmlns:wsu="{WSU}" wsu:Id="{mark}-ut">'
        f"<wsse:Username>{_text(login.user)}</wsse:Username>"
        f'<wsse:Password Type="{kind}">{_text(password)}</wsse:Password>'
        f'<wsse:Nonce EncodingType="{BASE64}">{to_base64(nonce)}</wsse:Nonce>'
        f"<wsu:Created>{created}</wsu:Created></wsse:UsernameToken>"
    ).encode()


def _confirmation(mark: str, value: str) -> bytes:
    return (
        f'<wsse11:SignatureConfirmation xmlns:wsse11="{WSSE11}" xmlns:wsu="{WSU}" Value="{value}" wsu:Id="{mark}-sc">'
        "</wsse11:SignatureConfirmation>"
    ).encode("ascii")


def _token(mark: str, key: SigningKey) -> bytes:
    return (
        f'<wsse:BinarySecurityToken EncodingType="{BASE64}" ValueType="{X509V3}" wsu:Id="{mark}-x509">'
        f"{_paper(key.certificate)}</wsse:BinarySecurityToken>"
    ).encode("ascii")


_paper = lru_cache(maxsize=64)(to_base64)  # the same few certificates, message after message


def _hints(mark: str) -> bytes:
    return (
        f'<ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{WSSE}"><wsse:Reference URI="#{mark}-x509" '
        f'ValueType="{X509V3}"></wsse:Reference></wsse:SecurityTokenReference></ds:KeyInfo>'
    ).encode("ascii")


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def _text(value: str) -> str:
    return escape(value, {"\r": "&#xD;"})
