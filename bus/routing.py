"""A canonical message on its way: its envelope, its deliveries, and the messages made of its attachments. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from types import MappingProxyType

from lxml import etree

from adapters.adapter import Adapter
from bus.canonical import new_root, text_at
from bus.days import DAY, local_day
from bus.records import AcceptItem, DossierRef, NewIdentity
from bus.routes import Route, RouteTable, plan
from schemas.catalog import CANONICAL_NAMESPACE
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Problem
from schemas.xmldoc import to_bytes

CANONICAL_MEDIA_TYPE = "application/xml; charset=utf-8"
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
    """What the pure part knows of the configuration: all loaded once, immutable."""

    adapters: Mapping[str, Adapter]
    routes: RouteTable


@dataclass(frozen=True, slots=True)
class Birth:
    """What the messages made on one occasion have in common."""

    cause: Envelope
    sender: Party
    operation: str  # the partner's own name of what it came in by
    names: tuple[tuple[str, str], ...]  # of the dossier: (party, code)
    now: datetime
    day: date  # that code tables were judged by
    profile: str


def canonical_message(element: etree._Element, kind: str, birth: Birth) -> Message:
    """A new message of ours, caused by another one."""
    body = to_bytes(element)
    facts = {fact: value for fact, path in FACTS.items() if (value := text_at(element, path))}
    envelope = Envelope(
        id=new_id(), kind=kind, sender=birth.sender, receiver=None, operation=birth.operation,
        business_ids=birth.names, received_at=birth.now, sha256=sha256_hex(body),
        correlation=birth.cause.correlation or birth.cause.id, caused_by=birth.cause.id, profile=birth.profile,
        facts=MappingProxyType({**facts, DAY: birth.day.isoformat()}),
    )  # fmt: skip
    return Message(envelope, body, CANONICAL_MEDIA_TYPE)


def routed(
    element: etree._Element, kind: str, birth: Birth, *, house: House, dossier: DossierRef, delay_s: float = 0.0
) -> tuple[list[AcceptItem], tuple[Problem, ...]]:
    """The message with its deliveries, and the messages made of its attachments with theirs."""
    message = canonical_message(element, kind, birth)
    route = house.routes.choose(message.envelope)
    if isinstance(route, Problem):
        return [], (route,)
    deliveries = plan(route, house.routes, house.adapters, now=birth.now, delay_s=delay_s)
    # Only what opens a dossier may do so under the caller's own agency; a step that says none opens no name.
    agency = text_at(element, "CoQuan/Ma") or (birth.sender.agency if dossier.may_create else "")
    identities = _identities(route, element, house, now=birth.now, agency=agency)
    items = [AcceptItem(message, dossier, deliveries, identities=identities)]
    if route.attachments:
        of_part = replace(birth, cause=message.envelope)
        for part in _attachments(element):
            ref = DossierRef(dossier.names, may_create=False)
            more, problems = routed(part, route.attachments, of_part, house=house, dossier=ref)
            if problems:
                return [], problems
            items += more
    return items, ()


def _identities(
    route: Route, element: etree._Element, house: House, *, now: datetime, agency: str
) -> tuple[NewIdentity, ...]:
    """The names our side must give before anything is delivered."""
    wanted: dict[str, NewIdentity] = {}
    for hop in route.to:
        manifest = house.adapters[house.routes.endpoints[hop.endpoint].system].manifest
        for party in manifest.operations[hop.operation].identities:
            rule = manifest.numbers.get(party)
            # A step does not say the agency: it never opens a name, it waits for the dossier to have one.
            if rule is not None and ("{co_quan}" not in rule.prefix or agency):
                wanted[party] = NewIdentity(
                    party, _prefix(rule.prefix, element, now, agency=agency), rule.width, rule.start
                )
    return tuple(wanted.values())


def _prefix(pattern: str, element: etree._Element, now: datetime, *, agency: str) -> str:
    """Fills {co_quan} and {ngay:yyMMdd}: the day is the dossier's own where it says one."""
    if not pattern:
        return ""
    said = text_at(element, "NgayTiepNhan") or text_at(element, "NgayNop")
    day = local_day(datetime.fromisoformat(said)) if said else local_day(now)
    return pattern.replace("{co_quan}", agency).replace("{ngay:yyMMdd}", day.strftime("%y%m%d"))


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
        copy = etree.SubElement(root, f"{{{CANONICAL_NAMESPACE}}}Tep")
        for child in part:
            etree.SubElement(copy, child.tag).text = child.text
        roots.append(root)
    return roots
