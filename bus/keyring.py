"""Our keys: loaded once per process from where the settings say, or made once for practice; the newest signs."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import TypeVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.key_places import load_key
from bus.settings import Settings
from schemas.problem import Refused, Stage, problem
from signing.dsig import sign_enveloped
from signing.jws import sign_detached
from signing.keys import KeyUnavailable, SigningKey
from signing.ring import KeyRing, Term

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs contents with the key in force. Thread-safe."""

    ring: KeyRing
    terms: tuple[Term, ...]
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    meter: list[Callable[[str], None]] = field(default_factory=list)  # each is told the key's id at every use

    @classmethod
    def of(cls, settings: Settings) -> KeySigner:
        """The keys the settings name.

        Raises:
            Refused: none is declared, or one is weak or unreadable.
        """
        rule = settings.signing
        declared = rule.declared()
        if declared:
            terms = tuple(
                Term(load_key(settings, key_id, one), _begins(one.first), _ends(one.last))
                for key_id, one in declared.items()
            )
        elif rule.dangerous_make_key:
            terms = (Term(SigningKey.from_pem(practice_key(settings.data).read_bytes(), key_id=rule.key_id)),)
        else:
            raise Refused((problem("LT-CONF-005", Stage.CONFIGURE),))
        return cls(KeyRing(terms), terms)

    @property
    def key(self) -> SigningKey:
        """The one in force.

        Raises:
            Refused: none is (LT-SIGN-008).
        """
        return self.ring.active(self.now())

    def jws(self, body: bytes) -> str:
        """A detached JWS over the exact bytes.

        Raises:
            Refused: no key can be used now (bus.outgoing.KEY_AWAY).
        """
        return self.using(lambda key: sign_detached(body, key))[1]

    def pen(self) -> Pen:
        """One key for everything that is signed together: the one in force at its first use."""
        return Pen(self)

    def using(self, action: Callable[[SigningKey], T], *, key: SigningKey | None = None) -> tuple[str, T]:
        """Does something with the key in force, or with this one; says which. The use is counted.

        Raises:
            Refused: no key can be used now (bus.outgoing.KEY_AWAY).
        """
        key = key or self.key
        try:
            done = action(key)
        except KeyUnavailable as away:
            values = {"key": ascii(key.key_id), "reason": str(away)[:200]}
            raise Refused((problem("LT-SIGN-009", Stage.SIGN, values),)) from away
        self.ring.used(key.key_id)
        for tell in self.meter:
            tell(key.key_id)
        return key.key_id, done


class Pen:
    """See `bus.outgoing.Pen`. Used by one thread."""

    def __init__(self, signer: KeySigner) -> None:
        self._signer = signer
        self._key: SigningKey | None = None

    @property
    def key_id(self) -> str:
        """Of the key that signed; "" = nothing was signed yet."""
        return self._key.key_id if self._key is not None else ""

    def jws(self, body: bytes) -> str:
        """A detached JWS over the exact bytes."""
        return self._use(lambda key: sign_detached(body, key))

    def xml(self, body: bytes) -> bytes:
        """The same XML with an enveloped signature."""
        return self._use(lambda key: sign_enveloped(body, key))

    def _use(self, action: Callable[[SigningKey], T]) -> T:
        if self._key is None:
            self._key = self._signer.key
        return self._signer.using(action, key=self._key)[1]


def _begins(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day is not None else None


def _ends(day: date | None) -> datetime | None:
    """With the end of its last day."""
    return datetime.combine(day + timedelta(days=1), time(), UTC) if day is not None else None


def practice_key(data: Path) -> Path:
    """A P-256 key in the data folder, made on first use; its public half stands beside it."""
    file = data / "keys" / "practice.pem"
    public = file.with_name("practice.pub.pem")
    if file.is_file() and public.is_file():
        return file
    file.parent.mkdir(parents=True, exist_ok=True)
    draft = file.with_suffix(f".{os.urandom(8).hex()}")
    _write_private(draft, ec.generate_private_key(ec.SECP256R1()))
    with contextlib.suppress(FileExistsError):  # two started together: the first one's key is the key
        os.link(draft, file)
    draft.unlink()  # another name of the same file: nothing may be written through it
    kept = serialization.load_pem_private_key(file.read_bytes(), None).public_key()
    draft.write_bytes(kept.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo))
    draft.replace(public)
    return file


def practice_certificate(data: Path) -> bytes:
    """A certificate of the practice key, PEM, signed by itself and made on first use. It proves nothing to anybody."""
    file = data / "keys" / "practice.crt.pem"
    if not file.is_file():
        key = serialization.load_pem_private_key(practice_key(data).read_bytes(), None)
        if not isinstance(key, ec.EllipticCurvePrivateKey):  # cannot be: we made it
            raise ValueError("the practice key is not ours")
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "lienthong practice")])
        now = datetime.now(UTC)
        paper = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=3650))
            .sign(key, hashes.SHA256())
        )
        draft = file.with_suffix(f".{os.urandom(8).hex()}")
        draft.write_bytes(paper.public_bytes(serialization.Encoding.PEM))
        draft.replace(file)
    return file.read_bytes()


def _write_private(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
