"""What a door does with an understood call, over a journal in memory."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future
from dataclasses import replace
from datetime import datetime

import pytest

from adapters.manifest import AnswerKind
from bus.delivery import State
from bus.records import NOBODY, Acceptance, ItemResult, Query, QueueRecord, Settled, Settlement, WorkItem
from bus.routes import Endpoint, RouteTable
from schemas.message import Party
from schemas.problem import Stage, problem
from tests.unit.bus.kit import (
    CMON,
    PORTAL,
    Desk,
    adapter,
    callback,
    dossier,
    house,
    read,
    result,
    soap,
    step,
    submission,
)

CODE = "TN01-2026-0101"
OTHER = Party("H99.13", "Một cửa khác", "mot_cua_cmon")


@pytest.fixture
def desk() -> Desk:
    return Desk()


def codes(desk: Desk, verdict: str) -> list[tuple[str, ...]]:
    return [found.problem_codes for found in desk.journal.find(Query(verdict=verdict))]


# ---------------------------------------------------------------- they send


def test_accepted_is_in_the_journal_and_told_to_the_queue(desk: Desk) -> None:
    """In that order: the queue hears of what is committed."""
    said = desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    assert said.kind is AnswerKind.ACCEPTED
    (record,) = desk.told
    assert desk.work(record.delivery_id).delivery.state is State.READY
    assert said.values["dossier"]


def test_the_same_again_is_a_duplicate_and_delivers_nothing(desk: Desk) -> None:
    """With the first copy's id."""
    first = desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    again = desk.say("mot_cua_cmon", soap("pushDocument", dossier(), password="khác"))
    assert (again.kind, again.values["message_id"]) == (AnswerKind.DUPLICATE, first.values["message_id"])
    assert len(desk.told) == 1


def test_the_same_key_with_other_content_is_a_conflict(desk: Desk) -> None:
    """Where the operation is no update."""
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    said = desk.say("mot_cua_cmon", soap("pushDocument", dossier(ngayHenTra="14/07/2026")))
    assert (said.kind, said.problems[0].code) == (AnswerKind.CONFLICT, "LT-PIPE-004")


def test_a_refused_message_holds_no_key(desk: Desk) -> None:
    """A mended message is let in."""
    bad = desk.say("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="LA99")))
    assert (bad.kind, codes(desk, "rejected")) == (AnswerKind.INVALID, [("LT-MAP-120",)])
    assert desk.say("mot_cua_cmon", soap("pushDocument", dossier())).kind is AnswerKind.ACCEPTED


def test_an_unknown_dossier_is_named_by_its_number(desk: Desk) -> None:
    """All or nothing: nothing of the call is taken, and the sender learns which item it was."""
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    said = desk.say("mot_cua_cmon", soap("updateStatus", step(), step("TN01-2026-0999")))
    assert said.kind is AnswerKind.UNKNOWN_DOSSIER
    assert [found.theirs.path for found in said.problems if found.theirs] == ["[2/2]"]
    assert len(desk.told) == 1


def test_of_a_list_that_is_taken_one_by_one_the_bad_ones_are_kept_as_evidence(desk: Desk) -> None:
    """Some were taken: what was not is on record with its problems."""
    call = read("mot_cua_cmon", soap("pushDocument", dossier(), dossier("TN01-2026-0102", maLoaiHoSo="LA99")))
    loose = replace(call, operation=replace(call.operation, all_or_nothing=False))
    request = soap("pushDocument", dossier())
    said = asyncio.run(desk.intake.handle(adapter("mot_cua_cmon"), loose, request, CMON))
    assert said.kind is AnswerKind.INVALID
    assert len(desk.told) == 1
    assert codes(desk, "rejected") == [("LT-MAP-120",)]


def test_a_result_goes_where_its_dossier_was_born(desk: Desk) -> None:
    """The journal is asked for what the message does not say."""
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    assert desk.say("mot_cua_cmon", soap("updateResult", result())).kind is AnswerKind.ACCEPTED
    assert desk.work(desk.told[-1].delivery_id).delivery.operation == "TraKetQua"


def test_a_step_is_judged_by_the_day_of_its_dossier(desk: Desk) -> None:
    """Through the journal."""
    desk.say("mot_cua_cmon", soap("pushDocument", dossier(ngayNopHoSo="30/06/2025", maDonViTiepNhan="SMAY-CU01")))
    desk.say("mot_cua_cmon", soap("updateStatus", step()))
    assert desk.work(desk.told[-1].delivery_id).message.envelope.facts["ngay"] == "2025-06-30"


def test_no_password_is_ever_kept(desk: Desk) -> None:
    """Neither of what is taken nor of what is refused; the hash is that of the bytes as they came."""
    request = soap("pushDocument", dossier(), password="mật-khẩu-thật")
    taken = desk.say("mot_cua_cmon", request)
    first = desk.journal.journey(taken.values["message_id"])
    assert first is not None
    kept = desk.journal.body(first.causes[-1], "raw")
    asyncio.run(desk.intake.refuse(adapter("mot_cua_cmon"), request, (problem("LT-PIPE-005", Stage.ACCEPT),), ""))
    refused = desk.journal.find(Query(verdict="rejected"))[0].envelope.id
    evidence = desk.journal.body(refused, "raw")
    for body in (kept, evidence):
        assert body is not None
        assert "mật-khẩu-thật".encode() not in body.body
        assert b"<password>********</password>" in body.body


def test_the_queue_is_told_also_when_the_caller_has_gone(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """A commit that comes after our patience is answered as unavailable, and delivered all the same."""
    monkeypatch.setattr("bus.intake._WAIT_S", 0.05)
    late: Future[tuple[ItemResult, ...]] = Future()
    late.set_running_or_notify_cancel()
    real = desk.journal.accept

    def slow(acceptance: Acceptance) -> Future[tuple[ItemResult, ...]]:
        threading.Timer(0.3, lambda: late.set_result(real(acceptance).result())).start()
        return late

    monkeypatch.setattr(desk.journal, "accept", slow)
    said = desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    assert (said.kind, desk.told) == (AnswerKind.UNAVAILABLE, [])
    late.result(5)
    assert len(desk.told) == 1


def test_without_the_journal_the_answer_is_retryable(desk: Desk) -> None:
    """And nothing is half-accepted."""
    desk.journal.close()
    said = desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    assert (said.kind, said.problems[0].code) == (AnswerKind.UNAVAILABLE, "LT-PIPE-005")
    assert said.problems[0].retryable


def test_refusing_without_the_journal_does_not_break_the_door(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The caller still hears what was wrong with its message."""
    desk.journal.close()
    found = (problem("LT-PIPE-005", Stage.ACCEPT),)
    asyncio.run(desk.intake.refuse(adapter("mot_cua_cmon"), soap("pushDocument"), found, ""))
    assert "refused message not recorded" in caplog.text


# ---------------------------------------------------------------- they fetch


def submit(desk: Desk, *numbers: str) -> None:
    for code in numbers:
        assert (
            desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission(code)), PORTAL).kind is AnswerKind.ACCEPTED
        )


def offered(desk: Desk, party: Party = CMON) -> list[str]:
    said = desk.say("mot_cua_cmon", soap("pullDocument"), party)
    assert said.payload is not None
    return [found.text or "" for found in said.payload.iter("{*}onlineId")]


def test_what_waits_is_offered_once_acknowledged_and_done(desk: Desk) -> None:
    """Unacknowledged it comes again; acknowledged never."""
    submit(desk, "QG-DEMO-000125", "QG-DEMO-000126")
    assert offered(desk) == ["5001", "5002"]
    assert offered(desk) == []
    said = desk.say("mot_cua_cmon", soap("updateSendSignal", "<idList>5001</idList>"))
    assert said.kind is AnswerKind.ACCEPTED
    desk.clock.move(301)
    assert offered(desk) == ["5002"]
    assert desk.journal.counts()[State.DELIVERED] == 1


def test_what_parking_an_unfit_one_frees_is_told_to_the_queue(monkeypatch: pytest.MonkeyPatch, desk: Desk) -> None:
    """What waited for it in another lane may be left to a person by that, and those behind it may go."""
    submit(desk, "QG-DEMO-000125")
    freed = QueueRecord("m:cong_dvcqg", "d@cong_dvcqg", "cong_dvcqg", 1, NOBODY, None)
    real = desk.journal.settle

    def settle(settlement: Settlement) -> Future[Settled]:
        done: Future[Settled] = Future()
        done.set_result(replace(real(settlement).result(), feed=(freed,)))
        return done

    work = desk.journal.offer

    def nameless(endpoint: str, *, limit: int, now: datetime, until: datetime) -> Future[tuple[WorkItem, ...]]:
        bare: Future[tuple[WorkItem, ...]] = Future()
        found = work(endpoint, limit=limit, now=now, until=until).result()
        bare.set_result(tuple(replace(each, identities=()) for each in found))
        return bare

    monkeypatch.setattr(desk.journal, "settle", settle)
    monkeypatch.setattr(desk.journal, "offer", nameless)
    assert offered(desk) == []
    assert desk.journal.counts()[State.PARKED] == 1
    assert desk.told[-1] == freed


def test_an_acknowledgement_of_nothing_known_says_so(desk: Desk) -> None:
    """A department that mixes up its numbers hears of it."""
    said = desk.say("mot_cua_cmon", soap("updateSendSignal", "<idList>99</idList>"))
    assert said.kind is AnswerKind.UNKNOWN_DOSSIER


def test_one_agency_never_fetches_or_acknowledges_what_waits_for_another() -> None:
    """Two departments with the same software: each has its own endpoint."""
    routes = house().routes
    own = {**routes.endpoints, "mot_cua_cmon": Endpoint("mot_cua_cmon", "mot_cua_cmon", "H99.12")}
    desk = Desk(house=replace(house(), routes=RouteTable(routes.routes, own)))
    submit(desk, "QG-DEMO-000125")
    assert offered(desk, OTHER) == []
    refused = desk.say("mot_cua_cmon", soap("updateSendSignal", "<idList>5001</idList>"), OTHER)
    assert refused.kind is AnswerKind.UNKNOWN_DOSSIER
    assert offered(desk) == ["5001"]


def test_one_agency_never_writes_to_what_another_opened() -> None:
    """Two departments with the same software: a step on the other's dossier is a step on no dossier."""
    desk = Desk(shared=frozenset({"mot_cua_cmon"}))
    assert desk.say("mot_cua_cmon", soap("pushDocument", dossier())).kind is AnswerKind.ACCEPTED
    refused = desk.say("mot_cua_cmon", soap("updateStatus", step()), OTHER)
    assert refused.kind is AnswerKind.UNKNOWN_DOSSIER
    assert desk.say("mot_cua_cmon", soap("pushDocument", dossier(ngayHenTra="14/07/2026")), OTHER).kind is (
        AnswerKind.UNKNOWN_DOSSIER
    )
    assert desk.say("mot_cua_cmon", soap("updateStatus", step())).kind is AnswerKind.ACCEPTED


def test_knowing_the_portals_code_does_not_make_a_dossier_ones_own(desk: Desk) -> None:
    """The JSON desk names another department's dossier by the code the portal has for it."""
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    (code,) = [code for party, code in desk.work(desk.told[0].delivery_id).identities if party == "cong_dvcqg"]
    steps = [{"MaHoSo": code, "NguoiXuLy": "Lê Thị Mẫu", "ThoiDiemXuLy": "20260707080000", "NoiDungXuLy": "Bước 1",
              "TrangThai": "10"}]  # fmt: skip
    facade = Party("H99.12", "Mặt tiền", "mat_tien_json")
    said = desk.say("mat_tien_json", callback("CapNhatTienDoHoSoMC", steps, MaDinhDanhDV="H99.12"), facade)
    assert said.kind is AnswerKind.UNKNOWN_DOSSIER, said


# ---------------------------------------------------------------- they ask


def test_a_known_dossier_is_told_with_its_newest_status_and_nobodys_name(desk: Desk) -> None:
    """The asker has the names or need not have them."""
    submit(desk, "QG-DEMO-000125")
    ask = callback("search/call", {"madonvi": "000.00.00.H99", "service": "TraCuuHoSo", "masohoso": "QG-DEMO-000125"})
    said = desk.say("cong_dvcqg", ask, PORTAL)
    assert said.kind is AnswerKind.ACCEPTED
    assert said.payload is not None
    text = "".join(said.payload.itertext())
    assert "QG-DEMO-000125" in text
    assert "Phạm Văn Mẫu" not in text
    assert [found.verdict for found in desk.journal.find(Query(verdict="asked"))] == ["asked"]


def test_an_unknown_dossier_is_told_as_unknown(desk: Desk) -> None:
    """And the question is on record."""
    ask = callback("search/call", {"madonvi": "000.00.00.H99", "service": "TraCuuHoSo", "masohoso": "QG-DEMO-000999"})
    assert desk.say("cong_dvcqg", ask, PORTAL).kind is AnswerKind.UNKNOWN_DOSSIER
    assert len(desk.journal.find(Query(verdict="asked"))) == 1
