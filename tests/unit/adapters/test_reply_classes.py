"""Reply tables in the classes operators think in; a known code that no row covers is told, not guessed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from adapters.manifest import KnownCode, ReplyRule
from adapters.registry import Registry
from adapters.reply_classes import ReplyClass, class_of, covered, uncovered
from bus.outcome import Outcome

SYSTEMS = Registry.load()


@pytest.mark.parametrize("system", [adapter.id for adapter in SYSTEMS])
def test_every_code_a_contract_names_has_its_row(system: str) -> None:
    """Or its replies would be taken for broken ones."""
    assert uncovered(SYSTEMS[system].manifest) == ()


def test_the_portals_codes_come_to_all_classes() -> None:
    """Taken, duplicate, permanent, needs login: as its contract means them."""
    found = {(one.operation, one.known.code, one.known.text): one.reply_class for one in covered(PORTAL)}
    assert found["DongBoHoSoMC", "0", ""] is ReplyClass.TAKEN
    assert found["DongBoHoSoMC", "-3", "Hồ sơ đã tồn tại"] is ReplyClass.DUPLICATE
    assert found["DongBoHoSoMC", "-1", "Phiên làm việc đã hết hạn"] is ReplyClass.NEEDS_LOGIN
    assert found["DongBoHoSoMC", "-1", "Không tìm thấy hồ sơ"] is ReplyClass.PERMANENT


PORTAL = SYSTEMS["cong_dvcqg"].manifest


def test_a_code_that_only_the_last_line_takes_is_not_covered() -> None:
    """The line for whatever comes says nothing of it; a code of one operation is not asked of the others."""
    strange = KnownCode("E77", "lạ", "strange", operations=("TraKetQua",))
    (told,) = uncovered(replace(PORTAL, known_codes=(strange,)))
    assert (told.operation, told.reply_class, told.row) == ("TraKetQua", ReplyClass.UNCLEAR, 0)
    assert "E77" in str(told)


def test_a_row_with_a_problem_alone_covers_nothing() -> None:
    """It still fits everything."""
    operation = replace(PORTAL.operations["TraKetQua"], replies=(ReplyRule("rejected", problem="LT-SYS-020"),))
    manifest = replace(PORTAL, operations={"TraKetQua": operation}, known_codes=(KnownCode("1", "a", "a"),))
    assert len(uncovered(manifest)) == 1


def test_every_outcome_has_a_class() -> None:
    """But those of ours, which no partner says."""
    for outcome in Outcome:
        if outcome is not Outcome.LOCAL_FAULT:
            assert class_of(outcome.value) in ReplyClass
