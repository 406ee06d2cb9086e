"""`lienthong signing-keys`: our signing keys and whom we believe, with the days each has left."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from bus.cli.context import Json, state
from signing.trust.alerts import step_of

if TYPE_CHECKING:
    from bus.endings import Ending
    from signing.ring import Term

EXAMPLES = """\b
Ví dụ / examples:
  lienthong signing-keys            khóa của ta, chứng thư, danh sách thu hồi / our keys, certificates, revocation lists
  lienthong signing-keys --json     cho chương trình / for programs
\b
Số lần dùng từng khóa: lienthong_signatures_total ở /metrics / uses of each key are at /metrics.
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    said = "khóa ký và chứng thư còn bao nhiêu ngày / days left of keys and certificates"
    app.command("signing-keys", short_help=said, epilog=EXAMPLES)(signing_keys)


def signing_keys(context: typer.Context, json: Json = False) -> None:
    """Liệt kê khóa ký của ta và ai được tin / lists our signing keys and whom we believe.

    Dấu * là khóa đang ký. Mã thoát 1 khi có thứ đã hết hạn hoặc không có khóa nào ký được. / * marks the key that signs
    now. Exit status 1 when something has ended or no key can sign.
    """
    from bus.endings import believed, ends_at
    from bus.key_cupboard import Cupboard
    from schemas.problem import Refused

    settings, cupboard, now = state(context).settings, Cupboard(), datetime.now(UTC)
    signer = cupboard.signer(settings)
    try:
        active = signer.ring.active(now).key_id
    except Refused:
        active = ""
    others = list(believed(settings, cupboard))
    ours = [(term, ends_at(term)) for term in signer.terms]
    if json:
        out.show_json(
            {"keys": [_as_json(*one, active, now) for one in ours], "believed": [_told(o, now) for o in others]}
        )
    else:
        rows = [
            (
                f"{term.key.key_id}{' *' if term.key.key_id == active else ''}", term.key.algorithm,
                term.key.fingerprint[:16] + "…", f"{term.first:%d/%m/%Y}" if term.first else "–", *_left(ends, now),
            )
            for term, ends in ours
        ]  # fmt: skip
        out.show_table(("khóa / key", "thuật toán", "vân tay", "từ / from", "đến / until", "còn ngày / days"), rows)
        if others:
            told = [(one.kind, one.name, *_left(one.ends, now)) for one in others]
            out.show_table(("loại / kind", "của / whose", "đến / until", "còn ngày / days"), told)
    raise typer.Exit(1 if not active or any(one.days_left(now) <= 0 for one in others) else 0)


def _left(ends: datetime | None, now: datetime) -> tuple[str, str]:
    if ends is None:
        return "–", "–"
    day, left, step = f"{ends:%d/%m/%Y}", (ends - now).days, step_of(ends, now=now)
    if step == 0:
        return day, "đã hết hạn / ended"
    return day, f"{left}, sắp hết hạn / ends soon" if step is not None else str(left)


def _as_json(term: Term, ends: datetime | None, active: str, now: datetime) -> dict[str, object]:
    days = (ends - now).total_seconds() / 86_400 if ends is not None else None
    return {
        "key_id": term.key.key_id, "algorithm": term.key.algorithm.value, "fingerprint": term.key.fingerprint,
        "first": term.first, "ends": ends, "days_left": days, "active": term.key.key_id == active,
    }  # fmt: skip


def _told(one: Ending, now: datetime) -> dict[str, object]:
    return {"kind": one.kind, "name": one.name, "ends": one.ends, "days_left": one.days_left(now)}
