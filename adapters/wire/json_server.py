"""The JSON door: callbacks of the portal, and the façade that takes the bare array. HTTP 200, the code in the body."""

from __future__ import annotations

from collections.abc import Mapping

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Answer, AnswerKind, Auth, Direction, Operation
from adapters.wire.answer import FINE, declared, fill, reply_element, wording
from adapters.wire.contract import Call, HttpReply, HttpRequest, Said
from adapters.wire.credentials import credentials
from adapters.wire.jsonxml import compact, json_to_xml, xml_to_json
from adapters.wire.media import media_type
from adapters.wire.soap_server import RETRY_AFTER_S, STATUS_OF
from schemas.jsondoc import JsonLimits, JsonValue, loads
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.shape import Scalar, Shape

_MEDIA_TYPES = ("", "application/json", "text/json", "text/plain")
_CALLED = (Direction.IN, Direction.PULL, Direction.ACK, Direction.ASK_IN)
_HEADERS = {"content-type": "application/json; charset=utf-8"}
_UTF8 = ("", "utf-8", "utf8")
_MARK = b"\xef\xbb\xbf"
# Parameters of the security server in front of the portal; they never belong to an operation.
ON_THE_WAY = ("dstcode", "providerurl")
# What is said where the manifest declares nothing: the portal's own numbers.
_PLAIN: Mapping[AnswerKind, str] = {AnswerKind.ACCEPTED: "0", AnswerKind.DUPLICATE: "1"}


class JsonDoor:
    """Inbound wire of "portal" and "json". Pure and stateless; safe to share between threads."""

    def read(self, adapter: Adapter, request: HttpRequest) -> Call | tuple[Problem, ...]:
        """See InboundWire."""
        name = find_operation(adapter, request)
        if isinstance(name, Problem):
            return (name,)
        operation = adapter.manifest.operations[name]
        shape = adapter.schema.shape(operation.element or name)
        try:
            value = _body(adapter, request)
            payload = _payload(value, shape, request.query, quirks=adapter.manifest.quirks)
            problems = adapter.schema.check(payload, stage=Stage.VALIDATE_IN)
        except Refused as refused:
            payload, problems = etree.Element(shape.name), refused.problems
        return Call(
            name=name,
            operation=operation,
            payload=payload,
            credentials=credentials(adapter.manifest.auth, request, payload),
            voice="json",
            problems=problems,
        )

    def write(self, adapter: Adapter, request: HttpRequest, call: Call | None, said: Said) -> HttpReply:
        """See InboundWire."""
        operation = call.operation if call is not None else _known(adapter, request)
        answer = declared(adapter, operation, said.kind) or Answer()
        status, headers = answer.status, dict(_HEADERS)
        if (
            said.kind is AnswerKind.UNAUTHENTICATED
            and adapter.manifest.auth
            and adapter.manifest.auth.kind is Auth.BASIC
        ):
            status = 401
            headers["www-authenticate"] = f'Basic realm="{adapter.id}", charset="UTF-8"'
        if said.kind is AnswerKind.UNAVAILABLE:
            headers["retry-after"] = RETRY_AFTER_S
        status = next((STATUS_OF[p.code] for p in said.problems if p.code in STATUS_OF), status)
        return HttpReply(status, headers, compact(_said(adapter, operation, answer, said)))

    def describe(self, adapter: Adapter, request: HttpRequest) -> HttpReply | None:
        """See InboundWire."""
        return None


def find_operation(adapter: Adapter, request: HttpRequest) -> str | Problem:
    """The operation a path means: its last steps, with or without an adapter's prefix before them."""
    path = "/" + request.path.strip("/")
    found = [
        (len(tail), name)
        for name, operation in adapter.manifest.operations.items()
        if operation.direction in _CALLED
        for tail in [(operation.path or operation.service or name).strip("/")]
        if path.endswith(f"/{tail}")
    ]
    if found:
        return max(found)[1]
    names = sorted(name for name, o in adapter.manifest.operations.items() if o.direction in _CALLED)
    return problem("LT-WIRE-008", Stage.PARSE, {"operation": request.path.strip("/"), "nearest": ", ".join(names)})


def _known(adapter: Adapter, request: HttpRequest) -> Operation | None:
    name = find_operation(adapter, request)
    return None if isinstance(name, Problem) else adapter.manifest.operations[name]


def _body(adapter: Adapter, request: HttpRequest) -> JsonValue:
    media = media_type(request.headers.get("content-type", ""))
    if media.name not in _MEDIA_TYPES and not media.name.endswith("+json"):
        raise Refused((problem("LT-WIRE-001", Stage.RECEIVE, {"type": media.name}),))
    if media.charset.lower() not in _UTF8:
        raise Refused((problem("LT-WIRE-002", Stage.PARSE, {"charset": media.charset}),))
    if request.method == "GET":
        return {}
    return loads(request.body.removeprefix(_MARK), limits=JsonLimits(size_bytes=adapter.manifest.body_limit_bytes))


def _payload(value: JsonValue, shape: Shape, query: Mapping[str, str], *, quirks: tuple[str, ...]) -> etree._Element:
    """Body and query parameters as one element, whichever casing the envelope has."""
    parameters = _parameters(query, shape)
    if isinstance(value, list):
        element = json_to_xml(value, shape, quirks=quirks)
        ahead = json_to_xml(dict(parameters), shape, quirks=quirks)
        return _merged(element, ahead, shape)
    if isinstance(value, dict):
        value = {**_recased(value, shape), **parameters}
    return json_to_xml(value, shape, quirks=quirks)


def _parameters(query: Mapping[str, str], shape: Shape) -> dict[str, JsonValue]:
    """Query parameters under the names and types of the schema; their letters' case does not matter.

    Raises:
        Refused: a parameter the operation does not have. Passing over a misspelt `isUpdating` would turn an
            update into a new dossier.
    """
    known = {child.name.lower(): child for child in shape.children if child.scalar is not None}
    given: dict[str, JsonValue] = {}
    for name, text in query.items():
        child = known.get(name.lower())
        if child is None and name.lower() not in ON_THE_WAY:
            place = Place("message", path=f"?{name}")
            values = {"name": name, "nearest": ", ".join(c.name for c in known.values()) or "–"}
            raise Refused((problem("LT-WIRE-021", Stage.PARSE, values).at(theirs=place),))
        if child is not None:
            given[child.name] = _from_text(text, child.scalar)
    return given


def _from_text(text: str, scalar: Scalar | None) -> JsonValue:
    if scalar is Scalar.BOOLEAN and text.lower() in ("true", "false"):
        return text.lower() == "true"
    if scalar is Scalar.INTEGER and text.lstrip("-").isdigit():
        return int(text)
    return text


def _recased(value: Mapping[str, JsonValue], shape: Shape) -> dict[str, JsonValue]:
    """The envelope's members under the schema's names: some callers begin them with capital letters.

    Raises:
        Refused: one member stands there in both casings.
    """
    recased: dict[str, JsonValue] = {}
    for name, item in value.items():
        other = name[:1].swapcase() + name[1:]
        known = name if shape.child(name) is not None or shape.child(other) is None else other
        if known in recased:
            raise Refused((problem("LT-WIRE-029", Stage.PARSE, {"name": known}).at(theirs=Place("message", path="/")),))
        recased[known] = item
    return recased


def _merged(element: etree._Element, other: etree._Element, shape: Shape) -> etree._Element:
    """The children of both in the schema's order."""
    order = {child.name: number for number, child in enumerate(shape.children)}
    parts = [*other, *element]
    for part in sorted(parts, key=lambda part: order[etree.QName(part).localname]):
        element.append(part)
    return element


def _said(adapter: Adapter, operation: Operation | None, answer: Answer, said: Said) -> JsonValue:
    words = wording(said)
    name = operation.reply_element if operation is not None else ""
    if not name:
        return _plain(answer, said, words)
    shape = adapter.schema.shape(name)
    if said.payload is not None:
        return xml_to_json(said.payload, shape, quirks=adapter.manifest.quirks)
    if not answer.fields:
        return _plain(answer, said, words)
    return xml_to_json(reply_element(shape, answer.fields, words), shape, quirks=adapter.manifest.quirks)


def _plain(answer: Answer, said: Said, words: Mapping[str, str]) -> JsonValue:
    """Without a schema for the reply: the declared fields as they are, else the portal's usual pair."""
    if answer.fields:
        return {name: fill(text, words) for name, text in answer.fields.items()}
    code = _PLAIN.get(said.kind, "-1")
    return {"error_code": int(code), "message": "" if said.kind in FINE[:1] else words["vi"]}
