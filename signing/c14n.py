"""Canonical XML for signatures: exclusive C14N 1.0 without comments, and the check that makes it tell the whole truth.

The canonical form leaves comments out. A comment inside a text would then be covered by no signature and cut the
text in two for a careless reader, so a signed document has neither comments nor processing instructions.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE

from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem

_MARK = re.compile(rb"<(?:!--|\?|!\[CDATA\[)")


def exclusive(element: etree._Element, *, stage: Stage) -> bytes:
    """The canonical bytes of an element with all below it, without what follows it.

    Raises:
        Refused: it has no canonical form, e.g. a relative namespace URI (LT-SIGN-022).
    """
    try:
        return xmldoc.c14n(element)
    except (etree.LxmlError, ValueError) as error:
        raise Refused((problem("LT-SIGN-022", stage, {"found": ascii(str(error))}),)) from error


def check_plain(document: bytes, *, stage: Stage) -> None:
    """Refuses UTF-16, comments and processing instructions; text that only looks like one (CDATA) is fine.

    Raises:
        Refused: LT-SIGN-021.
    """
    found = _unplain(document)
    if found:
        raise Refused((problem("LT-SIGN-021", stage, {"found": found}),))


def _unplain(document: bytes) -> str:
    if document.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "UTF-16"
    at = len(BOM_UTF8) if document.startswith(BOM_UTF8) else 0
    if document.startswith(b"<?xml", at):
        at = document.find(b"?>", at) + 1
    # Each byte is looked at once, however many CDATA sections there are.
    while (mark := _MARK.search(document, at)) is not None:
        if mark[0] != b"<![CDATA[":
            return f"{mark[0].decode()} … (byte {mark.start()})"
        at = document.find(b"]]>", mark.end())
        if at < 0:
            break  # not well-formed: the parser says so
    return ""
