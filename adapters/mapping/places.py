"""Where an element stands in its document, for problems."""

from __future__ import annotations

from lxml import etree

from schemas.problem import Place

Element = etree._Element


def local(element: Element) -> str:
    """The element's name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def line_of(element: Element) -> int:
    """The element's line; 0 where it was not read from text."""
    line: object = element.sourceline  # the stubs spell its type as an ellipsis
    return line if isinstance(line, int) else 0


def path_of(element: Element) -> str:
    """The element's path by local names; repeated ones are numbered from 1.

    >>> path_of(etree.fromstring("<a><b/><b><c/></b></a>")[1][0])
    '/a/b[2]/c'
    """
    steps: list[str] = []
    here: Element | None = element
    while here is not None:
        above = here.getparent()
        twins = [each for each in above if each.tag == here.tag] if above is not None else [here]
        steps.append(local(here) if len(twins) == 1 else f"{local(here)}[{twins.index(here) + 1}]")
        here = above
    return "/" + "/".join(reversed(steps))


def place_of(element: Element, text: str = "", *, child: str = "") -> Place:
    """The element's place in the message, or that of a child of it. `text` is quoted: never a citizen's data."""
    name = child or local(element)
    quote = f"<{name}>{text[:80]}</{name}>" if text else f"<{name}>"
    return Place("message", line_of(element), path_of(element) + (f"/{child}" if child else ""), quote)
