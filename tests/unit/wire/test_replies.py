"""What a partner's reply means: the line first, then the manifest's table; never success by default."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.manifest import Direction, Operation, ReplyRule
from adapters.replies import classify, folded
from adapters.wire.contract import Exchange, Fault, PartnerReply
from schemas.problem import Stage, problem
from tests.unit.wire.parts import DONG_BO, TRA_CUU


def exchange(fault: Fault = Fault.NONE, *, status: int = 200, sent: bool = True) -> Exchange:
    """What happened on the line."""
    return Exchange(fault, sent, status, {}, b"", "a:1", 1, "", 0)


def reply(code: str | None, text: str = "", *, broken: bool = False) -> PartnerReply:
    """A reply as read."""
    found = (problem("LT-WIRE-035", Stage.DELIVER, {"endpoint": "x", "status": 200}),) if broken else ()
    return PartnerReply(code, text, None, found)


@pytest.mark.parametrize(
    ("fault", "sent", "outcome"),
    [
        (Fault.CONNECT, False, "unavailable"),
        (Fault.TIMEOUT, True, "unclear"),
        (Fault.RESET, True, "unclear"),
        (Fault.LOGIN, False, "refused"),
        (Fault.TOO_LARGE, True, "bad-reply"),
    ],
)
def test_faults_on_the_line_decide_before_any_rule(fault: Fault, sent: bool, outcome: str) -> None:
    """Whatever the reply looks like."""
    assert classify(DONG_BO, exchange(fault, sent=sent), reply("0")).outcome == outcome


@pytest.mark.parametrize(
    ("code", "text", "outcome", "again"),
    [
        ("0", "", "accepted", ""),
        ("00", "Thành công", "accepted", ""),
        ("-3", "Hồ sơ ĐÃ  TỒN TẠI", "duplicate", "update"),
        ("-3", "Hồ sơ đã tồn tại", "duplicate", "update"),
        ("-3", "khác", "rejected", ""),
        ("-1", "Mã thủ tục không tồn tại", "rejected", ""),
        ("-1", "Phiên đã hết hạn", "refused", "login"),
        (None, "thành công", "bad-reply", ""),
        ("", "thành công", "bad-reply", ""),
        ("abc", "thành công", "bad-reply", ""),
        ("0 OK", "", "bad-reply", ""),
    ],
)
def test_the_first_rule_that_fits_decides(code: str | None, text: str, outcome: str, again: str) -> None:
    """Codes exactly, texts folded; a missing or odd code is never success."""
    verdict = classify(DONG_BO, exchange(), reply(code, text))
    assert (verdict.outcome, verdict.again) == (outcome, again)


def test_decomposed_vietnamese_is_the_same_text() -> None:
    """NFD from one partner, NFC in the manifest."""
    import unicodedata

    assert folded(unicodedata.normalize("NFD", "Đã Tồn TẠI")) == "đã tồn tại"


@pytest.mark.parametrize(("status", "outcome"), [(429, "throttled"), (503, "unavailable")])
def test_come_later_is_believed_before_the_table(status: int, outcome: str) -> None:
    """HTTP's own words for it, whatever page comes with them."""
    assert classify(DONG_BO, exchange(status=status), reply("0")).outcome == outcome
    assert classify(DONG_BO, exchange(status=status), reply(None, broken=True)).outcome == outcome


def test_a_rule_may_say_otherwise_about_a_status() -> None:
    """A partner whose 503 means something else declares it."""
    own = replace(DONG_BO, replies=(ReplyRule("unclear", status=(503,)), *DONG_BO.replies))
    assert classify(own, exchange(status=503), reply(None, broken=True)).outcome == "unclear"


def test_an_answer_outside_the_contract_is_never_success_nor_rejection_by_a_catch_all() -> None:
    """An HTML page with 200 fits no rule that does not speak of it."""
    everything = Operation(Direction.OUT, "x", "x", replies=(ReplyRule("accepted"),))
    assert classify(everything, exchange(), reply("0", broken=True)).outcome == "bad-reply"
    rest = replace(everything, replies=(ReplyRule("rejected", code_missing=True),))
    assert classify(rest, exchange(), reply(None, broken=True)).outcome == "bad-reply"
    explicit = replace(everything, replies=(ReplyRule("accepted", status=(200,)),))
    assert classify(explicit, exchange(), reply(None, broken=True)).outcome == "bad-reply"
    busy = replace(everything, replies=(ReplyRule("unavailable", text_contains=("bận",)),))
    assert classify(busy, exchange(), reply("Server", "Hệ thống bận", broken=True)).outcome == "unavailable"


def test_a_rule_may_learn_the_partners_name_for_the_dossier() -> None:
    """The registration number of the reply becomes an identity; an empty one does not."""
    rule = ReplyRule("accepted", code_pattern="[0-9]{4}", learn="gplx")
    operation = replace(DONG_BO, replies=(rule,))
    assert classify(operation, exchange(), reply(" 1234 ")).learned == (("gplx", "1234"),)
    assert classify(operation, exchange(), reply("12345")).outcome == "bad-reply"


def test_an_ask_reads_there_or_not_there_from_the_record() -> None:
    """A non-empty result means the dossier exists."""
    assert classify(TRA_CUU, exchange(), reply("H99-1")).outcome == "accepted"
    assert classify(TRA_CUU, exchange(), reply(None)).outcome == "rejected"


def test_without_rules_nothing_is_success() -> None:
    """An operation whose table is empty has bad replies only."""
    assert classify(replace(DONG_BO, replies=()), exchange(), reply("0")).outcome == "bad-reply"
