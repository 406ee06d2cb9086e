"""What callers are answered, signed: bound to the question, also when it says no."""

from __future__ import annotations

import asyncio
import base64
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from adapters.wire.contract import HttpReply, HttpRequest
from adapters.wire.registry import inbound
from bus.key_cupboard import Cupboard
from bus.settings import load
from bus.web.answering import Answers
from bus.web.gatekeeper import Gatekeeper
from schemas.problem import Refused
from schemas.xmldoc import parse
from signing.encoding import to_base64url
from signing.gate import GateRules, Passed, pass_gate
from signing.jws import Signed, open_detached
from signing.keys import VerifyKey
from signing.policy import ANSWER_JWS, BUS_SOAP
from signing.wss import MemoryReplays, secure
from tests.attacks.doors_soap import around, operation
from tests.unit.bus.gate_world import ADDRESS, BODY, World, json_request, jws, soap_request
from tests.unit.signing.issuer import DAY, NOW, Holder, Issuer

MESSAGE = "urn:uuid:0f9a"
TO_US = (
    f'<w:MessageID xmlns:w="http://www.w3.org/2005/08/addressing">{MESSAGE}</w:MessageID>'
    '<w:Action xmlns:w="http://www.w3.org/2005/08/addressing">urn:gui</w:Action>'
).encode()


_MAY = {"mot_cua_cmon": "pushDocument", "mat_tien_json": "DongBoHoSoMC"}


class Bus:
    """A door of ours whose answers are signed."""

    def __init__(self, folder: Path, system: str, way: str) -> None:
        root = Issuer.root()
        self.holder, self.ours = root.person(), root.person("Trục liên thông", last=NOW + 9_000 * DAY)
        (folder / "so.crt").write_bytes(self.holder.pem)
        (folder / "ta.pem").write_bytes(self.ours.private)
        (folder / "ta.crt").write_bytes(self.ours.pem)
        caller = {
            "system": system, "agency": "H99.11", "signature": way, "signed_answers": True,
            "certificates": [{"file": "file:so.crt", "operations": [_MAY[system]]}],
        }  # fmt: skip
        self.world = World(folder, system, {"so": caller})
        settings = load(folder, over={"callers": {"so": caller}, "signing": {
            "key": "file:ta.pem", "certificate": "file:ta.crt", "key_id": "truc"}})  # fmt: skip
        doors = {system: self.world.door}
        made = Answers.of(settings, doors, Cupboard())
        assert made is not None
        self.answers = Answers(replace(made.signer, now=lambda: NOW))
        self.world.gatekeeper = Gatekeeper(doors, self.world.journal, self.world.clock, answers=self.answers)

    def reply(self, request: HttpRequest) -> HttpReply:
        """As it goes out."""
        heard = self.world.heard(request)
        wire = inbound(self.world.adapter.manifest.wire)
        written = wire.write(self.world.adapter, request, heard.call, heard.said)
        return asyncio.run(self.world.gatekeeper.signed(self.world.adapter, written, heard))


def _believed(body: bytes, ours: Holder) -> Passed:
    """By a partner that has our certificate."""
    keys = {"truc": VerifyKey.from_pem(ours.pem, key_id="truc")}
    found = pass_gate(body, GateRules(policy=BUS_SOAP), keys, replays=MemoryReplays(), now=NOW)
    assert isinstance(found, Passed), found
    return found


@pytest.mark.parametrize("content", ["good", "unknown operation", "not entitled"])
def test_a_soap_answer_relates_to_its_question(tmp_path: Path, content: str) -> None:
    """MessageID and the value of the question's signature stand in it, signed; also in a fault."""
    bus = Bus(tmp_path, "mot_cua_cmon", "wss")
    made = operation()
    if content != "good":
        made = made.replace(b"pushDocument", b"khongCo" if content == "unknown operation" else b"updateStatus")
    asked = secure(around(made, header=TO_US), bus.holder.signing(), now=NOW)
    reply = bus.reply(soap_request(asked))
    passed = _believed(reply.body, bus.ours)
    assert (b"Fault>" in reply.body) is (content != "good")
    root = passed.element.getroottree().getroot()
    assert root.findtext(".//{*}RelatesTo") == MESSAGE
    value = parse(asked).findtext(".//{*}SignatureValue")
    confirmation = root.find(".//{*}SignatureConfirmation")
    assert confirmation is not None
    assert base64.b64decode(confirmation.get("Value", "")) == base64.b64decode(value or "")
    covered = {part.path.rpartition("/")[2] for part in passed.parts}
    assert {"Body", "Timestamp", "RelatesTo", "SignatureConfirmation"} <= covered


def test_an_answer_to_another_question_is_seen(tmp_path: Path) -> None:
    """Whoever changes what it relates to breaks the signature."""
    bus = Bus(tmp_path, "mot_cua_cmon", "wss")
    body = bus.reply(soap_request(secure(around(operation(), header=TO_US), bus.holder.signing(), now=NOW))).body
    keys = {"truc": VerifyKey.from_pem(bus.ours.pem, key_id="truc")}
    changed = body.replace(MESSAGE.encode(), b"urn:uuid:1111")
    assert not isinstance(
        pass_gate(changed, GateRules(policy=BUS_SOAP), keys, replays=MemoryReplays(), now=NOW), Passed
    )


@pytest.mark.parametrize("path", ["/DongBoHoSoMC", "/CapNhatTienDoHoSoMC"])
def test_a_json_answer_names_its_question(tmp_path: Path, path: str) -> None:
    """A detached JWS over its bytes, with the hash of the question's; also where it says no."""
    bus = Bus(tmp_path, "mat_tien_json", "jws")
    asked = jws(bus.holder, url=f"{ADDRESS}/mat_tien_json{path}")
    reply = bus.reply(json_request(BODY, asked, path=path))
    key = VerifyKey.from_pem(bus.ours.pem, key_id="truc")
    found = open_detached(reply.body, reply.headers["x-jws-signature"], {"truc": key}, ANSWER_JWS)
    assert isinstance(found, Signed), found
    assert found.claims["req"] == to_base64url(sha256(asked.encode()).digest())
    assert found.claims["iat"] == int(NOW.timestamp())
    assert (json.loads(reply.body)["error_code"] in (0, "0")) is (path == "/DongBoHoSoMC")


def test_a_stranger_is_answered_without(tmp_path: Path) -> None:
    """Nobody makes us sign who has not passed."""
    bus = Bus(tmp_path, "mat_tien_json", "jws")
    reply = bus.reply(json_request(BODY, jws(Issuer.root().person())))
    assert "x-jws-signature" not in reply.headers


def test_soap_answers_need_our_certificate(tmp_path: Path) -> None:
    """Told when the door is started."""
    bus = Bus(tmp_path, "mot_cua_cmon", "wss")
    settings = load(tmp_path, over={"signing": {"key": "file:ta.pem"}})
    with pytest.raises(Refused) as refused:
        Answers.of(settings, {"mot_cua_cmon": bus.world.door}, Cupboard())
    assert refused.value.problems[0].code == "LT-WSS-004"
    assert Answers.of(settings, {}, Cupboard()) is None
