"""Detached JWS checked with openssl alone: what an auditor can do at any terminal."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from signing.jws import sign_detached, verify_detached
from signing.keys import SigningKey, VerifyKey
from tests.foreign import path_of
from tests.unit.signing.kit import Pair, p256, rsa2048

pytestmark = pytest.mark.foreign("openssl")
BODY = b'{"MaHoSo":"H99.12-260706-0001"}'


KEY_FORMS = {
    "P-256 traditional": ("ecparam", "-name", "prime256v1", "-genkey", "-noout"),
    "P-256 PKCS#8": ("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"),
    "RSA PKCS#8": ("genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"),
    "RSA encrypted": (
        "genpkey",
        "-algorithm",
        "RSA",
        "-pkeyopt",
        "rsa_keygen_bits:2048",
        "-aes-256-cbc",
        "-pass",
        "pass:mk",
    ),
}


@pytest.mark.parametrize("form", KEY_FORMS)
def test_keys_made_by_openssl_load(form: str, tmp_path: Path) -> None:
    """Keys and certificates as an operator makes them with openssl are taken as they are."""
    openssl = path_of("openssl")
    assert openssl is not None
    key, paper = tmp_path / "key.pem", tmp_path / "certificate.pem"
    password = b"mk" if "encrypted" in form else None
    subprocess.run((openssl, *KEY_FORMS[form], "-out", key), check=True, capture_output=True)
    request = ("req", "-new", "-x509", "-key", key, "-subj", "/CN=H99", "-days", "30", "-passin", "pass:mk")
    subprocess.run((openssl, *request, "-out", paper), check=True, capture_output=True)
    ours = SigningKey.from_pem(key.read_bytes(), key_id="bus", password=password, certificate=paper.read_bytes())
    theirs = VerifyKey.from_pem(paper.read_bytes(), key_id="bus")
    assert verify_detached(BODY, sign_detached(BODY, ours), {"bus": theirs}) == ()


@pytest.mark.parametrize("made", [rsa2048, p256])
@pytest.mark.parametrize("page", ["vi", "en"])
def test_the_documented_check_works(page: str, made: Callable[[], Pair], tmp_path: Path) -> None:
    """An auditor who types what docs/*/signing.md says is told the truth, for a good and for a changed body."""
    text = (Path(__file__).resolve().parents[2] / f"docs/{page}/signing.md").read_text(encoding="utf-8")
    script, other = [block for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL) if "dgst" in block]
    if made is p256:  # the page: in place of the last line
        script = "\n".join((*script.strip().splitlines()[:-1], other))
    (body,) = re.findall(r"b64url < (\S+);", script)
    (tmp_path / "bus.pub").write_bytes(made().public)
    said = []
    for sent in (BODY, BODY + b" "):
        (tmp_path / body).write_bytes(sent)
        environment = {**os.environ, "X_SIGNATURE": sign_detached(BODY, made().signing())}
        done = subprocess.run(("bash", "-c", script), cwd=tmp_path, env=environment, capture_output=True, text=True)
        said.append(done.stdout.strip())
    assert said == ["Verified OK", "Verification failure"]
