"""`lienthong find`: the list of messages with state, reason and who must act."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from bus.cli import out
from bus.cli.context import Json, journal_of, state
from bus.cli.examined import mark_of
from bus.cli.moments import read_moment
from bus.cli.words import KINDS, STATES, VERDICTS, both, who_acts, without_values
from bus.delivery import Delivery, State
from bus.ports import Journal
from bus.records import Found, Judgement, Query

if TYPE_CHECKING:
    from bus.settings import Settings

Kind = StrEnum("Kind", {name: name for name in KINDS})  # type: ignore[misc]  # words.py is the one list
Verdict = StrEnum("Verdict", {name: name for name in VERDICTS})  # type: ignore[misc]  # as above
_TITLES = (
    "lúc/time",
    "loại/kind",
    "hồ sơ/dossier",
    "tới/to",
    "trạng thái/state",
    "lý do/reason",
    "ai/who",
    "mã/id",
    "sau/behind",
)
_WIDE = (
    "lúc · mã / time · id",
    "loại · hồ sơ / kind · dossier",
    "tới · trạng thái / to · state",
    "lý do · ai / reason · who",
)
_RANKED = 5_000  # parked ones compared
_SHORT = 16  # characters of an id that tell it from others in practice

EXAMPLES = """\b
Ví dụ / examples:
  lienthong find                                  50 thông điệp mới nhất / the newest 50
  lienthong find H99.12-260706-00017              theo mã hồ sơ / by dossier code (or its beginning)
  lienthong find --state parked                   cần người xử lý / what waits for a person
  lienthong find --verdict rejected --since 1d    bị từ chối từ hôm qua / refused since yesterday
  lienthong find --attachments invalid --since 7d  tệp có chữ ký hỏng / attachments whose signature is broken
  lienthong find --problem LT-MAP-120 --json      một dòng JSON mỗi thông điệp / one JSON line each
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("find", short_help="tìm thông điệp / find messages", epilog=EXAMPLES)(find)


def find(
    context: typer.Context,
    text: Annotated[
        str, typer.Argument(help="Mã hồ sơ hay mã thông điệp, hoặc phần đầu / dossier code or message id, or its start")
    ] = "",
    in_state: Annotated[
        State | None, typer.Option("--state", help="Trạng thái lượt giao / state of a delivery")
    ] = None,
    endpoint: Annotated[str, typer.Option(help="Điểm nhận / endpoint, e.g. cong_dvcqg")] = "",
    kind: Annotated[Kind | None, typer.Option(help="Loại thông điệp / kind of message")] = None,
    problem: Annotated[str, typer.Option(help="Mã vấn đề / problem code, e.g. LT-MAP-120")] = "",
    verdict: Annotated[
        Verdict | None, typer.Option(help="Kết luận ở cửa / what the door said: accepted, rejected, asked")
    ] = None,
    attachments: Annotated[
        Judgement | None,
        typer.Option(help="Chữ ký trong tệp đính kèm, cái xấu nhất / signatures in attachments, the worst of them"),
    ] = None,
    since: Annotated[str, typer.Option(help="Từ lúc: 30m, 2h, 3d, 06/07/2026, 2026-07-06T08:00 / not older than")] = "",
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="Nhiều nhất / at most")] = 50,
    before: Annotated[str, typer.Option(help="Tiếp sau mã này (trang sau) / continue after this id")] = "",
    json: Json = False,
) -> None:
    """Tìm thông điệp, kể cả bị từ chối; mới nhất trước / finds messages, refused ones too; newest first.

    --state parked: cái chặn nhiều nhất trước, rồi cái cũ nhất / what holds up most first, then the oldest.

    Không bao giờ hiện dữ liệu công dân. Mã thoát 1 = không có gì / never shows citizens' data; exit code 1 = nothing.
    """
    query = Query(
        text=text.strip(), state=in_state, endpoint=endpoint, kind=kind.value if kind else "", problem_code=problem,
        verdict=verdict.value if verdict else "", since=_since(since), limit=limit, before=before,
        attachments=attachments,
    )  # fmt: skip
    settings = state(context).settings
    with journal_of(settings) as journal:
        found, behind, more = _found(journal, query)
    found = _explained(settings, found)
    if json:
        for line in found:
            out.show_json(as_json(line, _waiting(line, behind)), one_line=True)
    elif found:
        _show(found, behind)
    else:
        out.warn("Không tìm thấy thông điệp nào / nothing found")
        _hint(context, query)
    if more:
        out.warn(f"… {more}", style="dim")  # beside the answer: whoever counts lines in a pipe must know too
    if not found:
        raise typer.Exit(1)


def _found(journal: Journal, query: Query) -> tuple[tuple[Found, ...], Mapping[str, int], str]:
    """The lines, how many wait behind each, how to see the rest. What is parked comes by that number, then the oldest
    first; what goes on with a page comes as the page does."""
    ranked = query.state is State.PARKED and not query.before
    found = journal.find(replace(query, limit=max(query.limit, _RANKED)) if ranked else query)
    behind = journal.behind([one.delivery.id for one in found if one.delivery and not one.delivery.state.final])
    if not ranked:
        ids = {one.envelope.id for one in found}
        more = f"trang sau / next page: --before {min(ids)}" if len(ids) >= query.limit else ""
        return found, behind, more
    order = sorted(found, key=lambda one: (-_waiting(one, behind), one.envelope.received_at, one.envelope.id))
    rest = len(order) - query.limit
    more = f"còn {rest} dòng nữa / more lines: --limit {len(order)}" if rest > 0 else ""
    return tuple(order[: query.limit]), behind, more


def _explained(settings: Settings, found: tuple[Found, ...]) -> tuple[Found, ...]:
    """With the reason of what is ready and cannot be sent."""
    if not any(one.delivery is not None and one.delivery.state is State.READY for one in found):
        return found
    from bus.endpoint_faults import EndpointFaults

    faults = EndpointFaults(settings)
    return tuple(replace(one, delivery=faults.explain(one.delivery)) if one.delivery else one for one in found)


def _waiting(line: Found, behind: Mapping[str, int]) -> int:
    return behind.get(line.delivery.id, 0) if line.delivery else 0


def _hint(context: typer.Context, query: Query) -> None:
    """A word that nobody knows is the likeliest reason for nothing."""
    from schemas.problem import catalogue

    asked = (("--problem", query.problem_code, catalogue()), ("--endpoint", query.endpoint, _endpoints(context)))
    for option, word, known in asked:
        if word and word not in known:
            near = get_close_matches(word, known, n=1)
            out.warn(f"  {option} {word}: không có / unknown{f'; gần nhất / nearest: {near[0]}' if near else ''}")


def _endpoints(context: typer.Context) -> Collection[str]:
    return state(context).settings.endpoints


def _since(text: str) -> datetime | None:
    if not text:
        return None
    try:
        return read_moment(text, now=datetime.now(UTC))
    except ValueError as wrong:
        said = "viết như / write it like: 30m, 2h, 3d, 06/07/2026, 2026-07-06T08:00"
        raise typer.BadParameter(said, param_hint="--since") from wrong


def _show(found: tuple[Found, ...], behind: Mapping[str, int]) -> None:
    if not out.console.is_terminal:
        out.show_table(_TITLES, [_row(line, _waiting(line, behind)) for line in found])
        return
    out.show_table(_WIDE, [_two_lines(line, _waiting(line, behind)) for line in found])


def _row(line: Found, behind: int) -> list[object]:
    shown = as_json(line, behind)
    return [
        out.moment(line.envelope.received_at),
        KINDS.get(line.envelope.kind, line.envelope.kind),
        ", ".join(line_codes(line)),
        shown["endpoint"] or "",
        _words(line)[0],
        " · ".join(filter(None, (str(shown["reason"]), mark_of(line.examination)))),
        shown["who_acts"],
        line.envelope.id,
        behind or "",
    ]


def _two_lines(line: Found, behind: int) -> list[object]:
    """Eight things do not fit side by side on a terminal: four pairs do."""
    at, kind, codes, to, said, reason, who, identity, _ = map(out.clean, _row(line, behind))
    state = Text(f"{to or '–'}\n")
    state.append(said, style=_words(line)[2])
    why = Text("" if reason.casefold() == said.casefold() else reason)
    if who:
        why.append(f"{chr(10) if why else ''}→ {who}", style="yellow")
    if behind:
        why.append(f"{chr(10) if why else ''}{behind} đang chờ phía sau / waiting behind it", style="bold")
    return [f"{at}\n{identity[:_SHORT]}", f"{kind}\n{codes}", state, why]


def _words(line: Found) -> tuple[str, str, str]:
    return STATES[line.delivery.state] if line.delivery else VERDICTS[line.verdict]


def _behind(delivery: Delivery | None) -> str:
    return f"Chờ sau {delivery.held_behind}" if delivery and delivery.held_behind else ""


def _judged(line: Found) -> str | None:
    """By its worst attachment; None = there is none that may be signed."""
    found = line.examination
    if found is None:
        return None
    return found.worst.value if found.worst is not None else "waiting"


def line_codes(line: Found) -> list[str]:
    """The dossier's names as given, each once; never a number a person has."""
    from bus.masking import mask_code

    return list(dict.fromkeys(mask_code(code) for _, code in line.envelope.business_ids))


def as_json(line: Found, behind: int = 0) -> dict[str, object]:
    """One line for programs. Nothing about a citizen."""
    from bus.masking import mask_code, mask_text
    from schemas.problem import catalogue

    envelope, delivery = line.envelope, line.delivery
    code = line.problem_codes[-1] if line.problem_codes else ""
    problem = catalogue().get(code)
    keep = [value for _, value in envelope.business_ids]
    reason = mask_text(delivery.reason, keep=keep) if delivery else ""
    return {
        "id": envelope.id,
        "received_at": envelope.received_at,
        "kind": envelope.kind,
        "codes": {party: mask_code(value) for party, value in envelope.business_ids},
        "sender": envelope.sender.system,
        "agency": envelope.sender.agency,
        "operation": envelope.operation,
        "verdict": line.verdict,
        "delivery": delivery.id if delivery else None,
        "endpoint": delivery.endpoint if delivery else None,
        "state": delivery.state.value if delivery else None,
        "said": both(_words(line)),
        "reason": reason or (without_values(problem.vi) if problem else _behind(delivery)),
        "problems": list(line.problem_codes),
        "attachments": _judged(line),
        "who_acts": who_acts(delivery, problem),
        "behind": behind,
        "attempts": delivery.attempts_used if delivery else 0,
        "attempts_asked_for": delivery.manual_used if delivery else 0,
        "next_at": delivery.next_at if delivery and not delivery.state.final else None,
    }
