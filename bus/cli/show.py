"""`lienthong show`: the journey of one message, and its kept bodies."""

from __future__ import annotations

import dataclasses
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table
from rich.text import Text

from bus.cli import out
from bus.cli.context import Json, Who, journal_of, person, refused, state
from bus.cli.examined import examined_json
from bus.cli.reach import message_of
from bus.cli.stages import Step, names_of, problem_json, steps_of
from bus.cli.words import KINDS, STATES, VERDICTS, both
from bus.delivery import State
from bus.masking import mask_body, mask_text
from bus.ports import Journal
from bus.records import Journey
from bus.records.retaining import ErasedMark
from bus.retention import said_en, said_vi
from schemas.message import Message

if TYPE_CHECKING:
    from bus.settings import Settings

_MARKS = {True: ("✓", "green"), False: ("✗", "red"), None: ("·", "")}
_ALL = 1_000_000  # lines: a person asked for this body, so all of it is shown

EXAMPLES = """\b
Ví dụ / examples:
  lienthong show 019f3a7c                       mã thông điệp hay phần đầu / an id or its beginning
  lienthong show H99.12-260706-00017            mã hồ sơ, nếu chỉ một thông điệp / a dossier code, if it has one message
  lienthong show 019f3a7c --body canonical      thân đã lưu, che dữ liệu công dân / a kept body, citizens' data covered
  lienthong show 019f3a7c --body raw --unmask --why "đối chiếu với đơn vị"      mở che, có ghi lại / uncovered, recorded
"""


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("show", short_help="hành trình của một thông điệp / one message in full", epilog=EXAMPLES)(show)


def show(
    context: typer.Context,
    id: Annotated[
        str, typer.Argument(help="Mã thông điệp, phần đầu, hay mã lượt giao / message id, start, delivery id")
    ],
    body: Annotated[
        str, typer.Option(help="In thân này: raw, canonical, content@ĐIỂM, reply:1@ĐIỂM, … / print this kept body")
    ] = "",
    unmask: Annotated[bool, typer.Option("--unmask", help="Không che; phải có --why / uncovered; needs --why")] = False,
    why: Annotated[str, typer.Option(help="Lý do mở che, ghi vào nhật ký / why, recorded")] = "",
    who: Who = "",
    json: Json = False,
) -> None:
    """Hành trình của một thông điệp: nhận, kiểm, dịch, gửi, kết quả, phải làm gì / the journey of one message.

    Thân chỉ in khi có --body, và được che nếu không có --unmask / a body is printed only when asked for, and covered.
    """
    if unmask and not (body and why.strip()):
        raise typer.BadParameter("cần có --body và --why / needs --body and --why", param_hint="--unmask")
    settings = state(context).settings
    with journal_of(settings) as journal:
        journey = _explained(settings, message_of(journal, id))
        envelope = _as_it_came(journal, journey)
        if not body:
            behind = journal.behind([one.id for one in journey.deliveries if not one.state.final])
            _journey(journey, envelope, behind, json=json)
            return
        if body == "raw" and envelope is not None:
            journey = envelope
        kept = journal.body(journey.envelope.id, body)
        if kept is None and (mark := _erased(journey, body)) is not None:
            raise refused("LT-RET-001", id=journey.envelope.id, role=body, day=f"{mark.at:%Y-%m-%d}", rule=mark.rule)
        if kept is None:
            raise refused(
                "LT-CLI-005", id=journey.envelope.id, role=body, roles=", ".join(b.role for b in journey.bodies)
            )
        if unmask:
            _record_look(journal, journey, body, who=person(who), why=why.strip())
    _body(kept, body, unmask=unmask, json=json)


def _explained(settings: Settings, journey: Journey) -> Journey:
    """With the reason of what is ready and cannot be sent."""
    from bus.endpoint_faults import EndpointFaults

    if not any(one.state is State.READY for one in journey.deliveries):
        return journey
    faults = EndpointFaults(settings)
    return dataclasses.replace(journey, deliveries=tuple(map(faults.explain, journey.deliveries)))


def _erased(journey: Journey, role: str) -> ErasedMark | None:
    """Of the body that is meant, as `Journal.body` finds it."""
    meant = (one for one in journey.bodies if one.role == role or one.role.startswith(f"{role}@"))
    return next((one.erased for one in meant), None)


def _as_it_came(journal: Journal, journey: Journey) -> Journey | None:
    """The message of the raw bytes this one was made from; None = it is that itself, or was born in here."""
    above = journal.journey(journey.causes[0]) if journey.causes else None
    return above if above is not None and above.envelope.kind == "goc" else None


def _record_look(journal: Journal, journey: Journey, role: str, *, who: str, why: str) -> None:
    """First on record, then on the screen."""
    journal.record_look(journey.envelope.id, role, who=who, why=why).result()


def _body(kept: Message, role: str, *, unmask: bool, json: bool) -> None:
    if unmask:
        text = kept.body.decode("utf-8", "replace")
        if json:
            out.show_json({"role": role, "media_type": kept.media_type, "masked": False, "text": text})
        elif out.console.is_terminal:
            _lines(text)
        else:
            sys.stdout.buffer.write(kept.body)
        return
    masked = mask_body(kept.body, kept.media_type, most_lines=_ALL)
    if json:
        out.show_json({"role": role, "media_type": kept.media_type, "masked": True, "text": masked.text})
    elif not masked.form:
        out.warn(
            f"{len(kept.body)} byte, {kept.media_type}: không đọc được nên không hiện / not readable, so not shown"
        )
    else:
        _lines(masked.text)


def _lines(text: str) -> None:
    for line in text.splitlines():
        out.say(line)


def _journey(journey: Journey, envelope: Journey | None, behind: Mapping[str, int], *, json: bool) -> None:
    if json:
        out.show_json(as_json(journey, envelope, behind))
        return
    head = journey.envelope
    codes = ", ".join(f"{party} {code}" for party, code in names_of(journey.identities or head.business_ids).items())
    out.say(f"{KINDS.get(head.kind, head.kind)} · {codes}", style="bold")
    out.say(f"mã / id          {head.id}")
    out.say(f"kết luận / said  {both(VERDICTS[journey.verdict])}")
    if journey.causes:
        out.say(f"do / caused by   {' ← '.join(journey.causes)}")
    out.say()
    for step in steps_of(journey, envelope, behind):
        _step(step)
    if journey.bodies:
        out.say()
        out.show_table(
            ("thân/body", "byte", "sha256", "loại/media"),
            [(b.role, b.size, b.sha256, b.media_type) for b in journey.bodies],
        )
        for mark in dict.fromkeys(b.erased for b in journey.bodies if b.erased is not None):
            out.say(f"{said_vi(mark)} / {said_en(mark)}", style="yellow")
    if journey.caused:
        out.say()
        out.say("sinh ra / caused")
        for one in journey.caused:
            out.say(f"  {one}")


def _step(step: Step) -> None:
    mark, style = _MARKS[step.good]
    if not out.console.is_terminal:
        out.say("\t".join((out.moment(step.at), mark, step.word, step.text, *(f"→ {line}" for line in step.todo))))
        return
    grid = Table.grid(padding=(0, 1))
    for width in (19, 1, 30):
        grid.add_column(width=width)
    grid.add_column(overflow="fold")
    grid.add_row(out.moment(step.at), Text(mark, style=style), step.word, Text(out.clean(step.text)))
    for line in step.todo:
        grid.add_row("", "", "", Text(f"→ {out.clean(line)}", style="yellow"))
    out.console.print(grid)


def as_json(
    journey: Journey, envelope: Journey | None = None, behind: Mapping[str, int] | None = None
) -> dict[str, object]:
    """All of it for programs; no body, nothing about a citizen."""
    head = journey.envelope
    keep = [code for _, code in (*head.business_ids, *journey.identities)]
    return {
        "id": head.id,
        "kind": head.kind,
        "verdict": journey.verdict,
        "sender": dataclasses.asdict(head.sender),
        "operation": head.operation,
        "received_at": head.received_at,
        "sha256": head.sha256,
        "dossier": head.order_key,
        "codes": names_of(head.business_ids),
        "identities": names_of(journey.identities),
        "problems": [problem_json(one, keep) for one in journey.problems],
        "attachments": examined_json(journey.examination),
        "stages": [dataclasses.asdict(step) for step in steps_of(journey, envelope, behind)],
        "deliveries": [
            {
                **_fields(one),
                "reason": mask_text(one.reason, keep=keep),
                "said": both(STATES[one.state]),
                "behind": (behind or {}).get(one.id, 0),
            }
            for one in journey.deliveries
        ],
        "attempts": [{**_fields(one), "text": mask_text(one.text, keep=keep)} for one in journey.attempts],
        "actions": [{**one, "why": mask_text(str(one["why"]), keep=keep)} for one in journey.actions],
        "bodies": [dataclasses.asdict(one) for one in journey.bodies],
        "causes": list(journey.causes),
        "caused": list(journey.caused),
    }


def _fields(row: object) -> dict[str, object]:
    assert dataclasses.is_dataclass(row)
    assert not isinstance(row, type)
    return dataclasses.asdict(row)
