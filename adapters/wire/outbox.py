"""The REST outbox: a partner fetches what waits for it, and says of each item that it has it.

GET  …/outbox/<endpoint>?limit=50&lease_s=300   items, each with its id, its content and until when it is theirs
POST …/outbox/<endpoint>/ack     {"ids": ["…"]}
POST …/outbox/<endpoint>/nack    {"items": [{"id": "…", "reason": "…", "retry_after_s": 600, "final": false}]}
POST …/outbox/<endpoint>/extend  {"ids": ["…"], "lease_s": 600}

JSON, or XML where the caller accepts or sends it. Every other path is that of the JSON door.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Auth, Direction, Operation
from adapters.wire.answer import wording
from adapters.wire.contract import Call, HttpReply, HttpRequest, OutboxCall, OutboxItem, OutboxSaid, OutboxWord, Said
from adapters.wire.credentials import credentials
from adapters.wire.json_server import JsonDoor
from adapters.wire.jsonxml import compact, xml_to_json
from adapters.wire.media import media_type
from adapters.wire.soap_fault import clean
from adapters.wire.soap_server import RETRY_AFTER_S, STATUS_OF
from schemas.jsondoc import JsonLimits, JsonValue, loads
from schemas.problem import Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse, to_bytes

_PATH = re.compile(r"(?:^|/)outbox/(?P<endpoint>[A-Za-z0-9_.-]{1,80})(?:/(?P<act>ack|nack|extend))?/?$")
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_MOST_ITEMS = 500
_MOST_S = 86_400.0
_LATER_S = 300.0
_REASON = 300  # letters of it that are kept
_XML, _JSON = "application/xml; charset=utf-8", "application/json; charset=utf-8"
_ROOT, _ITEM, _RESULT, _PROBLEM = "outbox", "item", "result", "problem"
_STATUS: Mapping[AnswerKind, int] = {
    AnswerKind.ACCEPTED: 200, AnswerKind.DUPLICATE: 200, AnswerKind.UNKNOWN_DOSSIER: 404, AnswerKind.CONFLICT: 409,
    AnswerKind.UNAUTHENTICATED: 401, AnswerKind.INVALID: 400, AnswerKind.UNAVAILABLE: 503,
}  # fmt: skip
_SEES: Mapping[str, str] = {"ack": "ack", "extend": "extend"}


class OutboxDoor:
    """Inbound wire "outbox_rest". Pure and stateless; safe to share between threads."""

    def __init__(self) -> None:
        self._other = JsonDoor()

    def read(self, adapter: Adapter, request: HttpRequest) -> Call | tuple[Problem, ...]:
        """See InboundWire."""
        found = _PATH.search(request.path)
        if found is None:
            return self._other.read(adapter, request)
        name, operation = _pulled(adapter)
        shown = credentials(adapter.manifest.auth, request, None)
        payload = etree.Element(_ROOT)
        try:
            asked = _asked(found["endpoint"], found["act"] or "", request, operation, adapter)
        except Refused as refused:
            return Call(name, operation, payload, shown, "outbox", refused.problems)
        return Call(name, operation, payload, shown, "outbox", outbox=asked)

    def write(self, adapter: Adapter, request: HttpRequest, call: Call | None, said: Said) -> HttpReply:
        """See InboundWire."""
        if _PATH.search(request.path) is None:
            return self._other.write(adapter, request, call, said)
        headers: dict[str, str] = {"cache-control": "no-store"}
        auth = adapter.manifest.auth
        if said.kind is AnswerKind.UNAUTHENTICATED and auth is not None and auth.kind is Auth.BASIC:
            headers["www-authenticate"] = f'Basic realm="{adapter.id}", charset="UTF-8"'
        if said.kind is AnswerKind.UNAVAILABLE:
            headers["retry-after"] = RETRY_AFTER_S
        status = next((STATUS_OF[p.code] for p in said.problems if p.code in STATUS_OF), _STATUS[said.kind])
        if "xml" in request.headers.get("accept", "").lower():
            return HttpReply(status, {**headers, "content-type": _XML}, to_bytes(_as_xml(said)))
        return HttpReply(status, {**headers, "content-type": _JSON}, compact(_as_json(adapter, said)))

    def describe(self, adapter: Adapter, request: HttpRequest) -> HttpReply | None:
        """See InboundWire."""
        return None


def _pulled(adapter: Adapter) -> tuple[str, Operation]:
    pulls = [(name, o) for name, o in adapter.manifest.operations.items() if o.direction is Direction.PULL]
    return pulls[0] if pulls else ("outbox", Operation(Direction.PULL, "Hộp chờ lấy", "Outbox"))


# -------------------------------------------------------------------- reading


def _asked(endpoint: str, act: str, request: HttpRequest, operation: Operation, adapter: Adapter) -> OutboxCall:
    """Raises: Refused."""
    if not act:
        if request.method != "GET":
            raise _wrong("GET")
        given = {name: text for name, text in request.query.items() if name in ("limit", "lease_s")}
        if unknown := sorted(request.query.keys() - given.keys()):
            raise _wrong(f"?{unknown[0][:40]}; limit, lease_s")
        limit = _number(given.get("limit", operation.limit), "limit", most=_MOST_ITEMS)
        lease_s = _number(given.get("lease_s", operation.offer_s), "lease_s", most=_MOST_S)
        return OutboxCall(endpoint, limit=int(limit), lease_s=lease_s)
    if request.method != "POST":
        raise _wrong("POST")
    body = _body(adapter, request)
    words = _given_back(body) if act == "nack" else _plain(body, _SEES[act], operation)
    if not words:
        raise _wrong('"ids": [ ]')
    if len(words) > _MOST_ITEMS:
        raise _wrong(f"{len(words)} > {_MOST_ITEMS}")
    return OutboxCall(endpoint, words)


def _body(adapter: Adapter, request: HttpRequest) -> Mapping[str, JsonValue]:
    media = media_type(request.headers.get("content-type", "")).name
    limit = adapter.manifest.body_limit_bytes
    if media.endswith("xml"):
        return _from_xml(parse(request.body, limits=XmlLimits(size_bytes=limit), stage=Stage.PARSE))
    value = loads(request.body, limits=JsonLimits(size_bytes=limit))
    if isinstance(value, list):
        return {"ids": value}
    if not isinstance(value, dict):
        raise _wrong("{ }")
    return value


def _from_xml(root: etree._Element) -> Mapping[str, JsonValue]:
    """`<outbox lease_s="…"><item id="…" reason="…" retry_after_s="…" final="true"/></outbox>`, as the JSON form."""
    items: list[JsonValue] = []
    for element in root:
        given: dict[str, JsonValue] = {str(name): str(text) for name, text in element.attrib.items()}
        if "final" in given:
            given["final"] = given["final"] in ("true", "1")
        items.append(given)
    ids = [item.get("id", "") for item in items if isinstance(item, dict)]
    return {"items": items, "ids": ids, **{str(name): str(text) for name, text in root.attrib.items()}}


def _plain(body: Mapping[str, JsonValue], word: str, operation: Operation) -> tuple[OutboxWord, ...]:
    ids = body.get("ids")
    if not isinstance(ids, list):
        raise _wrong('"ids": ["…"]')
    after_s = _number(body.get("lease_s", operation.offer_s), "lease_s", most=_MOST_S) if word == "extend" else 0.0
    return tuple(OutboxWord(_id(one), word, after_s=after_s) for one in dict.fromkeys(map(_id, ids)))


def _given_back(body: Mapping[str, JsonValue]) -> tuple[OutboxWord, ...]:
    items = body.get("items")
    if items is None and isinstance(ids := body.get("ids"), list):
        items = [{**body, "id": one} for one in ids]
    if not isinstance(items, list):
        raise _wrong('"items": [{"id": "…", "reason": "…"}]')
    words: dict[str, OutboxWord] = {}
    for item in items:
        if not isinstance(item, dict):
            raise _wrong('"items": [{"id": "…", "reason": "…"}]')
        reason, final = item.get("reason", ""), item.get("final", False)
        if not isinstance(reason, str) or not reason.strip():
            raise _wrong('"reason": "…"')
        if not isinstance(final, bool):
            raise _wrong('"final": true | false')
        id = _id(item.get("id"))
        after_s = _number(item.get("retry_after_s", _LATER_S), "retry_after_s", most=_MOST_S)
        words[id] = OutboxWord(id, "refuse" if final else "later", clean(reason.strip())[:_REASON], after_s)
    return tuple(words.values())


def _id(value: JsonValue) -> str:
    if not isinstance(value, str) or not _ID.fullmatch(value):
        raise _wrong('"ids": ["…"]')
    return value


def _number(value: JsonValue, name: str, *, most: float) -> float:
    text = str(value) if isinstance(value, int | float | str) and not isinstance(value, bool) else ""
    if not re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,3})?", text) or not 1 <= float(text) <= most:
        raise _wrong(f"{name}: 1–{most:g}")
    return float(text)


def _wrong(reason: str) -> Refused:
    return Refused((problem("LT-OUTBOX-004", Stage.PARSE, {"reason": reason}),))


# -------------------------------------------------------------------- writing


def _as_json(adapter: Adapter, said: Said) -> JsonValue:
    outbox = said.outbox
    if outbox is None:
        return {"problems": [_told(found) for found in _findings(said)]}
    if outbox.results:
        return {"results": [{"id": id, "result": result} for id, result in outbox.results]}
    return {"items": [_item(adapter, item) for item in outbox.items], "more": outbox.more}


def _item(adapter: Adapter, item: OutboxItem) -> JsonValue:
    operation = adapter.manifest.operations[item.operation]
    shape = adapter.schema.shape(operation.element or item.operation)
    return {
        "id": item.id,
        "operation": item.operation,
        "kind": item.kind,
        "lease_until": item.offered_until.isoformat(timespec="milliseconds"),
        "dossier": [{"party": party, "code": code} for party, code in item.names],
        "content": xml_to_json(item.element, shape, quirks=adapter.manifest.quirks),
    }


def _as_xml(said: Said) -> etree._Element:
    outbox = said.outbox or OutboxSaid()
    root = etree.Element(_ROOT)
    for found in _findings(said) if said.outbox is None else ():
        etree.SubElement(root, _PROBLEM, {name: clean(str(value)) for name, value in _told(found).items()})
    for id, result in outbox.results:
        etree.SubElement(root, _RESULT, {"id": id, "result": result})
    for item in outbox.items:
        made = etree.SubElement(
            root, _ITEM, id=item.id, operation=item.operation, kind=item.kind,
            lease_until=item.offered_until.isoformat(timespec="milliseconds"),
        )  # fmt: skip
        for party, code in item.names:
            etree.SubElement(made, "dossier", party=party, code=code)
        etree.SubElement(made, "content").append(item.element)
    if said.outbox is not None and not outbox.results:
        root.set("more", "true" if outbox.more else "false")
    return root


def _findings(said: Said) -> Sequence[Problem | str]:
    return said.problems or (wording(said)["vi"],)


def _told(found: Problem | str) -> dict[str, JsonValue]:
    if isinstance(found, str):
        return {"text": found}
    return {
        "code": found.code, "vi": found.text_vi, "en": found.text_en, "do_vi": found.do_vi, "do_en": found.do_en,
        "retryable": found.retryable,
    }  # fmt: skip
