"""Our keys: loaded once per process from where the settings say, or made once for practice."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from bus.settings import Settings
from schemas.problem import Refused, Stage, problem
from signing.dsig import sign_enveloped
from signing.jws import sign_detached
from signing.keys import SigningKey


@dataclass(frozen=True, slots=True)
class KeySigner:
    """Signs contents with one key. Thread-safe."""

    key: SigningKey

    @classmethod
    def of(cls, settings: Settings) -> KeySigner:
        """The key the settings name.

        Raises:
            Refused: no key is declared, or it is weak or unreadable.
        """
        rule = settings.signing
        if rule.key:
            pem = settings.secret(rule.key).encode()
        elif rule.dangerous_make_key:
            pem = practice_key(settings.data).read_bytes()
        else:
            raise Refused((problem("LT-CONF-005", Stage.CONFIGURE),))
        password = settings.secret(rule.password).encode() or None
        certificate = settings.secret(rule.certificate).encode() if rule.certificate else None
        return cls(SigningKey.from_pem(pem, key_id=rule.key_id, password=password, certificate=certificate))

    def jws(self, body: bytes) -> str:
        """A detached JWS over the exact bytes."""
        return sign_detached(body, self.key)

    def xml(self, body: bytes) -> bytes:
        """The same XML with an enveloped signature."""
        return sign_enveloped(body, self.key)


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
