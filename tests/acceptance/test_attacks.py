"""An outsider, and a partner who means harm: each gets a named refusal, soon, and the others are served meanwhile."""

from __future__ import annotations

import json
import threading
import time
import urllib.request
from xml.sax.saxutils import escape

import pytest
import redis

from bus.delivery import State
from bus.records import Query
from tests.acceptance.running_bus import NS, Bus, dossier

XML = {"content-type": "text/xml; charset=utf-8"}
SOON_S = 5.0  # each of these took from eight seconds to hours


def call(inner: str, *, on_argument: str = "") -> bytes:
    """A pushDocument of somebody who shows nothing."""
    return (
        '<soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body>'
        f'<n:pushDocument xmlns:n="{NS}"><arg0 {on_argument}>{inner}</arg0></n:pushDocument>'
        "</soap:Body></soap:Envelope>"
    ).encode()


def slowest_other(bus: Bus, stop: threading.Event, found: list[float]) -> None:
    """Asks whether the door is alive until told to stop."""
    while not stop.is_set():
        began = time.monotonic()
        with urllib.request.urlopen(f"{bus.demo.addresses['door']}/health/live", timeout=60) as reply:
            reply.read()
        found.append(time.monotonic() - began)
        time.sleep(0.02)


@pytest.mark.parametrize(
    ("on_argument", "inner"),
    [
        (" ".join(f'a{n}="1"' for n in range(190_000)), ""),
        (" ".join(f'xmlns:a{n}="u"' for n in range(1_990)), "<x/>" * 4_900),
    ],
    ids=["attributes", "prefixes"],
)
def test_stranger_cannot_hold_the_door_with_one_message(bus: Bus, on_argument: str, inner: str) -> None:
    """What is allowed in number but costs its square at one place is refused, and nobody waits for it."""
    stop, latencies = threading.Event(), [0.0]
    other = threading.Thread(target=slowest_other, args=(bus, stop, latencies))
    other.start()
    began = time.monotonic()
    try:
        _, reply = bus.post("/mot_cua_cmon", call(inner, on_argument=on_argument), XML)
    finally:
        took = time.monotonic() - began
        stop.set()
        other.join()
    assert b"LT-XML-002" in reply
    assert took < SOON_S
    assert len(latencies) > 1
    assert max(latencies) < SOON_S


def test_undeclared_type_is_the_senders_fault(bus: Bus) -> None:
    """An xsi:type nobody declared used to look like a fault of ours: the caller would have repeated it for ever."""
    typed = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xsi:nobody"'
    _, reply = bus.post("/mot_cua_cmon", call("", on_argument=typed), XML)
    assert b"<errCode>1</errCode>" in reply
    assert b"LT-DOOR-007" not in reply


def test_unknown_json_members_are_not_all_told(bus: Bus) -> None:
    """100 000 of them: the first fifty and that there are more, in a short answer."""
    body = json.dumps([{f"MaHoSo{n}": 1 for n in range(100_000)}]).encode()
    headers = {"content-type": "application/json", "x-api-key": bus.secrets["LIENTHONG_FACADE_KEY"]}
    began = time.monotonic()
    _, reply = bus.post("/mat_tien_json/DongBoHoSoMC", body, headers)
    assert time.monotonic() - began < SOON_S
    assert b"LT-WIRE-021" in reply
    assert len(reply) < 10_000


@pytest.mark.parametrize(
    "shape",
    ["{0}<!--x-->{1}", "{0}<?x y?>{1}", "{pad}{0}{1}{pad}", "{0}<![CDATA[{1}]]>"],
    ids=["comment", "instruction", "blanks", "section"],
)
def test_password_in_any_shape_is_not_kept(bus: Bus, shape: str, request: pytest.FixtureRequest) -> None:
    """A comment, an instruction or a page of blanks inside the password let it into the journal, of messages that
    were taken and of those that were refused."""
    secret = escape(bus.secrets["LIENTHONG_CMON_PASSWORD"])
    code = f"SHAPE-{request.node.callspec.id}"
    shown = shape.format(secret[:6], secret[6:], pad=" " * 400)
    inner = f"<password>{shown}</password><userName>motcua.demo</userName>{dossier(code)}"
    assert b"<errCode>0<" in bus.post("/mot_cua_cmon", call(inner), XML)[1]
    assert b"<errCode>1<" in bus.post("/mot_cua_cmon", call(inner + "<x/>"), XML)[1]
    refused = bus.journal.find(Query(kind="goc", limit=1))[0].envelope.id
    for message in (bus.journey(code, "ho_so").causes[-1], refused):
        body = bus.journal.body(message, "raw")
        assert body is not None
        assert code.encode() in body.body
        assert secret[:6].encode() not in body.body
        assert secret[6:].encode() not in body.body


def test_rubbish_over_the_queue_is_healed(bus: Bus) -> None:
    """Somebody with access to the private server overwrites every key: rebuilt from the journal, by itself."""
    assert bus.push("RUBBISH-1") == "0"
    bus.until("RUBBISH-1", "ho_so", State.DELIVERED)
    with redis.Redis.from_url(bus.queue_url()) as server, server.pipeline() as at_once:
        for key in server.scan_iter():
            at_once.delete(key)
            at_once.set(key, "x")
        at_once.execute()
    assert bus.push("RUBBISH-2") == "0"
    bus.until("RUBBISH-2", "ho_so", State.DELIVERED, seconds=40)
    assert bus.journal.verify_chain() == ()
