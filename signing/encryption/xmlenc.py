"""XML Encryption of one element: AES-256-GCM, its key by RSA-OAEP with SHA-256 in both places.

What is encrypted is the child of a SOAP Body, or the whole document; EncryptedKey stands inside, so one element says
all. Everything else that the standard knows is refused before a key is touched: CBC, RSA 1.5, OAEP with SHA-1,
references to elsewhere, EncryptedData inside EncryptedData. A key that does not unwrap is replaced by a random one, and
what comes of it fails as any altered content does: with one word, after the same work.
Source: xmlenc.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from schemas.problem import Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse, to_bytes
from signing.dsig.names import ds
from signing.encoding import from_base64, to_base64
from signing.encryption.keys import ReadingKey, RecipientKey

XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
DSIG = "http://www.w3.org/2000/09/xmldsig#"
ELEMENT = f"{XENC}Element"
GCM = f"{XENC11}aes256-gcm"
OAEP = f"{XENC11}rsa-oaep"
SHA256, MGF_SHA256 = f"{XENC}sha256", f"{XENC11}mgf1sha256"
_SOAP = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_KEY, _NONCE, _TAG = 32, 12, 16
_KEY_LIMIT, _NAME_LIMIT = 4_096, 64  # characters
_PADDING = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)
_SPACE = " \t\r\n"


def encrypt_xml(body: bytes, to: RecipientKey, *, stage: Stage = Stage.SIGN) -> bytes:
    """The same document with its content encrypted.

    Raises:
        Refused: the key is not RSA, or there is not exactly one element in the SOAP Body.
    """
    if not isinstance(to.public, rsa.RSAPublicKey):
        raise Refused((problem("LT-ENC-004", stage, {"key": to.key_id}),))
    root = parse(body, stage=stage)
    target = _target(root, stage)
    chance = os.urandom(_KEY + _NONCE)
    key, nonce = chance[:_KEY], chance[_KEY:]
    plain = etree.tostring(target, encoding="UTF-8", xml_declaration=False, with_tail=False)
    data = _DATA.format(
        name=to.key_id,
        key=to_base64(to.public.encrypt(key, _PADDING)),
        data=to_base64(nonce + AESGCM(key).encrypt(nonce, plain, None)),
    )
    return _spliced(root, target, data.encode("ascii"), declared=body.lstrip().startswith(b"<?xml"))


def meant_for(root: etree._Element) -> str | None:
    """The key id that the content of a message names, "" where it names none; None = the content is not encrypted."""
    bodies = [child for child in root if str(child.tag).endswith("}Body")]
    content = next((each for body in bodies for each in body), None) if bodies else root
    if content is None or content.tag != f"{{{XENC}}}EncryptedData":
        return None
    return content.findtext(f"{ds('KeyInfo')}/{{{XENC}}}EncryptedKey/{ds('KeyInfo')}/{ds('KeyName')}") or ""


def decrypt_xml(
    body: bytes,
    keys: Mapping[str, ReadingKey],
    *,
    limits: XmlLimits | None = None,
    charset: str | None = None,
    stage: Stage = Stage.RECEIVE,
) -> bytes:
    """The document, in UTF-8, with its content as it was, read by the same guard as any other.

    Raises:
        Refused: LT-ENC-002 or 003 for what stands in the clear, LT-ENC-001 for all that needs the key.
    """
    limits = limits or XmlLimits()
    root = parse(body, limits=limits, charset=charset, stage=stage)
    target = _target(root, stage)
    if target.tag != f"{{{XENC}}}EncryptedData":
        raise _outside(str(target.tag), stage)
    look = _Look(stage)
    method, info, cipher = look.children(
        target, "EncryptionMethod", ds("KeyInfo"), "CipherData", attributes=_DATA_NAMES
    )
    if target.get("Type") != ELEMENT:
        raise _outside(f"Type={target.get('Type')}", stage)
    look.method(method, GCM)
    name, wrapped = _wrapped_key(look, info)
    data = look.value(cipher, len(body))
    key = keys.get(name)
    if key is None or not isinstance(key.private, rsa.RSAPrivateKey):
        raise Refused((problem("LT-ENC-003", stage, {"key": ascii(name)}),))
    plain = _opened(key.private, wrapped, data, stage)
    whole = _spliced(root, target, plain)
    again = parse(whole, limits=limits, stage=stage)
    if any(True for _ in again.iter(f"{{{XENC}}}EncryptedData")):
        raise _outside("EncryptedData", stage)
    return whole


def _opened(key: rsa.RSAPrivateKey, wrapped: bytes, data: bytes, stage: Stage) -> bytes:
    content_key = os.urandom(_KEY)
    try:
        found = key.decrypt(wrapped, _PADDING)
        content_key = found if len(found) == _KEY else content_key
    except ValueError:
        pass  # goes on with the random one
    try:
        return AESGCM(content_key).decrypt(data[:_NONCE], data[_NONCE:], None)
    except (InvalidTag, ValueError) as error:
        raise Refused((problem("LT-ENC-001", stage),)) from error


def _wrapped_key(look: _Look, info: etree._Element) -> tuple[str, bytes]:
    (encrypted,) = look.children(info, "EncryptedKey")
    method, named, cipher = look.children(
        encrypted, "EncryptionMethod", ds("KeyInfo"), "CipherData", attributes=("Id", "Recipient")
    )
    if method.get("Algorithm") != OAEP:
        raise _outside(str(method.get("Algorithm")), look.stage)
    digest, mask = look.children(method, ds("DigestMethod"), f"{{{XENC11}}}MGF", attributes=("Algorithm",))
    look.method(digest, SHA256)
    look.method(mask, MGF_SHA256)
    (name,) = look.children(named, ds("KeyName"))
    text = look.text(name)
    if len(text) > _NAME_LIMIT:
        raise _outside("KeyName", look.stage)
    return text, look.value(cipher, _KEY_LIMIT)


class _Look:
    """Small strict looks at one message's elements."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def children(self, element: etree._Element, *names: str, attributes: tuple[str, ...] = ()) -> list[etree._Element]:
        """These children and no others, in this order; names without a namespace are XML Encryption's."""
        wanted = [name if name.startswith("{") else f"{{{XENC}}}{name}" for name in names]
        found = list(element)
        blank = all(not (text or "").strip(_SPACE) for text in (element.text, *(child.tail for child in found)))
        if [child.tag for child in found] != wanted or not blank or set(map(str, element.keys())) - set(attributes):
            raise _outside(etree.QName(element).localname, self.stage)
        return found

    def method(self, element: etree._Element, algorithm: str) -> None:
        """Exactly this algorithm, without parameters."""
        if element.get("Algorithm") != algorithm:
            raise _outside(str(element.get("Algorithm")), self.stage)
        self.children(element, attributes=("Algorithm",))

    def text(self, element: etree._Element) -> str:
        """Of an element with nothing else."""
        if len(element) or element.keys():
            raise _outside(etree.QName(element).localname, self.stage)
        return element.text or ""

    def value(self, cipher: etree._Element, limit: int) -> bytes:
        """The bytes of a CipherData."""
        (value,) = self.children(cipher, "CipherValue")
        text = self.text(value)
        data = from_base64(text) if len(text) <= limit else None
        if data is None or len(data) < _NONCE + _TAG:
            raise _outside("CipherValue", self.stage)
        return data


def _target(root: etree._Element, stage: Stage) -> etree._Element:
    """What is encrypted: the one element in the SOAP Body, or the document itself."""
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in _SOAP:
        return root
    bodies = root.findall(f"{{{name.namespace}}}Body")
    if len(bodies) != 1 or len(bodies[0]) != 1:
        raise _outside("Body", stage)
    return bodies[0][0]


def _spliced(root: etree._Element, target: etree._Element, put: bytes, *, declared: bool = False) -> bytes:
    """The document with these bytes in the element's place: lxml would rewrite prefixes."""
    parent = target.getparent()
    if parent is None:
        return b'<?xml version="1.0" encoding="UTF-8"?>\n' + put if declared else put
    mark = etree.Comment(os.urandom(16).hex())
    mark.tail = target.tail
    parent.replace(target, mark)
    return to_bytes(root).replace(etree.tostring(mark, with_tail=False), put, 1)


def _outside(found: str, stage: Stage) -> Refused:
    return Refused((problem("LT-ENC-002", stage, {"found": ascii(found)[:120]}),))


_DATA_NAMES = ("Id", "Type", "MimeType")
_DATA = (
    f'<xenc:EncryptedData xmlns:xenc="{XENC}" Type="{ELEMENT}"><xenc:EncryptionMethod Algorithm="{GCM}"/>'
    f'<ds:KeyInfo xmlns:ds="{DSIG}"><xenc:EncryptedKey><xenc:EncryptionMethod Algorithm="{OAEP}">'
    f'<ds:DigestMethod Algorithm="{SHA256}"/><xenc11:MGF xmlns:xenc11="{XENC11}" Algorithm="{MGF_SHA256}"/>'
    "</xenc:EncryptionMethod><ds:KeyInfo><ds:KeyName>{name}</ds:KeyName></ds:KeyInfo>"
    "<xenc:CipherData><xenc:CipherValue>{key}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey></ds:KeyInfo>"
    "<xenc:CipherData><xenc:CipherValue>{data}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>"
)
