"""Keys, certificates and documents for the signing tests; made once per test process."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import NameOID

from signing.keys import SigningKey, VerifyKey
from signing.primitive import PrivateKey

PKCS8 = serialization.PrivateFormat.PKCS8
PEM = serialization.Encoding.PEM
DOSSIER = (
    '<HoSo xmlns="urn:lienthong:canonical:1" phienBan="1">\n'
    "  <MaHoSo>H99.12-260706-0001</MaHoSo>\n"
    "  <ChuHoSo><HoTen>Nguyễn Thị Thử &amp; Cộng sự</HoTen><GhiChu/></ChuHoSo>\n"
    "</HoSo>"
).encode()

SHAPES = {
    "declaration": b'<?xml version="1.0" encoding="UTF-8"?>\n<a>x</a>\n',
    "byte order mark": b"\xef\xbb\xbf<a>x</a>",
    "empty root": b"<a/>",
    "empty root with attribute": b"<p:a xmlns:p='urn:p' x='1>2' />\n",
    "empty root with a slash inside": b"<a href='/x/'/>",
    "space in the end tag": b"<a>x</a \n>",
    "prefixed root": b'<p:a xmlns:p="urn:p"><p:b/></p:a>',
    "default namespace undone": b'<a xmlns="urn:a"><b xmlns=""><c/></b></a>',
    "ds means something else": b'<ds:a xmlns:ds="urn:other"><ds:b/></ds:a>',
    "unused namespace": b'<a xmlns:x="urn:x" xmlns:y="urn:y" t="x:y"/>',
    "xml attributes": b'<a xml:lang="vi" xml:space="preserve"> <b/> </a>',
    "CDATA that looks like a comment": b"<a><![CDATA[<!-- <? x ?> -->]]></a>",
    "carriage return": b"<a>x&#13;y\r\nz</a>",
    "mixed text": "<a>đ<b/>ỗ<c/>&lt;&#x1F600;</a>".encode(),
}


@dataclass(frozen=True)
class Pair:
    """A private key in PEM with its self-signed certificate and public key."""

    pem: bytes
    certificate: bytes
    public: bytes

    def signing(self, key_id: str = "bus", *, with_certificate: bool = False) -> SigningKey:
        """Loaded for signing."""
        return SigningKey.from_pem(self.pem, key_id=key_id, certificate=self.certificate if with_certificate else None)

    def trusted(self, key_id: str = "bus") -> dict[str, VerifyKey]:
        """A trust set of this one certificate."""
        return {key_id: VerifyKey.from_pem(self.certificate, key_id=key_id)}


def pem_of(key: PrivateKey, password: bytes | None = None) -> bytes:
    """PKCS#8 PEM, encrypted where a password is given."""
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(PEM, PKCS8, how)


def pair_of(key: PrivateKey) -> Pair:
    """A pair with a self-signed certificate."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Đơn vị thử H99")])
    now = datetime.now(UTC)
    paper = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=30))
        .sign(key, None if isinstance(key, ed25519.Ed25519PrivateKey) else hashes.SHA256())
    )
    public = key.public_key().public_bytes(PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return Pair(pem_of(key), paper.public_bytes(PEM), public)


@cache
def p256() -> Pair:
    """The default kind of key."""
    return pair_of(ec.generate_private_key(ec.SECP256R1()))


@cache
def rsa2048() -> Pair:
    """The other kind."""
    return pair_of(rsa.generate_private_key(65537, 2048))


@cache
def stranger() -> Pair:
    """A good key nobody trusts."""
    return pair_of(ec.generate_private_key(ec.SECP256R1()))
