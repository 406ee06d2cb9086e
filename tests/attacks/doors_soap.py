"""The SOAP door: signed documents that a Body holds, and contents encrypted for us. Each is sent through the gatekeeper
of a door; many are rightly signed by a trusted key.
"""

from __future__ import annotations

import base64
import os
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa

from signing.encryption import RecipientKey, encrypt_xml
from signing.wss.names import SOAP_11, SOAP_12
from signing.xades import sign_document
from tests.attacks.corpus import TAKEN, Case, Category, cases
from tests.unit.bus.gate_world import World, soap_request
from tests.unit.bus.kit import dossier
from tests.unit.signing.forge import ENVELOPED, canonical, forge, signature
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer
from tests.unit.signing.kit import pem_of

NS = "http://hoso.provider.exch.sharedservice.dtt.vn/"
INCLUSIVE = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
BASE = {"system": "mot_cua_cmon", "trust": "kho"}
XENC = "http://www.w3.org/2001/04/xmlenc#"


class Door:
    """Two departments that sign in one way; the second encrypts; each encrypts by a key of its own."""

    def __init__(self, way: str, orders: tuple[str, str] = ("", "sign-then-encrypt"), **more: object) -> None:
        self._folder = tempfile.TemporaryDirectory()
        folder = Path(self._folder.name)
        self.root = Issuer.root()
        self.holders = [self.root.person(f"Sở {n}") for n in range(2)]
        self.past = self.root.person("Sở cũ", first=NOW - 9 * DAY, last=NOW - DAY)
        self.gone = self.root.person("Sở thu hồi")
        self.root.revoke(self.gone)
        self.keys = [rsa.generate_private_key(65537, 2048) for _ in range(2)]
        store = folder / "kho"
        store.mkdir()
        (store / "goc.pem").write_bytes(self.root.pem)
        (store / "goc.crl").write_bytes(self.root.crl())
        (folder / "mk").write_text("mật khẩu")
        callers: dict[str, dict[str, object]] = {}
        for n, holder in enumerate([*self.holders, self.past, self.gone]):
            (folder / f"{n}.crt").write_bytes(holder.pem)
            callers[f"so_{n}"] = {**BASE, "agency": f"H99.1{n}", "signature": way, **more,
                                  "certificates": [{"file": f"file:{n}.crt"}]}  # fmt: skip
        for n, order in enumerate(orders):
            (folder / f"khoa{n}.pem").write_bytes(pem_of(self.keys[n]))
            if order:
                keys = {f"khoa{n}": f"file:khoa{n}.pem"}
                callers[f"so_{n}"]["decryption"] = {"form": "xml", "keys": keys, "order": order}
        self.world = World(folder, "mot_cua_cmon", callers, {"kho": {"folder": "kho", "purpose": "public_service"}})

    def to(self, number: int) -> RecipientKey:
        """Our public key for the first or the second."""
        return RecipientKey(f"khoa{number}", self.keys[number].public_key())

    def sent(self, body: bytes) -> str:
        """Through the gate."""
        return self.world.outcome(soap_request(body))


@cache
def lasting() -> Door:
    """XAdES."""
    return Door("xades")


@cache
def plain() -> Door:
    """XML-DSig, with a password in the content."""
    return Door("dsig", ("", ""), user="so", secret="file:mk")


@cache
def secured() -> Door:
    """WS-Security, both encrypt."""
    return Door("wss", ("encrypt-then-sign", "sign-then-encrypt"))


def operation(*, code: str = "", password: str = "x", attributes: str = "", inside: str = "") -> bytes:
    """One dossier; another at each call, unless its code is given."""
    made = dossier(code or os.urandom(5).hex().upper())
    return (
        f'<n:pushDocument xmlns:n="{NS}"{attributes}><arg0><password>{password}</password><userName>so</userName>'
        f"{made}</arg0>{inside}</n:pushDocument>"
    ).encode()


def around(content: bytes, *, version: str = SOAP_11, header: bytes = b"") -> bytes:
    """An envelope."""
    head = b"<s:Header>" + header + b"</s:Header>" if header else b""
    return f'<s:Envelope xmlns:s="{version}">'.encode() + head + b"<s:Body>" + content + b"</s:Body></s:Envelope>"


def document(holder: Holder | None = None, *, at: datetime = NOW, content: bytes | None = None) -> bytes:
    """Signed by XAdES."""
    return sign_document(content or operation(), (holder or lasting().holders[0]).signing(), now=at)


def _kept(change: Callable[[bytes], bytes], content: bytes | None = None, **how: object) -> str:
    """A document changed after it was signed."""
    made = document(content=content, **how)  # type: ignore[arg-type]
    other = change(made)
    assert other != made
    return lasting().sent(around(other))


def _replace(old: bytes, new: bytes) -> Callable[[bytes], bytes]:
    return lambda made: made.replace(old, new)


def _after(first: bytes, second: bytes) -> str:
    assert lasting().sent(first) == TAKEN
    return lasting().sent(second)


def _replayed(wrap: Callable[[bytes], bytes]) -> str:
    made = document()
    return _after(around(made), wrap(made))


def _wrapped() -> str:
    """The signed operation stands in another one, where the dossier would be."""
    return lasting().sent(around(operation(inside=document().decode())))


def _moved() -> str:
    """Its Signature is put over another operation."""
    made = document()
    start, end = made.index(b"<ds:Signature"), made.index(b"</n:pushDocument>")
    other = operation()
    return lasting().sent(around(other.replace(b"</n:pushDocument>", made[start:end] + b"</n:pushDocument>")))


def _of_another(made: bytes, other: bytes) -> bytes:
    """Properties of one signature in another."""
    part = slice(made.index(b"<xades:SignedProperties"), made.index(b"</xades:SignedProperties>"))
    start, end = other.index(b"<xades:SignedProperties"), other.index(b"</xades:SignedProperties>")
    return made[: part.start] + other[start:end] + made[part.stop :]


CERT, SIGN, SHAPE, TIME, LOCK = "certificate", "signature", "structure", "freshness", "decryption"
DOCUMENTS = {
    "no signature": (lambda: lasting().sent(around(operation())), SHAPE),
    "changed after it was signed": (lambda: _kept(_replace(b"<gioiTinh>0", b"<gioiTinh>1")), SIGN),
    "an argument added": (lambda: _kept(_replace(b"</arg0>", b"</arg0><arg1/>")), SIGN),
    "another operation's name": (lambda: _kept(_replace(b"pushDocument", b"updateStatus")), SIGN),
    "the signed operation inside another": (_wrapped, "structure signature"),
    "the signature over another operation": (_moved, SIGN),
    "the signed operation in the header, another in the body": (lambda: lasting().sent(around(operation(), header=document())), SHAPE),
    "the signed operation beside another": (lambda: lasting().sent(around(operation() + document())), SHAPE),
    "another operation beside the signed one": (lambda: lasting().sent(around(document() + operation())), SHAPE),
    "the signed operation as text of another": (lambda: lasting().sent(around(operation(password=document().decode().replace("<", "&lt;")))), SHAPE),
    "two bodies": (lambda: lasting().sent(around(document() + b"</s:Body><s:Body>" + operation())), SHAPE),
    "two bodies, the other first": (lambda: lasting().sent(around(operation() + b"</s:Body><s:Body>" + document())), SHAPE),
    "text beside the signed operation": (lambda: lasting().sent(around(document() + b"x")), SHAPE),
    "no envelope": (lambda: lasting().sent(document()), "invalid"),
    "an envelope of another kind": (lambda: lasting().sent(around(document(), version="urn:x")), "structure signature"),
    "two signatures": (lambda: _kept(lambda made: made.replace(b"</n:pushDocument>", made[made.index(b"<ds:Signature"):])), SHAPE),
    "a comment in a text": (lambda: _kept(_replace(b"<hoTenNguoiNop>", b"<hoTenNguoiNop><!-- x -->")), "guard"),
    "an instruction": (lambda: _kept(_replace(b"<arg0>", b"<?x y?><arg0>")), "guard"),
    "a document type": (lambda: lasting().sent(b"<!DOCTYPE a [<!ENTITY b 'c'>]>" + around(document())), "guard"),
    "signed by nobody we know": (lambda: lasting().sent(around(document(Issuer.root("Lạ").person()))), CERT),
    "signed by a good certificate nobody registered": (lambda: lasting().sent(around(document(lasting().root.person("Khác")))), CERT),
    "signed by a certificate that ended": (lambda: lasting().sent(around(document(lasting().past))), CERT),
    "signed by a certificate that ended, on a day it was good": (lambda: lasting().sent(around(document(lasting().past, at=NOW - 2 * DAY))), CERT),
    "signed by a certificate that was revoked": (lambda: lasting().sent(around(document(lasting().gone))), CERT),
    "signed two days ago": (lambda: lasting().sent(around(document(at=NOW - 2 * DAY))), TIME),
    "signed tomorrow": (lambda: lasting().sent(around(document(at=NOW + DAY))), TIME),
    "the same document in another envelope": (lambda: _replayed(lambda made: around(made, version=SOAP_12)), TIME),
    "the same document written otherwise": (lambda: _replayed(lambda made: around(made.replace(b"<arg0>", b"<arg0 >"))), TIME),
    "without properties": (lambda: _kept(lambda made: made[: made.index(b"<ds:Object>")] + made[made.index(b"</ds:Signature>"):]), SIGN),
    "properties of another signature": (lambda: _kept(lambda made: _of_another(made, document(at=NOW - timedelta(1 / 24)))), SIGN),
    "another time in the properties": (lambda: _kept(_replace(b"T03:04:05Z", b"T03:04:06Z")), SIGN),
    "a plain signature, where a lasting one is agreed": (lambda: lasting().sent(around(_by_dsig(lasting()))), SIGN),
    "in the clear, where encryption is required": (lambda: lasting().sent(around(document(lasting().holders[1]))), "decryption:LT-ENC-006"),
    "encrypted by the key of another": (lambda: lasting().sent(encrypt_xml(around(document()), lasting().to(1))), "decryption:LT-ENC-007"),
    "encrypted for nobody": (lambda: lasting().sent(encrypt_xml(around(document()), lasting().to(0))), "decryption:LT-ENC-003"),
}  # fmt: skip


def _by_dsig(door: Door, content: bytes | None = None, **parts: str) -> bytes:
    """An enveloped XML signature with its certificate."""
    holder = door.holders[0]
    paper = base64.b64encode(holder.der).decode()
    info = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    return forge(holder.signing(), content or operation(password="mật khẩu"), **{"key_info": info, **parts})


def _part_alone() -> bytes:
    """The signature stands in the one argument, and covers it by its id."""
    made = operation(password="mật khẩu").replace(b"<arg0>", b'<arg0 Id="a">')
    start, end = made.index(b"<arg0"), made.index(b"</n:pushDocument>")
    paper = base64.b64encode(plain().holders[0].der).decode()
    info = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{paper}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
    value = signature(
        sha256(canonical(made[start:end])).digest(), plain().holders[0].signing(), reference_attributes=' URI="#a"',
        key_info=info,
    )  # fmt: skip
    return made.replace(b"</arg0>", value + b"</arg0>")


def _same_id_twice() -> bytes:
    made = _by_dsig(plain(), operation(password="mật khẩu", attributes=' Id="a"'), reference_attributes=' URI="#a"')
    return made.replace(b"<arg0>", b'<arg0 Id="a">')


def _plain(**parts: str) -> str:
    return plain().sent(around(_by_dsig(plain(), **parts)))


def _inclusive() -> str:
    """The form in which a document signed alone and an envelope around it differ."""
    transforms = f'<ds:Transform Algorithm="{ENVELOPED}"/><ds:Transform Algorithm="{INCLUSIVE}"/>'
    return _plain(transforms=transforms)


PLAIN = {
    "a wrong password beside the signature": (lambda: plain().sent(around(_by_dsig(plain(), operation(password="sai")))), CERT),
    "no password beside the signature": (lambda: plain().sent(around(_by_dsig(plain(), operation(password="")))), CERT),
    "a signature over the argument alone": (lambda: plain().sent(around(_part_alone())), "structure:LT-SIGN-017"),
    "an id twice": (lambda: plain().sent(around(_same_id_twice())), SIGN),
    "a reference to nothing": (lambda: _plain(reference_attributes=' URI="#khong"'), SIGN),
    "a reference to a file": (lambda: _plain(reference_attributes=' URI="file:///etc/hostname"'), SIGN),
    "a reference by XPointer": (lambda: _plain(reference_attributes=' URI="#xpointer(/)"'), SIGN),
    "an XPath transform": (lambda: _plain(transforms='<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/>'), "structure signature"),
    "a key inside": (lambda: _plain(key_info="<ds:KeyInfo><ds:KeyValue><ds:RSAKeyValue/></ds:KeyValue></ds:KeyInfo>"), CERT),
    "no key": (lambda: _plain(key_info=""), "certificate structure"),
    "a key's name nobody has": (lambda: _plain(key_info="<ds:KeyInfo><ds:KeyName>so_0</ds:KeyName></ds:KeyInfo>"), CERT),
    "SHA-1": (lambda: _plain(digest_method="http://www.w3.org/2000/09/xmldsig#sha1"), SIGN),
    "HMAC": (lambda: _plain(method="http://www.w3.org/2001/04/xmldsig-more#hmac-sha256"), SIGN),
    "RSA for an EC key": (lambda: _plain(method="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"), SIGN),
}  # fmt: skip


def _in_time(ago: timedelta) -> str:
    return lasting().sent(around(document(at=NOW - ago)))


def _twice_the_same() -> str:
    made = around(document())
    return _after(made, made)


CONTROL = {
    "a SOAP call whose content is signed by XAdES": (lambda: _in_time(timedelta()), TAKEN),
    "a document signed yesterday evening": (lambda: _in_time(timedelta(hours=20)), TAKEN),
    "a signed document in SOAP 1.2": (lambda: lasting().sent(around(document(), version=SOAP_12)), TAKEN),
    "the same signed document again": (_twice_the_same, TAKEN),
    "a signed document, encrypted": (lambda: lasting().sent(encrypt_xml(around(document(lasting().holders[1])), lasting().to(1))), TAKEN),
    "a SOAP call whose content is signed by XML-DSig": (lambda: _plain(), TAKEN),
    "the same in the inclusive form, signed before the envelope": (_inclusive, TAKEN),
}  # fmt: skip

CASES: list[Case] = [*cases(Category.DOCUMENT, {**DOCUMENTS, **PLAIN}), *cases(Category.CONTROL, CONTROL)]
