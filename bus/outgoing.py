"""Canonical → the partner's bytes, made once and signed once: every retry sends the same. No store, no network."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Protocol

from adapters.mapping.plan import MapContext
from lxml import etree
from schemas.xmldoc import parse

from adapters.adapter import Adapter
from adapters.manifest import Operation
from bus.pipeline import VIETNAM
from bus.records import Content, WorkItem
from schemas.problem import Problem, Stage, problem

Render = Callable[[Adapter, str, Operation, etree._Element], tuple[bytes, str]]


class Signer(Protocol):
    """Our keys, loaded once."""

    def jws(self, body: bytes) -> str:
        """A detached JWS over the exact bytes."""

    def xml(self, body: bytes) -> bytes:
        """The same XML with an enveloped signature."""


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
    canonical = parse(item.message.body)
    on = item.message.envelope.received_at.astimezone(VIETNAM).date()
    done = adapter.maps[operation.map].to_legacy(canonical, MapContext(on=on, identities=names))
    return (None if done.problems else done.element), done.problems


def make_content(item: WorkItem, adapter: Adapter, *, signer: Signer, render: Render) -> Content | tuple[Problem, ...]:
    """Translate out, validate out, sign: in this order, once."""
    name = item.delivery.operation
    operation, rule = adapter.manifest.operations[name], adapter.manifest.sign
    element, problems = translate_out(item, adapter, name)
    if element is None:
        return problems
    if rule.xmldsig and not _put(element, rule.xmldsig, base64.b64encode(signer.xml(item.message.body)).decode()):
        return (problem("LT-DLV-009", Stage.SIGN, {"operation": name, "path": rule.xmldsig}),)
    problems = adapter.schema.check(element, stage=Stage.VALIDATE_OUT)
    if problems:
        return problems
    body, media_type = render(adapter, name, operation, element)
    return Content(body, media_type, signer.jws(body) if rule.jws else "", adapter.profile)


def _put(element: etree._Element, path: str, text: str) -> bool:
    """Appends a leaf at the end of the element the path's parent steps lead to."""
    *steps, leaf = path.split("/")
    parent = element.find("/".join("{*}" + step for step in steps)) if steps else element
    if parent is None:
        return False
    namespace = etree.QName(element).namespace
    etree.SubElement(parent, f"{{{namespace}}}{leaf}" if namespace else leaf).text = text
    return True
