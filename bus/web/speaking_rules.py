"""What can be said of callers that secure their messages without reading a file: wires, ways, names of operations."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping

from adapters.adapter import Adapter
from adapters.manifest import Auth
from bus.caller_section import CallerSettings
from bus.settings import Settings
from bus.web.speaker import DOCUMENTS
from schemas.plain_words import reasons
from schemas.problem import Problem, Stage, problem

_JSON = ("json", "portal", "outbox_rest")


def check_speakers(settings: Settings, adapters: Mapping[str, Adapter]) -> Iterator[Problem]:
    """What does not fit together."""
    for name, caller in settings.callers.items():
        if (adapter := adapters.get(caller.system)) is not None:
            yield from _fits_door(name, caller, adapter)
            yield from _operations(name, caller, adapter)
    yield from _one_way(settings)


def demands(adapter: Adapter) -> bool:
    """The system takes nothing that is not secured."""
    return adapter.manifest.auth is not None and adapter.manifest.auth.kind is Auth.WSS


def wrong(place: str, reason: str) -> Problem:
    """Of the settings."""
    return problem("LT-CONF-002", Stage.CONFIGURE, {"place": place, **reasons(reason)})


def _fits_door(name: str, caller: CallerSettings, adapter: Adapter) -> Iterator[Problem]:
    manifest, place = adapter.manifest, f"callers.{name}.signature"
    if caller.signature == "jws" and manifest.wire not in _JSON:
        yield wrong(place, f"{caller.system}: chỉ cho cửa JSON / only for JSON doors")
    if caller.signature not in ("", "jws") and (manifest.wire != "soap" or manifest.whole_envelope):
        yield wrong(place, f"{caller.system}: chỉ cho cửa SOAP / only for SOAP doors")
    if not caller.signature and demands(adapter):
        yield wrong(place, f'{caller.system} đòi WS-Security / demands it: "wss" | "login" | "dsig" | "xades"')
    if caller.signature == "jws" and caller.secret and manifest.auth is not None and manifest.auth.kind is Auth.JWS:
        yield wrong(f"callers.{name}.secret", "khóa đặt ở certificates / keys stand in certificates")
    if caller.signature == "dsig" and (manifest.auth is None or manifest.auth.kind is Auth.WSS):
        yield wrong(place, f"{caller.system} không có chỗ cho mật khẩu / has no place for its password")


def _operations(name: str, caller: CallerSettings, adapter: Adapter) -> Iterator[Problem]:
    for number, line in enumerate(caller.certificates):
        for operation in line.operations:
            if operation not in adapter.manifest.operations:
                near = difflib.get_close_matches(operation, adapter.manifest.operations, n=1)
                place = f"callers.{name}.certificates.{number}.operations: {operation}"
                values = {"place": place, "nearest": near[0] if near else ", ".join(adapter.manifest.operations)}
                yield problem("LT-CONF-004", Stage.CONFIGURE, values)


def _one_way(settings: Settings) -> Iterator[Problem]:
    """A document alone does not say which of two ways it is signed in; a JWS travels in one header."""
    ways: dict[str, str] = {}
    headers: dict[str, str] = {}
    for name, caller in settings.callers.items():
        if caller.signature in DOCUMENTS and ways.setdefault(caller.system, caller.signature) != caller.signature:
            yield wrong(f"callers.{name}.signature", f"{caller.system}: dsig hoặc xades, không cả hai / not both")
        header = caller.jws_header.lower()
        if caller.signature == "jws" and headers.setdefault(caller.system, header) != header:
            yield wrong(f"callers.{name}.jws_header", f"{caller.system}: một header cho cả cửa / one for the door")
