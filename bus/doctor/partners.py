"""Everything that has to do with others: keys, secrets, systems and routes, whether endpoints can be reached."""

from __future__ import annotations

import contextlib
import socket
import ssl
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import urlsplit

from adapters.manifest import Auth
from bus.compose import load_house
from bus.doctor.finding import Finding, good, note, of_refused, wrong
from bus.doctor.responders import look_at_responders
from bus.endings import Ending, ends_at, partners_papers
from bus.key_cupboard import Cupboard
from bus.key_places import kept_at
from bus.routing import House
from bus.settings import EndpointSettings, Settings
from bus.web.answering import Answers
from bus.web.speakers import load_speakers
from schemas.problem import Refused
from signing.keys import VerifyKey
from signing.policy import PARTNER_SOAP
from signing.trust.alerts import ends_of, step_of

_PATIENCE_S = 3.0


def look_at_keys(settings: Settings) -> Iterator[Finding]:
    """Our keys load and are valid, whom we believe is known; every secret that is referred to is there."""
    rule, cupboard = settings.signing, Cupboard()
    practice = settings.data / "keys" / "practice.pem"
    if rule.dangerous_make_key and not rule.declared() and not practice.is_file():
        yield note(
            "keys", rule.key_id, "khoá thử sẽ được sinh khi bus chạy", "a practice key is made when the bus starts"
        )
    else:
        yield from _our_keys(settings, cupboard)
    yield from _stores(settings, cupboard)
    for where, reference in _references(settings):
        try:
            secret = settings.secret(reference)
        except Refused as refused:
            yield from of_refused("keys", where, refused)
            continue
        if not secret:
            yield wrong("keys", where, "LT-DOC-030", place=where)


def _our_keys(settings: Settings, cupboard: Cupboard) -> Iterator[Finding]:
    rule = settings.signing
    try:
        signer = cupboard.signer(settings)
    except Refused as refused:
        yield from of_refused("keys", rule.key_id, refused)
        return
    if not rule.declared():
        yield note(
            "keys", rule.key_id, "khoá thử tự sinh: không dùng thật", "a self-made practice key: not for real use"
        )
    now = datetime.now(UTC)
    try:
        active = signer.ring.active(now).key_id
    except Refused as refused:
        yield from of_refused("keys", rule.key_id, refused)
        active = ""
    for term in signer.terms:
        key = term.key
        said = f"{key.algorithm} {key.fingerprint[:16]}…"
        if term.first is not None and term.first > now:
            day = f"{term.first:%d/%m/%Y}"
            yield good("keys", key.key_id, f"{said}, ký từ {day}", f"{said}, signs from {day}")
        elif (ends := ends_at(term)) is not None and ends <= now and active:
            yield note("keys", key.key_id, f"{said}, đã hết hạn, khóa khác đang ký", f"{said}, ended, another signs")
        else:
            yield _expiry("keys", key.key_id, ends_at(term), f"{said}{' *' if key.key_id == active else ''}")


def _stores(settings: Settings, cupboard: Cupboard) -> Iterator[Finding]:
    """Everything that ends soon in the stores; each store that is well in one line."""
    now = datetime.now(UTC)
    for name in settings.trust:
        try:
            store = cupboard.store(settings, name, PARTNER_SOAP).store
        except Refused as refused:
            yield from of_refused("trust", name, refused)
            continue
        found = ends_of(store)
        for end in found:
            ending = Ending(end.kind, end.name, end.ends)
            if ending.step(now) is not None:
                yield _expiry("trust", f"{name}: {end.name}", end.ends, "CRL" if end.kind == "list" else "X.509")
        papers = sum(end.kind == "certificate" for end in found)
        count = f"{papers} chứng thư / certificates, {len(found) - papers} CRL"
        yield good("trust", name, f"{store.purpose}: {count}")
        yield from look_at_responders(name, settings.trust[name], store)
    for place, reference in partners_papers(settings):
        with contextlib.suppress(Refused):  # a secret that is not there is told by its own line
            pem = settings.secret(reference).encode()
            yield from _paper(place, pem)


def _paper(place: str, pem: bytes) -> Iterator[Finding]:
    try:
        key = VerifyKey.from_pem(pem, key_id="partner", policy=PARTNER_SOAP)
    except Refused as refused:
        yield from of_refused("trust", place, refused)
        return
    yield _expiry("trust", place, key.valid_until, f"{key.fingerprint[:16]}…")


def _expiry(area: str, subject: str, until: datetime | None, said: str) -> Finding:
    if until is None:
        return good(area, subject, f"{said}, không có chứng thư", f"{said}, no certificate")
    day, now = f"{until:%d/%m/%Y}", datetime.now(UTC)
    if until <= now:
        return wrong(area, subject, "LT-DOC-031", key=subject, day=day)
    left = (until - now).days
    if step_of(until, now=now) is not None:
        return note(
            area, subject, f"{said}, sắp hết hạn {day}, còn {left} ngày", f"{said}, expires soon, on {day}, {left} days"
        )
    return good(area, subject, f"{said}, hạn {day}, còn {left} ngày", f"{said}, valid until {day}, {left} days left")


def _references(settings: Settings) -> Iterator[tuple[str, str]]:
    for name, endpoint in settings.endpoints.items():
        if endpoint.secret:
            yield f"endpoints.{name}.secret", endpoint.secret
    for name, caller in settings.callers.items():
        if caller.secret:
            yield f"callers.{name}.secret", caller.secret
        if caller.decryption is not None:
            for key_id, reference in caller.decryption.keys.items():
                yield f"callers.{name}.decryption.keys.{key_id}", reference
    yield from partners_papers(settings)


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
        elif adapter.manifest.auth is not None and adapter.manifest.auth.kind is Auth.JWS and not caller.signature:
            yield from _partner_key(settings, name, caller.secret)
    yield from _speakers(settings, house)
    if not settings.callers:
        yield note("systems", "callers", "không ai được gọi vào", "nobody may call")


def _speakers(settings: Settings, house: House) -> Iterator[Finding]:
    """Callers that secure their messages are who the settings say."""
    try:
        cupboard = Cupboard()
        doors = load_speakers(settings, house.adapters, cupboard)
        Answers.of(settings, doors, cupboard)
    except Refused as refused:
        yield from of_refused("systems", "callers", refused)
        return
    for system, door in doors.items():
        names = ", ".join(one.id for one in door.all) or "–"
        alone = " · không ai khác được gọi / nobody else may call" if door.alone else ""
        yield good("systems", f"{system} an ninh bản tin", f"{names}{alone}")
        for one in door.those("jws"):
            if not one.says_where:
                yield note(
                    "systems", f"callers.{one.id}.address",
                    f"JWS của {one.id} không buộc với địa chỉ: ai lấy được trước ta có thể gửi sang nghiệp vụ khác",
                    f"JWS of {one.id} are bound to no address: whoever takes one before us may send it to another "
                    "operation",
                )  # fmt: skip


def _partner_key(settings: Settings, name: str, reference: str) -> Iterator[Finding]:
    try:
        with kept_at(reference):
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
