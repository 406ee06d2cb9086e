"""`lienthong retries explain`: a retry notation laid out as clock times of Viet Nam and of the receiver's hours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer

from bus.cli import out
from bus.cli.context import Json, refused, state
from bus.cli.moments import read_moment
from bus.cli.words import KINDS

if TYPE_CHECKING:
    from bus.foresee import Foreseen
    from bus.reading import Misread
    from bus.retry import RetryPolicy
    from bus.windows import Windows
    from schemas.problem import Refused

EXAMPLES = """\b
Ví dụ / examples:
  lienthong retries explain "10s;1000;exp(2s..15m)"
  lienthong retries explain "10s;8;30s,2m,10m,1h;<72h" --from "06/07/2026 16:50" --windows "T2-T6 07:30-17:00; nghi_le"
  lienthong retries explain --endpoint cong_dvcqg --kind ho_so     đang dùng / as it is in effect
"""
_DAYS = ("T2", "T3", "T4", "T5", "T6", "T7", "CN")

_NOTATION = "Thời gian chờ;số lần;nhịp nghỉ[;<hạn][;?số lần hỏi] / timeout;tries;pauses[;<deadline][;?questions]"
_HOURS = "Giờ nhận, viết như trong partners.toml / receiving hours, as in partners.toml"

Notation = Annotated[str, typer.Argument(metavar="[KÝ PHÁP]", help=_NOTATION)]


def explain(
    context: typer.Context,
    notation: Notation = "",
    since: Annotated[str, typer.Option("--from", help="Từ lúc nào; trống = bây giờ / since when; empty = now")] = "",
    endpoint: Annotated[str, typer.Option(help="Theo điểm nối này / as this endpoint has it")] = "",
    kind: Annotated[str, typer.Option(help="Loại thông điệp / kind of message")] = "",
    operation: Annotated[str, typer.Option(help="Nghiệp vụ / operation")] = "",
    windows: Annotated[
        str, typer.Option(help="Giờ nhận, viết như trong partners.toml / receiving hours, as in partners.toml")
    ] = "",
    rows: Annotated[int, typer.Option(min=1, max=1000, help="Số dòng hiện / lines shown")] = 12,
    json: Json = False,
) -> None:
    """Ký pháp thử lại thành giờ đồng hồ, nếu bên nhận không bao giờ nhận / a retry notation as clock times.

    Sớm nhất và muộn nhất theo may rủi của nhịp nghỉ; đã tính giờ nhận và ngày nghỉ. / Earliest and latest by the
    chance in its pauses; receiving hours and holidays are taken into account.
    """
    from bus.foresee import foresee

    policy = _policy(context, notation, endpoint=endpoint, kind=kind, operation=operation)
    if windows:
        policy = replace(policy, windows=_windows(windows, context))
    found = foresee(policy, _moment(since))
    if json:
        out.show_json(_as_json(policy, found, rows))
        return
    for line in _words(policy):
        out.say(line)
    out.show_table(("lần/try", "sớm nhất/earliest", "thường/usual", "muộn nhất/latest"), _lines(found, rows))
    for line in _end(policy, found, rows):
        out.say(line)


def _policy(context: typer.Context, notation: str, *, endpoint: str, kind: str, operation: str) -> RetryPolicy:
    from bus.notation import read_notation
    from bus.policies import Policies
    from bus.policy_loading import load_policies
    from bus.reading import Misread

    known = load_policies(state(context).settings) if endpoint else {}
    if endpoint and endpoint not in known:
        raise refused("LT-ISO-001", endpoint=endpoint, known=", ".join(sorted(known)) or "–")
    if kind and kind not in KINDS:
        raise typer.BadParameter(f"{kind}: {', '.join(KINDS)}", param_hint="--kind")
    policies = known.get(endpoint, Policies())
    if not notation:
        return policies.of(kind, operation=operation)
    try:
        return replace(read_notation(notation), windows=policies.windows)
    except Misread as wrong:
        raise _misread(wrong, "KÝ PHÁP") from wrong


def _windows(text: str, context: typer.Context) -> Windows:
    from bus.holidays import load_holidays
    from bus.reading import Misread
    from bus.windows import read_windows

    try:
        return read_windows(text).with_holidays(load_holidays(state(context).settings.folder))
    except Misread as wrong:
        raise _misread(wrong, "--windows") from wrong


def _misread(wrong: Misread, what: str) -> Refused:
    return refused(
        "LT-CONF-007", place=what, text=wrong.marked(), position=wrong.position + 1,
        expected_vi=wrong.vi, expected_en=wrong.en,
    )  # fmt: skip


def _moment(text: str) -> datetime:
    now = datetime.now(UTC)
    try:
        return read_moment(text, now=now).astimezone(UTC) if text else now
    except ValueError as wrong:
        raise typer.BadParameter(f"“{text}”: 06/07/2026 16:50, 2026-07-06T16:50, 2h", param_hint="--from") from wrong


def _words(policy: RetryPolicy) -> Iterator[str]:
    """The policy in words."""
    from bus.notation import write_notation, write_pauses
    from bus.reading import span_text
    from bus.windows import ALWAYS, write_windows

    yield write_notation(policy)
    yield f"  mỗi lần chờ trả lời {span_text(policy.timeout)} / each try lasts at most so long"
    yield f"  {policy.attempts} lần tự thử, nghỉ giữa hai lần / tries, pauses between: {write_pauses(policy.pauses)}"
    yield f"  hạn {span_text(policy.deadline)} từ lúc lần đầu có thể gửi / deadline since it first could be sent"
    yield f"  không rõ thì hỏi tối đa {policy.resolver_tries} lần / while unclear asked about so often at most"
    if policy.windows != ALWAYS:
        yield f"  giờ nhận {write_windows(policy.windows)} / receiving hours"


def _lines(found: Foreseen, rows: int) -> list[tuple[object, ...]]:
    shown = [*found.tries[: rows - 1], *found.tries[rows - 1 :][-1:]]
    return [
        (one.number, _clock(one.earliest), _clock(one.usual), _clock(one.latest) if one.latest else "–")
        for one in shown
    ]


def _end(policy: RetryPolicy, found: Foreseen, rows: int) -> Iterator[str]:
    if len(found.tries) > rows:
        yield f"… {len(found.tries)} lần thường có, xem thêm bằng --rows / tries usually, more of them by --rows"
    yield f"ít nhất {found.fewest} lần, nhiều nhất {found.most} lần / at least and at most so many tries"
    if found.counted_out is not None:
        yield f"hết số lần khoảng {_clock(found.counted_out)}: chờ xử lý tay LT-DLV-002 / tries used up, parked"
    yield f"hạn chót {_clock(found.end)}: thử lần cuối, rồi chờ xử lý tay LT-EXP-001 / a last try, then parked"
    if policy.windows.closed_on_holidays and (last := policy.windows.holidays.last) and last < found.end.date():
        yield f"bảng ngày nghỉ chỉ đến {last:%d/%m/%Y} / the table of holidays ends there"


def _clock(at: datetime) -> str:
    here = at.astimezone(out.HERE)
    return f"{_DAYS[here.weekday()]} {here:%d/%m/%Y %H:%M:%S}"


def _as_json(policy: RetryPolicy, found: Foreseen, rows: int) -> dict[str, object]:
    from bus.notation import write_notation, write_pauses
    from bus.windows import ALWAYS, write_windows

    return {
        "notation": write_notation(policy), "timeout_s": policy.timeout_s, "attempts": policy.attempts,
        "pauses": write_pauses(policy.pauses), "deadline_s": policy.deadline.total_seconds(),
        "resolver_tries": policy.resolver_tries,
        "windows": "" if policy.windows == ALWAYS else write_windows(policy.windows),
        "first": found.first, "deadline": found.end, "fewest": found.fewest, "most": found.most,
        "used_up": found.counted_out, "tries": [one.as_json() for one in found.tries[:rows]],
    }  # fmt: skip
