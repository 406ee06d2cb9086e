"""Plain paths of local names: the only way a manifest points into a message."""

from __future__ import annotations

from typing import Any  # lxml-stubs have no type for a line number

from lxml import etree


def find(element: etree._Element, path: str) -> etree._Element | None:
    """The first element at `path` ("a/b/c", namespaces do not matter); "" is the element itself."""
    if not path:
        return element
    return element.find("/".join("{*}" + step for step in path.split("/")))


def text_at(element: etree._Element, path: str) -> str | None:
    """The text at `path`, stripped; None where no such element stands."""
    found = find(element, path)
    return None if found is None else (found.text or "").strip()


def local_name(element: etree._Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def namespace(element: etree._Element) -> str:
    """The namespace; "" = none."""
    return etree.QName(element).namespace or ""


def line_of(element: etree._Element) -> int:
    """The line an element stood in; 0 = unknown."""
    line: Any = element.sourceline
    return line or 0
