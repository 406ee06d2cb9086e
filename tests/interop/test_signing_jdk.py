"""Signatures, both ways, with nothing but the JDK."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from signing.dsig import Verified, verify
from signing.jws import sign_detached, verify_detached
from signing.policy import BUS
from tests.interop.signing_world import Files, documents, jdk
from tests.unit.signing.forge import canonical
from tests.unit.signing.kit import DOSSIER, p256, rsa2048

pytestmark = [pytest.mark.foreign("javac", "java"), pytest.mark.slow]
FORMS = ("name", "certificate", "both", "none", "default")
PAIRS = pytest.mark.parametrize("pair", [p256, rsa2048], ids=["ES256", "RS256"])


@PAIRS
def test_we_take_what_the_jdk_signs(pair, tmp_path: Path) -> None:
    """We verify the JDK's signatures in every form of the profile, and believe exactly the document it signed."""
    files = Files.of(pair(), tmp_path)
    given = documents()
    paths = files.write(given)
    jdk("sign-xml", files.key, files.certificate, ",".join(FORMS), *paths)
    for form in FORMS:
        for document, path in zip(given, paths, strict=True):
            result = verify(Path(f"{path}.{form}").read_bytes(), pair().trusted())
            assert isinstance(result, Verified), (form, document, result)
            assert result.covered == canonical(document)


def test_signature_by_id_is_taken_where_the_policy_says_so(tmp_path: Path) -> None:
    """A partner whose library always signs by id can be served by a policy, and by nothing else."""
    files = Files.of(p256(), tmp_path)
    (path,) = files.write([DOSSIER])
    jdk("sign-xml", files.key, files.certificate, "id", path)
    signed = Path(f"{path}.id").read_bytes()
    assert isinstance(verify(signed, p256().trusted(), replace(BUS, signed_by_id=True)), Verified)
    refused = verify(signed, p256().trusted())
    assert isinstance(refused, tuple)
    assert refused[0].code == "LT-SIGN-034"


@PAIRS
def test_detached_jws_both_ways(pair, tmp_path: Path) -> None:
    """The JDK verifies our JWS over the body it received, refuses another body, and makes one that we verify."""
    files = Files.of(pair(), tmp_path)
    body, other = tmp_path / "body.json", tmp_path / "other.json"
    body.write_bytes('{"MaHoSo":"H99.12-260706-0001","HoTen":"Nguyễn Thị Thử"}'.encode())
    other.write_bytes(body.read_bytes() + b" ")
    header = sign_detached(body.read_bytes(), pair().signing())
    said = jdk("verify-jws", files.certificate, header, body, other).splitlines()
    assert [line.rsplit(" ", 1)[1] for line in said] == ["good", "bad"]
    theirs = jdk("sign-jws", files.key, files.certificate, "bus", body).strip()
    assert verify_detached(body.read_bytes(), theirs, pair().trusted()) == ()
    assert verify_detached(other.read_bytes(), theirs, pair().trusted()) != ()
