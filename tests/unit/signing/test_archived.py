"""Old files signed with SHA-1: an exception with an end, for looking at archives; no door knows it, nobody signs so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha1
from pathlib import Path

import pytest
import typer
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from bus.cli.gate import gate
from bus.cli.signature import verify
from signing.gate import GateRules, Passed, Stopped, pass_gate
from signing.gate_json import JsonRules
from signing.keys import VerifyKey
from signing.policy import LEGACY_SHA1, PARTNER_LEGACY, Policy
from signing.wss import MemoryReplays
from tests.unit.signing.forge import canonical, signature
from tests.unit.signing.kit import DOSSIER, rsa2048

BEFORE, AFTER = datetime(2026, 7, 6, tzinfo=UTC), datetime(2027, 7, 1, tzinfo=UTC)
XMLDSIG = "http://www.w3.org/2000/09/xmldsig#"


@dataclass(frozen=True)
class _OldSigner:
    """Signs as software of its time did."""

    key: rsa.RSAPrivateKey

    def sign(self, data: bytes) -> bytes:
        return self.key.sign(data, padding.PKCS1v15(), hashes.SHA1())


def _old() -> bytes:
    key = serialization.load_pem_private_key(rsa2048().pem, None)
    assert isinstance(key, rsa.RSAPrivateKey)
    made = signature(
        sha1(canonical(DOSSIER), usedforsecurity=False).digest(),
        _OldSigner(key),  # type: ignore[arg-type]  # all it does is sign
        method=f"{XMLDSIG}rsa-sha1",
        digest_method=f"{XMLDSIG}sha1",
    )
    at = DOSSIER.rindex(b"</")
    return DOSSIER[:at] + made + DOSSIER[at:]


def _judged(body: bytes, policy: Policy, now: datetime) -> Passed | Stopped:
    keys = {"bus": VerifyKey.from_pem(rsa2048().certificate, key_id="bus", policy=policy)}
    return pass_gate(body, GateRules(policy=policy, archived=True), keys, replays=MemoryReplays(), now=now)


def test_old_file_verifies_until_the_exception_ends() -> None:
    """Before its day it says who signed; from that day on it is refused, as by every other policy and when changed."""
    assert isinstance(_judged(_old(), LEGACY_SHA1, BEFORE), Passed)
    ended = _judged(_old(), LEGACY_SHA1, AFTER)
    assert isinstance(ended, Stopped)
    assert [found.code for found in ended.problems] == ["LT-SIGN-039"]
    assert isinstance(_judged(_old(), PARTNER_LEGACY, BEFORE), Stopped)
    assert isinstance(_judged(_old().replace(b"<GhiChu", b"<GhiChuX", 1), LEGACY_SHA1, BEFORE), Stopped)


def test_no_door_is_opened_by_it() -> None:
    """Whoever builds a door with the exception is stopped at once."""
    with pytest.raises(ValueError, match="archived"):
        GateRules(policy=LEGACY_SHA1)
    with pytest.raises(ValueError, match="archived"):
        JsonRules(policy=LEGACY_SHA1)


def test_commands_say_that_it_is_an_exception(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`gate` answers as a door and does not know it; `signature verify` says until when, and what it means."""
    file, paper = tmp_path / "cu.xml", tmp_path / "bus.pem"
    file.write_bytes(_old())
    paper.write_bytes(rsa2048().certificate)
    with pytest.raises(typer.BadParameter, match="signature verify"):
        gate(file, policy="partner_legacy_sha1", key=[paper])
    verify(file, policy="partner_legacy_sha1", key=[paper], now="2026-07-06T00:00:00+07:00")
    said = capsys.readouterr()
    assert "được nhận" in said.out
    assert "ngoại lệ đến 01/07/2027" in said.err
