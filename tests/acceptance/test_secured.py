"""WS-Security with real processes: a department is let in by its signature, everybody else stays outside and is told
nothing; what the bus sends is signed for its receiver."""

from __future__ import annotations

import json
import os
import re
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import redis

from bus.delivery import State
from bus.records import Found, Query
from signing.wss import secure
from tests.acceptance.running_bus import NS, Bus, dossier
from tests.integration.cli.running import run_any
from tests.unit.signing.issuer import DAY, Holder, Issuer

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
LICENCE = "TN02"
GENERIC = ["wsse:InvalidSecurity", "The message's security could not be verified"]


@dataclass
class Town:
    """A running bus, an authority it believes, and those who hold its certificates."""

    bus: Bus
    folder: Path
    root: Issuer
    department: Holder
    colleague: Holder  # as good a certificate, and nobody is known by it

    def lay_list(self, number: int) -> None:
        """A revocation list as an officer lays it into the folder: written beside, then renamed."""
        now = datetime.now(UTC)
        draft = self.folder / "list.new"
        draft.write_bytes(self.root.crl(at=now - timedelta(minutes=1), next_at=now + DAY, number=number))
        os.replace(draft, self.folder / "goc.crl")

    def envelope(self, operation: str, inner: str) -> bytes:
        """Bare."""
        return (
            f'<soap:Envelope xmlns:soap="{SOAP}"><soap:Body><n:{operation} xmlns:n="{NS}"><arg0>'
            f"<password>x</password><userName>so.thu</userName>{inner}</arg0></n:{operation}>"
            "</soap:Body></soap:Envelope>"
        ).encode()

    def signed(
        self, code: str, *, by: Holder | None = None, at: datetime | None = None, operation: str = "pushDocument",
        inner: str = "",
    ) -> bytes:  # fmt: skip
        """One dossier, signed."""
        key = (by or self.department).signing("so")
        return secure(self.envelope(operation, inner or dossier(code)), key, now=at or datetime.now(UTC))

    def post(self, body: bytes) -> str:
        """The errCode and errMsg of the answer, or what the fault says."""
        status, reply = self.bus.post("/mot_cua_cmon", body, {"content-type": "text/xml; charset=utf-8"})
        told = re.findall(rb"<(?:errCode|errMsg|faultcode[^>]*|faultstring)>([^<]*)</", reply)
        assert status in (200, 500), reply
        return " ".join(text.decode() for text in told)

    def command(self, *words: str) -> str:
        """What a command of ours prints on this bus."""
        ran = run_any(words, env=self.bus.demo.bus_environment())
        assert ran.code == 0, ran
        return ran.out

    def refusal(self, sha256_before: set[str]) -> Found:
        """The newest refusal that was not there before."""
        end = time.monotonic() + 10
        while time.monotonic() < end:
            for line in self.bus.journal.find(Query(verdict="rejected", limit=20)):
                if line.envelope.id not in sha256_before:
                    return line
            time.sleep(0.1)
        raise AssertionError("no refusal on record")

    def refused(self, body: bytes) -> tuple[str, ...]:
        """Posts what must stay outside; returns the codes on record."""
        before = {line.envelope.id for line in self.bus.journal.find(Query(verdict="rejected", limit=500))}
        assert self.post(body) == " ".join(GENERIC)
        codes = self.refusal(before).problem_codes
        assert codes[0] == "LT-WSS-031"
        return codes[1:]


def configuration(folder: Path, root: Issuer, department: Holder, ours: Holder, office: Holder) -> dict[str, str]:
    """Files, and the settings that name them."""
    store = folder / "kho"
    store.mkdir()
    (store / "goc.pem").write_bytes(root.pem)
    for name, data in (
        ("so.crt", department.pem), ("bus.pem", ours.private), ("bus.crt", ours.pem),
        ("gplx.pem", office.private), ("gplx.crt", office.pem),
    ):  # fmt: skip
        (folder / name).write_bytes(data)
    caller = {
        "system": "mot_cua_cmon", "agency": "H99.13", "name": "Sở Thử nghiệm", "signature": "wss", "trust": "thu",
        "certificates": [{"file": f"file:{folder}/so.crt", "operations": ["pushDocument", "updateStatus"]}],
    }  # fmt: skip
    receiver = {"security": "wss", "reply_signature": "required", "certificates": [f"file:{folder}/gplx.crt"]}
    return {
        "LIENTHONG_TRUST": json.dumps({"thu": {"folder": str(store), "purpose": "public_service"}}),
        "LIENTHONG_CALLERS": json.dumps({"so_thu": caller}),
        "LIENTHONG_ENDPOINTS": json.dumps({"gplx_dlms": receiver}),
        "LIENTHONG_SIGNING__KEY": f"file:{folder}/bus.pem",
        "LIENTHONG_SIGNING__CERTIFICATE": f"file:{folder}/bus.crt",
        "LIENTHONG_SIGNING__KEY_ID": "bus-2026",
    }


@pytest.fixture(scope="module")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """One for all tests of this module: each uses dossiers of its own; the revoked one comes last."""
    folder = tmp_path_factory.mktemp("tin-cay").resolve()
    now = datetime.now(UTC)
    root, other = Issuer.root("Gốc công vụ thử"), Issuer.root("Gốc khác")
    span = {"first": now - DAY, "last": now + 100 * DAY}
    department, colleague = root.person("Sở thử", **span), root.person("Sở bên cạnh", **span)
    ours, office = other.person("Trục thử", **span), other.person("GPLX thử", **span)
    settings = configuration(folder, root, department, ours, office)
    more = {
        "dlms": (
            "--wss-certificate", f"{folder}/bus.crt", "--wss-key", f"{folder}/gplx.pem",
            "--wss-paper", f"{folder}/gplx.crt",
        ),
        "portal": ("--verify-key", f"bus-2026={folder}/bus.crt"),
    }  # fmt: skip
    made = Town(None, folder / "kho", root, department, colleague)  # type: ignore[arg-type]  # filled below
    made.lay_list(1)
    made.bus = Bus.start(tmp_path_factory.mktemp("bus"), more=more, **settings)
    made.bus.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    try:
        yield made
    finally:
        made.bus.stop()


def test_a_department_is_let_in_by_its_signature(town: Town) -> None:
    """No password is looked at; who it is stands in the record, and the bytes it signed are kept."""
    body = town.signed("WS-001")
    assert town.post(body).startswith("0")
    journey = town.bus.until("WS-001", "ho_so", State.DELIVERED)
    assert journey.envelope.sender.agency == "H99.13"


def test_the_same_bytes_again_get_the_first_answer(town: Town) -> None:
    """Nobody has to sign anew because an answer got lost on the way; nothing is accepted twice."""
    body = town.signed("WS-002")
    first = town.post(body)
    assert first.startswith("0")
    assert [town.post(body) for _ in range(3)] == [first] * 3
    assert len(town.bus.journal.find(Query(text="WS-002", kind="ho_so", limit=10))) == 1


def test_unsigned_is_refused(town: Town) -> None:
    """Known by its certificate alone, the department has no other way in."""
    bare = town.envelope("pushDocument", dossier("WS-010"))
    with_time = secure(bare, None, now=datetime.now(UTC))
    assert town.refused(with_time) == ("LT-WSS-005",)
    assert not town.post(bare).startswith("0")


def test_tampered_is_refused(town: Town) -> None:
    """One letter of the content."""
    body = town.signed("WS-011").replace(b"WS-011", b"WS-01X")
    assert town.refused(body) == ("LT-SIGN-035",)


def test_replayed_in_another_envelope_is_refused(town: Town) -> None:
    """The signed parts may not come a second time in other bytes."""
    body = town.signed("WS-012")
    assert town.post(body).startswith("0")
    assert town.refused(body + b"\n") == ("LT-WSS-015",)


def test_expired_is_refused(town: Town) -> None:
    """An hour old."""
    body = town.signed("WS-013", at=datetime.now(UTC) - timedelta(hours=1))
    assert town.refused(body) == ("LT-WSS-012",)


def test_a_stranger_is_refused(town: Town) -> None:
    """Of an authority nobody believes here; nothing tells it from any other refusal."""
    now = datetime.now(UTC)
    stranger = Issuer.root("Gốc lạ").person("Người lạ", first=now - DAY, last=now + DAY)
    codes = town.refused(town.signed("WS-014", by=stranger))
    assert codes[0].startswith("LT-TRUST-")


def test_a_good_certificate_that_speaks_for_nobody_is_refused(town: Town) -> None:
    """To be believed is not to be entitled."""
    assert town.refused(town.signed("WS-015", by=town.colleague)) == ("LT-TRUST-020",)


def test_an_operation_beyond_the_entitlement_is_refused(town: Town) -> None:
    """The line of the register names two operations, and this is a third."""
    result = "<documentResultSoapList><maSoHoSo>WS-001</maSoHoSo></documentResultSoapList>"
    body = town.signed("WS-016", operation="updateResult", inner=result)
    assert town.refused(body) == ("LT-TRUST-020",)


def test_nothing_is_forgotten_after_a_kill_and_an_emptied_queue(town: Town) -> None:
    """The marks are in the journal: a restart opens no second chance for a replay."""
    body = town.signed("WS-020")
    first = town.post(body)
    assert first.startswith("0")
    url = town.bus.queue_url()
    client = redis.Redis.from_url(url)
    client.flushall()
    client.close()
    door = int(town.bus.demo.pid_file("door").read_text())
    os.kill(door, 9)
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            if town.post(body) == first:
                break
        except (OSError, AssertionError):
            time.sleep(0.2)
    assert town.post(body) == first
    assert town.refused(body + b"\n") == ("LT-WSS-015",)
    assert len(town.bus.journal.find(Query(text="WS-020", kind="ho_so", limit=10))) == 1


def test_what_the_bus_sends_is_signed_and_the_answer_is_checked(town: Town) -> None:
    """The office takes nothing unsigned, and the bus believes no answer but a signed one."""
    assert town.bus.push("WS-030", kind=LICENCE).startswith("0")
    end = time.monotonic() + 30
    while time.monotonic() < end:
        journey = town.bus.journey("WS-030", "ho_so")
        if len(journey.deliveries) == 2 and all(one.state is State.DELIVERED for one in journey.deliveries):
            break
        time.sleep(0.2)
    assert {one.endpoint: one.state for one in journey.deliveries} == {
        "cong_dvcqg": State.DELIVERED, "gplx_dlms": State.DELIVERED,
    }  # fmt: skip
    secured = town.bus.demo.state("dlms")["secured"]
    assert secured["good"] >= 1
    assert secured["refused"] == []


def test_the_operator_sees_step_and_reason(town: Town) -> None:
    """By the commands everybody knows; the sender's words were one sentence."""
    town.refused(town.signed("WS-050").replace(b"WS-050", b"WS-05X"))
    found = json.loads(town.command("find", "--verdict", "rejected", "--json").splitlines()[0])
    shown = town.command("show", found["id"])
    assert "LT-WSS-031" in shown
    assert "bước signature" in shown
    assert "LT-SIGN-035" in shown


def test_uses_and_days_are_scraped(town: Town) -> None:
    """Each use of our key by its name; what ends, by how many days it has left."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        with urllib.request.urlopen(f"{town.bus.demo.addresses['door']}/metrics", timeout=10) as reply:
            text = reply.read().decode()
        if 'lienthong_signatures_total{key="bus-2026"}' in text:
            break
        time.sleep(0.5)
    uses = re.search(r'lienthong_signatures_total\{key="bus-2026"\} ([0-9.]+)', text)
    assert uses is not None
    assert float(uses[1]) >= 2
    days = re.search(r'lienthong_days_left\{kind="key",name="signing bus-2026"\} ([0-9.]+)', text)
    assert days is not None
    assert 99 < float(days[1]) < 101


def test_a_certificate_revoked_while_running_is_refused_without_a_restart(town: Town) -> None:
    """A new list in the folder counts within seconds."""
    assert town.post(town.signed("WS-040")).startswith("0")
    town.root.revoke(town.department, at=datetime.now(UTC) - timedelta(minutes=2))
    town.lay_list(2)
    time.sleep(2.5)
    assert town.refused(town.signed("WS-041")) == ("LT-TRUST-013",)
