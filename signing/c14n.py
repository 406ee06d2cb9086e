"""Canonical XML for signatures, and the check that makes it tell the whole truth.

Exclusive forms come from lxml as they are. Inclusive forms of an element inside a document do not: lxml's lose the
inherited `xml:` attributes and write a spurious `xmlns=""`. So the element is written out with all that is in scope,
read again as a document of its own, and that document's form is taken.

The canonical form leaves comments out. A comment inside a text would then be covered by no signature and cut the
text in two for a careless reader, so a signed document has neither comments nor processing instructions.
"""

from __future__ import annotations

import re
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Sequence

from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem
from signing.algorithms import EXCLUSIVE_FORMS, XmlTransform

_XML = "{http://www.w3.org/XML/1998/namespace}"
_INHERITED_11 = (f"{_XML}lang", f"{_XML}space")
_ENDS = {b"<![CDATA[": b"]]>", b"<!--": b"-->"}
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


def canonical(element: etree._Element, form: XmlTransform, prefixes: Sequence[str] = (), *, stage: Stage) -> bytes:
    """The canonical bytes of an element with all below it, by one of the forms. The tree holds no comments, so that
    forms with and without them are the same. `prefixes`: the PrefixList of an exclusive form.

    Raises:
        Refused: it has no canonical form (LT-SIGN-022).
    """
    if form is XmlTransform.EXCLUSIVE and not prefixes:
        return exclusive(element, stage=stage)
    try:
        if form in EXCLUSIVE_FORMS:
            return etree.tostring(
                element, method="c14n", exclusive=True, inclusive_ns_prefixes=list(prefixes), with_tail=False
            )
        root = element if element.getparent() is None else _alone(element, form)
        return etree.tostring(root, method="c14n", exclusive=False, with_tail=False)
    except (etree.LxmlError, ValueError) as error:
        raise Refused((problem("LT-SIGN-022", stage, {"found": ascii(str(error))}),)) from error


def _alone(element: etree._Element, form: XmlTransform) -> etree._Element:
    """The element as root of its own document: what is in scope stands on it."""
    text = etree.tostring(element, encoding="UTF-8", with_tail=False)
    root = xmldoc.reread(text)
    is_11 = form in {XmlTransform.INCLUSIVE_11, XmlTransform.INCLUSIVE_11_COMMENTS}
    for above in element.iterancestors():
        for name, value in above.attrib.items():
            if is_11 and name == f"{_XML}base":  # would be joined with those below, the part's own too
                raise ValueError("xml:base above a part signed by Canonical XML 1.1")
            if not str(name).startswith(_XML) or name in root.attrib:
                continue
            if not is_11 or name in _INHERITED_11:
                root.set(name, value)
    return root


def check_plain(document: bytes, *, comments: bool = False, stage: Stage) -> None:
    """Refuses UTF-16, comments and processing instructions; text that only looks like one (CDATA) is fine.
    `comments`: they may be there.

    Raises:
        Refused: LT-SIGN-021.
    """
    found = _unplain(document, comments=comments)
    if found:
        raise Refused((problem("LT-SIGN-021", stage, {"found": found}),))


def _unplain(document: bytes, *, comments: bool) -> str:
    if document.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return "UTF-16"
    at = len(BOM_UTF8) if document.startswith(BOM_UTF8) else 0
    if document[at : at + 6].rstrip(b" \t\r\n") == b"<?xml":  # the declaration; <?xml-stylesheet is none
        at = document.find(b"?>", at) + 1
    if b"<?" not in document[at:] and b"<!" not in document:
        return ""
    # Each byte is looked at once, however many CDATA sections there are.
    while (mark := _MARK.search(document, at)) is not None:
        if mark[0] == b"<?" or (mark[0] == b"<!--" and not comments):
            return f"{mark[0].decode()} … (byte {mark.start()})"
        at = document.find(_ENDS[mark[0]], mark.end())
        if at < 0:
            break  # not well-formed: the parser says so
    return ""
