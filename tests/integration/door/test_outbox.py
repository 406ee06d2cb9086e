"""The REST outbox over real HTTP, a real journal behind it: what is fetched, acknowledged, given back, and by whom."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from adapters.adapter import Adapter
from adapters.registry import built_in, load_system
from bus.clock import SystemClock
from bus.delivery import Pattern, State, Unclear
from bus.intake import Intake
from bus.journal import SqlJournal, open_journal
from bus.records import Acceptance, AcceptItem, DossierRef, PlannedDelivery, QueueRecord
from bus.routes import Endpoint, RouteTable
from bus.routing import House
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Caller, Callers
from bus.web.run import listening, make_server
from schemas.message import Envelope, Message, Party, new_id, sha256_hex

FOLDER = built_in() / "hop_lay_rest"
SAMPLE = (FOLDER / "samples/out/HoSoTrucTuyen-ca-nhan.xml").read_bytes()
KEYS = {"so_lay": "khoá sở", "so_khac": "khoá khác"}


@dataclass
class Box:
    """A running door, and the journal behind it."""

    port: int
    journal: SqlJournal
    fed: list[QueueRecord]

    def put(self, code: str, body: bytes = SAMPLE, *, after: str = "") -> str:
        """A dossier's message for the box; its id."""
        made = Message(_envelope("ho_so", body, code), body, "application/xml")
        deliveries = [PlannedDelivery("so_lay", "HoSoTrucTuyen", Pattern.PULL, Unclear.PARK)]
        if after:
            deliveries.append(PlannedDelivery("xa", after, Pattern.PUSH, Unclear.PARK, after_endpoint="so_lay"))
        item = AcceptItem(made, DossierRef((("cong_dvcqg", code),), may_create=True), tuple(deliveries))
        raw = Message(_envelope("goc", b"{}", code), b"{}", "application/json")
        return self.journal.accept(Acceptance(raw, (item,), True, "cong_dvcqg")).result(20)[0].message_id

    def call(
        self, path: str, value: object = None, *, key: str = KEYS["so_lay"], **headers: str
    ) -> tuple[int, Any, http.client.HTTPMessage]:
        """One request; POST where there is a body."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        given = {"X-Api-Key": key.encode().decode("latin-1"), "Content-Type": "application/json"}
        given |= {name.replace("_", "-"): text for name, text in headers.items()}
        body = value if isinstance(value, bytes) else json.dumps(value).encode() if value is not None else None
        try:
            connection.request("GET" if body is None else "POST", path, body, given)
            reply = connection.getresponse()
            data = reply.read()
            found = json.loads(data) if "json" in reply.headers["content-type"] else etree.fromstring(data)
            return reply.status, found, reply.headers
        finally:
            connection.close()

    def fetch(self, query: str = "") -> list[Any]:
        status, found, _ = self.call(f"/outbox/so_lay{query}")
        assert status == 200, found
        items: list[Any] = found["items"]
        return items

    def say(self, act: str, value: object) -> list[str]:
        status, found, _ = self.call(f"/outbox/so_lay/{act}", value)
        assert status == 200, found
        return [one["result"] for one in found["results"]]

    def state(self, id: str) -> State:
        return self.journal.work([f"{id}:so_lay"])[0].delivery.state


def _envelope(kind: str, body: bytes, code: str) -> Envelope:
    return Envelope(
        id=new_id(), kind=kind, sender=Party("G99", "Cổng", "cong_dvcqg"), receiver=None, operation="addtthcKhuyenMai",
        business_ids=(("cong_dvcqg", code),), received_at=datetime.now(UTC), sha256=sha256_hex(body),
    )  # fmt: skip


@pytest.fixture(scope="module")
def adapter() -> Adapter:
    return load_system(FOLDER)


@pytest.fixture
def box(adapter: Adapter, tmp_path: Path) -> Iterator[Box]:
    """One system, two endpoints: each agency has its own box."""
    journal = open_journal(f"sqlite:///{tmp_path / 'j.sqlite'}")
    endpoints = {
        "so_lay": Endpoint("so_lay", adapter.id, "H99.12"), "so_khac": Endpoint("so_khac", adapter.id, "H99.13"),
        "xa": Endpoint("xa", "cong_dvcqg"),
    }  # fmt: skip
    fed: list[QueueRecord] = []
    intake = Intake(journal, fed.extend, House({adapter.id: adapter}, RouteTable((), endpoints)), SystemClock())
    callers = Callers(
        [
            Caller("a", Party("H99.12", "Sở A", adapter.id), "", KEYS["so_lay"]),
            Caller("b", Party("H99.13", "Sở B", adapter.id), "", KEYS["so_khac"]),
        ],
        kinds={adapter.id: adapter.manifest.auth.kind},  # type: ignore[union-attr]  # it has one
    )
    sock = listening("127.0.0.1", 0)
    port = sock.getsockname()[1]
    outboxes = dict.fromkeys(("so_lay", "so_khac"), adapter.id)
    app = make_app(DoorDeps({adapter.id: adapter}, intake, callers, f"http://127.0.0.1:{port}", outboxes=outboxes))
    server = make_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    while not server.started:
        threading.Event().wait(0.01)
    try:
        yield Box(port, journal, fed)
    finally:
        server.should_exit = True
        thread.join(30)
        journal.close()


def test_fetched_and_acknowledged(box: Box) -> None:
    """An item comes with its id, its lease and its content in the partner's form; acknowledged, it is gone."""
    id = box.put("QG-1")
    (item,) = box.fetch()
    assert (item["id"], item["operation"], item["kind"]) == (id, "HoSoTrucTuyen", "ho_so")
    assert item["content"]["chu_ho_so"]["ho_ten"] == "Nguyễn Thị Thử Nghiệm"
    assert [tep["ten"] for tep in item["content"]["tep"]] == ["don.pdf", "anh.jpg"]
    assert datetime.fromisoformat(item["lease_until"]) > datetime.now(UTC)
    assert box.fetch() == []
    assert box.say("ack", {"ids": [id]}) == ["acknowledged"]
    assert box.say("ack", [id]) == ["already"]
    assert box.state(id) is State.DELIVERED
    assert box.fetch() == []


def test_offered_again_after_the_lease(box: Box) -> None:
    """What is not acknowledged in time is offered again, under the same id."""
    id = box.put("QG-1")
    assert [item["id"] for item in box.fetch("?lease_s=1")] == [id]
    threading.Event().wait(1.2)
    assert [item["id"] for item in box.fetch()] == [id]


def test_heads_only_and_so_many(box: Box) -> None:
    """Of one dossier only the first is offered; of many dossiers as many as are asked for, oldest first."""
    first = box.put("QG-1")
    second = box.put("QG-1")
    others = [box.put(f"QG-{number}") for number in range(2, 6)]
    status, found, _ = box.call("/outbox/so_lay?limit=3")
    assert (status, found["more"], [item["id"] for item in found["items"]]) == (200, True, [first, *others[:2]])
    assert box.say("ack", [second]) == ["not-offered"]
    assert box.say("ack", [first]) == ["acknowledged"]
    assert second in [item["id"] for item in box.fetch()]


def test_an_acknowledgement_frees_what_waited(box: Box) -> None:
    """The next stop of an ordered route is told to the queue when the partner says it has the first."""
    id = box.put("QG-1", after="DongBoHoSoMC")
    box.fetch()
    assert box.fed == []
    box.say("ack", [id])
    assert [record.endpoint for record in box.fed] == ["xa"]


def test_given_back_refused_extended(box: Box) -> None:
    """Each item gets its own word and its own answer."""
    ids = [box.put(f"QG-{number}") for number in range(3)]
    box.fetch()
    items = [{"id": ids[0], "reason": "bận", "retry_after_s": 600}, {"id": ids[1], "reason": "sai mã", "final": True}]
    assert box.say("nack", {"items": items}) == ["returned", "parked"]
    assert box.say("extend", {"ids": [ids[2]], "lease_s": 900}) == ["extended"]
    assert [box.state(id) for id in ids] == [State.WAITING, State.PARKED, State.READY]
    assert box.say("ack", [ids[2], ids[0], "0" * 32]) == ["acknowledged", "not-offered", "unknown"]


def test_another_agency_sees_nothing(box: Box) -> None:
    """A box of another agency is as unknown as none, and so is an item of it; a stranger is not let in."""
    id = box.put("QG-1")
    box.fetch()
    other = KEYS["so_khac"]
    status, found, _ = box.call("/outbox/so_lay", key=other)
    assert (status, found["problems"][0]["code"]) == (404, "LT-OUTBOX-001")
    assert box.call("/outbox/khong_co", key=other)[0] == 404
    assert box.call("/outbox/so_khac/ack", [id], key=other)[1] == {"results": [{"id": id, "result": "unknown"}]}
    assert box.call("/outbox/so_lay", key="sai")[0] == 401
    assert box.state(id) is State.READY


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("?limit=0", None), ("?limit=999999", None), ("?limit=x", None), ("?cap=3", None), ("?lease_s=0", None),
        ("/ack", {}), ("/ack", {"ids": []}), ("/ack", {"ids": [5]}), ("/ack", {"ids": ["../.."]}), ("/ack", "x"),
        ("/ack", b"{"), ("/ack", {"ids": ["a"] * 501 + [f"b{n}" for n in range(501)]}), ("/nack", {"ids": ["a"]}),
        ("/nack", {"items": [{"id": "a", "reason": "x", "final": "có"}]}), ("/nack", {"items": ["a"]}),
        ("/nack", {"items": [{"id": "a", "reason": "x", "retry_after_s": -1}]}),
        ("/extend", {"ids": ["a"], "lease_s": 1e9}),
        ("/ack", None), ("", {"ids": ["a"]}),
    ],
)  # fmt: skip
def test_bad_calls(box: Box, path: str, value: object) -> None:
    """A call that is not right is answered with a problem that has a code, and changes nothing."""
    id = box.put("QG-1")
    status, found, _ = box.call(f"/outbox/so_lay{path}", value)
    assert status == 400
    assert found["problems"][0]["code"].startswith("LT-")
    assert [item["id"] for item in box.fetch()] == [id]


def test_xml(box: Box) -> None:
    """A partner that speaks XML gets XML, and may say its words in it."""
    id = box.put("QG-1")
    _, found, headers = box.call("/outbox/so_lay", Accept="application/xml")
    assert headers["content-type"].startswith("application/xml")
    assert found.findtext("item/content/ho_so/ma_thu_tuc") == "9.999001"
    words = f'<outbox><item id="{found.find("item").get("id")}"/></outbox>'.encode()
    _, said, _ = box.call("/outbox/so_lay/ack", words, Content_Type="application/xml", Accept="application/xml")
    assert [(one.get("id"), one.get("result")) for one in said] == [(id, "acknowledged")]
    _, said, _ = box.call("/outbox/so_lay?limit=x", Accept="application/xml")
    assert said.find("problem").get("code") == "LT-OUTBOX-004"
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]><outbox><item id="&b;"/></outbox>'
    assert box.call("/outbox/so_lay/ack", bomb, Content_Type="application/xml")[0] == 400


def test_one_that_cannot_be_said(box: Box) -> None:
    """An item that does not fit the partner's schema is parked; the others are handed out."""
    bad = box.put("QG-1", SAMPLE.replace(b"<Ten>don.pdf</Ten>", b""))
    good = box.put("QG-2")
    assert [item["id"] for item in box.fetch()] == [good]
    assert box.state(bad) is State.PARKED


def test_the_system_s_own_address(box: Box) -> None:
    """The box stands below the system's own door too, beside what the partner sends there."""
    id = box.put("QG-1")
    _, found, _ = box.call("/hop_lay_rest/outbox/so_lay")
    assert [item["id"] for item in found["items"]] == [id]


def test_two_fetch_at_once(box: Box) -> None:
    """Two processes of one partner never get the same item at the same time."""
    ids = {box.put(f"QG-{number}") for number in range(40)}
    got: list[str] = []

    def work() -> None:
        while items := box.fetch("?limit=3"):
            got.extend(item["id"] for item in items)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert (len(got), set(got)) == (40, ids)
