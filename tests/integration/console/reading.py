"""Reads a page as a browser does: one strict tree, so that a tag left open is a failed test."""

from __future__ import annotations

from collections.abc import Iterator

from lxml import etree, html

_APART = ("td", "th", "tr", "dt", "dd", "li")


def tree(text: str) -> html.HtmlElement:
    """The page as a tree; what a browser would have to mend is an error."""
    parser = html.HTMLParser(recover=True)
    root = html.document_fromstring(text, parser=parser)
    faults = [one.message for one in parser.error_log if "Tag " not in one.message]  # libxml2 is older than <main>
    assert faults == []
    return root


def words(element: etree._Element) -> str:
    """What is read out of an element, on one line."""
    return " ".join("".join(_pieces(element)).split())


def _pieces(element: etree._Element) -> Iterator[str]:
    """Cells and list entries are read apart from each other."""
    yield element.text or ""
    for child in element:
        yield from _pieces(child)
        yield (" " if child.tag in _APART else "") + (child.tail or "")


def rows(page: html.HtmlElement) -> list[dict[str, str]]:
    """The list's lines by column, plus where each leads."""
    found = []
    for row in page.xpath("//table[contains(@class, 'list')]/tbody/tr"):
        line = {cell.get("data-label"): words(cell) for cell in row}
        found.append({**line, "link": row.xpath("./th/a/@href")[0]})
    return found
