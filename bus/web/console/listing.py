"""The list of messages as it is shown: one line for each message and endpoint, newest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from bus.delivery import Delivery, Pattern, State
from bus.masking import mask_code, mask_text
from bus.ports import Journal
from bus.records import Found
from bus.web.console.asked import LIST, Asked
from bus.web.console.figures import Moment, count, moment
from bus.web.console.words import KINDS, NEXT, OWNERS, STATES, VERDICTS, Sign
from schemas.message import Envelope
from schemas.problem import ProblemText, catalogue

PAGE = 50  # messages
RANKED = 200  # of what is parked: what holds up most first, then the oldest


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


@dataclass(frozen=True, slots=True)
class Row:
    """One line."""

    link: str
    at: Moment
    kind: str
    codes: tuple[str, ...]
    sender: str
    receiver: str
    sign: Sign
    reason: str
    who: str  # must act; "" = nobody
    todo: str
    problem: str  # its code
    behind: str  # how many wait behind it; "" = none
    next: tuple[str, Moment] | None  # what happens then by itself


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of the list."""

    rows: tuple[Row, ...]
    tallies: tuple[tuple[State, Sign, str], ...]
    accepted: str
    parked: int
    empty: bool  # nothing was ever accepted
    older: str  # link; "" = this is the end
    newest: str  # link; "" = this is the beginning


def read_listing(
    journal: Journal, asked: Asked, names: Mapping[str, str], *,
    explain: Callable[[Delivery], Delivery] = lambda delivery: delivery,
) -> Listing:  # fmt: skip
    """Four reads of the journal, whatever the page holds; nothing where a filter means nothing. What is parked is
    ranked, all else is newest first."""
    ranked = asked.state == State.PARKED.value
    page = RANKED if ranked else PAGE
    found = () if asked.unknown else journal.find(asked.query(page + 1))
    ids = list(dict.fromkeys(one.envelope.id for one in found))
    shown = [
        replace(one, delivery=explain(one.delivery)) if one.delivery else one
        for one in found
        if one.envelope.id in set(ids[:page])
    ]
    resting = [one.delivery.id for one in shown if one.delivery and not one.delivery.state.final]
    behind = journal.behind(resting) if resting else {}
    if ranked:
        shown.sort(key=lambda one: (-_waiting(one, behind), one.envelope.received_at, one.envelope.id))
    counts = journal.counts()
    return Listing(
        rows=tuple(_row(one, names, behind) for one in shown),
        tallies=tuple((state, sign, count(counts.get(state, 0))) for state, sign in STATES.items()),
        accepted=count(sum(counts.values())),
        parked=counts.get(State.PARKED, 0),
        empty=not shown and not asked.narrowed and not asked.before,
        older=asked.link(before=ids[page - 1]) if len(ids) > page else "",
        newest=asked.link(before="") if asked.before else "",
    )


def _row(found: Found, names: Mapping[str, str], behind: Mapping[str, int]) -> Row:
    envelope, delivery = found.envelope, found.delivery
    code = delivery.problem_code if delivery else next(iter(found.problem_codes), "")
    text = catalogue().get(code)
    sign = STATES[delivery.state] if delivery else VERDICTS[found.verdict]
    waiting = _waiting(found, behind)
    return Row(
        link=f"{LIST}/message/{envelope.id}",
        at=moment(envelope.received_at),
        kind=KINDS.get(envelope.kind, envelope.kind),
        codes=codes_of(envelope),
        sender=sender_of(envelope, names),
        receiver=names.get(delivery.endpoint, delivery.endpoint) if delivery else "",
        sign=sign,
        reason=reason_of(delivery, sign, [value for _, value in envelope.business_ids]) if delivery else _said(text),
        who=who_acts(delivery, text) if delivery else OWNERS[text.owner.value] if text else "",
        todo=text.do_vi.format_map(_Blank()) if text else "",
        problem=code,
        behind=count(waiting) if waiting else "",
        next=next_of(delivery) if delivery else None,
    )


def _waiting(found: Found, behind: Mapping[str, int]) -> int:
    return behind.get(found.delivery.id, 0) if found.delivery else 0


def _said(text: ProblemText | None) -> str:
    """The catalogue's sentence; the message's own words are on its page."""
    return text.vi.format_map(_Blank()) if text else ""


def codes_of(envelope: Envelope) -> tuple[str, ...]:
    """The dossier's names as given, each once."""
    return tuple(dict.fromkeys(mask_code(code) for _, code in envelope.business_ids))


def sender_of(envelope: Envelope, names: Mapping[str, str]) -> str:
    """Who sent it, for people."""
    return envelope.sender.name or names.get(envelope.sender.system, envelope.sender.system)


def reason_of(delivery: Delivery, sign: Sign, codes: list[str]) -> str:
    """Why it is in that state; "" where the state says it already."""
    reason = mask_text(delivery.reason, keep=codes)
    return "" if reason.casefold() == sign.word.casefold() else reason or sign.means


def next_of(delivery: Delivery) -> tuple[str, Moment] | None:
    """What happens by itself, and when."""
    words = NEXT.get(delivery.state)
    return (words, moment(delivery.next_at)) if words and delivery.next_at else None


def who_acts(delivery: Delivery, text: ProblemText | None) -> str:
    """Who must act before it goes on; "" = nobody."""
    if delivery.state is State.PARKED:
        return OWNERS[text.owner.value] if text else OWNERS["operator"]
    if delivery.state in (State.READY, State.SENDING) and delivery.pattern is Pattern.PULL:
        return "Bên nhận đến lấy"
    return ""
