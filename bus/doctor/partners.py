"""Everything that has to do with others: keys, secrets, systems and routes, whether endpoints can be reached."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from adapters.manifest import Auth
from bus.compose import load_house
from bus.doctor.finding import Finding, good, note, of_refused, wrong
from bus.keyring import KeySigner
from bus.settings import EndpointSettings, Settings
from schemas.problem import Refused
from signing.keys import VerifyKey

_SOON = timedelta(days=30)
_PATIENCE_S = 3.0


def look_at_keys(settings: Settings) -> Iterator[Finding]:
    """Our key loads and is valid; every secret that is referred to is there."""
    rule = settings.signing
    practice = settings.data / "keys" / "practice.pem"
    if rule.dangerous_make_key and not rule.key and not practice.is_file():
        yield note(
            "keys", rule.key_id, "khoá thử sẽ được sinh khi bus chạy", "a practice key is made when the bus starts"
        )
    else:
        yield from _our_key(settings)
    for where, reference in _references(settings):
        try:
            secret = settings.secret(reference)
        except Refused as refused:
            yield from of_refused("keys", where, refused)
            continue
        if not secret:
            yield wrong("keys", where, "LT-DOC-030", place=where)


def _our_key(settings: Settings) -> Iterator[Finding]:
    rule = settings.signing
    try:
        key = KeySigner.of(settings).key
    except Refused as refused:
        yield from of_refused("keys", rule.key_id, refused)
        return
    if not rule.key:
        yield note(
            "keys", rule.key_id, "khoá thử tự sinh: không dùng thật", "a self-made practice key: not for real use"
        )
    yield _expiry("keys", rule.key_id, key.valid_until, f"{key.algorithm} {key.fingerprint[:16]}…")


def _expiry(area: str, subject: str, until: datetime | None, said: str) -> Finding:
    if until is None:
        return good(area, subject, f"{said}, không có chứng thư", f"{said}, no certificate")
    day = f"{until:%d/%m/%Y}"
    if until <= datetime.now(UTC):
        return wrong(area, subject, "LT-DOC-031", key=subject, day=day)
    if until - datetime.now(UTC) < _SOON:
        return note(area, subject, f"{said}, sắp hết hạn {day}", f"{said}, expires soon, on {day}")
    return good(area, subject, f"{said}, hạn {day}", f"{said}, valid until {day}")


def _references(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, endpoint in settings.endpoints.items():
        if endpoint.secret:
            yield f"endpoints.{name}.secret", endpoint.secret
    for name, caller in settings.callers.items():
        if caller.secret:
            yield f"callers.{name}.secret", caller.secret


def look_at_systems(settings: Settings) -> Iterator[Finding]:
    """Every system folder loads, every route leads somewhere, every partner's public key is usable."""
    try:
        house = load_house(settings)
    except Refused as refused:
        yield from of_refused("systems", "–", refused)
        return
    count = f"{len(house.adapters)} hệ thống / systems, {len(settings.routes)} tuyến / routes"
    yield good("systems", ", ".join(house.adapters), count)
    for name, caller in settings.callers.items():
        adapter = house.adapters.get(caller.system)
        if adapter is None:
            yield wrong("systems", name, "LT-DOC-032", caller=name, system=caller.system)
        elif adapter.manifest.auth is not None and adapter.manifest.auth.kind is Auth.JWS:
            yield from _partner_key(settings, name, caller.secret)
    if not settings.callers:
        yield note("systems", "callers", "không ai được gọi vào", "nobody may call")


def _partner_key(settings: Settings, name: str, reference: str) -> Iterator[Finding]:
    try:
        key = VerifyKey.from_pem(settings.secret(reference).encode(), key_id=name)
    except Refused as refused:
        yield from of_refused("keys", name, refused)
        return
    said = ", ".join(sorted(key.algorithms))
    yield _expiry("keys", name, key.valid_until, f"{said} {key.fingerprint[:16]}…")


def look_at_endpoints(settings: Settings) -> Iterator[Finding]:
    """A connection is opened and closed again; no message is sent. All at once: one slow partner delays nobody."""
    wanted = [(name, endpoint) for name, endpoint in settings.endpoints.items() if endpoint.address]
    if not wanted:
        return
    with ThreadPoolExecutor(max_workers=min(32, len(wanted))) as threads:
        yield from threads.map(lambda one: _reach(*one), wanted)


def _reach(name: str, endpoint: EndpointSettings) -> Finding:
    address = urlsplit(endpoint.address)
    host, secure = address.hostname or "", address.scheme == "https"
    try:
        port = address.port or (443 if secure else 80)
        with socket.create_connection((host, port), timeout=_PATIENCE_S) as plain:
            if not secure:
                return good("endpoints", name, f"{host}:{port} kết nối được", f"{host}:{port} can be reached")
            with _context(endpoint).wrap_socket(plain, server_hostname=host) as tls:
                if not endpoint.verify_tls:
                    unchecked = (f"{host}:{port}, chứng thư không được kiểm", f"{host}:{port}, certificate not checked")
                    return note("endpoints", name, *unchecked)
                return _expiry("endpoints", name, _valid_until(tls), f"{host}:{port} {tls.version()}")
    except ssl.SSLError as error:
        return wrong("endpoints", name, "LT-DOC-041", endpoint=name, host=host, reason=error.reason or error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error or type(error).__name__
        return wrong("endpoints", name, "LT-DOC-040", endpoint=name, host=endpoint.address, reason=reason)


def _context(endpoint: EndpointSettings) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if not endpoint.verify_tls:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _valid_until(tls: ssl.SSLSocket) -> datetime | None:
    paper = tls.getpeercert()
    text = paper.get("notAfter") if paper else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(str(text)), UTC) if text else None
