"""Messages born when a delivery is taken: a status read from the reply, a question to ask later. Pure."""

from __future__ import annotations

from datetime import datetime

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Then
from bus.canonical import complete, text_at
from bus.pipeline import VIETNAM, House, canonical_message, routed, translate_in
from bus.questions import build, carried
from bus.records import Acceptance, AcceptItem, Derived, DossierRef, WorkItem
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Refused
from schemas.xmldoc import parse, to_bytes


def aftermath(
    item: WorkItem, adapter: Adapter, reply: etree._Element | None, code: str, house: House, *, now: datetime
) -> tuple[Derived, ...]:
    """What follows from a taken delivery, by the operation's `then` rules.

    Raises:
        Refused: the reply cannot be read by its map, or there is no route: the attempt is kept, the lane parks.
    """
    operation = adapter.manifest.operations[item.delivery.operation]
    raw = _raw(item, adapter, reply, now=now)
    items: list[AcceptItem] = []
    for rule in operation.then:
        element = _element(item, adapter, rule, reply, code, now=now)
        if element is not None:
            items += _items(item, adapter, element, raw.envelope, rule, house, now=now)
        if rule.repeat and code not in rule.until_code:
            again = build(item.message.envelope.kind, {**carried(item), "TrangThaiDaBiet": code})
            items += _items(item, adapter, again, raw.envelope, _later(rule, item), house, now=now)
    if not items:
        return ()
    return (Derived(Acceptance(raw=raw, items=tuple(items), all_or_nothing=True, party=adapter.party)),)


def _element(
    item: WorkItem, adapter: Adapter, rule: Then, reply: etree._Element | None, code: str, *, now: datetime
) -> etree._Element | None:
    """The canonical element a rule makes; None when the reply tells nothing new."""
    known = carried(item)
    if not rule.reply_map:
        return build(rule.kind, known)
    if reply is None or code == text_at(parse(item.message.body), "TrangThaiDaBiet"):
        return None
    operation = adapter.manifest.operations[item.delivery.operation]
    values = {**known, "ThoiDiemXuLy": now.astimezone(VIETNAM).isoformat(timespec="seconds")}
    element, problems = translate_in(
        adapter, operation, reply, on=now.astimezone(VIETNAM).date(), now=now, map_file=rule.reply_map,
        filled=lambda made: complete(made, values),
    )  # fmt: skip
    if element is None:
        raise Refused(problems)
    return element


def _items(
    item: WorkItem, adapter: Adapter, element: etree._Element, cause: Envelope, rule: Then, house: House,
    *, now: datetime,
) -> list[AcceptItem]:  # fmt: skip
    dossier = item.message.envelope.order_key
    names = tuple((party, code) for party, code in item.identities)
    message = canonical_message(
        element, kind=rule.kind, sender=Party("", adapter.manifest.title_vi, adapter.id),
        operation=item.delivery.operation, cause=cause, names=names, now=now, profile=adapter.profile,
    )  # fmt: skip
    delay_s = 0.0 if rule.reply_map else rule.after_s
    ref = DossierRef(names, may_create=False, known=dossier)
    items, problems = routed(message, element, house, now=now, dossier=ref, delay_s=delay_s)
    if problems:
        raise Refused(problems)
    return items


def _later(rule: Then, item: WorkItem) -> Then:
    return Then(kind=item.message.envelope.kind, after_s=rule.after_s)


def _raw(item: WorkItem, adapter: Adapter, reply: etree._Element | None, *, now: datetime) -> Message:
    """The reply as a message of its own, so that what was born from it has a cause."""
    cause = item.message.envelope
    body = to_bytes(reply) if reply is not None else b""
    envelope = Envelope(
        id=new_id(), kind="goc", sender=Party("", adapter.manifest.title_vi, adapter.id), receiver=None,
        operation=item.delivery.operation, business_ids=cause.business_ids, received_at=now, sha256=sha256_hex(body),
        order_key=cause.order_key, correlation=cause.correlation or cause.id, caused_by=cause.id,
    )  # fmt: skip
    return Message(envelope, body, "application/xml; charset=utf-8")
