"""The report of a reconciliation: safe for a spreadsheet, nothing of a person in it."""

from __future__ import annotations

import csv
from pathlib import Path

from bus.cli.reconcile_report import DIFFERENCES, as_json, row_of, write_csv
from bus.journal import MemoryJournal
from bus.reconciling.proposing import lines_of
from bus.reconciling.tally import counted, differences, worth_a_row
from bus.records import Difference, Finding, PlanAct, Reconciliation, Repair, Scope
from tests.unit.bus.kit import NOW

RUN = Reconciliation("r1", "an", NOW, Scope(NOW, NOW), total=1, step=1)
FOUND = Finding(
    1, "d1", "cong", Difference.MISSING_THERE, code="H99.12-260706-00001", own_code="099000000001", ours="4",
    reason='=HYPERLINK("http://x.example")', who="operator", proof="a" * 64,
    repairs=(Repair("replay", "m1:cong"), Repair("replay", "m2:cong")),
)  # fmt: skip


def test_csv_for_a_spreadsheet(tmp_path: Path) -> None:
    """UTF-8 with its mark; a cell that a spreadsheet would run is text; a person's number is covered."""
    journal, file = MemoryJournal(), tmp_path / "r.csv"
    journal.record_reconciliation(RUN, (FOUND,)).result()
    assert write_csv(journal, RUN, file) == 1
    assert file.read_bytes().startswith(b"\xef\xbb\xbf")
    with file.open(encoding="utf-8-sig", newline="") as text:
        titles, row = csv.reader(text)
    assert titles[0] == "stt"
    assert "'=HYPERLINK" in row[6]
    assert "099000000001" not in ",".join(row)
    assert row[8] == "phát lại 2 lượt giao"


def test_json_covers_people() -> None:
    """Also for programs."""
    assert "099000000001" not in str(as_json(FOUND))
    assert as_json(FOUND)["difference"] == "missing-there"


def test_every_difference_has_its_words() -> None:
    """None is shown by a bare code."""
    assert set(DIFFERENCES) == set(Difference)
    assert row_of(FOUND)[3] == "bên kia thiếu"


def test_proposals_from_the_end_forward_with_the_proof() -> None:
    """A lane is replayed from its end forward; each act says why, and by what answer."""
    lines = list(lines_of([FOUND]))
    assert [one.subject for one in lines] == ["m2:cong", "m1:cong"]
    assert {one.act for one in lines} == {PlanAct.REPLAY_AS_THEN}
    assert all(f"sha256 {'a' * 64}" in one.note for one in lines)


def test_counting() -> None:
    """Added and taken away; what asks for nobody is a number only."""
    equal = Finding(2, "d2", "cong", Difference.EQUAL, who="nobody")
    counts = counted({}, [FOUND, equal, equal])
    assert counts == {"cong": {"missing-there": 1, "equal": 2}}
    assert differences(counts) == 1
    assert counted(counts, [FOUND], by=-1) == {"cong": {"equal": 2}}
    assert worth_a_row(FOUND)
    assert not worth_a_row(equal)
    assert not worth_a_row(Finding(3, "d", "x", Difference.NOT_ASKABLE, who="nobody"))
    assert worth_a_row(Finding(3, "d", "x", Difference.NOT_ASKABLE, who="operator"))
