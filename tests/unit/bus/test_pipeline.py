"""From a partner's element to canonical messages: split, dated, translated, checked, named, routed."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from bus.days import day_of
from bus.pipeline import KnownDossier, take_in
from bus.records import DossierRef
from bus.routing import Birth, routed
from schemas.problem import Stage
from schemas.xmldoc import parse
from tests.unit.bus.kit import (
    CMON,
    NOW,
    PORTAL,
    callback,
    canonical_text,
    dossier,
    house,
    inbound_of,
    result,
    soap,
    step,
    submission,
)

CODE = "TN01-2026-0101"
NAMES = (("mot_cua_cmon", CODE),)


def test_each_item_is_a_message_of_its_own_caused_by_the_envelope() -> None:
    """One call may carry many dossiers: each has its own names and the same cause."""
    call = inbound_of("mot_cua_cmon", soap("pushDocument", dossier("TN01-2026-0101"), dossier("TN01-2026-0102")))
    items, problems = take_in(call, house())
    assert problems == ()
    assert [item.message.envelope.business_ids[0][1] for item in items] == ["TN01-2026-0101", "TN01-2026-0102"]
    assert {item.message.envelope.caused_by for item in items} == {call.raw.envelope.id}
    assert len({item.message.envelope.id for item in items}) == 2


def test_problems_of_all_items_come_at_once_and_say_which_item() -> None:
    """The second and the third are wrong: both are named by their number."""
    bad = [dossier(code, maLoaiHoSo="LA99") for code in ("TN01-2026-0102", "TN01-2026-0103")]
    items, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(), *bad)), house())
    assert len(items) == 1
    assert {found.theirs.path.partition(" ")[0] for found in problems if found.theirs} == {"[2/3]", "[3/3]"}


def test_a_single_item_has_no_number() -> None:
    """Nobody asks which of one."""
    _, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="LA99"))), house())
    assert problems
    assert all("[" not in found.theirs.path for found in problems if found.theirs)


def test_a_call_without_items_is_a_problem() -> None:
    """An empty list is not silently taken."""
    call = inbound_of("mot_cua_cmon", soap("pushDocument", dossier()))
    call.payload.find("arg0").clear()  # type: ignore[union-attr]  # it is there: the schema saw to it
    assert [found.code for found in take_in(call, house())[1]] == ["LT-PIPE-001"]


def test_a_message_that_names_no_dossier_is_a_problem() -> None:
    """Nothing travels without a dossier."""
    call = inbound_of("mot_cua_cmon", soap("updateStatus", step()))
    nameless = replace(call, operation=replace(call.operation, dossier=()))
    assert [found.code for found in take_in(nameless, house())[1]] == ["LT-PIPE-002"]


# ---------------------------------------------------------------- duplicates


def test_the_same_content_has_the_same_key_and_hash_whatever_the_password() -> None:
    """Credentials inside do not make it another content."""
    one, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(), password="một")), house())
    two, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(), password="hai")), house())
    assert (one[0].idempotency_key, one[0].content_sha256) == (two[0].idempotency_key, two[0].content_sha256)


def test_whitespace_between_items_is_not_content() -> None:
    """The last of a list and the only one of a list are the same dossier."""
    one, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(), "\n  ")), house())
    two, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    assert one[0].content_sha256 == two[0].content_sha256


def test_other_content_keeps_the_key_and_changes_the_hash() -> None:
    """So that the journal can tell a conflict."""
    one, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    two, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(ngayHenTra="14/07/2026"))), house())
    assert one[0].idempotency_key == two[0].idempotency_key
    assert one[0].content_sha256 != two[0].content_sha256


def test_the_key_is_the_operations_own() -> None:
    """A step and a dossier of one code never stand in each other's way."""
    pushed, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    stepped, _ = take_in(inbound_of("mot_cua_cmon", soap("updateStatus", step())), house())
    assert pushed[0].idempotency_key.partition(":")[0] == "pushDocument"
    assert stepped[0].idempotency_key.partition(":")[0] == "updateStatus"


# ---------------------------------------------------------------- attachments, identities, origin


def test_attachments_travel_alone_under_their_dossier() -> None:
    """Where the route says so: one message a file, caused by the dossier, with no key and no new dossier."""
    request = callback("addtthcKhuyenMai", submission(MaTTHC="9.999004"))
    items, problems = take_in(inbound_of("cong_dvcqg", request, party=PORTAL), house())
    assert problems == ()
    assert [item.message.envelope.kind for item in items] == ["ho_so", "tep_dinh_kem", "tep_dinh_kem"]
    assert [item.same_dossier_as for item in items] == [-1, 0, 0]
    assert {item.message.envelope.caused_by for item in items[1:]} == {items[0].message.envelope.id}
    assert [item.idempotency_key != "" for item in items] == [True, False, False]
    assert [canonical_text(item, "SoThuTu") for item in items[1:]] == ["1", "2"]
    assert not any(item.dossier.may_create for item in items[1:])


def test_a_dossier_gets_its_national_name_before_anything_is_delivered() -> None:
    """By agency and the dossier's own day."""
    items, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    (wanted,) = items[0].identities
    assert (wanted.party, wanted.prefix, wanted.width) == ("cong_dvcqg", "H99.12-260706-", 5)


def test_a_step_that_says_no_agency_opens_no_name() -> None:
    """It waits for the dossier to have one."""
    items, _ = take_in(inbound_of("mot_cua_cmon", soap("updateStatus", step())), house())
    assert items[0].identities == ()


@pytest.mark.parametrize(("origin", "operation"), [("cong_dvcqg", "DongBoKetQua"), ("don_vi", "TraKetQua")])
def test_a_result_goes_where_its_dossier_was_born(origin: str, operation: str) -> None:
    """What the result does not say, the journal knows."""
    known = {NAMES: KnownDossier(origin, date(2026, 7, 6), CMON)}
    items, problems = take_in(inbound_of("mot_cua_cmon", soap("updateResult", result()), known=known), house())
    assert problems == ()
    assert canonical_text(items[0], "NguonGoc") == origin
    assert [planned.operation for planned in items[0].deliveries] == [operation]


def test_no_route_is_a_problem_and_takes_nothing() -> None:
    """Never a silent drop."""
    empty = replace(house(), routes=replace(house().routes, routes=()))
    items, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), empty)
    assert items == ()
    assert [found.code for found in problems] == ["LT-ROUTE-001"]


# ---------------------------------------------------------------- dated codes


@pytest.mark.parametrize(
    ("day", "codes"),
    [("30/06/2025", set()), ("01/07/2025", {"LT-MAP-121"}), ("06/07/2026", {"LT-MAP-121"})],
)
def test_a_closed_code_is_good_on_an_old_dossier_and_a_problem_on_a_new_one(day: str, codes: set[str]) -> None:
    """Judged by the dossier's own day, not by the day it came."""
    sent = dossier(maDonViTiepNhan="SMAY-CU01", ngayNopHoSo=day, ngayHenTra="13/07/2026")
    items, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", sent)), house())
    assert {found.code for found in problems} == codes
    assert [canonical_text(item, "CoQuan/Ma") for item in items] == ([] if codes else ["H99.11"])


def test_an_abolished_procedure_is_good_on_the_dossiers_it_had() -> None:
    """TN00 ended in June 2026."""
    old, none = take_in(
        inbound_of("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="TN00", ngayNopHoSo="29/06/2026"))), house()
    )
    assert none == ()
    assert canonical_text(old[0], "ThuTuc/Ma") == "9.999000"
    _, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(maLoaiHoSo="TN00"))), house())
    assert {found.code for found in problems} == {"LT-MAP-121"}


def test_an_unreadable_day_is_told_by_the_map_and_the_codes_are_judged_by_today() -> None:
    """No second complaint about the same field, and no crash."""
    _, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(ngayNopHoSo="31/02/2026"))), house())
    assert {found.code for found in problems} == {"LT-MAP-102"}


def test_a_message_remembers_the_day_it_was_judged_by() -> None:
    """What is made of it later is judged by the same day."""
    items, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    assert day_of(items[0].message.envelope) == date(2026, 7, 6)


def test_a_step_is_judged_by_the_day_of_its_dossier() -> None:
    """If the journal knows it; else by the day it came."""
    known = {NAMES: KnownDossier("don_vi", date(2025, 3, 1), CMON)}
    items, _ = take_in(inbound_of("mot_cua_cmon", soap("updateStatus", step()), known=known), house())
    assert day_of(items[0].message.envelope) == date(2025, 3, 1)
    unknown, _ = take_in(inbound_of("mot_cua_cmon", soap("updateStatus", step())), house())
    assert day_of(unknown[0].message.envelope) == NOW.date()


# ---------------------------------------------------------------- damaged text


def test_text_that_was_surely_encoded_twice_is_refused_by_place_and_never_quoted() -> None:
    """A name kept like that would be wrong on every paper made of it."""
    street = "phố Nguyễn Thị".encode().decode("cp1252")
    _, problems = take_in(
        inbound_of("mot_cua_cmon", soap("pushDocument", dossier(moTaDiaChiThuongTru=street))), house()
    )
    (found,) = problems
    assert (found.code, found.stage) == ("LT-TEXT-005", Stage.VALIDATE_CANONICAL)
    assert found.theirs is not None
    assert found.theirs.path == "HoSo/ChuHoSo/ThuongTru/ChiTiet"
    assert "Nguy" not in str(found.as_json())


@pytest.mark.parametrize("name", ["Nguy?n Thị Thử Nghiệm", "Nguyễn Thị Ã", "Hoà Á Đông"])
def test_a_suspicion_refuses_nothing(name: str) -> None:
    """Only what is certain is refused: a strange name is still a name."""
    items, problems = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier(hoTenNguoiNop=name))), house())
    assert problems == ()
    assert len(items) == 1


def test_a_new_dossier_that_says_no_agency_is_named_under_the_callers() -> None:
    """A map without an agency must not accept what could never be delivered."""
    birth = Birth(cause=inbound_of("mot_cua_cmon", soap("pushDocument", dossier())).raw.envelope, sender=CMON,
                  operation="pushDocument", names=NAMES, now=NOW, day=date(2026, 7, 6), profile="")  # fmt: skip
    items, _ = take_in(inbound_of("mot_cua_cmon", soap("pushDocument", dossier())), house())
    element = parse(items[0].message.body)
    for block in element.findall("{*}CoQuan"):
        element.remove(block)
    made, problems = routed(element, "ho_so", birth, house=house(), dossier=DossierRef(NAMES, may_create=True))
    assert problems == ()
    assert made[0].identities[0].prefix.startswith(f"{CMON.agency}-")
