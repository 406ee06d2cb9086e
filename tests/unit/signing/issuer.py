"""A small certification authority for tests: roots, intermediates, people, revocation lists, status answers."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.keys import SigningKey
from tests.unit.signing.kit import PEM

NOW = datetime(2026, 7, 6, 3, 4, 5, tzinfo=UTC)
DAY = timedelta(days=1)
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def usage(*names: str) -> x509.KeyUsage:
    """Key usage with these bits."""
    every = (
        "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement",
        "key_cert_sign", "crl_sign", "encipher_only", "decipher_only",
    )  # fmt: skip
    return x509.KeyUsage(**{name: name in names for name in every})


@dataclass
class Holder:
    """A key with its certificate."""

    key: Key
    paper: x509.Certificate

    @property
    def pem(self) -> bytes:
        """The certificate."""
        return self.paper.public_bytes(PEM)

    @property
    def der(self) -> bytes:
        """The certificate."""
        return self.paper.public_bytes(serialization.Encoding.DER)

    @property
    def private(self) -> bytes:
        """The key, PEM."""
        return self.key.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())

    def signing(self, key_id: str = "bus") -> SigningKey:
        """Loaded for signing."""
        return SigningKey.from_pem(self.private, key_id=key_id, certificate=self.pem)


@dataclass
class Issuer(Holder):
    """An authority."""

    revoked: dict[int, datetime] = field(default_factory=dict)

    @classmethod
    def root(cls, name: str = "Gốc thử") -> Issuer:
        """Self-signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        return cls(key, _paper(name, key, name, key, authority=True))

    def below(self, name: str = "Cấp dưới thử", *, path_length: int | None = None) -> Issuer:
        """An intermediate authority."""
        key = ec.generate_private_key(ec.SECP256R1())
        return Issuer(key, self._issue(name, key, authority=True, path_length=path_length))

    def person(
        self,
        name: str = "Sở thử H99",
        *,
        key: Key | None = None,
        first: datetime = NOW - 100 * DAY,
        last: datetime = NOW + 100 * DAY,
        bits: tuple[str, ...] | None = ("digital_signature", "content_commitment"),
        for_status: bool = False,
    ) -> Holder:
        """An end certificate as agencies have them: no SubjectAltName."""
        key = key or ec.generate_private_key(ec.SECP256R1())
        return Holder(key, self._issue(name, key, first=first, last=last, bits=bits, for_status=for_status))

    def crl(
        self,
        *,
        at: datetime = NOW - DAY,
        next_at: datetime | None = NOW + DAY,
        number: int = 1,
        signer: Key | None = None,
    ) -> bytes:
        """Its revocation list, DER."""
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.paper.subject)
            .last_update(at)
            .next_update(next_at or at + 365 * DAY)
            .add_extension(x509.CRLNumber(number), critical=False)
        )
        for serial, when in self.revoked.items():
            entry = x509.RevokedCertificateBuilder().serial_number(serial).revocation_date(when).build()
            builder = builder.add_revoked_certificate(entry)
        return builder.sign(signer or self.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def revoke(self, holder: Holder, *, at: datetime = NOW - 2 * DAY) -> None:
        """From this moment on."""
        self.revoked[holder.paper.serial_number] = at

    def answer(
        self,
        holder: Holder,
        status: ocsp.OCSPCertStatus = ocsp.OCSPCertStatus.GOOD,
        *,
        at: datetime = NOW - timedelta(hours=1),
        next_at: datetime = NOW + timedelta(hours=1),
        responder: Holder | None = None,
    ) -> bytes:
        """A status answer, DER; by itself or by a responder."""
        revoked = NOW - 2 * DAY if status is ocsp.OCSPCertStatus.REVOKED else None
        by = responder or self
        builder = (
            ocsp.OCSPResponseBuilder()
            .add_response(holder.paper, self.paper, hashes.SHA256(), status, at, next_at, revoked, None)
            .responder_id(ocsp.OCSPResponderEncoding.NAME, by.paper)
        )
        if responder is not None:
            builder = builder.certificates([responder.paper])
        return builder.sign(by.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)

    def _issue(self, name: str, key: Key, **how: object) -> x509.Certificate:
        return _paper(name, key, self._name, self.key, **how)

    @property
    def _name(self) -> str:
        return str(self.paper.subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)


def _paper(
    name: str,
    key: Key,
    issuer: str,
    by: Key,
    *,
    authority: bool = False,
    path_length: int | None = None,
    first: datetime = NOW - 1_000 * DAY,
    last: datetime = NOW + 1_000 * DAY,
    bits: tuple[str, ...] | None = None,
    for_status: bool = False,
) -> x509.Certificate:
    bits = ("key_cert_sign", "crl_sign") if authority else bits
    builder = (
        x509.CertificateBuilder()
        .subject_name(_named(name))
        .issuer_name(_named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(first)
        .not_valid_after(last)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=path_length), critical=True)
    if bits is not None:
        builder = builder.add_extension(usage(*bits), critical=True)
    if for_status:
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.OCSP_SIGNING]), critical=False)
    return builder.sign(by, hashes.SHA256())


def _named(name: str) -> x509.Name:
    return x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "VN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Thử nghiệm H99"),
            x509.NameAttribute(NameOID.COMMON_NAME, name),
        ]
    )
