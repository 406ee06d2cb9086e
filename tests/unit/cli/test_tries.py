"""Tries are shown counted apart: those that were automatic, and those that persons asked for."""

from __future__ import annotations

from dataclasses import replace

from bus.cli.stages import tries_of
from bus.outcome import Outcome
from bus.records import Journey
from bus.web.console.delivery_view import delivery_view
from schemas.message import Envelope, Party
from tests.unit.bus.test_retry import NOW, tried

DELIVERY = replace(tried(Outcome.UNAVAILABLE).delivery, attempts_used=15, used_before=12, manual_used=1)


def journey() -> Journey:
    envelope = Envelope("m", "ho_so", Party("", "", "a"), None, "", (), NOW, "")
    return Journey(envelope, "accepted", (), (), (DELIVERY,), (), (), (), (), ())


def test_on_the_command_line() -> None:
    """With those before the last release, and whose the next one is."""
    assert "automatic 3 " in tries_of(DELIVERY)
    assert "before the last release 12" in tries_of(DELIVERY)
    assert "asked for 1" in tries_of(DELIVERY)
    assert "cb.an" in tries_of(replace(DELIVERY, asked_by="cb.an"))


def test_on_the_page() -> None:
    """The same numbers; nothing while nothing was tried."""
    assert delivery_view(journey(), DELIVERY, {}, 0).tries == (
        "tự thử 3 lần (trước lần thả gần nhất: 12), theo yêu cầu 1 lần"
    )
    asked = replace(DELIVERY, asked_by="cb.an")
    assert delivery_view(journey(), asked, {}, 0).tries.endswith("lần tới của cb.an")
    fresh = replace(DELIVERY, attempts_used=0, used_before=0, manual_used=0)
    assert delivery_view(journey(), fresh, {}, 0).tries == ""
