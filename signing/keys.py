"""Keys, loaded once and checked when loaded: a weak key never gets as far as a message.

Loading an RSA key costs tens of milliseconds, so a process loads each key once and shares it; both classes are
immutable and thread-safe. Private material is never shown by `repr`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import sha256

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemas.problem import Refused, Stage, problem
from signing import primitive
from signing.policy import BUS, Algorithm, Policy
from signing.primitive import PrivateKey, PublicKey

_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private key of ours with its fixed algorithm."""

    key_id: str
    algorithm: Algorithm
    private: PrivateKey = field(repr=False)
    certificate: bytes = field(repr=False)  # DER; b"" = none
    fingerprint: str  # SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hex
    valid_until: datetime | None  # of the certificate; aware, UTC

    @classmethod
    def from_pem(
        cls,
        pem: bytes,
        *,
        key_id: str,
        password: bytes | None = None,
        certificate: bytes | None = None,
        policy: Policy = BUS,
    ) -> SigningKey:
        """Loads a private key (PKCS#8 or traditional, encrypted or not) and, where given, its PEM certificate.

        Raises:
            Refused: unreadable, weak, or the certificate is another key's (LT-SIGN-001 … 005).
        """
        _check_key_id(key_id)
        private = _private(pem, password, key_id=key_id)
        public = private.public_key()
        algorithm = _algorithm(public, policy, key_id=key_id)
        paper = _certificate(certificate, key_id=key_id) if certificate is not None else None
        if paper is not None and _fingerprint(_known(paper.public_key(), key_id=key_id)) != _fingerprint(public):
            raise _refused("LT-SIGN-005", key_id)
        return cls(
            key_id=key_id,
            algorithm=algorithm,
            private=private,
            certificate=paper.public_bytes(serialization.Encoding.DER) if paper is not None else b"",
            fingerprint=_fingerprint(public),
            valid_until=paper.not_valid_after_utc if paper is not None else None,
        )

    def sign(self, data: bytes) -> bytes:
        """One key operation over these bytes. ECDSA: r and s, 32 octets each."""
        return primitive.sign(self.private, data)

    def public(self) -> VerifyKey:
        """The other half, as a receiver holds it."""
        return VerifyKey(
            key_id=self.key_id,
            algorithm=self.algorithm,
            public=self.private.public_key(),
            certificate=self.certificate,
            fingerprint=self.fingerprint,
            valid_until=self.valid_until,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VerifyKey:
    """A public key we trust for what it signs, with its fixed algorithm. Trust is the caller's decision."""

    key_id: str
    algorithm: Algorithm
    public: PublicKey = field(repr=False)
    certificate: bytes = field(repr=False)  # DER; b"" = a bare public key
    fingerprint: str  # SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hex
    valid_until: datetime | None  # of the certificate; aware, UTC

    @classmethod
    def from_pem(cls, pem: bytes, *, key_id: str, policy: Policy = BUS) -> VerifyKey:
        """Loads a PEM public key or certificate.

        Raises:
            Refused: unreadable, a private key, or weak (LT-SIGN-001 … 004).
        """
        _check_key_id(key_id)
        paper = _certificate(pem, key_id=key_id) if b"-----BEGIN CERTIFICATE-----" in pem else None
        public = _known(paper.public_key(), key_id=key_id) if paper is not None else _public(pem, key_id=key_id)
        return cls(
            key_id=key_id,
            algorithm=_algorithm(public, policy, key_id=key_id),
            public=public,
            certificate=paper.public_bytes(serialization.Encoding.DER) if paper is not None else b"",
            fingerprint=_fingerprint(public),
            valid_until=paper.not_valid_after_utc if paper is not None else None,
        )

    def verify(self, data: bytes, signature: bytes) -> bool:
        """True if this key made the signature over exactly these bytes. Never raises for what was sent."""
        return primitive.verify(self.public, data, signature)


def certificate_fingerprint(der: bytes) -> str | None:
    """Fingerprint of a certificate's public key, to be compared with a trusted one; None = not a usable certificate."""
    try:
        public = x509.load_der_x509_certificate(der).public_key()
        return _fingerprint(public) if isinstance(public, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)) else None
    except Exception:  # hostile bytes: the library has many ways to say no
        return None


def _check_key_id(key_id: str) -> None:
    # It stands unescaped in JSON headers and XML: plain characters only.
    if not _KEY_ID.fullmatch(key_id):
        raise _refused("LT-SIGN-004", key_id)


def _private(pem: bytes, password: bytes | None, *, key_id: str) -> PrivateKey:
    try:
        key = serialization.load_pem_private_key(pem, password=password)
    except TypeError as error:  # encrypted without a password, or a password for a key that has none
        raise _refused("LT-SIGN-002", key_id) from error
    except ValueError as error:
        code = "LT-SIGN-002" if password is not None and b"ENCRYPTED" in pem else "LT-SIGN-001"
        raise _refused(code, key_id) from error
    except Exception as error:  # UnsupportedAlgorithm and what a damaged file makes of the library
        raise _refused("LT-SIGN-001", key_id) from error
    if not isinstance(key, (ec.EllipticCurvePrivateKey, rsa.RSAPrivateKey)):
        raise _refused("LT-SIGN-003", key_id, found=type(key).__name__)
    return key


def _public(pem: bytes, *, key_id: str) -> PublicKey:
    try:
        return _known(serialization.load_pem_public_key(pem), key_id=key_id)
    except Refused:
        raise
    except Exception as error:
        raise _refused("LT-SIGN-001", key_id) from error


def _certificate(pem: bytes, *, key_id: str) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except Exception as error:
        raise _refused("LT-SIGN-001", key_id) from error


def _known(key: object, *, key_id: str) -> PublicKey:
    if not isinstance(key, (ec.EllipticCurvePublicKey, rsa.RSAPublicKey)):
        raise _refused("LT-SIGN-003", key_id, found=type(key).__name__)
    return key


def _algorithm(public: PublicKey, policy: Policy, *, key_id: str) -> Algorithm:
    """The one algorithm of this key; refuses what the policy calls weak."""
    if isinstance(public, ec.EllipticCurvePublicKey):
        if Algorithm.ES256 in policy.algorithms and isinstance(public.curve, ec.SECP256R1):
            return Algorithm.ES256
        raise _refused("LT-SIGN-003", key_id, found=f"EC {public.curve.name}")
    exponent = public.public_numbers().e
    strong = (
        policy.rsa_bits_min <= public.key_size <= policy.rsa_bits_max
        and exponent >= policy.rsa_exponent_min
        and exponent.bit_length() <= policy.rsa_exponent_bits_max
    )
    if Algorithm.RS256 in policy.algorithms and strong:
        return Algorithm.RS256
    raise _refused("LT-SIGN-003", key_id, found=f"RSA {public.key_size} bit, e={exponent}")


def _fingerprint(public: PublicKey) -> str:
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()


def _refused(code: str, key_id: str, *, found: str = "") -> Refused:
    return Refused((problem(code, Stage.CONFIGURE, {"key": ascii(key_id), "found": found}),))
