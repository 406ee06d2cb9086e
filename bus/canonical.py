"""Small works on canonical elements: read a leaf, begin a root, fill in what is missing. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from lxml import etree

from schemas.catalog import CANONICAL_NAMESPACE, KINDS, canonical
from schemas.shape import Shape

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
    for name, value in values.items():
        if name not in present and _known(shape, name):
            leaf = etree.Element(f"{{{CANONICAL_NAMESPACE}}}{name}")
            leaf.text = value
            present[name] = [leaf]
    element[:] = [child for part in shape.children for child in present.get(part.name, ())]
    return element


def _known(shape: Shape, name: str) -> bool:
    return any(part.name == name for part in shape.children)
