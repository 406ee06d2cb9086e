"""The pure middle of the journey: split, translate, validate, route. Values in, values out; no clock, no store."""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace
from datetime import date, datetime

from lxml import etree

from adapters.adapter import Adapter
from adapters.dating import own_day
from adapters.manifest import Operation
from adapters.mapping.plan import MapContext
from bus.canonical import check_canonical, complete, text_at
from bus.days import local_day
from bus.enclosed import has_signable
from bus.records import AcceptItem, DossierRef
from bus.records.examining import AttachmentPolicy
from bus.routing import Birth, House, routed
from schemas.message import Message, Party, sha256_hex
from schemas.problem import Place, Problem, Stage, problem
from schemas.xmldoc import c14n

_ANY = "{*}"
_UNSEEN = ("Cc", "Cf", "Cs", "Co", "Cn")  # signs a person cannot see: two codes would look the same

Names = tuple[tuple[str, str], ...]  # (party, code) of one dossier, as a message gives them


@dataclass(frozen=True, slots=True)
class KnownDossier:
    """What the journal knows of a dossier that a message does not say itself."""

    origin: str  # where it was born, as its first message said; "" = it did not
    day: date  # its own day: code tables are judged by it
    opener: Party  # who sent it first


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
    known: Mapping[Names, KnownDossier] = field(default_factory=dict)  # by the names the items give
    secured: bool = False  # signed: the very same bytes are the same message, also where no key is declared
    attachments: AttachmentPolicy = AttachmentPolicy.OFF  # what the signatures in its attachments are to us


def split(operation: Operation, payload: etree._Element) -> list[etree._Element]:
    """The items of one call, in order."""
    if not operation.items:
        return [payload]
    return payload.findall("/".join(_ANY + step for step in operation.items.split("/")))


def names_of(operation: Operation, item: etree._Element) -> Names:
    """What an item calls its dossier, in one spelling; () = it names none."""
    return tuple(
        (name.party, unicodedata.normalize("NFC", value))
        for name in operation.dossier
        if (value := text_at(item, name.path)) and value not in name.ignore
    )


def take_in(inbound: Inbound, house: House) -> tuple[tuple[AcceptItem, ...], tuple[Problem, ...]]:
    """From a partner's element to canonical messages with their deliveries. Problems of all items at once."""
    items: list[AcceptItem] = []
    problems: list[Problem] = []
    elements = split(inbound.operation, inbound.payload)
    limit = inbound.operation.items_limit
    if not elements:
        problems.append(problem("LT-PIPE-001", Stage.SPLIT, {"operation": inbound.name}))
    if len(elements) > limit:  # one caller's huge list would hold up everybody's commits
        return (), (problem("LT-PIPE-006", Stage.SPLIT, {"count": len(elements), "limit": limit}),)
    for number, element in enumerate(elements, start=1):
        made, found = _one(inbound, element, house)
        items += [made[0], *(replace(part, same_dossier_as=len(items)) for part in made[1:])] if made else []
        problems += [numbered(p, number, len(elements)) for p in found]
    return tuple(items), tuple(problems)


def _one(inbound: Inbound, element: etree._Element, house: House) -> tuple[list[AcceptItem], Sequence[Problem]]:
    """One item's message, and those made of its attachments."""
    operation, adapter = inbound.operation, inbound.adapter
    names = names_of(operation, element)
    known = inbound.known.get(names)
    day = own_day(operation, element) or (known.day if known is not None else local_day(inbound.now))

    def born(made: etree._Element) -> etree._Element:
        return complete(made, {"NguonGoc": known.origin} if known is not None and known.origin else {})

    translated, problems = translate_in(adapter, operation.map, element, on=day, now=inbound.now, filled=born)
    if translated is None:
        return [], problems
    if not names:
        return [], [problem("LT-PIPE-002", Stage.SPLIT, {"operation": inbound.name})]
    if any(unicodedata.category(sign) in _UNSEEN for _, code in names for sign in code):
        return [], [problem("LT-PIPE-007", Stage.SPLIT, {"operation": inbound.name})]
    birth = Birth(
        cause=inbound.raw.envelope, sender=inbound.party, operation=inbound.name, names=names, now=inbound.now,
        day=day, profile=adapter.profile,
    )  # fmt: skip
    ref = DossierRef(names, operation.creates)
    items, found = routed(translated, operation.kind, birth, house=house, dossier=ref)
    if found:
        return [], found
    content_sha256 = _content_hash(element, adapter.manifest.secrets)
    keyed = replace(
        items[0],
        idempotency_key=_key(inbound.name, operation, element) or _same_bytes(inbound, content_sha256),
        content_sha256=content_sha256,
        update=operation.update,
        attachments=inbound.attachments if _is_asked(inbound, translated) else AttachmentPolicy.OFF,
    )
    return [keyed, *items[1:]], ()


def _is_asked(inbound: Inbound, element: etree._Element) -> bool:
    return inbound.attachments is not AttachmentPolicy.OFF and has_signable(element)


def translate_in(
    adapter: Adapter, map_file: str, element: etree._Element, *, on: date, now: datetime,
    filled: Callable[[etree._Element], etree._Element],
) -> tuple[etree._Element | None, tuple[Problem, ...]]:  # fmt: skip
    """Partner's form → canonical, checked against our schema and rules; `filled` adds what it lacks."""
    done = adapter.maps[map_file].to_canonical(element, MapContext(on=on, identities={}))
    if done.element is None or done.problems:
        return None, done.problems
    made = filled(done.element)
    problems = check_canonical(made, now=now, waived=adapter.manifest.waived_rules)
    return (None if problems else made), problems


def numbered(found: Problem, number: int, of: int) -> Problem:
    """The problem, saying which of several items it is about."""
    if of == 1:
        return found
    place = found.theirs or Place("message")
    return found.at(theirs=replace(place, path=f"[{number}/{of}] {place.path}".strip()))


def _key(name: str, operation: Operation, element: etree._Element) -> str:
    if not operation.key:
        return ""
    parts = "\x1f".join(text_at(element, path) for path in operation.key)
    return f"{name}:{hashlib.sha256(parts.encode()).hexdigest()}"


def _same_bytes(inbound: Inbound, content_sha256: str) -> str:
    return f"{inbound.name}:{inbound.raw.envelope.sha256}:{content_sha256}" if inbound.secured else ""


def _content_hash(element: etree._Element, secrets: tuple[str, ...]) -> str:
    """Hash of the content as the sender gave it; credentials inside do not make it another content."""
    if any(element.find(f".//{_ANY}{name}") is not None for name in secrets):
        element = deepcopy(element)
        for name in secrets:
            for found in element.findall(f".//{_ANY}{name}"):
                found.text = ""
    return sha256_hex(c14n(element))
