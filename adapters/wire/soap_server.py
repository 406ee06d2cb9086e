"""The SOAP door: department systems that call us, in SOAP 1.1 or 1.2, answered in kind."""

from __future__ import annotations

import difflib
from dataclasses import replace

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind, Auth, Direction, Operation
from adapters.wire import wsdl
from adapters.wire.answer import FINE, declared, reply_element, wording
from adapters.wire.contract import Call, HttpReply, HttpRequest, Said
from adapters.wire.credentials import credentials
from adapters.wire.media import charset_of, charsets, media_type, without_marks
from adapters.wire.paths import line_of, local_name, namespace
from adapters.wire.soap_envelope import MEDIA_TYPE, Opened, Version, demanded, envelope, open_envelope, sniff
from adapters.wire.soap_fault import fault, security_fault
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse, to_bytes

_MEDIA_TYPES = ("", "text/xml", "application/soap+xml", "application/xml")
_CALLED = (Direction.IN, Direction.PULL, Direction.ACK, Direction.ASK_IN)
INSECURE = "LT-WSS-030"  # the one thing a caller is told of what the gate refused
_WSA = "{http://www.w3.org/2005/08/addressing}"
_SECURED = frozenset(
    {"{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd}Security"}
    | {f"{_WSA}{name}" for name in ("Action", "To", "MessageID", "ReplyTo", "RelatesTo", "From", "FaultTo")}
)
_PRESENT = (AnswerKind.UNAVAILABLE,)  # kinds that are our fault, not the caller's
RETRY_AFTER_S = "30"
# What HTTP itself has a word for, whatever the partner's own habit.
STATUS_OF = {"LT-DOOR-002": 413, "LT-DOOR-003": 415, "LT-DOOR-004": 408, "LT-WIRE-001": 415}


class SoapDoor:
    """Inbound wire "soap". Pure and stateless; safe to share between threads."""

    def read(self, adapter: Adapter, request: HttpRequest) -> Call | tuple[Problem, ...]:
        """See InboundWire."""
        try:
            opened = self._open(adapter, request)
        except Refused as refused:
            return refused.problems
        if isinstance(opened, Problem):
            return (opened,)
        if headers := demanded(opened):
            return headers
        return self._call(adapter, request, opened)

    def plain(self, adapter: Adapter, request: HttpRequest) -> tuple[bytes, str | None] | Problem:
        """See SecuredWire."""
        quirks = adapter.manifest.quirks
        media = media_type(request.headers.get("content-type", ""))
        if media.name not in _MEDIA_TYPES:
            return problem("LT-WIRE-001", Stage.RECEIVE, {"type": media.name})
        body = without_marks(request.body, quirks)
        charset = charset_of(body, media.charset, quirks=quirks, stage=Stage.PARSE)
        return charset if isinstance(charset, Problem) else (body, charset)

    def read_believed(self, adapter: Adapter, request: HttpRequest, body: etree._Element) -> Call | tuple[Problem, ...]:
        """See SecuredWire. Its header was judged by the gate, which let nothing stand that it does not know."""
        root = body.getparent()
        opened = open_envelope(root if root is not None else body)
        if isinstance(opened, Problem):
            return (opened,)
        if opened.content.getparent() is not body:  # cannot be: the gate saw one Body
            raise ValueError("another body than the one that is believed")
        if headers := demanded(opened, known=_SECURED):
            return headers
        call = self._call(adapter, request, opened)
        return replace(call, secured=True) if isinstance(call, Call) else call

    def read_enclosed(
        self, adapter: Adapter, request: HttpRequest, root: etree._Element | None, content: etree._Element
    ) -> Call | tuple[Problem, ...]:
        """See SecuredWire."""
        opened = open_envelope(root if root is not None else content)
        if isinstance(opened, Problem):
            return (opened,)
        if headers := demanded(opened):
            return headers
        call = self._call(adapter, request, replace(opened, content=content))
        return replace(call, secured=True) if isinstance(call, Call) else call

    def _call(self, adapter: Adapter, request: HttpRequest, opened: Opened) -> Call | tuple[Problem, ...]:
        name = find_operation(adapter, opened.content)
        if isinstance(name, Problem):
            return (name,)
        if wrong := _contradiction(adapter, name, request):
            return (wrong,)
        payload = opened.root if adapter.manifest.whole_envelope else opened.content
        return Call(
            name=name,
            operation=adapter.manifest.operations[name],
            payload=payload,
            credentials=credentials(adapter.manifest.auth, request, payload),
            voice=opened.version.value,
            problems=adapter.schema.check(payload, stage=Stage.VALIDATE_IN),
        )

    def _open(self, adapter: Adapter, request: HttpRequest) -> Opened | Problem:
        found = self.plain(adapter, request)
        if isinstance(found, Problem):
            return found
        body, charset = found
        return open_envelope(parse(body, limits=limits_of(adapter), charset=charset))

    def write(self, adapter: Adapter, request: HttpRequest, call: Call | None, said: Said) -> HttpReply:
        """See InboundWire."""
        version = Version(call.voice) if call is not None else sniff(request)
        if any(found.code == INSECURE for found in said.problems):
            status = 400 if version is Version.SOAP12 else 500
            return _reply(version, security_fault(version), status)
        operation = call.operation if call is not None else None
        answer = declared(adapter, operation, said.kind)
        status = answer.status if answer is not None else 200
        element_name = operation.reply_element if operation is not None else ""
        if said.kind in FINE and not element_name:
            return HttpReply(202 if status == 200 else status, {}, b"")  # one-way: nothing to say but "taken"
        unsaid = answer is None and said.kind not in FINE
        if unsaid or (answer is not None and answer.fault) or not element_name:
            return _faulty(adapter, version, said, status=status)
        element = said.payload
        if element is None:
            fields = answer.fields if answer is not None else {}
            element = reply_element(adapter.schema.shape(element_name), fields, wording(said))
        return _reply(version, envelope(version, element), status)

    def describe(self, adapter: Adapter, request: HttpRequest) -> HttpReply | None:
        """See InboundWire."""
        return wsdl.serve(adapter, request)


def limits_of(adapter: Adapter) -> XmlLimits:
    """Of a message of this system."""
    return XmlLimits(size_bytes=adapter.manifest.body_limit_bytes, charsets=charsets(adapter.manifest.quirks))


def find_operation(adapter: Adapter, content: etree._Element) -> str | Problem:
    """The operation an element of the body means: by namespace and local name, whatever SOAPAction says."""
    local, uri = local_name(content), namespace(content)
    place = Place("message", line=line_of(content), path=f"/Envelope/Body/{local}")
    names = {operation.element or name: name for name, operation in callable_operations(adapter).items()}
    if local in names and uri == adapter.manifest.namespace:
        return names[local]
    if local in names:
        values = {"element": local, "namespace": uri or "–", "expected": adapter.manifest.namespace or "–"}
        return problem("LT-WIRE-011", Stage.PARSE, values).at(theirs=place)
    near = difflib.get_close_matches(local, names, n=1, cutoff=0.5)
    known = near[0] if near else ", ".join(sorted(names))
    return problem("LT-WIRE-008", Stage.PARSE, {"operation": local, "nearest": known}).at(theirs=place)


def callable_operations(adapter: Adapter) -> dict[str, Operation]:
    """The operations partners call at our door."""
    return {name: o for name, o in adapter.manifest.operations.items() if o.direction in _CALLED}


def _contradiction(adapter: Adapter, name: str, request: HttpRequest) -> Problem | None:
    """A SOAPAction is refused only where it clearly means another operation of this system."""
    action = request.headers.get("soapaction", "") or media_type(request.headers.get("content-type", "")).action
    action = action.strip().strip('"')
    if not action:
        return None
    operations = callable_operations(adapter)
    last = action.replace("#", "/").replace(":", "/").rsplit("/", 1)[-1]
    meant = {other for other, o in operations.items() if action == o.soap_action or last in (other, o.element)}
    if not meant or name in meant:
        return None
    return problem("LT-WIRE-009", Stage.PARSE, {"action": action, "operation": name})


def _faulty(adapter: Adapter, version: Version, said: Said, *, status: int) -> HttpReply:
    words = wording(said)
    sender = said.kind not in _PRESENT
    headers = {}
    special = next((STATUS_OF[p.code] for p in said.problems if p.code in STATUS_OF), 0)
    if said.kind is AnswerKind.UNAUTHENTICATED and adapter.manifest.auth and adapter.manifest.auth.kind is Auth.BASIC:
        status, headers = 401, {"www-authenticate": f'Basic realm="{adapter.id}", charset="UTF-8"'}
    elif special:
        status = special
    elif status == 200:
        status = 400 if version is Version.SOAP12 and sender else 500
    if said.kind is AnswerKind.UNAVAILABLE:
        headers["retry-after"] = RETRY_AFTER_S
    made = fault(version, sender=sender, vi=words["vi"], en=words["en"], problems=said.problems)
    return _reply(version, made, status, headers)


def _reply(version: Version, root: etree._Element, status: int, headers: dict[str, str] | None = None) -> HttpReply:
    return HttpReply(status, {"content-type": MEDIA_TYPE[version], **(headers or {})}, to_bytes(root))
