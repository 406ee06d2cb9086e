"""One act on one delivery, before a person: what would happen, a yes where it cannot be undone, what came of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

import typer

from bus.cli import out
from bus.cli.context import journal_of, person, refused
from bus.cli.meant import ask_or_end
from bus.cli.reach import delivery_of
from bus.cli.words import ACTS, STATES, both
from bus.delivery import Delivery, State
from bus.ports import Journal
from bus.records import Act, Acted, Action

if TYPE_CHECKING:
    from bus.settings import Settings

WILL = {
    Act.RELEASE: ("gửi ngay, đúng nội dung đã lập", "sent now, with the content already made"),
    Act.REPLAY: ("dịch lại theo ánh xạ hiện nay rồi gửi, cùng mã", "translated anew by today's maps and sent, same id"),
    Act.CANCEL: ("không bao giờ gửi nữa", "never sent any more"),
    Act.SETTLE: ("bên nhận nói đã có: không gửi gì nữa", "the partner says it has it: nothing is sent any more"),
    Act.DENY: (
        "bên nhận nói chưa có: gửi lại đúng nội dung đó, không hỏi nữa",
        "the partner says it has nothing: the same content is sent again, without asking",
    ),
}
_AS_THEN = ("gửi lại đúng nội dung lần trước, cùng mã", "the same content as before is sent again, same id")
_ON_THEIR_WORD = (Act.SETTLE, Act.DENY)


@dataclass(frozen=True, slots=True)
class Asked:
    """One act as typed."""

    act: Act
    id: str
    why: str
    who: str
    yes: bool
    dry_run: bool
    json: bool
    as_then: bool = False


def act_on_one(settings: Settings, asked: Asked) -> None:
    if not asked.why.strip():
        raise typer.BadParameter("phải ghi lý do / a reason is needed", param_hint="--why")
    with journal_of(settings) as journal:
        _, delivery = delivery_of(journal, asked.id, asked.act)
        behind = journal.behind([delivery.id]).get(delivery.id, 0)
        if not asked.json:
            _say_what(asked, delivery, behind)
        if asked.dry_run:
            if asked.json:
                out.show_json(_json(asked, delivery, behind, None, told=False))
            return
        _confirm(asked, delivery)
        seen = delivery.mark if asked.act in _ON_THEIR_WORD else ""
        action = Action(asked.act, delivery.id, person(asked.who), asked.why.strip(), as_then=asked.as_then, seen=seen)
        acted, told = _carry_out(settings, journal, _complete(settings, journal, action))
    if asked.json:
        out.show_json(_json(asked, delivery, behind, acted, told=told))
    elif acted.done:
        _say_done(asked, acted, told=told)
    if not acted.done:
        if asked.json:
            raise typer.Exit(1)
        raise refused(
            "LT-CLI-006", act=ACTS[asked.act.value], name=asked.act.value, delivery=delivery.id, reason=acted.reason
        )


def _complete(settings: Settings, journal: Journal, action: Action) -> Action:
    """With what follows from it, where it says that the partner has it."""
    from bus.clock import SystemClock
    from bus.compose import load_house
    from bus.on_word import OnWord

    if action.act is not Act.SETTLE:
        return action
    return OnWord(journal, load_house(settings), SystemClock()).complete(action)


def _carry_out(settings: Settings, journal: Journal, action: Action) -> tuple[Acted, bool]:
    """Also whether the queue was there to be told."""
    from bus.compose import QUEUE_S, open_queue
    from bus.feeder import Feeder
    from bus.ports import QueueUnavailable
    from bus.replay import carry_out

    logging.getLogger("lienthong").setLevel(logging.ERROR)  # said in our own words below
    queue = open_queue(settings, patience_s=QUEUE_S)
    try:
        acted = carry_out(action, journal, Feeder(journal, queue))
        queue.ping()
    except QueueUnavailable:
        return acted, False
    finally:
        queue.close()
    return acted, True


def _say_what(asked: Asked, delivery: Delivery, behind: int) -> None:
    vi, en = _AS_THEN if asked.as_then else WILL[asked.act]
    out.say(f"{delivery.id}", style="bold")
    out.say(f"  {delivery.operation} → {delivery.endpoint} · {both(STATES[delivery.state])}")
    out.say(f"  {ACTS[asked.act.value]}: {vi} / {asked.act.value}: {en}")
    out.say(f"  {behind} lượt giao chờ sau nó / deliveries wait behind it")


def _confirm(asked: Asked, delivery: Delivery) -> None:
    """Only what cannot be undone is asked again; where nobody can answer it is not done."""
    grave = asked.act in (Act.CANCEL, *_ON_THEIR_WORD)
    grave = grave or (asked.act is Act.REPLAY and delivery.state is State.DELIVERED)
    if grave and not asked.yes:
        ask_or_end(json=asked.json)


def _say_done(asked: Asked, acted: Acted, *, told: bool) -> None:
    out.say(f"✓ {ACTS[asked.act.value]} / {asked.act.value} → {both(STATES[acted.state])}", style="green")
    if not told:
        out.warn(
            "Hàng đợi đang tắt: đã ghi, sẽ làm khi bus chạy lại / the queue is away: recorded, done when it is back"
        )


def _json(asked: Asked, delivery: Delivery, behind: int, acted: Acted | None, *, told: bool) -> dict[str, object]:
    return {
        "act": asked.act.value,
        "delivery": delivery.id,
        "endpoint": delivery.endpoint,
        "state_before": delivery.state.value,
        "behind": behind,
        "dry_run": acted is None,
        "done": acted is not None and acted.done,
        "state": (acted.state if acted else delivery.state).value,
        "reason": acted.reason if acted else "",
        "queue_told": told,
    }
