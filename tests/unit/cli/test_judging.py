"""`gate` and `signature verify` of what partners send: JWS with certificates, signed documents, encrypted contents."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from typer.testing import CliRunner

from bus.cli.main import app
from signing.encryption import RecipientKey, encrypt_jwe, encrypt_xml
from signing.xades import sign_document
from tests.attacks.doors_soap import around, operation
from tests.unit.bus.gate_world import BODY, jws
from tests.unit.signing.issuer import DAY, NOW, Issuer
from tests.unit.signing.kit import pem_of

AS_OF = ("--now", NOW.isoformat(), "--trust", "tin-cay", "--json")
ROOT = Issuer.root()
PERSON = ROOT.person()
READING = rsa.generate_private_key(65537, 2048)
TO = RecipientKey("bus-2026", READING.public_key())
Run = Callable[..., tuple[int, dict]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command over these files, in a folder with a trust store."""
    monkeypatch.chdir(tmp_path)
    Path("tin-cay").mkdir()
    Path("tin-cay/goc.pem").write_bytes(ROOT.pem)
    Path("tin-cay/goc.crl").write_bytes(ROOT.crl())
    Path("so.crt").write_bytes(PERSON.pem)
    Path("ma-hoa.pem").write_bytes(pem_of(READING))

    def made(content: bytes, *words: str) -> tuple[int, dict]:
        Path("tep").write_bytes(content)
        done = CliRunner().invoke(app, [words[0], *words[1:], *AS_OF])
        return done.exit_code, json.loads(done.stdout) if done.exit_code < 2 else {}

    return made


def test_a_jws_with_its_certificate(run: Run) -> None:
    """Who, what and when; freshness and address count for the gate alone."""
    header = jws(PERSON, url="https://bus.example/mat_tien_json/x")
    gate = ("gate", "tep", "--policy", "partner_jws", "--jws", header)
    status, said = run(BODY, *gate)
    assert (status, said["verdict"]) == (0, "accepted"), said
    assert said["covered"] == [{"path": "", "uri": "", "form": "jws", "sha256": sha256(BODY).hexdigest()}]
    assert said["signer"]["subject"].startswith("CN=")
    assert said["signer"]["claims"]["iat"] == int(NOW.timestamp())
    assert run(BODY, *gate, "--endpoint", "https://khac.example")[1]["reasons"][0]["step"] == "addressing"
    assert run(BODY + b" ", *gate)[1]["reasons"][0]["code"] == "LT-SIGN-014"
    bare = ("gate", "tep", "--policy", "partner_jws", "--jws", jws(PERSON, drop="url"))
    assert run(BODY, *bare)[1]["reasons"][0]["code"] == "LT-SIGN-040"
    assert run(BODY, *bare, "--address", "optional")[0] == 0
    assert run(BODY, "signature", "verify", "tep", *bare[2:])[0] == 0
    old = ("--policy", "partner_jws", "--jws", jws(PERSON, at=NOW - DAY))
    assert run(BODY, "gate", "tep", *old)[1]["reasons"][0]["step"] == "freshness"
    assert run(BODY, "signature", "verify", "tep", *old)[0] == 0


def test_a_jws_that_names_a_certificate(run: Run) -> None:
    """--key says which; the store judges it."""
    words = ("gate", "tep", "--policy", "partner_jws", "--jws", jws(PERSON, kid="so-2026"))
    assert run(BODY, *words, "--key", "so.crt")[0] == 0
    assert run(BODY, *words)[1]["reasons"][0]["code"] == "LT-TRUST-015"


@pytest.mark.parametrize("order", ["sign-then-encrypt", "encrypt-then-sign"])
def test_an_encrypted_body(run: Run, order: str) -> None:
    """Opened before or after, as it was agreed; in the wrong order it is refused."""
    locked = encrypt_jwe(BODY, TO)
    header = jws(PERSON, BODY if order == "sign-then-encrypt" else locked)
    words = ("gate", "tep", "--policy", "partner_jws", "--jws", header, "--decrypt-key", "ma-hoa.pem")
    status, said = run(locked, *words, "--order", order)
    assert (status, said["opened_by"]) == (0, "bus-2026"), said
    other = "encrypt-then-sign" if order == "sign-then-encrypt" else "sign-then-encrypt"
    assert run(locked, *words, "--order", other)[1]["reasons"][0]["code"] == "LT-SIGN-014"


def test_a_signed_document_in_a_soap_message(run: Run) -> None:
    """Also where it is encrypted; a document alone is judged by the same words."""
    document = sign_document(operation(), PERSON.signing(), now=NOW)
    words = ("gate", "tep", "--policy", "partner_xades")
    status, said = run(around(document), *words)
    assert status == 0, said
    assert "/pushDocument" in {part["path"] for part in said["covered"]}
    assert run(document, *words)[0] == 0
    locked = encrypt_xml(around(document), TO)
    assert run(locked, *words, "--decrypt-key", "ma-hoa.pem")[1]["opened_by"] == "bus-2026"
    assert run(locked, *words)[0] == 1
    assert run(locked.replace(b"rsa-oaep", b"rsa-1_5"), *words, "--decrypt-key", "ma-hoa.pem")[1]["reasons"][0][
        "step"
    ] == "decryption"  # fmt: skip


def test_what_is_missing_is_said(run: Run) -> None:
    """Usage, not a refusal."""
    assert run(BODY, "gate", "tep", "--policy", "partner_jws")[0] == 2
    assert run(BODY, "gate", "tep", "--policy", "partner_jws", "--jws", "x", "--order", "khac")[0] == 2
    assert run(BODY, "gate", "tep", "--policy", "partner_jws", "--jws", "x", "--address", "khac")[0] == 2
