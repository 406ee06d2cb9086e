"""The simulated driving-licence office: an ASMX service that says everything in one string, errors too."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from xml.sax.saxutils import escape

from lxml import etree

from bus.simulators.book import Book
from bus.simulators.controls import text_of
from bus.simulators.dlms_form import NAMESPACE
from bus.simulators.dlms_store import Result, Store, part_of
from bus.simulators.dlms_wsdl import OPERATIONS, wsdl
from bus.simulators.ledger import Ledger, read_ledgers
from bus.simulators.options import DlmsOptions
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import Dice, Draw, Fate
from bus.simulators.wss_guard import WssGuard
from schemas import xmldoc
from schemas.problem import Refused
from schemas.xmldoc import XmlLimits

PATH = "/TichHopMotCua/Service.asmx"
_SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
_SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
_LIMITS = XmlLimits(size_bytes=64 * 1024 * 1024)
_HTML = "<!DOCTYPE html><html><head><title>Runtime Error</title></head><body>Server Error in Application</body></html>"


class _Fault(Exception):
    def __init__(self, text: str, *, soap12: bool) -> None:
        super().__init__(text)
        self.text, self.soap12 = text, soap12


class Dlms:
    """One running office. Thread-safe."""

    name = "dlms"

    def __init__(self, options: DlmsOptions) -> None:
        self._store = Store(
            again=options.again, status_by=options.status_by, status_seconds=max(0.001, options.status_seconds)
        )
        if options.ledger is not None:
            self._store.restore(read_ledgers(options.ledger))
        self._book = Book(self.name, Ledger(options.ledger))
        self._switches = options.switches
        self._dice = Dice(options.seed)
        self._guard = WssGuard.of(options.wss_certificate, options.wss_key, options.wss_paper)

    def handle(self, seen: Seen) -> Answer:
        """A call of the bus."""
        if seen.path.lower() != PATH.lower():  # IIS does not care about case
            return Answer(404, b"not found", "text/plain")
        if seen.method == "GET" and any(name.lower() == "wsdl" for name in seen.query):
            return Answer(200, wsdl(f"http://{seen.headers.get('host', '')}{PATH}"), "text/xml; charset=utf-8")
        if seen.method != "POST":
            return Answer(405, b"POST, or GET ?wsdl", "text/plain")
        if refused := self._guard.refusal(seen.body):
            soap12 = seen.headers.get("content-type", "").startswith("application/soap+xml")
            return _fault(_Fault(f"Security processing failed ({refused})", soap12=soap12))
        try:
            operation, soap12 = _operation(seen)
        except _Fault as fault:
            return _fault(fault)
        call = self._book.next_call()
        draw = self._dice.draw(call, self._switches)
        return self._answer(operation, seen, call, draw, soap12=soap12)

    def _answer(self, operation: etree._Element, seen: Seen, call: int, draw: Draw, *, soap12: bool) -> Answer:
        name = etree.QName(operation).localname
        commits = draw.fate in (Fate.NORMAL, Fate.DROP, Fate.BAD_CODE)
        result = self._serve(name, operation, now=seen.begin, commit=commits)
        fate = draw.fate
        if fate in (Fate.DROP, Fate.BAD_CODE) and not result.good:
            fate = Fate.NORMAL  # nothing was taken: a plain sentence
        self._book.received(call, name, result.taken, begin=seen.begin, fate=fate, code=_code(result.text))
        if fate is Fate.ERROR:
            return Answer(503, b"Service Unavailable", "text/html", delay_s=draw.delay_s, call=call)
        if fate is Fate.HTML:
            return Answer(200, _HTML.encode(), "text/html; charset=utf-8", delay_s=draw.delay_s, call=call)
        text = result.text
        if fate is Fate.BUSINESS:
            text = "Lỗi: dữ liệu hồ sơ không hợp lệ (giả lập)"
        if fate is Fate.BAD_CODE:
            text = "Đã ghi nhận" if draw.odd else ""
        media_type = "application/soap+xml; charset=utf-8" if soap12 else "text/xml; charset=utf-8"
        body = self._guard.answer(_envelope(_said(name, text), soap12=soap12))
        return Answer(200, body, media_type, draw.delay_s, drop=fate is Fate.DROP, call=call)

    def _serve(self, name: str, operation: etree._Element, *, now: float, commit: bool) -> Result:
        if name == "GetTrangThaiHoSo":
            asked = part_of(operation, "maDK")
            return self._store.status((asked.text or "") if asked is not None else "", now=now)
        inside = "dongBoQuyTrinh" if name == "TaoMoiHoSo" else "uploadDocumentsAttach"
        record = part_of(operation, inside)
        if record is None:
            return Result(f"Lỗi: thiếu phần tử {inside}")
        if name == "TaoMoiHoSo":
            return self._store.register(record, now=now, commit=commit)
        return self._store.attach(record, commit=commit)

    def answered(self, call: int, how: str) -> None:
        """A call is over."""
        self._book.answered(call, how)

    def started(self) -> None:
        """An office waits."""

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset, lose, alter."""
        if action == "set":
            self._switches = self._switches.changed(given)
            return asdict(self._switches)
        if action == "reset":
            self._store.reset()
            self._book.reset()
            return {"reset": True}
        if action == "lose":
            return {"lost": self._store.lose(text_of(given, "dossier"))}
        if action == "alter":
            return {"altered": self._store.alter(text_of(given, "dossier"), text_of(given, "status"))}
        raise LookupError(f"no control {action!r}: set, reset, lose, alter")

    def state(self, *, brief: bool) -> dict[str, object]:
        """What was received, with counts."""
        secured = {"good": self._guard.good, "refused": list(self._guard.refused)}
        state = {**self._book.totals(), "switches": asdict(self._switches), "secured": secured}
        return state if brief else {**state, "by_dossier": self._book.dossiers()}

    def close(self) -> None:
        """The end."""
        self._book.close()


def serve_dlms(options: DlmsOptions) -> None:
    """Runs the office until SIGTERM.

    Raises:
        ValueError: an option cannot be used.
        OSError: the port is taken.
    """
    serve(Dlms(options), host=options.host, port=options.port)


def _operation(seen: Seen) -> tuple[etree._Element, bool]:
    """The operation's element; the media type must fit the envelope's version, the action the element."""
    media_type = seen.headers.get("content-type", "")
    soap12 = media_type.startswith("application/soap+xml")
    try:
        root = xmldoc.parse(seen.body, limits=_LIMITS)
    except Refused as refused:
        raise _Fault(f"Server was unable to read request. {refused.problems[0].text_en}", soap12=soap12) from refused
    wanted = f"{{{_SOAP12 if soap12 else _SOAP11}}}"
    if root.tag != f"{wanted}Envelope":
        raise _Fault("Possible SOAP version mismatch", soap12=soap12)
    body = root.find(f"{wanted}Body")
    operation = body[0] if body is not None and len(body) else None
    name = etree.QName(operation) if operation is not None else None
    if operation is None or name is None or name.namespace != NAMESPACE or name.localname not in OPERATIONS:
        raise _Fault("Unable to handle request without a valid operation", soap12=soap12)
    action = seen.headers.get("soapaction", "").strip('"')
    if not soap12 and action != f"{NAMESPACE}{name.localname}":
        raise _Fault(f"Server did not recognize the value of HTTP Header SOAPAction: {action[:100]}", soap12=soap12)
    return operation, soap12


def _fault(fault: _Fault) -> Answer:
    text = escape(fault.text)
    if fault.soap12:
        inside = (
            "<soap:Fault><soap:Code><soap:Value>soap:Sender</soap:Value></soap:Code>"
            f'<soap:Reason><soap:Text xml:lang="en">{text}</soap:Text></soap:Reason></soap:Fault>'
        )
        return Answer(500, _envelope(inside, soap12=True), "application/soap+xml; charset=utf-8")
    inside = f"<soap:Fault><faultcode>soap:Client</faultcode><faultstring>{text}</faultstring></soap:Fault>"
    return Answer(500, _envelope(inside, soap12=False), "text/xml; charset=utf-8")


def _said(name: str, text: str) -> str:
    result = f"<{name}Result>{escape(text)}</{name}Result>" if text else ""  # ASMX leaves a null out
    return f'<{name}Response xmlns="{NAMESPACE}">{result}</{name}Response>'


def _envelope(inside: str, *, soap12: bool) -> bytes:
    soap = _SOAP12 if soap12 else _SOAP11
    return (
        f'<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="{soap}">'
        f"<soap:Body>{inside}</soap:Body></soap:Envelope>"
    ).encode()


def _code(text: str) -> str:
    return text if text.isdigit() else text[:40]
