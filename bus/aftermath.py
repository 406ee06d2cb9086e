"""Messages born when a delivery is taken: a status read from the reply, a question to ask later. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Then
from bus.canonical import complete, text_at
from bus.days import VIETNAM, day_of
from bus.pipeline import translate_in
from bus.questions import build, carried
from bus.records import Acceptance, AcceptItem, Derived, DossierRef, WorkItem
from bus.routing import Birth, House, routed
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Refused
from schemas.xmldoc import parse, to_bytes


@dataclass(frozen=True, slots=True)
class Taken:
    """A delivery that its receiver has, and what it said."""

    item: WorkItem
    adapter: Adapter  # of the receiver
    reply: etree._Element | None
    code: str  # the receiver's own code in the reply; "" = none
    now: datetime


def aftermath(taken: Taken, house: House) -> tuple[Derived, ...]:
    """What follows from a taken delivery, by the operation's `then` rules.

    Raises:
        Refused: the reply cannot be read by its map, or there is no route: the attempt is kept, the lane parks.
    """
    item, code = taken.item, taken.code
    rules = taken.adapter.manifest.operations[item.delivery.operation].then
    if not rules:
        return ()
    raw = _raw(taken)
    items: list[AcceptItem] = []
    for rule in rules:
        element = _element(taken, rule)
        if element is not None:
            delay_s = 0.0 if rule.reply_map else rule.after_s
            items += _items(taken, element, rule.kind, raw.envelope, house=house, delay_s=delay_s)
        if rule.repeat and code not in rule.until_code:
            kind = item.message.envelope.kind
            again = build(kind, {**carried(item), "TrangThaiDaBiet": code})
            items += _items(taken, again, kind, raw.envelope, house=house, delay_s=rule.after_s)
    if not items:
        return ()
    return (Derived(Acceptance(raw, tuple(items), all_or_nothing=True, party=taken.adapter.party)),)


def _element(taken: Taken, rule: Then) -> etree._Element | None:
    """The canonical element a rule makes; None when the reply tells nothing new."""
    known = carried(taken.item)
    if not rule.reply_map:
        return build(rule.kind, known)
    if taken.reply is None or taken.code == text_at(parse(taken.item.message.body), "TrangThaiDaBiet"):
        return None
    values = {**known, "ThoiDiemXuLy": taken.now.astimezone(VIETNAM).isoformat(timespec="seconds")}
    element, problems = translate_in(
        taken.adapter, rule.reply_map, taken.reply, on=day_of(taken.item.message.envelope), now=taken.now,
        filled=lambda made: complete(made, values),
    )  # fmt: skip
    if element is None:
        raise Refused(problems)
    return element


def _items(
    taken: Taken, element: etree._Element, kind: str, cause: Envelope, *, house: House, delay_s: float
) -> list[AcceptItem]:
    item, names = taken.item, taken.item.identities
    birth = Birth(
        cause=cause, sender=_sender(taken), operation=item.delivery.operation, names=names, now=taken.now,
        day=day_of(item.message.envelope), profile=taken.adapter.profile,
    )  # fmt: skip
    ref = DossierRef(names, may_create=False, known=item.message.envelope.order_key)
    items, problems = routed(element, kind, birth, house=house, dossier=ref, delay_s=delay_s)
    if problems:
        raise Refused(problems)
    return items


def _raw(taken: Taken) -> Message:
    """The reply as a message of its own, so that what was born from it has a cause."""
    cause = taken.item.message.envelope
    body = to_bytes(taken.reply) if taken.reply is not None else b""
    envelope = Envelope(
        id=new_id(), kind="goc", sender=_sender(taken), receiver=None, operation=taken.item.delivery.operation,
        business_ids=cause.business_ids, received_at=taken.now, sha256=sha256_hex(body), order_key=cause.order_key,
        correlation=cause.correlation or cause.id, caused_by=cause.id,
    )  # fmt: skip
    return Message(envelope, body, "application/xml; charset=utf-8")


def _sender(taken: Taken) -> Party:
    return Party("", taken.adapter.manifest.title_vi, taken.adapter.id)
