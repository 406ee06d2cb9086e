"""The console measured over 10 000 messages in SQLite: server time of a page, as a browser on the machine meets it."""

from __future__ import annotations

import http.client
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bus.delivery import Attempt, Pattern, Unclear
from bus.journal import SqlJournal, open_journal
from bus.outcome import Outcome
from bus.records import (
    Acceptance,
    AcceptItem,
    Content,
    Decision,
    DossierRef,
    Intent,
    NextStep,
    PlannedDelivery,
    Preparation,
    Settled,
    Settlement,
)
from bus.web.app import DoorDeps, make_app
from bus.web.callers import Callers
from bus.web.console import ConsoleDeps, console_router
from bus.web.run import listening, make_server
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Stage, problem

Row = tuple[str, float, str, str, bool | None]

_MESSAGES, _BATCH, _TRIES = 10_000, 100, 25
_GOAL_MS = 50.0
_DESK = Party("H99.12", "Bộ phận Một cửa Sông Mây", "mot_cua_cmon")
_BODY = b'<HoSo xmlns="urn:lienthong:canonical:1"><MaHoSoDonVi>TN01</MaHoSoDonVi><GhiChu>x</GhiChu></HoSo>'
_PARK = Decision(
    NextStep.PARK, "Bên nhận từ chối",
    problem=problem("LT-DLV-001", Stage.DELIVER, {"endpoint": "cong", "operation": "DongBoHoSoMC", "code": "-3"}),
)  # fmt: skip
_DONE = Decision(NextStep.DONE, "Đã giao")


def rows() -> Iterator[Row]:
    """Medians of many requests; half a minute, most of it spent on filling the journal."""
    with tempfile.TemporaryDirectory(prefix="lienthong-bench-") as folder:
        journal = open_journal(f"sqlite:///{Path(folder) / 'journal.sqlite'}")
        ids = _fill(journal)
        with _serving(journal) as port:
            for name, path in (
                ("the list", "/console"),
                ("the list, parked only", "/console?state=parked"),
                ("the list, from the middle on", f"/console?before={ids[len(ids) // 2]}"),
                ("the list, one dossier", "/console?text=TN01-2026-004242"),
                ("the list, by endpoint and kind", "/console?endpoint=cong_dvcqg&kind=ho_so"),
                ("the list, by a problem nobody has", "/console?problem=LT-SCH-005"),
                ("one message", f"/console/message/{ids[4242]}"),
            ):
                took = statistics.median(_page_ms(port, path) for _ in range(_TRIES))
                yield (f"console: {name}, 10 000 messages", took, "ms", f"≤ {_GOAL_MS:g}", took <= _GOAL_MS)
        journal.close()


def _fill(journal: SqlJournal) -> list[str]:
    """Three in four delivered, one in twenty parked, the rest open."""
    ids: list[str] = []
    for at in range(0, _MESSAGES, _BATCH):
        raw = _message("goc", "", b"<raw/>")
        items = tuple(_item(f"TN01-2026-{number:06}") for number in range(at, at + _BATCH))
        ids += [one.message_id for one in journal.accept(Acceptance(raw, items, False, "mot_cua_cmon")).result(60)]
    until = datetime.now(UTC) + timedelta(hours=1)
    settled: list[Future[Settled]] = []
    chosen = [(number, f"{one}:cong_dvcqg") for number, one in enumerate(ids) if number % 5 != 0 or number % 20 == 0]
    for at in range(0, len(chosen), _BATCH):
        some = chosen[at : at + _BATCH]
        intents = tuple(Intent(one, 1, f"1.{number}", "w1", until) for number, one in some)
        contents = tuple((one, Content(b'{"MaHoSo": "TN01"}', "application/json", "", "p1")) for _, one in some)
        journal.prepare(Preparation(contents, intents)).result(60)
        settled += [journal.settle(_settlement(one, f"1.{number}", parked=number % 20 == 0)) for number, one in some]
    assert all(one.result(120).applied for one in settled)
    return ids


def _item(code: str) -> AcceptItem:
    message = _message("ho_so", code, _BODY)
    planned = PlannedDelivery("cong_dvcqg", "DongBoHoSoMC", Pattern.PUSH, Unclear.ASK)
    return AcceptItem(message, DossierRef((("mot_cua_cmon", code),), may_create=True), (planned,))


def _message(kind: str, code: str, body: bytes) -> Message:
    envelope = Envelope(
        id=new_id(), kind=kind, sender=_DESK, receiver=None, operation="pushDocument", business_ids=(),
        received_at=datetime.now(UTC), sha256=sha256_hex(body),
    )  # fmt: skip
    names = (("mot_cua_cmon", code),) if code else ()
    return Message(replace(envelope, business_ids=names), body, "application/xml; charset=utf-8")


def _settlement(delivery_id: str, token: str, *, parked: bool) -> Settlement:
    attempt = Attempt(
        delivery_id=delivery_id, number=1, by="worker", worker="w1", token=token, started_at=datetime.now(UTC),
        duration_ms=15, outcome=Outcome.REJECTED if parked else Outcome.ACCEPTED, status=200,
        code="-3" if parked else "0", text="Hồ sơ thiếu trường", problem_code="LT-DLV-001" if parked else "",
        request_sha256=sha256_hex(b"x"), request_size=10, reply_sha256=sha256_hex(b"y"), reply_size=20,
        peer="cong.example:443",
    )  # fmt: skip
    decision = _PARK if parked else _DONE
    return Settlement(attempt, b'{"error_code": "0"}', "application/json", delivery_id, token, decision)


@contextmanager
def _serving(journal: SqlJournal) -> Iterator[int]:
    names = {"cong_dvcqg": "Cổng dịch vụ công quốc gia", "mot_cua_cmon": "Phần mềm một cửa"}
    router = console_router(ConsoleDeps(journal, endpoints=names, systems=names))
    app = make_app(DoorDeps({}, _Nobody(), keys=Callers((), kinds={}), address="", routers=(router,)))
    sock = listening("127.0.0.1", 0)
    server = make_server(app)
    thread = threading.Thread(target=lambda: server.run(sockets=[sock]), daemon=True)
    thread.start()
    try:
        yield sock.getsockname()[1]
    finally:
        server.should_exit = True
        thread.join(30)


def _page_ms(port: int, path: str) -> float:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    began = time.perf_counter()
    connection.request("GET", path)
    reply = connection.getresponse()
    text = reply.read()
    took = (time.perf_counter() - began) * 1000
    connection.close()
    assert reply.status == 200, text[:200]
    return took


class _Nobody:
    """No door is open here."""

    async def handle(self, *_: object) -> None:  # type: ignore[override]  # never called
        raise AssertionError

    async def refuse(self, *_: object) -> None:  # type: ignore[override]  # never called
        raise AssertionError
