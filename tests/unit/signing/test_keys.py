"""Tests of keys."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519

from schemas.problem import Refused
from signing.keys import SigningKey, VerifyKey, certificate_fingerprint
from signing.policy import Algorithm
from tests.unit.signing.kit import PEM, PKCS8, p256, pair_of, pem_of, rsa2048, stranger


def _code(refused: pytest.ExceptionInfo[Refused]) -> str:
    (found,) = refused.value.problems
    return found.code


@pytest.mark.parametrize(("pair", "algorithm"), [(p256, Algorithm.ES256), (rsa2048, Algorithm.RS256)])
def test_algorithm_comes_from_the_key(pair, algorithm) -> None:
    """A key signs with one algorithm, on both sides, whoever asks."""
    key = pair().signing()
    assert key.algorithm is algorithm
    assert pair().trusted()["bus"].algorithms == {algorithm}
    assert key.public().verify(b"x", key.sign(b"x"), algorithm)


def test_encrypted_pem_opens_with_its_password() -> None:
    """A key file may be protected by a password."""
    pem = pem_of(ec.generate_private_key(ec.SECP256R1()), b"mat-khau")
    assert SigningKey.from_pem(pem, key_id="bus", password=b"mat-khau").algorithm is Algorithm.ES256


@pytest.mark.parametrize("password", [None, b"sai"])
def test_wrong_or_missing_password_is_named(password: bytes | None) -> None:
    """The operator reads that the password is at fault, not the key."""
    pem = pem_of(ec.generate_private_key(ec.SECP256R1()), b"mat-khau")
    with pytest.raises(Refused) as refused:
        SigningKey.from_pem(pem, key_id="bus", password=password)
    assert _code(refused) == "LT-SIGN-002"


@pytest.mark.parametrize("pem", [b"", b"x", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"])
def test_unreadable_file_is_named(pem: bytes) -> None:
    """A damaged key file is a problem for the operator, not a stack trace."""
    with pytest.raises(Refused) as refused:
        SigningKey.from_pem(pem, key_id="bus")
    assert _code(refused) == "LT-SIGN-001"
    with pytest.raises(Refused) as refused:
        VerifyKey.from_pem(pem, key_id="bus")
    assert _code(refused) == "LT-SIGN-001"


WEAK = {
    "RSA of 1024 bits": lambda: rsa.generate_private_key(65537, 1024),
    "RSA with exponent 3": lambda: rsa.generate_private_key(3, 2048),
    "another curve": lambda: ec.generate_private_key(ec.BrainpoolP256R1()),
    "a curve that only looks alike": lambda: ec.generate_private_key(ec.SECP256K1()),
}


@pytest.mark.parametrize("make", WEAK.values(), ids=WEAK)
def test_weak_key_is_refused_when_loaded(make) -> None:
    """A weak or foreign key never gets as far as a message, on either side."""
    pair = pair_of(make())
    with pytest.raises(Refused) as refused:
        pair.signing()
    assert _code(refused) == "LT-SIGN-003"
    for pem in (pair.public, pair.certificate):
        with pytest.raises(Refused) as refused:
            VerifyKey.from_pem(pem, key_id="bus")
        assert _code(refused) == "LT-SIGN-003"


def test_kind_of_key_outside_the_profile_is_refused() -> None:
    """What the profile does not name is not guessed at."""
    key = x25519.X25519PrivateKey.generate()
    with pytest.raises(Refused) as refused:
        SigningKey.from_pem(key.private_bytes(PEM, PKCS8, serialization.NoEncryption()), key_id="bus")
    assert _code(refused) == "LT-SIGN-003"


@pytest.mark.parametrize("key_id", ["", "a b", 'a"b', "a<b", "khóa", "a" * 65, "-a", "a\n"])
def test_key_id_that_would_need_escaping_is_refused(key_id: str) -> None:
    """A key id stands unescaped in headers and XML, so it holds only plain characters."""
    with pytest.raises(Refused) as refused:
        SigningKey.from_pem(p256().pem, key_id=key_id)
    assert _code(refused) == "LT-SIGN-004"
    with pytest.raises(Refused) as refused:
        VerifyKey.from_pem(p256().public, key_id=key_id)
    assert _code(refused) == "LT-SIGN-004"


def test_certificate_of_another_key_is_refused() -> None:
    """We never send a certificate that does not fit our signature."""
    with pytest.raises(Refused) as refused:
        SigningKey.from_pem(p256().pem, key_id="bus", certificate=stranger().certificate)
    assert _code(refused) == "LT-SIGN-005"


def test_private_key_is_no_verify_key() -> None:
    """A private key in the trust folder is a mistake to be told, not a key to be used."""
    with pytest.raises(Refused) as refused:
        VerifyKey.from_pem(p256().pem, key_id="bus")
    assert _code(refused) == "LT-SIGN-001"


def test_key_with_certificate_knows_its_end() -> None:
    """The date a certificate runs out is there for the doctor to warn about."""
    key = p256().signing(with_certificate=True)
    assert key.valid_until is not None
    assert key.valid_until.tzinfo is not None
    assert key.valid_until == p256().trusted()["bus"].valid_until
    assert p256().signing().valid_until is None


def test_public_key_and_certificate_have_one_fingerprint() -> None:
    """However a trusted key was given, it is recognised as the same key."""
    bare = VerifyKey.from_pem(p256().public, key_id="bus")
    assert bare.fingerprint == p256().trusted()["bus"].fingerprint == p256().signing().fingerprint
    assert certificate_fingerprint(p256().trusted()["bus"].certificate) == bare.fingerprint
    assert certificate_fingerprint(b"\x30\x03\x02\x01\x00") is None


def test_private_material_is_not_shown() -> None:
    """A key in a log line gives nothing away."""
    shown = repr(p256().signing())
    assert "bus" in shown
    assert "PRIVATE" not in shown.upper()
    assert "0x" not in shown
