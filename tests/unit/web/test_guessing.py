"""Wrong passwords behind one proxy: who waits for them at the doors, and who does not. The clock is turned by hand."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from starlette.requests import Request

from adapters.manifest import AnswerKind, Auth, AuthRule
from bus.watch.meters import Meters
from bus.web.callers import Caller, Callers
from bus.web.door import DoorRules, Doors
from bus.web.gatekeeper import Gatekeeper
from bus.web.throttle import FREE, TOGETHER, Throttle
from schemas.message import Party
from signing.jws import sign_detached
from signing.keys import SigningKey
from signing.wss import Login, secure
from tests.attacks.doors_soap import around, operation
from tests.integration.door.running import Beyond
from tests.unit.bus.gate_world import World, soap_request
from tests.unit.bus.kit import adapter
from tests.unit.signing.issuer import NOW, Holder, Issuer
from tests.unit.signing.kit import p256

PROXY = "10.0.0.1"
LATER, NO = "LT-DOOR-010", "LT-DOOR-001"


class Told(Meters):
    """What the last call came to."""

    codes: tuple[str, ...] = ()

    def called(self, system: str, answer: str, codes: Iterable[str]) -> None:
        """See Meters."""
        self.codes = tuple(codes)


class Door:
    """One JSON door, called from one address."""

    def __init__(self, kind: Auth, callers: dict[str, str]) -> None:
        self.now_s = 0.0
        rule = AuthRule(kind, header="X-Khoa") if kind is not Auth.BASIC else AuthRule(kind)
        found = adapter("mat_tien_json")
        system, self.meters = replace(found, manifest=replace(found.manifest, auth=rule)), Told()
        party = Party("H99", "Thử", system.id)
        known = [Caller(f"c-{user}", party, user, secret) for user, secret in callers.items()]
        self.doors = Doors(
            {system.id: system}, Beyond(), keys=Callers(known, kinds={system.id: kind}), address="http://a.example",
            rules=DoorRules(), meters=self.meters, throttle=Throttle(ticks=lambda: self.now_s),
        )  # fmt: skip
        self.path = {"system": system.id, "path": "khong-co"}

    def call(self, name: str, value: str, body: bytes = b"{}") -> str:
        """LATER, NO, or "" for whoever is known: the operation is not, so that nothing is done."""
        headers = [(name.lower().encode(), value.encode()), (b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers,
                 "client": (PROXY, 1), "path_params": self.path}  # fmt: skip

        async def receive() -> dict[str, object]:
            return {"type": "http.request", "body": body, "more_body": False}

        asyncio.run(self.doors.answer(Request(scope, receive)))
        (code,) = self.meters.codes
        return "" if code == "LT-WIRE-008" else code


def _basic(user: str, password: str) -> tuple[str, str]:
    return "authorization", "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def test_guesses_at_one_account_stop_no_other() -> None:
    """Behind the same proxy; the account itself waits, also with the right password, until the time is over."""
    door = Door(Auth.BASIC, {"mot": "mật 1", "hai": "mật 2"})
    said = [door.call(*_basic("mot", "sai")) for _ in range(FREE + 2)]
    assert said == [NO] * (FREE + 1) + [LATER]
    assert door.call(*_basic("mot", "mật 1")) == LATER
    assert door.call(*_basic("hai", "mật 2")) == ""
    door.now_s = 1.0
    assert door.call(*_basic("mot", "mật 1")) == ""


def test_guesses_at_shared_keys_stop_no_known_caller() -> None:
    """A key has no name: all wrong ones of an address are bounded, and whoever was right from it goes on."""
    door = Door(Auth.HEADER, {"": "khoa dung"})
    assert door.call("X-Khoa", "khoa dung") == ""
    said = [door.call("X-Khoa", f"thu {number}") for number in range(TOGETHER + 2)]
    assert said == [NO] * TOGETHER + [LATER] * 2
    assert door.call("X-Khoa", "khoa dung") == ""
    door.now_s = 3.0
    assert [door.call("X-Khoa", "lan nua"), door.call("X-Khoa", "lan nua")] == [NO, LATER]


def test_bad_signatures_make_nobody_wait() -> None:
    """Nobody guesses them."""
    key = p256()
    door = Door(Auth.JWS, {"bus": key.public.decode()})
    good = sign_detached(b"{}", SigningKey.from_pem(key.pem, key_id="bus"))
    assert {door.call("X-Khoa", good[:-6] + "AAAAAA") for _ in range(TOGETHER + FREE)} == {NO}
    assert door.call("X-Khoa", good) == ""


class Gate:
    """A SOAP door: one signs, one signs and logs in, two log in alone; called from one address."""

    def __init__(self, folder: Path) -> None:
        self.now_s = 0.0
        root = Issuer.root()
        self.signs, self.both = root.person(), root.person()
        for name, holder in (("ky", self.signs), ("ca_hai", self.both)):
            (folder / f"{name}.crt").write_bytes(holder.pem)
        (folder / "mk").write_text("mật khẩu")
        base = {"system": "mot_cua_cmon"}
        account = {"secret": "file:mk", "login": "digest"}
        callers = {
            "ky": {**base, "agency": "H99.11", "signature": "wss", "certificates": [{"file": "file:ky.crt"}]},
            "ca_hai": {**base, **account, "agency": "H99.12", "signature": "wss", "user": "ca.hai",
                       "certificates": [{"file": "file:ca_hai.crt"}]},
            "mot": {**base, **account, "agency": "H99.13", "signature": "login", "user": "mot"},
            "hai": {**base, **account, "agency": "H99.14", "signature": "login", "user": "hai"},
        }  # fmt: skip
        self.world = World(folder, "mot_cua_cmon", callers)
        doors = {"mot_cua_cmon": self.world.door}
        throttle = Throttle(ticks=lambda: self.now_s)
        self.world.gatekeeper = Gatekeeper(doors, self.world.journal, self.world.clock, throttle=throttle)

    def call(self, holder: Holder | None = None, user: str = "", password: str = "mật khẩu") -> str:
        """ "" = taken, LATER, or the one sentence that outside is told."""
        login = Login(user, password) if user else None
        key = holder.signing() if holder is not None else None
        heard = self.world.heard(soap_request(secure(around(operation()), key, now=NOW, login=login)))
        return "" if heard.said.kind is AnswerKind.ACCEPTED else heard.said.problems[0].code


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """One."""
    return Gate(tmp_path)


def test_guesses_at_a_login_stop_neither_others_nor_signatures(gate: Gate) -> None:
    """That name waits, and nobody else behind the proxy."""
    said = [gate.call(user="mot", password="sai") for _ in range(FREE + 2)]
    assert said == ["LT-WSS-030"] * (FREE + 1) + [LATER]
    assert gate.call(user="mot") == LATER
    assert gate.call(user="hai") == ""
    assert gate.call(gate.signs) == ""
    assert gate.call(gate.both, "ca.hai") == ""
    gate.now_s = 1.0
    assert gate.call(user="mot") == ""


@pytest.mark.parametrize("password", ["sai", "mật khẩu"])
def test_whoever_signs_as_well_waits_for_no_guesses_at_its_name(gate: Gate, password: str) -> None:
    """Without its signature a right password reads like a wrong one, and opens nothing; with it, it is heard."""
    said = [gate.call(user="ca.hai", password=password) for _ in range(FREE + 2)]
    assert said == ["LT-WSS-030"] * (FREE + 1) + [LATER]
    assert gate.call(gate.both, "ca.hai") == ""


def test_all_guesses_of_an_address_are_bounded_at_the_gate_too(gate: Gate) -> None:
    """Whoever was right from there, and whoever signs, goes on."""
    assert gate.call(user="hai") == ""
    said = [gate.call(user=f"ten.{number}", password="x") for number in range(TOGETHER + 1)]
    assert said[-2:] == ["LT-WSS-030", LATER]
    assert gate.call(user="mot") == LATER
    assert gate.call(user="hai") == ""
    assert gate.call(gate.signs) == ""
