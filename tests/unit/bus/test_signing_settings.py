"""Where our keys are and whom we believe: what does not fit together is told when the settings are loaded."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from bus.key_cupboard import Cupboard
from bus.keyring import KeySigner
from bus.settings import load
from bus.web.speakers import load_speakers
from schemas.problem import Refused
from signing.jws import verify_detached
from tests.unit.bus.kit import adapter
from tests.unit.signing.issuer import DAY, Holder, Issuer
from tests.unit.signing.kit import rsa2048

NOW = datetime.now(UTC)
CALLER = {"system": "mot_cua_cmon", "agency": "H99.13"}
SIGNED = {"signature": "wss", "certificates": [{"file": "file:a"}]}
LOCKED = {"form": "xml", "keys": {"k": "file:k"}}
BOX = {"system": "gplx_dlms", "address": "http://a.example/"}


def told(folder: Path, **over: object) -> str:
    """The English words of the one problem."""
    with pytest.raises(Refused) as refused:
        load(folder, over=over)
    (found,) = refused.value.problems
    return found.text_en


@pytest.mark.parametrize(
    ("signing", "expected"),
    [
        ({"key": "file:a", "pkcs12": "file:b"}, "one place only"),
        ({"key": "file:a", "keys": {"k": {"key": "file:b"}}}, "either one key here"),
        ({"keys": {"k": {"certificate": "file:b"}}}, "needs one of these"),
        ({"keys": {"k k": {"key": "file:b"}}}, "letters, digits"),
        ({"key": "file:a", "first": "2026-02-01", "last": "2026-01-01"}, "last is before first"),
        ({"remote": {"address": "https://ky.example", "credential": "x"}}, "needs certificate"),
        ({"pkcs11": {"module": "a", "token": "b", "label": "c", "pinn": "d"}}, "the nearest is “pin”"),
    ],
)
def test_a_key_is_at_one_place_in_its_days(tmp_path: Path, signing: dict[str, object], expected: str) -> None:
    """Two places would leave open which signs."""
    with pytest.raises(Refused) as refused:
        load(tmp_path, over={"signing": signing})
    assert expected in " ".join(found.text_en for found in refused.value.problems)


@pytest.mark.parametrize(
    ("caller", "expected"),
    [
        ({"signature": "wss"}, "which of them speaks for it"),
        ({"secret": "env:A", "trust": "kho"}, 'needs signature = "wss"'),
        ({"signature": "login", "user": "a", "secret": "env:A"}, "needs login, user and secret"),
        ({"signature": "login", "login": "digest", "user": "a"}, "needs login, user and secret"),
        ({"signature": "wss", "certificates": [{"operations": []}]}, "either file or fingerprint"),
        ({"signature": "wss", "certificates": [{"fingerprint": "ab"}]}, "64 characters"),
        ({"signature": "dsig", "certificates": [{"file": "file:a"}]}, "does not say when it was made"),
        ({"signature": "xades", "login": "digest", "certificates": [{"file": "file:a"}]}, 'needs signature = "wss"'),
        ({"signature": "wss", "jws_header": "X", "certificates": [{"file": "file:a"}]}, 'needs signature = "jws"'),
        ({"signature": "wss", "address": "optional", "certificates": [{"file": "file:a"}]}, 'needs signature = "jws"'),
        ({"secret": "env:A", "signed_answers": True}, "needs signature"),
        ({"secret": "env:A", "decryption": {**LOCKED, "form": "jwe"}}, '"jwe" goes with signature = "jws"'),
        ({**SIGNED, "decryption": {**LOCKED, "form": "jwe"}}, '"jwe" goes with signature = "jws"'),
        ({**SIGNED, "decryption": {"form": "xml", "keys": {}}}, "at least one key"),
        (
            {**SIGNED, "signature": "xades", "decryption": {**LOCKED, "order": "encrypt-then-sign"}},
            "it is signed, then encrypted",
        ),
        ({"signature": "wss", "trust": "khoo", "certificates": [{"fingerprint": "a" * 64}]}, "nearest: kho"),
    ],
)
def test_a_caller_that_signs_is_known_by_something(tmp_path: Path, caller: dict[str, object], expected: str) -> None:
    """And its store is one that is declared."""
    stores = {"kho": {"folder": "kho"}}
    assert expected in told(tmp_path, callers={"a": {**CALLER, **caller}}, trust=stores)


@pytest.mark.parametrize(
    ("endpoint", "expected"),
    [
        ({"login": "text"}, 'needs security = "wss"'),
        ({"security": "wss", "login": "text"}, "needs user and secret"),
        ({"security": "wss", "reply_signature": "required"}, "needs trust or certificates"),
    ],
)
def test_an_endpoint_says_whom_it_believes(tmp_path: Path, endpoint: dict[str, object], expected: str) -> None:
    """A reply cannot be checked by nobody's certificate."""
    assert expected in told(tmp_path, endpoints={"a": {**BOX, **endpoint}})


def test_revocation_is_left_out_for_agreed_partners_only(tmp_path: Path) -> None:
    """Of authorities many are believed, and one of them may be bad by now."""
    assert "one by one" in told(tmp_path, trust={"kho": {"folder": "k", "purpose": "public", "revocation": False}})


def speakers(folder: Path, *callers: dict[str, object]) -> list[str]:
    """The English words of what is wrong once files are read; [] = nothing."""
    over = {"callers": {f"c{at}": {**CALLER, **one} for at, one in enumerate(callers)}}
    settings = load(folder, over=over)
    try:
        load_speakers(settings, {"mot_cua_cmon": adapter("mot_cua_cmon")}, Cupboard())
    except Refused as refused:
        return [found.text_en for found in refused.problems]
    return []


def test_the_register_names_operations_that_are_there(tmp_path: Path) -> None:
    """A misspelt one would entitle to nothing, silently."""
    (tmp_path / "so.crt").write_bytes(Issuer.root().person(first=NOW - DAY, last=NOW + DAY).pem)
    line = {"file": "file:so.crt", "operations": ["pushDocumnt"]}
    (found,) = speakers(tmp_path, {"signature": "wss", "certificates": [line]})
    assert "pushDocument" in found


def test_one_certificate_speaks_for_one_caller_of_a_door(tmp_path: Path) -> None:
    """Else nobody could say which of the two it was."""
    (tmp_path / "so.crt").write_bytes(Issuer.root().person(first=NOW - DAY, last=NOW + DAY).pem)
    caller = {"signature": "wss", "certificates": [{"file": "file:so.crt"}]}
    (found,) = speakers(tmp_path, caller, caller)
    assert "is already of" in found


def test_a_document_alone_does_not_say_how_it_is_signed(tmp_path: Path) -> None:
    """One way for all of a door's callers that sign documents."""
    for name in ("mot", "hai"):
        (tmp_path / f"{name}.crt").write_bytes(Issuer.root().person(first=NOW - DAY, last=NOW + DAY).pem)
    (tmp_path / "mk").write_text("x")
    lasting = {"signature": "xades", "certificates": [{"file": "file:mot.crt"}]}
    plain = {"signature": "dsig", "secret": "file:mk", "certificates": [{"file": "file:hai.crt"}]}
    (found,) = speakers(tmp_path, lasting, plain)
    assert "not both" in found
    assert speakers(tmp_path, lasting) == []


def test_a_key_of_ours_is_agreed_with_one_caller(tmp_path: Path) -> None:
    """Else one could sign what another encrypted."""
    for name in ("mot", "hai"):
        (tmp_path / f"{name}.crt").write_bytes(Issuer.root().person(first=NOW - DAY, last=NOW + DAY).pem)
    (tmp_path / "k.pem").write_bytes(rsa2048().pem)
    locked = {"form": "xml", "keys": {"k": "file:k.pem"}}
    callers = [
        {"signature": "wss", "certificates": [{"file": f"file:{name}.crt"}], "decryption": locked}
        for name in ("mot", "hai")
    ]
    (found,) = speakers(tmp_path, *callers)
    assert "is already of" in found
    assert speakers(tmp_path, callers[0]) == []


def test_a_fingerprint_alone_needs_a_store(tmp_path: Path) -> None:
    """Without a certificate there is nothing to pin."""
    (found,) = speakers(tmp_path, {"signature": "wss", "certificates": [{"fingerprint": "a" * 64}]})
    assert "no trust" in found


def signer(folder: Path, **signing: object) -> KeySigner:
    """Of these settings."""
    return KeySigner.of(load(folder, over={"data": folder / "data", "signing": signing}))


def person(folder: Path, name: str, **span: datetime) -> Holder:
    """A key and its certificate as files."""
    made = Issuer.root().person(**{"first": NOW - DAY, "last": NOW + 400 * DAY, **span})
    (folder / f"{name}.pem").write_bytes(made.private)
    (folder / f"{name}.crt").write_bytes(made.pem)
    return made


def test_a_new_key_takes_over_on_its_first_day_by_itself(tmp_path: Path) -> None:
    """Nobody has to be there at midnight; what the old one signed stays good."""
    person(tmp_path, "cu")
    person(tmp_path, "moi")
    tomorrow = date.today() + timedelta(days=2)
    ring = signer(
        tmp_path,
        keys={"cu": {"key": "file:cu.pem"}, "moi": {"key": "file:moi.pem", "first": tomorrow}},
    )
    uses: list[str] = []
    ring.meter.append(uses.append)
    assert not verify_detached(b"x", ring.jws(b"x"), ring.ring.public())
    later = KeySigner(ring.ring, ring.terms, now=lambda: NOW + timedelta(days=3), meter=ring.meter)
    assert not verify_detached(b"x", later.jws(b"x"), ring.ring.public())
    assert uses == ["cu", "moi"]


def test_a_certificate_that_has_ended_signs_nothing(tmp_path: Path) -> None:
    """It is told by name, and nothing goes out under it."""
    person(tmp_path, "cu", first=NOW - 9 * DAY, last=NOW - DAY)
    ring = signer(tmp_path, key="file:cu.pem", certificate="file:cu.crt")
    with pytest.raises(Refused) as refused:
        ring.jws(b"x")
    assert refused.value.problems[0].code == "LT-SIGN-008"


def test_a_container_holds_key_and_certificate(tmp_path: Path) -> None:
    """PKCS#12, its password by reference."""
    made = person(tmp_path, "cu")
    data = pkcs12.serialize_key_and_certificates(
        b"bus", made.key, made.paper, None, BestAvailableEncryption("mật khẩu".encode())
    )
    (tmp_path / "bus.p12").write_bytes(data)
    (tmp_path / "mk").write_text("mật khẩu\n")
    assert signer(tmp_path, pkcs12="file:bus.p12", password="file:mk").key.certificate == made.der
