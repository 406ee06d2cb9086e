"""Our keys: loaded once per process from where the settings say, or made once for practice."""

from __future__ import annotations

import contextlib
import os
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

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


def _write_private(file: Path, key: ec.EllipticCurvePrivateKey) -> None:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(pem)
