"""The gate at a running door: who is let in by what, what outside is told, and what is kept."""

from __future__ import annotations

import http.client
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from adapters.manifest import Auth, AuthRule
from bus.clock import SystemClock
from bus.intake import Intake
from bus.journal import MemoryJournal
from bus.key_cupboard import Cupboard
from bus.records import Query
from bus.settings import load
from bus.web.gatekeeper import Gatekeeper
from bus.web.speakers import load_speakers
from signing.keys import SigningKey
from signing.wss import Login, secure
from tests.integration.door.running import Running, running
from tests.unit.bus.kit import adapter, dossier, house
from tests.unit.signing.issuer import DAY, Holder, Issuer

NS = "http://hoso.provider.exch.sharedservice.dtt.vn/"
WSA = "http://www.w3.org/2005/08/addressing"
SOAP = {"soap11": "http://schemas.xmlsoap.org/soap/envelope/", "soap12": "http://www.w3.org/2003/05/soap-envelope"}
MEDIA = {"soap11": "text/xml; charset=utf-8", "soap12": "application/soap+xml; charset=utf-8"}


class Gate:
    """One department with a pinned certificate, one with an account, and a door before a real journal."""

    def __init__(self, folder: Path, **caller: object) -> None:
        now = datetime.now(UTC)
        self.holder: Holder = Issuer.root().person(first=now - DAY, last=now + DAY)
        (folder / "so.crt").write_bytes(self.holder.pem)
        (folder / "mk").write_text("mật khẩu <&>")
        base = {"system": "mot_cua_cmon", "name": "Sở Thử nghiệm"}
        signs = {**base, "agency": "H99.13", "signature": "wss", "certificates": [{"file": "file:so.crt"}], **caller}
        account = {
            **base, "agency": "H99.14", "signature": "login", "user": "so.hai", "secret": "file:mk", "login": "digest",
        }  # fmt: skip
        settings = load(folder, over={"callers": {"so_mot": signs, "so_hai": account}})
        self.journal = MemoryJournal()
        self.adapter = adapter("mot_cua_cmon")
        doors = load_speakers(settings, {self.adapter.id: self.adapter}, Cupboard())
        self.gatekeeper = Gatekeeper(doors, self.journal, SystemClock())
        self.intake = Intake(self.journal, lambda records: None, house(), SystemClock())

    @contextmanager
    def open(self) -> Iterator[Running]:
        """Until the block ends."""
        with running(self.adapter, beyond=self.intake, gatekeeper=self.gatekeeper) as door:  # type: ignore[arg-type]
            yield door

    def key(self) -> SigningKey:
        """The department's."""
        return self.holder.signing("so")


@pytest.fixture
def gate(tmp_path: Path) -> Gate:
    """One."""
    return Gate(tmp_path)


def envelope(code: str, *, header: str = "", version: str = "soap11", operation: str = "pushDocument") -> bytes:
    """One dossier, bare."""
    inner = dossier(code) if operation == "pushDocument" else ""
    return (
        f'<s:Envelope xmlns:s="{SOAP[version]}">{f"<s:Header>{header}</s:Header>" if header else ""}<s:Body>'
        f'<n:{operation} xmlns:n="{NS}"><arg0><password>x</password><userName>x</userName>{inner}</arg0>'
        f"</n:{operation}></s:Body></s:Envelope>"
    ).encode()


def post(door: Running, body: bytes, *, version: str = "soap11") -> tuple[int, str]:
    """Status and answer."""
    connection = http.client.HTTPConnection("127.0.0.1", door.port, timeout=20)
    connection.request("POST", "/mot_cua_cmon", body, {"content-type": MEDIA[version]})
    reply = connection.getresponse()
    told = reply.read().decode()
    connection.close()
    return reply.status, told


def is_taken(told: str) -> bool:
    """By the partner's own word."""
    return "<errCode>0</errCode>" in told


def kept(gate: Gate) -> tuple[str, ...]:
    """The codes of the newest refusal."""
    return gate.journal.find(Query(verdict="rejected", limit=1))[0].problem_codes


@pytest.mark.parametrize("version", ["soap11", "soap12"])
def test_outside_every_refusal_is_the_same_fault(gate: Gate, version: str) -> None:
    """What was wrong is on record, and is told to nobody who has not passed."""
    key, now = gate.key(), datetime.now(UTC)
    signed = secure(envelope("H1", version=version), key, now=now)
    with gate.open() as door:
        told = {
            post(door, body, version=version)
            for body in (
                signed.replace(b"H1", b"H2"),
                envelope("H1", version=version),
                secure(envelope("H1", version=version), key, now=now - DAY),
                b"<a/>",
                b"not xml",
                secure(envelope("H1", version=version), None, now=now, login=Login("so.hai", "sai")),
            )
        }
    assert len(told) == 1
    ((status, words),) = told
    assert status == (400 if version == "soap12" else 500)
    assert "wsse:InvalidSecurity" in words
    assert not re.search("LT-|detail|Detail", words)
    assert gate.journal.find(Query(verdict="rejected", limit=20))[-1].problem_codes[0] == "LT-WSS-031"


def test_an_account_lets_in_by_digest_once(gate: Gate) -> None:
    """UsernameToken: the same nonce in other bytes is a replay; its password is nowhere on record."""
    body = secure(envelope("H3"), None, now=datetime.now(UTC), login=Login("so.hai", "mật khẩu <&>"))
    with gate.open() as door:
        assert is_taken(post(door, body)[1])
        assert is_taken(post(door, body)[1])  # the very same bytes: the first answer
        assert not is_taken(post(door, body.replace(b"<arg0>", b"<arg0> "))[1])
        assert "LT-WSS-015" in kept(gate)
    (found,) = gate.journal.find(Query(text="H3", kind="ho_so", limit=5))
    assert found.envelope.sender.agency == "H99.14"
    raw = gate.journal.body(found.envelope.caused_by, "raw")
    assert raw is not None
    assert re.search(rb"<wsse:Password [^>]*>\*+</wsse:Password>", raw.body)


def test_the_account_of_one_is_not_the_certificate_of_another(gate: Gate) -> None:
    """Who signs is who the certificate says; a login beside it changes nothing."""
    body = secure(envelope("H4"), gate.key(), now=datetime.now(UTC), login=Login("so.hai", "mật khẩu <&>"))
    with gate.open() as door:
        assert is_taken(post(door, body)[1])
    (found,) = gate.journal.find(Query(text="H4", kind="ho_so", limit=5))
    assert found.envelope.sender.agency == "H99.13"


def test_where_both_are_asked_for_one_is_not_enough(tmp_path: Path) -> None:
    """A signature without the login that was agreed."""
    gate = Gate(tmp_path, user="so.mot", secret="file:mk", login="digest")
    now = datetime.now(UTC)
    with gate.open() as door:
        assert not is_taken(post(door, secure(envelope("H5"), gate.key(), now=now))[1])
        assert "LT-WSS-014" in kept(gate)
        both = secure(envelope("H5"), gate.key(), now=now, login=Login("so.mot", "mật khẩu <&>"))
        assert is_taken(post(door, both)[1])


def test_a_message_to_another_address_is_not_for_us(gate: Gate) -> None:
    """wsa:To is compared with the address we are known by."""
    with gate.open() as door:
        for to, taken in ((f"{door.address}/mot_cua_cmon", True), ("https://khac.example/soap", False)):
            header = f'<w:To xmlns:w="{WSA}">{to}</w:To>'
            body = secure(envelope("H6", header=header), gate.key(), now=datetime.now(UTC))
            assert is_taken(post(door, body)[1]) is taken
        assert "LT-WSS-020" in kept(gate)


def test_what_fetches_is_not_answered_twice(gate: Gate) -> None:
    """The same bytes again would hand out what waits to whoever copied them."""
    body = secure(envelope("", operation="pullDocument"), gate.key(), now=datetime.now(UTC))
    with gate.open() as door:
        assert "InvalidSecurity" not in post(door, body)[1]
        assert "InvalidSecurity" in post(door, body)[1]
        assert "LT-WSS-015" in kept(gate)


def test_past_the_gate_its_caller_is_told_what_is_wrong(gate: Gate) -> None:
    """A department whose dossier does not fit its own schema reads why, as any caller does."""
    body = envelope("H7").replace(b"<maSoHoSo>", b"<maHoSo>").replace(b"</maSoHoSo>", b"</maHoSo>")
    with gate.open() as door:
        _, told = post(door, secure(body, gate.key(), now=datetime.now(UTC)))
    assert "InvalidSecurity" not in told
    assert "LT-" in told


def test_from_elsewhere_it_is_refused_like_anybody(tmp_path: Path) -> None:
    """The networks a caller is held to hold for its signature too."""
    gate = Gate(tmp_path, **{"from": ["10.9.0.0/16"]})
    with gate.open() as door:
        _, told = post(door, secure(envelope("H8"), gate.key(), now=datetime.now(UTC)))
    assert "InvalidSecurity" in told
    assert kept(gate) == ("LT-WSS-031", "LT-DOOR-001")


def test_a_door_whose_system_demands_it_opens_to_nobody_bare(gate: Gate) -> None:
    """`kind = "wss"` in adapter.toml; with nobody registered the door is shut."""
    manifest = replace(gate.adapter.manifest, auth=AuthRule(Auth.WSS))
    gate.adapter = replace(gate.adapter, manifest=manifest)
    with gate.open() as door:
        assert "InvalidSecurity" in post(door, envelope("H9"))[1]
        assert is_taken(post(door, secure(envelope("H9"), gate.key(), now=datetime.now(UTC)))[1])
