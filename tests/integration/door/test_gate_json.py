"""The gate at a running JSON door: what goes over the line, and what outside is told."""

from __future__ import annotations

import http.client
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from bus.clock import SystemClock
from bus.journal import MemoryJournal
from bus.key_cupboard import Cupboard
from bus.settings import load
from bus.web.answering import Answers
from bus.web.gatekeeper import Gatekeeper
from bus.web.speakers import load_speakers
from signing.encryption import RecipientKey, encrypt_jwe
from signing.jws import Signed, open_detached
from signing.keys import KeyUnavailable, SigningKey, VerifyKey
from signing.policy import ANSWER_JWS
from signing.ring import KeyRing, Term
from tests.integration.door.running import Beyond, Running, running
from tests.unit.bus.gate_world import BODY, PATH, jws
from tests.unit.bus.kit import adapter
from tests.unit.signing.issuer import DAY, Issuer
from tests.unit.signing.kit import pem_of

SYSTEM = "mat_tien_json"


class Gate:
    """One department that signs and encrypts, and is answered with our signature."""

    def __init__(self, folder: Path) -> None:
        now, root = datetime.now(UTC), Issuer.root()
        self.holder, self.ours = (root.person(name, first=now - DAY, last=now + DAY) for name in ("Sở", "Trục"))
        self.reading = rsa.generate_private_key(65537, 2048)
        for name, data in {
            "so.crt": self.holder.pem, "ta.pem": self.ours.private, "ta.crt": self.ours.pem,
            "doc.pem": pem_of(self.reading),
        }.items():  # fmt: skip
            (folder / name).write_bytes(data)
        caller = {
            "system": SYSTEM, "agency": "H99.11", "signature": "jws", "signed_answers": True,
            "certificates": [{"file": "file:so.crt"}],
            "decryption": {"form": "jwe", "keys": {"doc": "file:doc.pem"}, "required": True},
        }  # fmt: skip
        signing = {"key": "file:ta.pem", "certificate": "file:ta.crt", "key_id": "truc"}
        settings = load(folder, over={"callers": {"so": caller}, "signing": signing})
        self.adapter = adapter(SYSTEM)
        doors = load_speakers(settings, {SYSTEM: self.adapter}, Cupboard())
        answers = Answers.of(settings, doors, Cupboard())
        assert answers is not None
        self.away = False
        self.answers = Answers(replace(answers.signer, ring=KeyRing((Term(self._leaving(answers.signer.key)),))))
        self.keeper = Gatekeeper(doors, MemoryJournal(), SystemClock(), answers=self.answers)
        self.beyond = Beyond()

    def _leaving(self, key: SigningKey) -> SigningKey:
        """Our key, in a device that may be pulled."""

        def operate(data: bytes) -> bytes:
            if self.away:
                raise KeyUnavailable("pulled")
            return key.operate(data)

        return replace(key, operate=operate)

    def locked(self) -> bytes:
        """The call, encrypted for us."""
        return encrypt_jwe(BODY, RecipientKey("doc", self.reading.public_key()), media_type="application/json")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    return Gate(tmp_path)


def url(door: Running) -> str:
    """Where the call goes."""
    return f"{door.address}/{SYSTEM}{PATH}"


def post(door: Running, body: bytes, header: str) -> http.client.HTTPResponse:
    """The reply, read."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    connection.request(
        "POST", f"/{SYSTEM}{PATH}", body, {"content-type": "application/jose", "X-JWS-Signature": header}
    )
    reply = connection.getresponse()
    reply.told = reply.read()  # type: ignore[attr-defined]
    connection.close()
    return reply


def test_signed_and_encrypted_both_ways(gate: Gate) -> None:
    """A call that is encrypted for us goes on in the clear; its answer carries our signature of its very bytes."""
    now = datetime.now(UTC)
    with running(gate.adapter, gatekeeper=gate.keeper, beyond=gate.beyond) as door:
        reply = post(door, gate.locked(), jws(gate.holder, at=now, url=url(door)))
    ((call, request, party),) = gate.beyond.calls
    assert (call.name, party.agency) == ("DongBoHoSoMC", "H99.11")
    assert call.secured
    assert BODY not in request.body  # what is kept is what came
    key = VerifyKey.from_pem(gate.ours.pem, key_id="truc")
    signed = open_detached(reply.told, reply.headers["X-JWS-Signature"], {"truc": key}, ANSWER_JWS)  # type: ignore[attr-defined]
    assert isinstance(signed, Signed), signed


def test_outside_every_refusal_is_one(gate: Gate) -> None:
    """Whether a key did not unwrap, a text was changed, a signature or a clock was wrong is told to nobody."""
    now, locked = datetime.now(UTC), gate.locked()
    parts = locked.split(b".")
    with running(gate.adapter, gatekeeper=gate.keeper, beyond=gate.beyond) as door:
        good = jws(gate.holder, at=now, url=url(door))
        replies = [
            post(door, body, header)
            for body, header in (
                (BODY, good),
                (b".".join([parts[0], parts[1][:-4] + b"AAAA", *parts[2:]]), good),
                (b".".join([*parts[:4], b"A" * 22]), good),
                (b".".join([parts[0], parts[1][:-8], *parts[2:]]), good),
                (locked, good[:-8] + "AAAAAAAA"),
                (locked, jws(gate.holder, at=now - DAY, url=url(door))),
                (locked, jws(gate.holder, at=now)),
                (locked, jws(gate.holder, at=now, drop="url")),
                (locked, jws(Issuer.root().person(), at=now, url=url(door))),
                (b"x", "x"),
            )
        ]
    told = {(reply.status, reply.told, tuple(sorted(k for k in reply.headers if k != "date"))) for reply in replies}  # type: ignore[attr-defined]
    assert len(told) <= 2, told  # a caller who signed rightly is answered with our signature, others without
    assert len({(status, body) for status, body, _ in told}) == 1
    assert not gate.beyond.calls
    codes = {found[1].code for _, found, _ in gate.beyond.refused}
    assert {
        "LT-ENC-001",
        "LT-ENC-006",
        "LT-SIGN-014",
        "LT-WSS-012",
        "LT-SIGN-010",
        "LT-SIGN-016",
        "LT-SIGN-040",
    } <= codes


def test_an_answer_that_cannot_be_signed_is_asked_for_again(gate: Gate) -> None:
    """What was taken stays taken; the very same call gets its answer once our key is back."""
    body = gate.locked()
    gate.away = True
    with running(gate.adapter, gatekeeper=gate.keeper, beyond=gate.beyond) as door:
        header = jws(gate.holder, at=datetime.now(UTC), url=url(door))
        first = post(door, body, header)
        gate.away = False
        second = post(door, body, header)
    assert first.status == 503
    assert "X-JWS-Signature" not in first.headers
    assert json.loads(second.told)["error_code"] in (0, "0")  # type: ignore[attr-defined]
    assert "X-JWS-Signature" in second.headers
    assert len(gate.beyond.calls) == 1
