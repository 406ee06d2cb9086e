"""The agency registry: codes in both forms, on a day; aliases looked up, suggestions only suggested."""

from datetime import date
from pathlib import Path

import pytest

from schemas.agencies import AgencyRegistry, Form
from schemas.problem import Refused, Stage

SHARED = Path(__file__).parents[3] / "schemas" / "tables"
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


@pytest.fixture(scope="module")
def registry() -> AgencyRegistry:
    return AgencyRegistry.load(SHARED, unverified=True)


def test_both_forms_find_one_agency(registry: AgencyRegistry) -> None:
    """The old and the new code are two names of one row."""
    assert registry.find("H99.12", on=AFTER) == registry.find("000.00.12.H99", on=AFTER)
    assert registry.in_form("H99.12", Form.OLD, on=AFTER) == "000.00.12.H99"
    assert registry.in_form("000.00.12.H99", Form.NEW, on=AFTER) == "H99.12"


def test_alias_is_never_computed(registry: AgencyRegistry) -> None:
    """A code issued fresh under the new scheme has no old one, though a rule could make one up."""
    assert registry.in_form("H99.15", Form.OLD, on=AFTER) is None
    assert registry.find("000.00.15.H99", on=AFTER) is None
    assert registry.suggest("000.00.15.H99", on=AFTER) == "H99.15"


def test_closed_code_is_good_on_an_older_dossier(registry: AgencyRegistry) -> None:
    """Judged by the dossier's day: good before the merger, a problem with its successor after it."""
    assert registry.check("H98", on=BEFORE, stage=Stage.ROUTE) is None
    found = registry.check("H98", on=AFTER, stage=Stage.ROUTE)
    assert found is not None
    assert found.code == "LT-CODE-102"
    assert "H99" in found.text_vi
    assert "2025-06-30" in found.text_en


def test_old_form_of_a_closed_code_is_closed_too(registry: AgencyRegistry) -> None:
    """Both forms share validity and successor."""
    found = registry.check("000.00.11.H99", on=AFTER, stage=Stage.ROUTE)
    assert found is not None
    assert found.code == "LT-CODE-102"
    heir = registry.successor("000.00.11.H99", on=AFTER)
    assert heir is not None
    assert heir.code == "H99.12"


def test_unknown_code_is_named_with_a_suggestion(registry: AgencyRegistry) -> None:
    """An unknown code is a replayable problem, not a guess."""
    found = registry.check("H99.14", on=AFTER, stage=Stage.ROUTE)
    assert found is not None
    assert (found.code, found.retryable) == ("LT-CODE-101", True)
    assert "có thể là “H99.1" in found.text_vi


def test_code_is_not_good_before_its_first_day(registry: AgencyRegistry) -> None:
    """A code of the K family did not exist in 2024."""
    found = registry.check("K99", on=date(2024, 1, 1), stage=Stage.ROUTE)
    assert found is not None
    assert found.code == "LT-CODE-103"
    assert registry.check("K99", on=AFTER, stage=Stage.ROUTE) is None


def test_successors_are_followed_and_circles_end(tmp_path: Path) -> None:
    """A chain of mergers leads to who is there now; a circle leads nowhere."""
    head = "code,vi,en,old_code,valid_from,valid_to,successor,unverified,note\n"
    rows = "H99.1,A,,,,2020-12-31,H99.2,no,\nH99.2,B,,,,2025-06-30,H99.3,no,\nH99.3,C,,,2025-07-01,,,no,\n"
    circle = "G99.1,A,,,,2020-12-31,G99.2,no,\nG99.2,B,,,,2020-12-31,G99.1,no,\n"
    (tmp_path / "co_quan.csv").write_text(head + rows + circle, encoding="utf-8")
    registry = AgencyRegistry.load(tmp_path)
    heir = registry.successor("H99.1", on=AFTER)
    assert heir is not None
    assert heir.code == "H99.3"
    assert registry.successor("G99.1", on=AFTER) is None


def test_unverified_rows_are_left_out_unless_asked_for() -> None:
    """Sample data never becomes truth by default; the families are known all the same."""
    registry = AgencyRegistry.load(SHARED)
    assert registry.find("H99.12", on=AFTER) is None
    assert registry.find("H26", on=AFTER) is None
    assert set(registry.families) == {"G", "H", "K"}


@pytest.mark.parametrize(
    ("code", "form"),
    [
        ("000.00.12.H99", Form.OLD),
        ("000.A0.01.H99", Form.OLD),
        ("H99", Form.NEW),
        ("H99.DN.001", Form.NEW),
        ("K99", Form.NEW),
        ("28.22.H99", Form.OTHER),
        ("vxp.saas.03", Form.OTHER),
        ("Z99.01", Form.OTHER),
        ("000.00.00.Z99", Form.OTHER),
    ],
)
def test_forms_and_families_come_from_data(registry: AgencyRegistry, code: str, form: Form) -> None:
    """The shape is told apart, and the level-1 letter must be in the table of families."""
    assert registry.form(code) is form


def test_new_family_is_a_line_in_a_table(tmp_path: Path) -> None:
    """When the state invents another letter, nobody changes a program."""
    text = "code,vi,en,valid_from,valid_to,unverified,note\nZ,Họ mới,New family,,,no,\n"
    (tmp_path / "ho_ma_co_quan.csv").write_text(text, encoding="utf-8")
    assert AgencyRegistry.load(SHARED, tmp_path).form("Z99.01") is Form.NEW


def test_wrong_table_is_refused(tmp_path: Path) -> None:
    """A wrong line stops the loading, with its place."""
    (tmp_path / "co_quan.csv").write_text("code,vi,en,valid_from,valid_to\nH99,A,,x,\n", encoding="utf-8")
    with pytest.raises(Refused, match="LT-CODE-001"):
        AgencyRegistry.load(tmp_path)
