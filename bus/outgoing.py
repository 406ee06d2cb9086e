"""Canonical → the partner's bytes, made once and signed once: every retry sends the same. No store, no network."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Protocol

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.mapping.plan import MapContext
from bus.days import day_of
from bus.records import Content, WorkItem
from schemas.problem import Problem, Stage, problem
from schemas.xmldoc import parse, to_bytes

KEY_AWAY = ("LT-SIGN-008", "LT-SIGN-009")  # no key in force, or it does not answer: nothing was signed, it will be
Lock = Callable[[bytes, str], tuple[bytes, str]]  # body and media type → encrypted for the partner
Render = Callable[[Adapter, str, Operation, etree._Element], tuple[bytes, str]]


class Pen(Protocol):
    """One key of ours. Raises Refused where it cannot be used just now; nothing is ever left unsigned instead."""

    @property
    def key_id(self) -> str:
        """Its name."""

    def jws(self, body: bytes) -> str:
        """A detached JWS over the exact bytes."""

    def xml(self, body: bytes) -> bytes:
        """The same XML with an enveloped signature."""


class Signer(Protocol):
    """Our keys, loaded once."""

    def pen(self) -> Pen:
        """What signs now."""


def translate_out(item: WorkItem, adapter: Adapter, name: str) -> tuple[etree._Element | None, tuple[Problem, ...]]:
    """Canonical → the partner's element, with the dossier's names at the partner."""
    operation = adapter.manifest.operations[name]
    names = dict(item.identities)
    missing = tuple(
        problem("LT-DLV-007", Stage.TRANSLATE_OUT, {"party": party, "operation": name})
        for party in operation.identities
        if party not in names
    )
    if missing:
        return None, missing
    return _mapped(item, adapter, operation.map)


def _mapped(item: WorkItem, adapter: Adapter, map_file: str) -> tuple[etree._Element | None, tuple[Problem, ...]]:
    context = MapContext(on=day_of(item.message.envelope), identities=dict(item.identities))
    done = adapter.maps[map_file].to_legacy(parse(item.message.body), context)
    return (None if done.problems else done.element), done.problems


def make_content(
    item: WorkItem, adapter: Adapter, *, signer: Signer, render: Render, lock: Lock | None = None
) -> Content | tuple[Problem, ...]:
    """Translate out, validate out, sign inside, encrypt, sign the bytes that are sent: in this order, once."""
    name = item.delivery.operation
    operation, rule = adapter.manifest.operations[name], adapter.manifest.sign
    element, problems = translate_out(item, adapter, name)
    if element is None:
        return problems
    pen = signer.pen()  # one key for both signatures, also where the next one takes over meanwhile
    if rule.xmldsig:
        document = _document(item, adapter, operation)
        if not isinstance(document, bytes):
            return document
        if not _put(element, rule.xmldsig, base64.b64encode(pen.xml(document)).decode()):
            return (problem("LT-DLV-009", Stage.SIGN, {"operation": name, "path": rule.xmldsig}),)
    problems = adapter.schema.check(element, stage=Stage.VALIDATE_OUT)
    if problems:
        return problems
    body, media_type = render(adapter, name, operation, element)
    if lock is not None:
        body, media_type = lock(body, media_type)
    signature = pen.jws(body) if rule.jws else ""
    return Content(body, media_type, signature, adapter.profile, pen.key_id if rule.jws or rule.xmldsig else "")


def _document(item: WorkItem, adapter: Adapter, operation: Operation) -> bytes | tuple[Problem, ...]:
    """What the XML signature is put on: the canonical message, or the form of it that the partner wants signed."""
    if not operation.signed:
        return item.message.body
    element, problems = _mapped(item, adapter, operation.signed)
    return problems if element is None else to_bytes(element)


def _put(element: etree._Element, path: str, text: str) -> bool:
    """Appends a leaf at the end of the element the path's parent steps lead to."""
    *steps, leaf = path.split("/")
    parent = element.find("/".join("{*}" + step for step in steps)) if steps else element
    if parent is None:
        return False
    namespace = etree.QName(element).namespace
    etree.SubElement(parent, f"{{{namespace}}}{leaf}" if namespace else leaf).text = text
    return True
