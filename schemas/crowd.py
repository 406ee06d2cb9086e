"""A quick look at very long lists: libxml2's log costs the square of their length once it writes down places."""

from __future__ import annotations

from collections.abc import Sized
from copy import deepcopy
from typing import cast

from lxml import etree

from schemas.xmldoc import to_bytes

_KEPT = 100  # children of one element that the short form keeps
_LONG = etree.XPath("boolean(descendant-or-self::*/*[2001])")
_SURPLUS = etree.XPath(f"descendant-or-self::*/*[position() > {_KEPT}]")


def is_crowd(element: etree._Element, compiled: etree.XMLSchema, limit: int) -> bool:
    """A list of over 2000 siblings breaks the schema more than `limit` times."""
    if not _LONG(element):
        return False
    parser = etree.XMLParser(schema=compiled, resolve_entities=False, no_network=True, huge_tree=False)
    try:
        etree.fromstring(to_bytes(element), parser)  # our own bytes, validated while read: no places are noted
    except etree.XMLSyntaxError:
        return len(cast("Sized", parser.error_log)) > limit  # the fault's own log may hold other parsers' lines
    return False


def shortened(element: etree._Element) -> etree._Element:
    """A copy in which no element has more than 100 children; lines are kept."""
    short = deepcopy(element)
    for surplus in cast("list[etree._Element]", _SURPLUS(short)):
        parent = surplus.getparent()
        if parent is not None:
            parent.remove(surplus)
    return short
