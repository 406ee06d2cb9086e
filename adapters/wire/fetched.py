"""What we fetched, item by item: each with its own bytes and findings, so that a bad one does not spoil the others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from lxml import etree

from adapters.manifest import Operation
from adapters.wire.contract import Exchange, PartnerReply, SendOrder
from adapters.wire.jsonxml import bare_child, compact, json_to_xml
from adapters.wire.paths import find, text_at
from adapters.wire.replying import early_reply, json_text, soap_reply, unreadable
from schemas.jsondoc import JsonLimits, JsonValue, loads
from schemas.problem import Problem, Refused, Stage
from schemas.shape import Shape
from schemas.xmldoc import to_bytes

_MARK = b"\xef\xbb\xbf"
_JSON, _XML = "application/json; charset=utf-8", "application/xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Row:
    """One item of a page."""

    body: bytes  # the item alone, in the partner's form
    media_type: str
    element: etree._Element | None  # None: it could not be read at all
    problems: tuple[Problem, ...] = ()  # of reading it, or what the partner's schema has against it


@dataclass(frozen=True, slots=True)
class Fetched:
    """One page. `reply` has the code and the text, and its problems where the whole page cannot be used."""

    reply: PartnerReply
    rows: tuple[Row, ...] = ()
    said: Mapping[str, str] = field(default_factory=dict)  # text at each path asked for


def json_page(order: SendOrder, exchange: Exchange, paths: Sequence[str]) -> Fetched:
    """A JSON reply: an object, or the bare list where the schema has one repeated child."""
    operation = order.adapter.manifest.operations[order.name]
    early = early_reply(order, operation, exchange, expected="JSON")
    if early is not None:
        return Fetched(early)
    body = exchange.body
    while body.startswith(_MARK):
        body = body.removeprefix(_MARK)
    try:
        value = loads(body, limits=JsonLimits(size_bytes=order.target.reply_limit_bytes), stage=Stage.DELIVER)
        shape = order.adapter.schema.shape(operation.reply_element)
    except Refused as refused:
        return _unusable(order, refused.problems[0].text_en)
    if isinstance(value, list) and (only := bare_child(shape)) is not None:
        value = {only.name: value}
    if not isinstance(value, dict):
        return _unusable(order, "neither a JSON object nor a list")
    code, odd = json_text(value, operation.reply_code)
    if odd:
        return _unusable(order, f"{operation.reply_code} is neither text nor number")
    text, _ = json_text(value, operation.reply_text)
    said = {path: _scalar(value, path) for path in paths if path}
    reply = PartnerReply(code=code, text=text or "", element=None)
    items = _json_items(value, operation.items)
    if items is None:
        return _unusable(order, f"{operation.items} is not a list")
    if not operation.items:  # the reply is the item itself, as it came
        return Fetched(reply, (_json_row(order, shape, value, body),), said)
    return Fetched(reply, tuple(_json_row(order, shape, value, compact(item), item) for item in items), said)


def _json_items(value: JsonValue, path: str) -> list[JsonValue] | None:
    """The list at a path; one object in its place is a list of one. None: something else stands there."""
    for step in filter(None, path.split("/")):
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return []
    if isinstance(value, dict):
        return [value]
    return value if isinstance(value, list) else None


def _json_row(order: SendOrder, shape: Shape, whole: JsonValue, body: bytes, item: JsonValue = None) -> Row:
    operation, adapter = order.adapter.manifest.operations[order.name], order.adapter
    alone = _with_only(whole, operation.items.split("/"), item, shape) if operation.items else whole
    try:
        element = json_to_xml(alone, shape, quirks=adapter.manifest.quirks, tolerant=True, stage=Stage.VALIDATE_IN)
    except Refused as refused:
        return Row(body, _JSON, None, refused.problems)
    problems = adapter.schema.check(element, stage=Stage.VALIDATE_IN)
    return Row(body, _JSON, find(element, operation.items), problems)


def _with_only(value: JsonValue, steps: Sequence[str], item: JsonValue, shape: Shape) -> JsonValue:
    """The reply as if it held this one item."""
    inside = value if isinstance(value, dict) else {}
    child = shape.child(steps[0])
    if len(steps) == 1:
        return {**inside, steps[0]: [item] if child is None or child.max_occurs != 1 else item}
    below = _with_only(inside.get(steps[0]), steps[1:], item, child or shape)
    return {**inside, steps[0]: below}


def _scalar(value: JsonValue, path: str) -> str:
    found: JsonValue = value
    for step in path.split("/"):
        found = found.get(step) if isinstance(found, dict) else None
    if isinstance(found, bool):
        return "true" if found else "false"
    return "" if found is None or isinstance(found, list | dict) else str(found).strip()


def soap_page(order: SendOrder, exchange: Exchange, paths: Sequence[str]) -> Fetched:
    """A SOAP reply."""
    operation = order.adapter.manifest.operations[order.name]
    reply = soap_reply(order, exchange)
    if reply.problems or reply.element is None:
        return Fetched(reply)
    said = {path: text_at(reply.element, path) or "" for path in paths if path}
    return Fetched(reply, tuple(_soap_rows(order, operation, reply.element, exchange)), said)


def _soap_rows(order: SendOrder, operation: Operation, whole: etree._Element, exchange: Exchange) -> list[Row]:
    if not operation.items:
        problems = order.adapter.schema.check(whole, stage=Stage.VALIDATE_IN)
        return [Row(exchange.body, exchange.headers.get("content-type", _XML), whole, problems)]
    place = "/".join("{*}" + step for step in operation.items.split("/"))
    hull = deepcopy(whole)
    spots = [(item.getparent(), item) for item in hull.findall(place)]
    at = spots[0][0].index(spots[0][1]) if spots and spots[0][0] is not None else 0
    for parent, item in spots:
        if parent is not None:
            parent.remove(item)
    rows: list[Row] = []
    for item in whole.findall(place):
        alone = deepcopy(hull)
        parent = find(alone, operation.items.rpartition("/")[0])
        copy = deepcopy(item)
        copy.tail = None
        if parent is not None:
            parent.insert(at, copy)
        problems = order.adapter.schema.check(alone, stage=Stage.VALIDATE_IN)
        rows.append(Row(to_bytes(deepcopy(copy)), _XML, copy, problems))
    return rows


def _unusable(order: SendOrder, reason: str) -> Fetched:
    found = unreadable(order, reason)
    return Fetched(replace(PartnerReply(None, "", None), problems=(found,)))
