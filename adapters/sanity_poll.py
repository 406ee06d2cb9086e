"""Whether the `[poll.…]` tables of a manifest make sense: their operations, paths, spans and places."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Protocol

from adapters.manifest import Direction, Manifest, Operation
from adapters.mapping.kinds.layout import layout
from adapters.mapping.values import Fault
from adapters.poll_rule import PLACES, PollRule, span_s
from schemas.shape import Shape

_ORDERS = ("any", "up")
_PLACE = re.compile(r"\{([^}]*)\}")


class Checking(Protocol):
    """What checks a manifest: it collects findings, and knows the schema."""

    manifest: Manifest

    def say(self, code: str, where: str, **values: object) -> None:
        """One finding."""

    def shape(self, name: str, where: str) -> Shape | None:
        """A global element of the partner's schema, or a finding."""

    def path(self, shape: Shape, path: str, where: str) -> Shape | None:
        """What stands at a path, or a finding."""


def check_polls(check: Checking) -> None:
    """Every poll of one system, and that nothing is fetched without one."""
    for name, rule in check.manifest.poll.items():
        _check(check, name, rule)
    if check.manifest.poll and check.manifest.wire == "portal":
        check.say("LT-POLL-001", "wire", wire=check.manifest.wire)
    used = {*check.manifest.poll, *(one for rule in check.manifest.poll.values() for one in (rule.get, rule.ack))}
    for name, operation in check.manifest.operations.items():
        if operation.direction in (Direction.POLL, Direction.TELL) and name not in used:
            check.say("LT-SYS-018", "poll", member=f"poll.{name}")


def _check(check: Checking, name: str, rule: PollRule) -> None:
    where = f"poll.{name}"
    asked = _operation(check, name, Direction.POLL, where)
    if asked is None:
        return
    got = _operation(check, rule.get, Direction.POLL, f"{where}.get") if rule.get else asked
    told = _operation(check, rule.ack, Direction.TELL, f"{where}.ack") if rule.ack else None
    _values(check, rule, where)
    reply = check.shape(asked.reply_element, f"operations.{name}.reply_element")
    item = check.path(reply, asked.items, f"operations.{name}.items") if reply is not None else None
    if reply is not None:
        for member, path in (("more", rule.more), ("backlog", rule.backlog), ("cursor", rule.cursor)):
            check.path(reply, path, f"{where}.{member}")
    if item is not None:
        for member, path in (("id", rule.id), ("watermark", rule.watermark)):
            check.path(item, path, f"{where}.{member}")
    if (rule.get or rule.ack) and not rule.id:
        check.say("LT-SYS-018", where, member="id")
    _asks(check, name, asked, rule.ask, f"{where}.ask")
    if got is not None:
        _asks(check, rule.get or name, got, rule.get_ask, f"{where}.get_ask")
        _carries(check, rule.get or name, got)
    if told is not None:
        _asks(check, rule.ack, told, rule.ack_ask, f"{where}.ack_ask")


def _operation(check: Checking, name: str, direction: Direction, where: str) -> Operation | None:
    found = check.manifest.operations.get(name)
    known = [each for each, operation in check.manifest.operations.items() if operation.direction is direction]
    if found is None or found.direction is not direction:
        check.say("LT-SYS-010", where, name=name, nearest=", ".join(known) or f'direction = "{direction.value}"')
        return None
    return found


def _values(check: Checking, rule: PollRule, where: str) -> None:
    for member, text in (("every", rule.every), ("overlap", rule.overlap), ("ahead", rule.ahead)):
        try:
            span_s(text)
        except ValueError as wrong:
            check.say("LT-SYS-013", f"{where}.{member}", value=text, known=str(wrong))
    for member, number in (("page", rule.page), ("pages", rule.pages)):
        if number < 1:
            check.say("LT-SYS-013", f"{where}.{member}", value=number, known="1, 2, …")
    if rule.order not in _ORDERS:
        check.say("LT-SYS-013", f"{where}.order", value=rule.order, known=", ".join(_ORDERS))
    if rule.watermark_format != "number" and isinstance(bad := layout(rule.watermark_format), Fault):
        check.say("LT-SYS-013", f"{where}.watermark_format", value=rule.watermark_format, known=str(bad))


def _asks(check: Checking, name: str, operation: Operation, ask: Mapping[str, str], where: str) -> None:
    element = check.shape(operation.element or name, f"operations.{name}.element") if ask else None
    for path, text in ask.items():
        if element is not None:
            check.path(element, path, where)
        for place in _PLACE.findall(text):
            if place not in PLACES:
                check.say("LT-SYS-013", where, value=f"{{{place}}}", known=", ".join(f"{{{one}}}" for one in PLACES))


def _carries(check: Checking, name: str, operation: Operation) -> None:
    """The operation that brings the items says what they are, like one that comes in."""
    where = f"operations.{name}"
    for member, value in (("map", operation.map), ("dossier", operation.dossier), ("key", operation.key)):
        if not value:
            check.say("LT-SYS-018", where, member=member)
    reply = check.shape(operation.reply_element, f"{where}.reply_element")
    item = check.path(reply, operation.items, f"{where}.items") if reply is not None else None
    if item is not None:
        for dossier in operation.dossier:
            check.path(item, dossier.path, f"{where}.dossier")
        for path in operation.key:
            check.path(item, path, f"{where}.key")
        if operation.dated_by:
            check.path(item, operation.dated_by, f"{where}.dated_by")
