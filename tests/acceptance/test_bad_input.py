"""Bad input is normal input: each gets a typed answer in the partner's own protocol, and nothing is lost."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from bus.delivery import State
from bus.outcome import Outcome
from tests.acceptance.running_bus import Bus, dossier


@pytest.fixture(autouse=True)
def _calm(bus: Bus) -> Iterator[None]:
    yield
    bus.portal(error_rate=0.0, html_rate=0.0, bad_code_rate=0.0, drop_after_commit=0.0, business_error_rate=0.0)


def test_wrong_password_is_answered_in_band(bus: Bus) -> None:
    """No door is open: a wrong password gets CMON's own code 3, and nothing is accepted."""
    assert bus.soap("pushDocument", dossier("BAD-PW"), password="wrong").startswith("3 ")
    assert not bus.journal.dossier("mot_cua_cmon", "BAD-PW")


def test_unknown_code_names_table_and_code(bus: Bus) -> None:
    """An unknown kind of dossier is a named problem, never a filler value."""
    answer = bus.push("BAD-CODE", kind="XX99")
    assert answer.startswith("1 ")
    assert "XX99" in answer


def test_impossible_day_is_refused(bus: Bus) -> None:
    """31 February never becomes today."""
    assert bus.push("BAD-DAY", day="31/02/2026").startswith("1 ")


def test_duplicate_with_same_content_is_answered_as_the_first(bus: Bus) -> None:
    """The caller may call twice; there is one message."""
    assert bus.push("DUP-1") == "0"
    assert bus.push("DUP-1") == "0"
    bus.until("DUP-1", "ho_so", State.DELIVERED)
    assert len(bus.portal_dossier("DUP-1")) == 1


def test_duplicate_with_other_content_is_a_conflict(bus: Bus) -> None:
    """Same number, other citizen: refused with a reason, the first stays as it is."""
    assert bus.push("DUP-2") == "0"
    assert bus.push("DUP-2", name="Trần Văn Mẫu").startswith("99 ")


def test_status_of_an_unknown_dossier_is_refused(bus: Bus) -> None:
    """A step before its dossier gets CMON's code 2; after the dossier the same step is taken."""
    assert bus.step("EARLY-1", 1).startswith("2 ")
    assert bus.push("EARLY-1") == "0"
    assert bus.step("EARLY-1", 1) == "0"
    bus.until("EARLY-1", "tien_do", State.DELIVERED)


def test_steps_reach_the_portal_in_the_order_they_were_accepted(bus: Bus) -> None:
    """Second before first: the portal sees the dossier, then the steps as they were accepted."""
    assert bus.push("ORDER-1") == "0"
    assert bus.step("ORDER-1", 2) == "0"
    assert bus.step("ORDER-1", 1) == "0"
    bus.until("ORDER-1", "tien_do", State.DELIVERED)
    services = [entry["service"] for entry in bus.portal_dossier("ORDER-1")]
    assert services == ["DongBoHoSoMC", "CapNhatTienDoHoSoMC", "CapNhatTienDoHoSoMC"]


def test_list_with_one_bad_dossier_takes_none(bus: Bus) -> None:
    """CMON's reply cannot say which: all or nothing, and the answer names the item."""
    answer = bus.soap("pushDocument", dossier("LIST-1") + dossier("LIST-2", kind="XX99") + dossier("LIST-3"))
    assert answer.startswith("1 ")
    assert "2/3" in answer
    assert not bus.journal.dossier("mot_cua_cmon", "LIST-1")


def test_callback_with_a_wrong_key_is_refused(bus: Bus) -> None:
    """The portal's door is no more open than the others."""
    reply = bus.portal_call("search/call", {"masohoso": "H99.12-260706-00001"}, key="wrong")
    assert int(reply["error_code"]) == -1


def test_callback_for_an_unknown_dossier(bus: Bus) -> None:
    """The portal gets its own -1 with a message."""
    call = {"madonvi": "000.00.00.H99", "service": "TraCuuHoSo", "masohoso": "H99.12-260706-99999"}
    reply = bus.portal_call("search/call", call)
    assert int(reply["error_code"]) == -1
    assert reply["message"]


def test_portal_answering_html_with_200_is_not_success(bus: Bus) -> None:
    """A page is a bad reply: the portal is asked, then the dossier is sent; it arrives once."""
    bus.portal(html_rate=1.0)
    assert bus.push("HTML-1") == "0"
    bus.until("HTML-1", "ho_so", State.UNCLEAR)
    bus.portal(html_rate=0.0)
    journey = bus.until("HTML-1", "ho_so", State.DELIVERED)
    assert journey.attempts[0].outcome is Outcome.BAD_REPLY
    assert len(bus.portal_dossier("HTML-1")) == 1


def test_error_code_missing_or_not_a_number_is_unclear(bus: Bus) -> None:
    """The portal took it but said nothing usable: asked, found, sent as an update; never a second dossier."""
    bus.portal(bad_code_rate=1.0)
    assert bus.push("CODE-1") == "0"
    bus.until("CODE-1", "ho_so", State.UNCLEAR)
    bus.portal(bad_code_rate=0.0)
    bus.until("CODE-1", "ho_so", State.DELIVERED)
    creates = [entry for entry in bus.portal_dossier("CODE-1") if not entry["again"]]
    assert len(creates) == 1


def test_timeout_after_commit_is_found_by_asking(bus: Bus) -> None:
    """The connection breaks after the portal committed: TraCuuHoSo finds it, no second file is made."""
    bus.portal(drop_after_commit=1.0)
    assert bus.push("DROP-1") == "0"
    bus.until("DROP-1", "ho_so", State.UNCLEAR)
    bus.portal(drop_after_commit=0.0)
    journey = bus.until("DROP-1", "ho_so", State.DELIVERED)
    assert journey.attempts[0].outcome is Outcome.UNCLEAR
    assert len([entry for entry in bus.portal_dossier("DROP-1") if not entry["again"]]) == 1


def test_lost_reply_of_a_step_parks_and_is_never_repeated(bus: Bus) -> None:
    """A step carries no id at the portal: a person decides, and what comes behind waits."""
    assert bus.push("STEP-1") == "0"
    bus.until("STEP-1", "ho_so", State.DELIVERED)
    bus.portal(drop_after_commit=1.0)
    assert bus.step("STEP-1", 1) == "0"
    journey = bus.until("STEP-1", "tien_do", State.PARKED)
    bus.portal(drop_after_commit=0.0)
    assert bus.step("STEP-1", 2, now=15, then=6) == "0"
    bus.until("STEP-1", "tien_do", State.HELD)
    assert journey.deliveries[0].problem_code == "LT-DLV-003"
    assert [entry["service"] for entry in bus.portal_dossier("STEP-1")].count("CapNhatTienDoHoSoMC") == 1


def test_expired_session_is_renewed_once_within_the_attempt(bus: Bus) -> None:
    """The portal forgets our login in the middle: one new login, no attempt wasted."""
    bus.demo.control("portal", "expire", {})
    assert bus.push("SESSION-1") == "0"
    journey = bus.until("SESSION-1", "ho_so", State.DELIVERED)
    assert [attempt.outcome for attempt in journey.attempts] == [Outcome.ACCEPTED]


def test_business_refusal_parks_with_the_partners_words(bus: Bus) -> None:
    """What the portal refuses waits for a person with the portal's own words."""
    bus.portal(business_error_rate=1.0)
    assert bus.push("REFUSED-1") == "0"
    journey = bus.until("REFUSED-1", "ho_so", State.PARKED)
    assert journey.attempts[0].outcome is Outcome.REJECTED
    assert journey.attempts[0].text


def test_secrets_are_never_kept(bus: Bus) -> None:
    """The password travels inside the body; the journal keeps the body without it."""
    assert bus.push("SECRET-1") == "0"
    journey = bus.journey("SECRET-1", "ho_so")
    raw = bus.journal.body(journey.causes[-1], "raw")
    assert raw is not None
    assert b"SECRET-1" in raw.body
    assert bus.secrets["LIENTHONG_CMON_PASSWORD"].encode() not in raw.body
