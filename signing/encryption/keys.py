"""Keys of encryption: a partner's public key to write to, our private key to read with. RSA ≥ 2048, or P-256."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemas.problem import Refused, Stage, problem
from signing.policy import BUS

Private = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey
Public = rsa.RSAPublicKey | ec.EllipticCurvePublicKey
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class RecipientKey:
    """Whom we encrypt for."""

    key_id: str
    public: Public = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes, *, key_id: str) -> RecipientKey:
        """A certificate or a public key. Whether the certificate is to be trusted is who declares it's word.

        Raises:
            Refused: unreadable or weak (LT-ENC-004).
        """
        try:
            public: object
            if b"-----BEGIN CERTIFICATE" in pem:
                public = x509.load_pem_x509_certificate(pem).public_key()
            else:
                public = serialization.load_pem_public_key(pem)
        except Exception as error:  # damaged files make the library raise many things
            raise _useless(key_id) from error
        if not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise _useless(key_id)
        _check(public, key_id)
        return cls(key_id, public)


@dataclass(frozen=True, slots=True, eq=False)
class ReadingKey:
    """A private key of ours for reading what was encrypted for us. Never the one that signs."""

    key_id: str
    private: Private = field(repr=False)

    @classmethod
    def from_pem(cls, pem: bytes, *, key_id: str, password: bytes | None = None) -> ReadingKey:
        """PKCS#8 or traditional.

        Raises:
            Refused: unreadable or weak (LT-ENC-004).
        """
        try:
            private = serialization.load_pem_private_key(pem, password)
        except Exception as error:
            raise _useless(key_id) from error
        if not isinstance(private, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey):
            raise _useless(key_id)
        _check(private.public_key(), key_id)
        return cls(key_id, private)


def _check(public: Public, key_id: str) -> None:
    if isinstance(public, rsa.RSAPublicKey):
        fits = BUS.rsa_bits_min <= public.key_size <= BUS.rsa_bits_max
    else:
        fits = isinstance(public.curve, ec.SECP256R1)
    if not fits or not _ID.fullmatch(key_id):
        raise _useless(key_id)


def _useless(key_id: str) -> Refused:
    return Refused((problem("LT-ENC-004", Stage.CONFIGURE, {"key": ascii(key_id)[1:-1]}),))
