"""Our keys: named by reference, made only for practice, never weak, never half-written."""

from __future__ import annotations

import stat
import threading
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from bus.keyring import KeySigner, practice_key
from bus.settings import Settings, load
from schemas.problem import Refused
from signing.jws import verify_detached
from signing.keys import VerifyKey


def settings(folder: Path, **signing: object) -> Settings:
    return load(folder, over={"data": folder / "data", "signing": signing})


def pem(folder: Path, *, password: bytes = b"") -> VerifyKey:
    """Writes khoa.pem; returns its public half."""
    key = ec.generate_private_key(ec.SECP256R1())
    encryption = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    (folder / "khoa.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, encryption)
    )
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return VerifyKey.from_pem(public, key_id="k1")


def test_without_a_key_nothing_starts(tmp_path: Path) -> None:
    """Nobody signs with a key nobody chose."""
    with pytest.raises(Refused) as caught:
        KeySigner.of(settings(tmp_path))
    assert [found.code for found in caught.value.problems] == ["LT-CONF-005"]


@pytest.mark.parametrize("password", [b"", "mật khẩu".encode()])
def test_the_named_key_signs(tmp_path: Path, password: bytes) -> None:
    """Encrypted or not; the password comes by reference as well."""
    public = pem(tmp_path, password=password)
    (tmp_path / "mk.txt").write_bytes(password + b"\n")
    reference = "file:mk.txt" if password else ""
    signer = KeySigner.of(settings(tmp_path, key="file:khoa.pem", key_id="k1", password=reference))
    assert not verify_detached(b"body", signer.jws(b"body"), {"k1": public})
    assert verify_detached(b"other", signer.jws(b"body"), {"k1": public})


@pytest.mark.parametrize("given", ["", "sai"])
def test_a_wrong_password_is_a_problem_that_does_not_tell_it(tmp_path: Path, given: str) -> None:
    """Missing or wrong."""
    pem(tmp_path, password=b"dung")
    (tmp_path / "mk.txt").write_text(given)
    with pytest.raises(Refused) as caught:
        KeySigner.of(settings(tmp_path, key="file:khoa.pem", password="file:mk.txt" if given else ""))
    assert caught.value.problems[0].code.startswith("LT-SIGN-")
    assert "sai" not in caught.value.problems[0].text_en.split()


def test_a_practice_key_is_made_once_and_is_private(tmp_path: Path) -> None:
    """Its public half stands beside it, for the partner to verify with."""
    file = practice_key(tmp_path)
    first = file.read_bytes()
    assert practice_key(tmp_path).read_bytes() == first
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    VerifyKey.from_pem(file.with_name("practice.pub.pem").read_bytes(), key_id="k")


def test_processes_that_start_together_have_one_practice_key(tmp_path: Path) -> None:
    """The first one's key is the key; no draft is left behind."""
    seen: list[bytes] = []
    start = threading.Barrier(4)

    def make(number: int) -> None:
        start.wait()
        seen.append(practice_key(tmp_path).read_bytes())

    threads = [threading.Thread(target=make, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 4
    assert len(set(seen)) == 1
    assert sorted(file.name for file in (tmp_path / "keys").iterdir()) == ["practice.pem", "practice.pub.pem"]
