"""Small works on canonical elements: read a leaf, begin a root, fill in what is missing, check the whole. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from typing import cast

from lxml import etree

from schemas.catalog import CANONICAL_NAMESPACE, KINDS, canonical
from schemas.findings import path_of
from schemas.problem import Place, Problem, Stage, problem
from schemas.rules import check_rules
from schemas.shape import Shape
from schemas.vietnamese import Damage, damage

_ANY = "{*}"


def new_root(kind: str) -> etree._Element:
    """An empty canonical element of a kind."""
    names = cast(dict[str, str], {None: CANONICAL_NAMESPACE})  # the stubs do not know the default namespace
    return etree.Element(f"{{{CANONICAL_NAMESPACE}}}{KINDS[kind]}", nsmap=names)


def text_at(element: etree._Element, path: str) -> str:
    """The text at a path of local names, stripped; "" where nothing stands."""
    found = element.find("/".join(_ANY + step for step in path.split("/"))) if path else element
    return (found.text or "").strip() if found is not None else ""


def complete(element: etree._Element, values: Mapping[str, str]) -> etree._Element:
    """Adds the leaves that are missing and that the schema knows, each at its place; never changes one."""
    shape = canonical().shape(etree.QName(element).localname)
    present: dict[str, list[etree._Element]] = {}
    for child in element:
        present.setdefault(etree.QName(child).localname, []).append(child)
    added = {name: value for name, value in values.items() if name not in present and _known(shape, name)}
    if not added:
        return element
    for name, value in added.items():
        leaf = etree.Element(f"{{{CANONICAL_NAMESPACE}}}{name}")
        leaf.text = value
        present[name] = [leaf]
    ordered = [child for part in shape.children for child in present.pop(part.name, ())]
    element[:] = [*ordered, *(child for left in present.values() for child in left)]  # the check speaks of what is left
    return element


def check_canonical(element: etree._Element, *, now: datetime, waived: Collection[str] = ()) -> tuple[Problem, ...]:
    """The canonical schema first; the cross-field rules and the look of texts only on what is well-shaped."""
    found = canonical().check(element, stage=Stage.VALIDATE_CANONICAL)
    return found or (*check_rules(element, now=now, waived=waived), *_garbled(element))


def _garbled(element: etree._Element) -> Iterator[Problem]:
    """Texts that are surely UTF-8 read as Latin-1: a name kept like that would be wrong on every paper made of it.

    Other signs of damage are only suspicions, and refuse nothing.
    """
    for node in element.iter(etree.Element):
        if node.text is None or node.text.isascii():
            continue
        sign = damage(node.text)
        if sign is not None and sign.damage is Damage.DOUBLE_ENCODED:
            path = path_of(node, element)
            found = problem(sign.damage.value, Stage.VALIDATE_CANONICAL, {"path": path})
            yield found.at(theirs=Place("message", path=path))


def _known(shape: Shape, name: str) -> bool:
    return any(part.name == name for part in shape.children)
