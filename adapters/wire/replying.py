"""Reading partners' replies, SOAP and JSON, by the operation's declared paths. Never raises for what they sent."""

from __future__ import annotations

from dataclasses import replace

from lxml import etree

from adapters.manifest import Operation
from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder
from adapters.wire.jsonxml import json_to_xml
from adapters.wire.media import charset_of, charsets, media_type, without_marks
from adapters.wire.paths import local_name, text_at
from adapters.wire.quirks import XML_IN_STRING
from adapters.wire.soap_envelope import open_envelope
from schemas.jsondoc import JsonLimits, JsonValue, loads
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse

NOTHING = PartnerReply(code=None, text="", element=None)
_MARK = b"\xef\xbb\xbf"


def soap_reply(order: SendOrder, exchange: Exchange) -> PartnerReply:
    """The body's child with its code and text; a fault, a page or rubbish as problems.

    An answer that is not signed as agreed is outside the contract. A fault may come bare: it is never taken for
    success, and who could not read our signature cannot know whom to sign for.
    """
    reply = _soap_reply(order, exchange)
    security = order.target.security
    if security is None or exchange.fault is not Fault.NONE or reply.problems:
        return reply
    wrong = security.check(exchange.body)
    return replace(reply, element=None, problems=wrong) if wrong else reply


def _soap_reply(order: SendOrder, exchange: Exchange) -> PartnerReply:
    operation = order.adapter.manifest.operations[order.name]
    early = early_reply(order, operation, exchange, expected="SOAP")
    if early is not None:
        return early
    try:
        element = _soap_content(order, exchange)
        if isinstance(element, Problem):
            return _bad(element)
        if local_name(element) == "Fault":
            return _fault(order, element)
        expected = operation.reply_element
        if expected and local_name(element) != expected:
            values = {"endpoint": order.target.endpoint, "expected": expected, "found": local_name(element)}
            return _bad(problem("LT-WIRE-034", Stage.DELIVER, values))
        if XML_IN_STRING in order.adapter.manifest.quirks:
            _unfold(element, limit=order.target.reply_limit_bytes)
    except Refused as refused:
        return _bad(unreadable(order, refused.problems[0].text_en))
    return PartnerReply(
        code=text_at(element, operation.reply_code) if operation.reply_code else None,
        text=(text_at(element, operation.reply_text) or "") if operation.reply_text else "",
        element=element,
    )


def _soap_content(order: SendOrder, exchange: Exchange) -> etree._Element | Problem:
    quirks = order.adapter.manifest.quirks
    body = without_marks(exchange.body, quirks)
    declared = media_type(exchange.headers.get("content-type", "")).charset
    charset = charset_of(body, declared, quirks=quirks, stage=Stage.DELIVER)
    if isinstance(charset, Problem):
        return unreadable(order, charset.text_en)
    limits = XmlLimits(size_bytes=order.target.reply_limit_bytes, charsets=charsets(quirks))
    opened = open_envelope(parse(body, limits=limits, charset=charset, stage=Stage.DELIVER), stage=Stage.DELIVER)
    return unreadable(order, opened.text_en) if isinstance(opened, Problem) else opened.content


def _unfold(element: etree._Element, *, limit: int) -> None:
    """Text that is a whole XML document becomes a child. Its own encoding declaration means nothing inside text."""
    for leaf in [leaf for leaf in element.iter() if len(leaf) == 0 and (leaf.text or "").lstrip().startswith("<")]:
        inner = (leaf.text or "").strip().encode("utf-8")
        leaf.append(parse(inner, limits=XmlLimits(size_bytes=limit), charset="utf-8", stage=Stage.DELIVER))
        leaf.text = None


def _fault(order: SendOrder, element: etree._Element) -> PartnerReply:
    code = text_at(element, "faultcode") or text_at(element, "Code/Value") or ""
    text = text_at(element, "faultstring") or text_at(element, "Reason/Text") or ""
    code = code.rsplit(":", 1)[-1]
    found = problem("LT-WIRE-033", Stage.DELIVER, {"endpoint": order.target.endpoint, "fault": code or "–"})
    return PartnerReply(code=code, text=text, element=None, problems=(found,))


def json_reply(order: SendOrder, exchange: Exchange) -> PartnerReply:
    """A JSON reply: code and text straight from the JSON (a code may be a number or text), element by the schema."""
    adapter = order.adapter
    operation = adapter.manifest.operations[order.name]
    early = early_reply(order, operation, exchange, expected="JSON")
    if early is not None:
        return early
    body = exchange.body
    while body.startswith(_MARK):  # harmless in JSON, and some gateways add one each
        body = body.removeprefix(_MARK)
    try:
        limits = JsonLimits(size_bytes=order.target.reply_limit_bytes)
        value = loads(body, limits=limits, stage=Stage.DELIVER)
    except Refused as refused:
        return _bad(unreadable(order, refused.problems[0].text_en))
    if not isinstance(value, dict):
        return _bad(unreadable(order, "not a JSON object"))
    code, odd = json_text(value, operation.reply_code)
    if odd:
        return _bad(unreadable(order, f"{operation.reply_code} is neither text nor number"))
    text, _ = json_text(value, operation.reply_text)
    return PartnerReply(code=code, text=text or "", element=_element(order, operation, value))


def _element(order: SendOrder, operation: Operation, value: JsonValue) -> etree._Element | None:
    """The reply as XML for the maps; None where it does not fit the schema. Its code stands all the same."""
    if not operation.reply_element:
        return None
    try:
        shape = order.adapter.schema.shape(operation.reply_element)
        return json_to_xml(value, shape, quirks=order.adapter.manifest.quirks, tolerant=True, stage=Stage.DELIVER)
    except (Refused, KeyError):
        return None


def json_text(value: JsonValue, path: str) -> tuple[str | None, bool]:
    """The scalar at a path as text (a list on the way means its first item), and whether something odd stands there."""
    if not path:
        return None, False
    for step in path.split("/"):
        if isinstance(value, list):
            value = value[0] if value else None
        value = value.get(step) if isinstance(value, dict) else None
    if value is None:
        return None, False
    if isinstance(value, str):
        return value.strip(), False
    if isinstance(value, bool | list | dict):
        return None, True
    return str(value), False


def early_reply(order: SendOrder, operation: Operation, exchange: Exchange, *, expected: str) -> PartnerReply | None:
    """What can be said without reading: a fault on the line, an empty answer, an HTML page."""
    if exchange.fault is not Fault.NONE:
        return NOTHING
    values = {"endpoint": order.target.endpoint, "expected": expected, "status": exchange.status}
    if not exchange.body.strip():
        one_way = not operation.reply_element and not operation.reply_code and 200 <= exchange.status < 300
        return NOTHING if one_way else _bad(problem("LT-WIRE-035", Stage.DELIVER, values))
    start = exchange.body[:400].removeprefix(_MARK).lstrip().lower()
    page = media_type(exchange.headers.get("content-type", "")).name in ("text/html", "application/xhtml+xml")
    if start.startswith((b"<!doctype html", b"<html")) or (page and not start.startswith((b"<?xml", b"{", b"["))):
        return _bad(problem("LT-WIRE-031", Stage.DELIVER, values))
    return None


def unreadable(order: SendOrder, reason: str) -> Problem:
    return problem("LT-WIRE-032", Stage.DELIVER, {"endpoint": order.target.endpoint, "reason": reason})


def _bad(found: Problem) -> PartnerReply:
    return PartnerReply(code=None, text="", element=None, problems=(found,))
