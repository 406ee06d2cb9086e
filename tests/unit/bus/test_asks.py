"""A question of the portal is answered from what the journal knows."""

from __future__ import annotations

from bus.asks import answer_question
from bus.canonical import text_at
from tests.unit.bus.kit import PORTAL, Desk, adapter, callback, read, soap, step, submission

CODE = "QG-DEMO-000125"
ASK = callback("search/call", {"madonvi": "000.00.00.H99", "service": "TraCuuHoSo", "masohoso": CODE})


def answered(desk: Desk) -> str:
    said = answer_question(adapter("cong_dvcqg"), read("cong_dvcqg", ASK), desk.journal)
    assert said.payload is not None
    return "|".join(text.strip() for text in said.payload.itertext() if text.strip())


def test_the_newest_step_says_the_status() -> None:
    """Not the one the dossier came with."""
    desk = Desk()
    desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission(CODE)), PORTAL)
    before = answered(desk)
    desk.say("mot_cua_cmon", soap("updateStatus", step("", onlineId="5001")))
    assert desk.told
    assert answered(desk) != before


def test_what_an_answer_shows_is_a_closed_list() -> None:
    """Codes and times; no name, number or address of anybody."""
    desk = Desk()
    desk.say("cong_dvcqg", callback("addtthcKhuyenMai", submission(CODE)), PORTAL)
    text = answered(desk)
    assert CODE in text
    for secret in ("Phạm Văn Mẫu", "0999999999", "0900000003", "Công ty TNHH Ví Dụ Sông Mây", "Số 1 phố Thử Nghiệm"):
        assert secret not in text


def test_a_leaf_that_is_not_there_is_empty_text() -> None:
    """So that nobody asks twice whether something stands there."""
    payload = read("cong_dvcqg", ASK).payload
    assert (text_at(payload, "masohoso"), text_at(payload, "khong/co")) == (CODE, "")
