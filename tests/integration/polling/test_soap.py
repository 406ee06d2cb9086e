"""Fetching by SOAP: the same rules, another wire."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from lxml import etree

from bus.records.jobs import JobResult
from tests.integration.polling.conftest import Town

FOLDER = Path(__file__).parent / "mot_cua_soap"
START = datetime.fromisoformat("2026-07-06T08:00:00+07:00")
NAME = "so_soap.LayHoSo"
PARTNERS = """
[endpoints.so_soap]
system = "mot_cua_soap"
agency = "H99.12"
address = "{soap}"
retry = "5s;500;exp(2s..15m);<3d;?16"
"""


class Desk(BaseHTTPRequestHandler):
    """Eight dossiers, three a page, two of each moment; the fifth has a time that is none."""

    asked: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """One page."""
        body = self.rfile.read(int(self.headers["content-length"]))
        call = etree.fromstring(body).find(".//{urn:thu}LayHoSo")
        assert call is not None
        since, page = call.findtext("{urn:thu}tu") or "", int(call.findtext("{urn:thu}trang") or "1")
        Desk.asked.append(since)
        rows = [(n, (START + timedelta(minutes=n // 2)).isoformat()) for n in range(8)]
        rows = [row for row in rows if not since or datetime.fromisoformat(row[1]) >= datetime.fromisoformat(since)]
        made = "".join(self._row(n, at) for n, at in rows[3 * page - 3 : 3 * page])
        reply = (
            '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><LayHoSoResponse xmlns="urn:thu">'
            f"<ma>0</ma><ds>{made}</ds></LayHoSoResponse></s:Body></s:Envelope>"
        ).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    @staticmethod
    def _row(number: int, at: str) -> str:
        code = "" if number == 4 else "<ma_thu_tuc>9.999001</ma_thu_tuc>"
        return f"<hs><ma_ho_so>SO-{number}</ma_ho_so>{code}<ho_ten>Nguyễn Thị Thử</ho_ten><luc>{at}</luc></hs>"

    def log_message(self, *_: object) -> None:
        """Silent."""


@pytest.fixture
def desk() -> Iterator[str]:
    """Its address."""
    Desk.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), Desk)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/dich-vu"
    server.shutdown()
    server.server_close()


def test_soap_lists(town: Callable[..., Town], desk: str) -> None:
    """Rows are judged one by one: the one that breaks the schema is evidence, the others are taken once."""
    here = town(partners=PARTNERS.replace("{soap}", desk), systems=[FOLDER])
    assert here.runs(NAME)[-1].result is JobResult.DONE
    assert here.taken() == [f"SO-{number}" for number in range(8) if number != 4]
    assert [codes[0][:6] for codes in here.rejected()] == ["LT-SCH"]
    before = len(Desk.asked)
    assert here.run(NAME).taken == 0
    assert len(Desk.asked) - before <= 2
    assert Desk.asked[-1] == (START + timedelta(minutes=3)).isoformat()
