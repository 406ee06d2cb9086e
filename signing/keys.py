"""Keys, loaded once and checked when loaded: a weak key never gets as far as a message.

Loading an RSA key costs tens of milliseconds, so a process loads each key once and shares it; both classes are
immutable and thread-safe. Private material is never shown by `repr`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from hashlib import sha256

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from schemas.problem import Refused, Stage, problem
from signing import primitive
from signing.algorithms import USUAL, Algorithm, KeyKind
from signing.policy import BUS, Policy
from signing.primitive import PrivateKey, PublicKey

Operation = Callable[[bytes], bytes]


_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,63}", re.ASCII)


@dataclass(frozen=True, slots=True, eq=False)
class SigningKey:
    """A private key of ours with its fixed algorithm. Where the key itself lives (memory, hardware, a remote signer)
    is known to `operate` alone."""

    key_id: str
    algorithm: Algorithm
    operate: Operation = field(repr=False)  # bytes to be signed → signature; thread-safe; may raise KeyUnavailable
    public_key: PublicKey = field(repr=False)
    certificate: bytes = field(repr=False)  # DER; b"" = none
    chain: tuple[bytes, ...] = field(repr=False)  # DER of the issuers, nearest first; () = not known
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
        algorithm: Algorithm | None = None,
        policy: Policy = BUS,
    ) -> SigningKey:
        """Loads a private key (PKCS#8 or traditional, encrypted or not) and, where given, its PEM certificate, which
        its issuers' may follow. `algorithm`: None = the usual one of its kind.

        Raises:
            Refused: unreadable, weak, or the certificate is another key's (LT-SIGN-001 … 005).
        """
        private = _private(pem, password, key_id=key_id)
        papers = _certificates(certificate, key_id=key_id) if certificate is not None else ()
        return cls.of_private(private, papers, key_id=key_id, algorithm=algorithm, policy=policy)

    @classmethod
    def of_private(
        cls,
        private: PrivateKey,
        papers: Sequence[x509.Certificate],
        *,
        key_id: str,
        algorithm: Algorithm | None = None,
        policy: Policy = BUS,
    ) -> SigningKey:
        """A private key at hand. `papers`: its certificate, then its issuers'; may be empty.

        Raises:
            Refused: weak, or the certificate is another key's.
        """
        _check_key_id(key_id)
        chosen = _chosen(private.public_key(), algorithm, policy, key_id=key_id)
        operate = partial(_operate, private, chosen)
        return cls.of_operation(operate, private.public_key(), papers, key_id=key_id, algorithm=chosen, policy=policy)

    @classmethod
    def of_operation(
        cls,
        operate: Operation,
        public: PublicKey,
        papers: Sequence[x509.Certificate],
        *,
        key_id: str,
        algorithm: Algorithm | None = None,
        policy: Policy = BUS,
    ) -> SigningKey:
        """A key that lives elsewhere: in hardware, or with a remote signer.

        Raises:
            Refused: weak, or the certificate is another key's.
        """
        _check_key_id(key_id)
        chosen = _chosen(public, algorithm, policy, key_id=key_id)
        paper = papers[0] if papers else None
        if paper is not None and _fingerprint(_known(paper.public_key(), key_id=key_id)) != _fingerprint(public):
            raise _refused("LT-SIGN-005", key_id)
        ders = tuple(each.public_bytes(serialization.Encoding.DER) for each in papers)
        return cls(
            key_id=key_id,
            algorithm=chosen,
            operate=operate,
            public_key=public,
            certificate=ders[0] if ders else b"",
            chain=ders[1:],
            fingerprint=_fingerprint(public),
            valid_until=paper.not_valid_after_utc if paper is not None else None,
        )

    def sign(self, data: bytes) -> bytes:
        """One key operation over these bytes. ECDSA: r and s, of equal length."""
        return self.operate(data)

    def public(self) -> VerifyKey:
        """The other half, as a receiver holds it."""
        return VerifyKey(
            key_id=self.key_id,
            algorithms=frozenset({self.algorithm}),
            public=self.public_key,
            certificate=self.certificate,
            fingerprint=self.fingerprint,
            valid_until=self.valid_until,
        )


@dataclass(frozen=True, slots=True, eq=False)
class VerifyKey:
    """A public key we trust for what it signs, bound to its algorithms. Trust is the caller's decision."""

    key_id: str
    algorithms: frozenset[Algorithm]  # all of its own kind; mostly one
    public: PublicKey = field(repr=False)
    certificate: bytes = field(repr=False)  # DER; b"" = a bare public key
    fingerprint: str  # SHA-256 of the public key (SubjectPublicKeyInfo), lower-case hex
    valid_until: datetime | None  # of the certificate; aware, UTC

    @classmethod
    def from_pem(
        cls, pem: bytes, *, key_id: str, algorithm: Algorithm | None = None, policy: Policy = BUS
    ) -> VerifyKey:
        """Loads a PEM public key or certificate. `algorithm`: None = what the policy binds its kind to.

        Raises:
            Refused: unreadable, a private key, or weak (LT-SIGN-001 … 004).
        """
        _check_key_id(key_id)
        if b"-----BEGIN CERTIFICATE-----" in pem:
            paper = _certificates(pem, key_id=key_id)[0]
            return cls.of_certificate(paper, key_id=key_id, algorithm=algorithm, policy=policy)
        public = _public(pem, key_id=key_id)
        return cls(
            key_id=key_id,
            algorithms=_bound(public, algorithm, policy, key_id=key_id),
            public=public,
            certificate=b"",
            fingerprint=_fingerprint(public),
            valid_until=None,
        )

    @classmethod
    def of_certificate(
        cls, paper: x509.Certificate, *, key_id: str, algorithm: Algorithm | None = None, policy: Policy = BUS
    ) -> VerifyKey:
        """The key of a certificate. Whether the certificate is to be believed is decided elsewhere.

        Raises:
            Refused: weak, or of an unknown kind.
        """
        try:
            public = _known(paper.public_key(), key_id=key_id)
        except (ValueError, UnsupportedAlgorithm) as error:
            raise _refused("LT-SIGN-001", key_id) from error
        return cls(
            key_id=key_id,
            algorithms=_bound(public, algorithm, policy, key_id=key_id),
            public=public,
            certificate=paper.public_bytes(serialization.Encoding.DER),
            fingerprint=_fingerprint(public),
            valid_until=paper.not_valid_after_utc,
        )

    def verify(self, data: bytes, signature: bytes, algorithm: Algorithm) -> bool:
        """True if this key made the signature over exactly these bytes by this algorithm, to which it is bound.
        Never raises for what was sent."""
        return algorithm in self.algorithms and primitive.verify(self.public, data, signature, algorithm)


class KeyUnavailable(Exception):
    """The key cannot be used just now (hardware, network): to be tried again, nothing was signed."""


def certificate_fingerprint(der: bytes) -> str | None:
    """Fingerprint of a certificate's public key, to be compared with a trusted one; None = not a usable certificate."""
    try:
        public = x509.load_der_x509_certificate(der).public_key()
        return _fingerprint(public) if isinstance(public, primitive.PUBLIC) else None
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
    if not isinstance(key, primitive.PRIVATE):
        raise _refused("LT-SIGN-003", key_id, found=type(key).__name__)
    return key


def _public(pem: bytes, *, key_id: str) -> PublicKey:
    try:
        return _known(serialization.load_pem_public_key(pem), key_id=key_id)
    except Refused:
        raise
    except Exception as error:
        raise _refused("LT-SIGN-001", key_id) from error


def _certificates(pem: bytes, *, key_id: str) -> tuple[x509.Certificate, ...]:
    try:
        return tuple(x509.load_pem_x509_certificates(pem))
    except Exception as error:
        raise _refused("LT-SIGN-001", key_id) from error


def _known(key: object, *, key_id: str) -> PublicKey:
    if not isinstance(key, primitive.PUBLIC):
        raise _refused("LT-SIGN-003", key_id, found=type(key).__name__)
    return key


def _chosen(public: PublicKey, algorithm: Algorithm | None, policy: Policy, *, key_id: str) -> Algorithm:
    """The one algorithm a key of ours signs with; refuses what the policy calls weak."""
    kind = _kind(public, policy, key_id=key_id)
    chosen = algorithm or USUAL[kind]
    if chosen not in policy.algorithms_of(kind) or chosen is Algorithm.RS1:  # SHA-1 is never made
        raise _refused("LT-SIGN-003", key_id, found=f"{kind}, {chosen}")
    return chosen


def _bound(public: PublicKey, algorithm: Algorithm | None, policy: Policy, *, key_id: str) -> frozenset[Algorithm]:
    kind = _kind(public, policy, key_id=key_id)
    bound = policy.bound(kind) if algorithm is None else policy.algorithms_of(kind) & {algorithm}
    if not bound:
        raise _refused("LT-SIGN-003", key_id, found=f"{kind}, {algorithm or policy.name}")
    return bound


def _kind(public: PublicKey, policy: Policy, *, key_id: str) -> KeyKind:
    kind = primitive.kind_of(public)
    if isinstance(public, ec.EllipticCurvePublicKey) and kind is None:
        raise _refused("LT-SIGN-003", key_id, found=f"EC {public.curve.name}")
    if kind is None or not policy.algorithms_of(kind):
        raise _refused("LT-SIGN-003", key_id, found=str(kind))
    if isinstance(public, rsa.RSAPublicKey):
        exponent = public.public_numbers().e
        strong = (
            policy.rsa_bits_min <= public.key_size <= policy.rsa_bits_max
            and exponent >= policy.rsa_exponent_min
            and exponent.bit_length() <= policy.rsa_exponent_bits_max
        )
        if not strong:
            raise _refused("LT-SIGN-003", key_id, found=f"RSA {public.key_size} bit, e={exponent}")
    return kind


def _operate(private: PrivateKey, algorithm: Algorithm, data: bytes) -> bytes:
    return primitive.sign(private, data, algorithm)


def _fingerprint(public: PublicKey) -> str:
    der = public.public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest()


def _refused(code: str, key_id: str, *, found: str = "") -> Refused:
    return Refused((problem(code, Stage.CONFIGURE, {"key": ascii(key_id), "found": found}),))
