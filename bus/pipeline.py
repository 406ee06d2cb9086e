"""The pure middle of the journey: split, translate, validate, route. Values in, values out; no clock, no store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType
from zoneinfo import ZoneInfo

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.mapping.plan import MapContext
from bus.canonical import complete, new_root, text_at
from bus.records import AcceptItem, DossierRef, NewIdentity
from bus.routes import Route, RouteTable, plan
from schemas.catalog import CANONICAL_NAMESPACE, canonical
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Place, Problem, Stage, problem
from schemas.rules import check_rules
from schemas.xmldoc import c14n, to_bytes

CANONICAL_MEDIA_TYPE = "application/xml; charset=utf-8"
VIETNAM = ZoneInfo("Asia/Ho_Chi_Minh")
_ANY = "{*}"

# What routes may ask of a canonical message, and where it stands.
FACTS: Mapping[str, str] = MappingProxyType(
    {
        "ma_tthc": "ThuTuc/Ma",
        "co_quan": "CoQuan/Ma",
        "kenh": "KenhThucHien",
        "trang_thai": "TrangThai",
        "nguon": "NguonGoc",
    }
)


@dataclass(frozen=True, slots=True)
class House:
    """What the pipeline knows of the configuration: all loaded once, immutable."""

    adapters: Mapping[str, Adapter]
    routes: RouteTable


Origin = Callable[[tuple[tuple[str, str], ...]], str]


def _unknown(names: tuple[tuple[str, str], ...]) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class Inbound:
    """One understood call on its way in."""

    adapter: Adapter
    name: str
    operation: Operation
    payload: etree._Element
    raw: Message  # kind "goc"
    party: Party
    now: datetime
    origin: Origin = _unknown  # where a dossier was born, asked for only where the message does not say it


def split(inbound: Inbound) -> list[etree._Element]:
    """The items of one call, in order."""
    if not inbound.operation.items:
        return [inbound.payload]
    return inbound.payload.findall("/".join(_ANY + step for step in inbound.operation.items.split("/")))


def take_in(inbound: Inbound, house: House) -> tuple[tuple[AcceptItem, ...], tuple[Problem, ...]]:
    """From a partner's element to canonical messages with their deliveries. Problems of all items at once."""
    items: list[AcceptItem] = []
    problems: list[Problem] = []
    elements = split(inbound)
    if not elements:
        problems.append(problem("LT-PIPE-001", Stage.SPLIT, {"operation": inbound.name}))
    for number, element in enumerate(elements, start=1):
        made, found = _one(inbound, element, house, offset=len(items))
        items += made
        problems += [_numbered(p, number, len(elements)) for p in found]
    return tuple(items), tuple(problems)


def _one(
    inbound: Inbound, element: etree._Element, house: House, *, offset: int
) -> tuple[list[AcceptItem], Sequence[Problem]]:
    operation, adapter = inbound.operation, inbound.adapter
    on = inbound.now.astimezone(VIETNAM).date()
    names = tuple(
        (name.party, value)
        for name in operation.dossier
        if (value := text_at(element, name.path)) and value not in name.ignore
    )

    def born(made: etree._Element) -> etree._Element:
        if not text_at(made, "NguonGoc") and (origin := inbound.origin(names)):
            return complete(made, {"NguonGoc": origin})
        return made

    translated, problems = translate_in(adapter, operation, element, on=on, now=inbound.now, filled=born)
    if translated is None:
        return [], problems
    if not names:
        return [], [problem("LT-PIPE-002", Stage.SPLIT, {"operation": inbound.name})]
    message = canonical_message(
        translated, kind=operation.kind, sender=inbound.party, operation=inbound.name, cause=inbound.raw.envelope,
        names=names, now=inbound.now, profile=adapter.profile,
    )  # fmt: skip
    items, found = routed(message, translated, house, now=inbound.now, dossier=DossierRef(names, operation.creates))
    if found:
        return [], found
    key = "\x1f".join(text_at(element, path) for path in operation.key)
    first = replace(
        items[0],
        idempotency_key=f"{inbound.name}:{hashlib.sha256(key.encode()).hexdigest()}" if operation.key else "",
        content_sha256=_content_hash(element, adapter.manifest.secrets),
        update=operation.update,
    )
    return [first, *(replace(item, same_dossier_as=offset) for item in items[1:])], ()


def translate_in(
    adapter: Adapter, operation: Operation, element: etree._Element, *, on: date, now: datetime, map_file: str = "",
    filled: Callable[[etree._Element], etree._Element] = lambda made: made,
) -> tuple[etree._Element | None, tuple[Problem, ...]]:  # fmt: skip
    """Partner's form → canonical, checked against our schema and rules; `filled` adds what it lacks."""
    done = adapter.maps[map_file or operation.map].to_canonical(element, MapContext(on=on, identities={}))
    if done.element is None or done.problems:
        return None, done.problems
    made = filled(done.element)
    problems = check_canonical(made, now=now, waived=adapter.manifest.waived_rules)
    return (None if problems else made), problems


def check_canonical(element: etree._Element, *, now: datetime, waived: Collection[str] = ()) -> tuple[Problem, ...]:
    """The canonical schema first; the cross-field rules only on what is well-shaped."""
    found = canonical().check(element, stage=Stage.VALIDATE_CANONICAL)
    return found or check_rules(element, now=now, waived=waived)


def canonical_message(
    element: etree._Element, *, kind: str, sender: Party, operation: str, cause: Envelope,
    names: tuple[tuple[str, str], ...], now: datetime, profile: str,
) -> Message:  # fmt: skip
    """A new message of ours, caused by another one."""
    body = to_bytes(element)
    facts = {fact: value for fact, path in FACTS.items() if (value := text_at(element, path))}
    envelope = Envelope(
        id=new_id(), kind=kind, sender=sender, receiver=None, operation=operation, business_ids=names,
        received_at=now, sha256=sha256_hex(body), correlation=cause.correlation or cause.id, caused_by=cause.id,
        profile=profile, facts=MappingProxyType(facts),
    )  # fmt: skip
    return Message(envelope, body, CANONICAL_MEDIA_TYPE)


def routed(
    message: Message, element: etree._Element, house: House, *, now: datetime, dossier: DossierRef, delay_s: float = 0.0
) -> tuple[list[AcceptItem], tuple[Problem, ...]]:
    """The message with its deliveries, and the messages made of its attachments with theirs."""
    route = house.routes.choose(message.envelope)
    if isinstance(route, Problem):
        return [], (route,)
    items = [
        AcceptItem(
            message=message,
            dossier=dossier,
            deliveries=plan(route, house.routes, house.adapters, now=now, delay_s=delay_s),
            identities=_identities(route, message, element, house, now=now),
        )
    ]
    if route.attachments:
        for part in _attachments(element):
            child = canonical_message(
                part, kind=route.attachments, sender=message.envelope.sender, operation=message.envelope.operation,
                cause=message.envelope, names=message.envelope.business_ids, now=now, profile=message.envelope.profile,
            )  # fmt: skip
            more, problems = routed(child, part, house, now=now, dossier=DossierRef(dossier.names, False))
            if problems:
                return [], problems
            items += more
    return items, ()


def _identities(
    route: Route, message: Message, element: etree._Element, house: House, *, now: datetime
) -> tuple[NewIdentity, ...]:
    """The names our side must give before anything is delivered."""
    wanted: list[NewIdentity] = []
    for hop in route.to:
        manifest = house.adapters[house.routes.endpoints[hop.endpoint].system].manifest
        for party in manifest.operations[hop.operation].identities:
            rule = manifest.numbers.get(party)
            # A step does not say the agency: it never opens a name, it waits for the dossier to have one.
            if rule is not None and ("{co_quan}" not in rule.prefix or text_at(element, "CoQuan/Ma")):
                prefix = _prefix(rule.prefix, element, now)
                wanted.append(NewIdentity(party, prefix, rule.width, rule.start))
    return tuple(wanted)


def _prefix(pattern: str, element: etree._Element, now: datetime) -> str:
    """Fills {co_quan} and {ngay:yyMMdd}: the day is the dossier's own where it says one."""
    if not pattern:
        return ""
    received = text_at(element, "NgayTiepNhan") or text_at(element, "NgayNop")
    day = datetime.fromisoformat(received) if received else now
    stamp = (day.astimezone(VIETNAM) if day.tzinfo else day).strftime("%y%m%d")
    return pattern.replace("{co_quan}", text_at(element, "CoQuan/Ma")).replace("{ngay:yyMMdd}", stamp)


def _attachments(element: etree._Element) -> list[etree._Element]:
    """One root of kind tep_dinh_kem for each attachment that carries its content."""
    roots: list[etree._Element] = []
    for number, part in enumerate(element.findall(_ANY + "TepDinhKem"), start=1):
        if not text_at(part, "NoiDung"):
            continue
        root = new_root("tep_dinh_kem")
        for path in ("MaHoSo", "MaHoSoDonVi", "NguonGoc"):
            for child in element.findall(_ANY + path):
                etree.SubElement(root, child.tag).text = child.text
        etree.SubElement(root, f"{{{CANONICAL_NAMESPACE}}}SoThuTu").text = str(number)
        tep = etree.SubElement(root, f"{{{CANONICAL_NAMESPACE}}}Tep")
        for child in part:
            etree.SubElement(tep, child.tag).text = child.text
        roots.append(root)
    return roots


def _content_hash(element: etree._Element, secrets: tuple[str, ...]) -> str:
    """Hash of the content as the sender gave it; credentials inside do not make it another content."""
    if any(element.find(f".//{_ANY}{name}") is not None for name in secrets):
        element = deepcopy(element)
        for name in secrets:
            for found in element.findall(f".//{_ANY}{name}"):
                found.text = ""
    return sha256_hex(c14n(element))


def _numbered(found: Problem, number: int, of: int) -> Problem:
    if of == 1:
        return found
    place = found.theirs or Place("message")
    return found.at(theirs=replace(place, path=f"[{number}/{of}] {place.path}".strip()))
