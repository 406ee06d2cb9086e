"""The report of a reconciliation: on the screen, as JSON lines, as CSV for an officer. Codes of people are covered."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from pathlib import Path

from bus.cli import out
from bus.masking import mask_code
from bus.ports import Journal
from bus.reconciling.run import FROM
from bus.reconciling.tally import differences, total
from bus.records import Difference, Finding, Progress, Reconciliation

DIFFERENCES: Mapping[Difference, tuple[str, str, str]] = {  # Vietnamese, English, colour
    Difference.EQUAL: ("khớp", "equal", "green"),
    Difference.UNDERWAY: ("đang trên đường", "underway", "cyan"),
    Difference.MISSING_THERE: ("bên kia thiếu", "missing there", "bold red"),
    Difference.MISSING_HERE: ("bên ta thiếu", "missing here", "bold red"),
    Difference.BEHIND: ("bên kia chậm hơn", "status behind", "red"),
    Difference.AHEAD: ("bên kia đi trước", "status ahead", "red"),
    Difference.OTHER_CONTENT: ("khác nội dung", "other content", "red"),
    Difference.UNCLEAR_TAKEN: ("chưa rõ: đã nhận", "unclear, taken", "magenta"),
    Difference.UNCLEAR_NOT_TAKEN: ("chưa rõ: chưa nhận", "unclear, not taken", "magenta"),
    Difference.NOT_ASKABLE: ("không hỏi được", "not askable", "dim"),
    Difference.NOT_ANSWERED: ("không trả lời", "not answered", "yellow"),
}
WHO: Mapping[str, str] = {
    "operator": "người vận hành", "partner": "bên nhận", "department": "đơn vị", "nobody": "không ai",
}  # fmt: skip
ACTS: Mapping[str, str] = {"replay": "phát lại", "release": "thả ra", "settle": "ghi là đã giao"}
ON_SCREEN = 50
_TITLES = ("stt/no", "hồ sơ/dossier", "tới/to", "khác gì/difference", "ta/ours", "họ/theirs", "lý do/reason", "ai/who",
           "đề nghị/proposal")  # fmt: skip


def findings_of(journal: Journal, run_id: str) -> Iterator[Finding]:
    """All of them, in order, page by page."""
    after = (0, "")
    while page := journal.findings(run_id, after, limit=500):
        yield from page
        after = (page[-1].number, page[-1].endpoint)


def show_screen(journal: Journal, run: Reconciliation) -> None:
    """What differs, then the sums."""
    rows: list[list[object]] = []
    more = 0
    for found in findings_of(journal, run.id):
        if len(rows) < ON_SCREEN:
            rows.append(row_of(found))
        else:
            more += 1
    if rows:
        out.show_table(_TITLES, rows)
    if more:
        out.say(f"… còn {more} dòng nữa: --report FILE.csv / {more} more lines", style="dim")
    _show_sums(run)


def _show_sums(run: Reconciliation) -> None:
    for endpoint, many in sorted(run.counts.items()):
        if endpoint.startswith(FROM):
            system, count = endpoint.removeprefix(FROM), sum(many.values())
            out.say(f"{system}: không hỏi được, hệ thống không có nghiệp vụ tra cứu ({count} hồ sơ) / cannot be asked")
            continue
        parts = [f"{DIFFERENCES[Difference(name)][0]} {count}" for name, count in sorted(many.items())]
        out.say(f"{endpoint}: {' · '.join(parts)}")
    state = {
        Progress.DONE: "xong / done", Progress.INCOMPLETE: "xong, có hồ sơ không được trả lời / some got no answer",
        Progress.RUNNING: "chưa xong / not finished",
    }[run.progress]  # fmt: skip
    out.say(f"Đối soát {run.id}: {run.done}/{run.total} hồ sơ · {differences(run.counts)} khác nhau · {state}",
            style="red" if differences(run.counts) else "green")  # fmt: skip
    if run.progress is not Progress.DONE:
        out.say(f"  → lienthong reconcile --resume {run.id}", style="yellow")


def show_json(journal: Journal, run: Reconciliation) -> None:
    """One line for each finding, the run last."""
    for found in findings_of(journal, run.id):
        out.show_json(as_json(found), one_line=True)
    out.show_json(run_json(run), one_line=True)


def write_csv(journal: Journal, run: Reconciliation, file: Path) -> int:
    """For a spreadsheet: UTF-8 with a mark, and no cell that a spreadsheet would take for a formula. Returns rows."""
    count = 0
    with file.open("w", encoding="utf-8-sig", newline="") as target:
        writer = csv.writer(target)
        writer.writerow(title.partition("/")[0] for title in _TITLES)
        for found in findings_of(journal, run.id):
            writer.writerow(_cell(value) for value in row_of(found))
            count += 1
    return count


def row_of(found: Finding) -> list[object]:
    """One finding as people read it."""
    codes = " · ".join(mask_code(code) for code in (found.own_code, found.code) if code)
    return [
        found.number, codes or found.dossier, found.endpoint, DIFFERENCES[found.difference][0], found.ours,
        found.theirs, found.reason, WHO[found.who], proposal(found),
    ]  # fmt: skip


def proposal(found: Finding) -> str:
    """What would be done about it, after somebody's yes."""
    acts = [repair.act for repair in found.repairs]
    return " + ".join(f"{ACTS[act]} {acts.count(act)} lượt giao" for act in dict.fromkeys(acts))


def as_json(found: Finding) -> dict[str, object]:
    """One finding for programs. Nothing about a citizen."""
    return {
        "number": found.number,
        "dossier": found.dossier,
        "endpoint": found.endpoint,
        "difference": found.difference.value,
        "code": mask_code(found.code),
        "own_code": mask_code(found.own_code),
        "ours": found.ours,
        "theirs": found.theirs,
        "reason": found.reason,
        "who_acts": found.who,
        "detail": dict(found.detail),
        "proof": found.proof,
        "asked_at": found.asked_at,
        "repairs": [
            {"act": one.act, "delivery": one.delivery_id, "as_then": one.as_then} for one in found.repairs
        ],
    }  # fmt: skip


def run_json(run: Reconciliation) -> dict[str, object]:
    """The run itself."""
    return {
        "reconciliation": run.id,
        "progress": run.progress.value,
        "since": run.scope.since,
        "until": run.scope.until,
        "total": run.total,
        "done": run.done,
        "differences": differences(run.counts),
        "not_answered": total(run.counts, Difference.NOT_ANSWERED),
        "counts": run.counts,
    }


def _cell(value: object) -> str:
    text = out.clean(value)
    return f"'{text}" if text[:1] in ("=", "+", "-", "@") else text
