"""The simulated national portal, first generation: login, one integration address, and its own calls back."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from zoneinfo import ZoneInfo

from bus.simulators.book import Book
from bus.simulators.controls import count_of, number_of, text_of
from bus.simulators.desk import Desk
from bus.simulators.ledger import Ledger, read_ledgers
from bus.simulators.options import PortalOptions
from bus.simulators.portal_session import EXPIRED, Sessions
from bus.simulators.portal_store import Result, Store
from bus.simulators.portal_submissions import look_up, submission
from bus.simulators.proof import HEADER, Proof, load_keys, verify
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import Dice, Draw, Fate
from schemas.jsondoc import JsonLimits, JsonValue, loads
from schemas.problem import Refused

PREFIXES = ("/XrdAdapter/RestService/forward", "/VXPAdapter/RestService/forward")
_SIGNED = ("DongBoHoSoMC", "CapNhatTienDoHoSoMC", "DongBoTrangThaiHoSo", "DongBoTrangThaiHoSoKM")
_LIMITS = JsonLimits(size_bytes=64 * 1024 * 1024)
_HTML = "<!DOCTYPE html><html><head><title>Bảo trì</title></head><body>Hệ thống đang bảo trì</body></html>"


class Portal:
    """One running portal. Thread-safe."""

    name = "portal"

    def __init__(self, options: PortalOptions) -> None:
        self._options = options
        self._keys = load_keys(options.verify_key)
        self._store = Store()
        if options.ledger is not None:
            self._store.restore(read_ledgers(options.ledger))
        self._book = Book(self.name, Ledger(options.ledger))
        self._switches = options.switches
        self._dice = Dice(options.seed)
        self._sessions = Sessions(options.user, _secret(options.password_env), seed=options.seed)
        self._sessions.calls, self._sessions.seconds = options.session_calls, options.session_seconds
        self._callback_key = _secret(options.callback_key_env)
        self._desk: Desk | None = None
        self._submissions = 0
        self._lock = threading.Lock()

    # ---------------------------------------------------------------- the outside world

    def handle(self, seen: Seen) -> Answer:
        """A call of the bus."""
        call = self._book.next_call()
        draw = self._dice.draw(call, self._switches)
        path = seen.path
        for prefix in PREFIXES:
            if path.startswith(prefix):
                path = path.removeprefix(prefix)
                if not (seen.query.get("dstcode") or seen.headers.get("dstcode")):
                    return Answer(400, b'{"error":"dstcode is missing"}', "application/json")
        if seen.method != "POST":
            return Answer(405, b"POST only", "text/plain")
        if path.rstrip("/").endswith("/login"):
            return self._login(seen, draw)
        return self._integration(seen, call, draw)

    def _login(self, seen: Seen, draw: Draw) -> Answer:
        if draw.fate is Fate.ERROR:
            return Answer(503, b"service unavailable", "text/plain", delay_s=draw.delay_s)
        body = _object(seen.body)
        session = self._sessions.login(body.get("username"), body.get("password")) if body else ""
        self._book.mark("logins" if session else "logins_refused")
        if not session:
            return _reply({"error_code": -1, "message": "Sai thông tin đăng nhập"}, draw)
        return _reply({"session": session, "error_code": 0, "message": "Thành công"}, draw)

    def _integration(self, seen: Seen, call: int, draw: Draw) -> Answer:
        body = _object(seen.body)
        if body is None:
            return _reply({"error_code": "-1", "message": "Nội dung không phải đối tượng JSON hợp lệ"}, draw)
        service = str(body.get("service", ""))
        if not self._sessions.spend(body.get("session")):
            self._book.mark("sessions_refused")
            return _reply({"error_code": "-1", "message": EXPIRED}, draw)
        if not isinstance(body.get("madonvi"), str) or not body["madonvi"]:
            return _reply({"error_code": "-1", "message": "Thiếu trường bắt buộc madonvi"}, draw)
        commits = draw.fate in (Fate.NORMAL, Fate.DROP, Fate.BAD_CODE)
        proof = self._proof(seen, service, body)
        refused = self._options.require_signature and proof.fault
        result = self._serve(service, body, commit=commits and not refused)
        if refused:
            result = Result("-1", proof.fault, result.taken)
        fate = draw.fate
        if fate in (Fate.DROP, Fate.BAD_CODE) and not result.good:
            fate = Fate.NORMAL  # nothing was taken: a plain no
        self._book.received(call, service, result.taken, begin=seen.begin, fate=fate, code=result.code)
        return _answer(result, fate, call, draw)

    def _proof(self, seen: Seen, service: str, body: Mapping[str, JsonValue]) -> Proof:
        if service not in _SIGNED:
            return Proof((), "")
        data = body.get("data")
        items = [one for one in (data if isinstance(data, list) else [data]) if isinstance(one, dict)]
        proof = verify(seen.body, seen.headers.get(HEADER, ""), items, keys=self._keys)
        for name in proof.counts:
            self._book.mark(f"signature_{name}")
        return proof

    def _serve(self, service: str, body: Mapping[str, JsonValue], *, commit: bool) -> Result:
        match service:
            case "DongBoHoSoMC":
                return self._store.sync_dossiers(body.get("data"), updating=body.get("isUpdating"), commit=commit)
            case "CapNhatTienDoHoSoMC":
                return self._store.add_steps(body.get("data"), commit=commit)
            case "DongBoTrangThaiHoSo" | "DongBoTrangThaiHoSoKM":
                return self._store.set_status(body.get("data"), kind=body.get("type"), commit=commit)
            case "TraCuuHoSo":
                return self._store.look_up(body.get("mahoso"))
        return Result("-1", f"Dịch vụ {service[:60]} không được hỗ trợ")

    def answered(self, call: int, how: str) -> None:
        """A call is over."""
        self._book.answered(call, how)

    # ---------------------------------------------------------------- our own calls

    def started(self) -> None:
        """Begins the automatic submissions."""
        if self._options.callbacks:
            self._submit(self._options.callbacks, {})

    def _submit(self, count: int, given: Mapping[str, object]) -> int:
        procedures = (str(given["procedure"]),) if given.get("procedure") else self._options.procedures
        files = count_of(given, "files", 1)
        same = bool(given.get("duplicate", False))
        scripts = []
        for _ in range(count):
            with self._lock:
                self._submissions += 1
                number = self._submissions
            call = submission(
                number, options=self._options, procedure=procedures[(number - 1) % len(procedures)], files=files,
                key=self._callback_key, now=datetime.now(ZoneInfo("Asia/Ho_Chi_Minh")),
            )  # fmt: skip
            self._store.submitted(call.items[0].dossier)
            scripts.append((call, call) if same else (call,))
        return self._sender().submit(scripts)

    def _sender(self) -> Desk:
        if not self._options.callback:
            raise ValueError("there is no address for our own calls: start with --callback URL")
        with self._lock:
            if self._desk is None:
                self._desk = Desk(self._book, self._options, switches=lambda: self._switches)
            return self._desk

    # ---------------------------------------------------------------- the controls

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset, submit, look-up, expire, lose, alter, mute."""
        match action:
            case "set":
                return self._set(given)
            case "reset":
                self._store.reset()
                self._book.reset()
                return {"reset": True}
            case "submit":
                return {"submitted": self._submit(count_of(given, "count", 1), given)}
            case "look-up":
                call = look_up(str(given.get("dossier", "")), options=self._options, key=self._callback_key)
                return {"submitted": self._sender().submit([(call,)])}
            case "expire":
                return {"expired": self._sessions.expire_all()}
            case "lose":
                return {"lost": self._store.lose(text_of(given, "dossier"))}
            case "alter":
                values = {name: text_of(given, name) for name in given if name != "dossier"}
                self._store.alter(text_of(given, "dossier"), values)
                return {"altered": True}
            case "mute":
                self._store.mute(text_of(given, "dossier"), on=given.get("on", True) is True)
                return {"mute": given.get("on", True) is True}
        raise LookupError(f"no control {action!r}: set, reset, submit, look-up, expire, lose, alter, mute")

    def _set(self, given: Mapping[str, object]) -> object:
        own = {"session_calls", "session_seconds", "rate"}
        self._switches = self._switches.changed({k: v for k, v in given.items() if k not in own})
        if "session_calls" in given:
            self._sessions.calls = count_of(given, "session_calls", 0)
        if "session_seconds" in given:
            self._sessions.seconds = number_of(given, "session_seconds")
        if "rate" in given:
            self._sender().set_rate(number_of(given, "rate"))
        return {
            **asdict(self._switches),
            "session_calls": self._sessions.calls,
            "session_seconds": self._sessions.seconds,
        }

    def state(self, *, brief: bool) -> dict[str, object]:
        """What was received, with counts."""
        open_scripts = self._desk.open_scripts if self._desk else 0
        state = {**self._book.totals(), "open_scripts": open_scripts, "switches": asdict(self._switches)}
        return state if brief else {**state, "by_dossier": self._book.dossiers()}

    def close(self) -> None:
        """The end."""
        if self._desk is not None:
            self._desk.close()
        self._book.close()


def serve_portal(options: PortalOptions) -> None:
    """Runs the portal until SIGTERM.

    Raises:
        ValueError, Refused: an option cannot be used.
        OSError: the port is taken.
    """
    serve(Portal(options), host=options.host, port=options.port)


def _answer(result: Result, fate: Fate, call: int, draw: Draw) -> Answer:
    if fate is Fate.ERROR:
        return Answer(503, b"service unavailable", "text/plain", delay_s=draw.delay_s, call=call)
    if fate is Fate.HTML:
        return Answer(200, _HTML.encode(), "text/html; charset=utf-8", delay_s=draw.delay_s, call=call)
    if fate is Fate.BUSINESS:
        return _reply({"error_code": "-1", "message": "Lỗi nghiệp vụ giả lập", "result": []}, draw, call=call)
    if fate is Fate.BAD_CODE:
        odd = {"error_code": "thành công"} if draw.odd else {}
        return _reply({**odd, "message": "Đã ghi nhận", "result": []}, draw, call=call)
    code: object = 0 if result.good and draw.odd else result.code
    body = {"error_code": code, "message": result.message, "result": list(result.result)}
    answer = _reply(body, draw, call=call)
    return Answer(answer.status, answer.body, answer.media_type, answer.delay_s, fate is Fate.DROP, call)


def _reply(body: Mapping[str, object], draw: Draw, *, call: int = 0) -> Answer:
    text = json.dumps(body, ensure_ascii=False, default=dict).encode()
    return Answer(200, text, "application/json; charset=utf-8", delay_s=draw.delay_s, call=call)


def _object(body: bytes) -> Mapping[str, JsonValue] | None:
    try:
        value = loads(body, limits=_LIMITS)
    except Refused:
        return None
    return value if isinstance(value, dict) else None


def _secret(name: str) -> str:
    if not name:
        return ""
    value = os.environ.get(name, "")
    if not value:
        raise ValueError(f"environment variable {name} is not set")
    return value
