"""Makes an enveloped XML signature by splicing bytes before the root's end tag.

No node is ever inserted: lxml rewrites prefixes when nodes are, and the bytes signed would not be the bytes sent.
SignedInfo is written in canonical form from the start, so that it is signed as it stands. Cost: one canonical form,
two SHA-256, one key operation (and one parse, where bytes are given).
"""

from __future__ import annotations

import re

from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem
from signing.c14n import check_plain, exclusive
from signing.dsig.names import ds
from signing.dsig.write import write_hints, write_reference, write_signature
from signing.keys import SigningKey
from signing.policy import BUS, Policy

# The end of a document without anything after its root: an end tag, or an empty root that closes itself.
_END = re.compile(rb"(?:</(?P<name>[^\s<>]+)\s*>|/>)\s*\Z")


def sign_enveloped(document: bytes, key: SigningKey, policy: Policy = BUS) -> bytes:
    """The same bytes with a Signature as last child of the root, covering the whole document.

    Raises:
        Refused: not well-formed, has comments or instructions, or is signed already.
    """
    check_plain(document, stage=Stage.SIGN)
    root = xmldoc.parse(document, stage=Stage.SIGN)
    check_unsigned(root)
    return spliced(document, _signature(exclusive(root, stage=Stage.SIGN), key, policy))


def sign_element(element: etree._Element, key: SigningKey, policy: Policy = BUS) -> bytes:
    """The element's canonical bytes with a Signature in them; saves the parse of `sign_enveloped`.

    Namespaces that only values use (QNames in text) are not in the canonical form: sign bytes where that matters.

    Raises:
        Refused: has comments or instructions, is signed already, or has no canonical form.
    """
    if next(element.iter(etree.Comment, etree.ProcessingInstruction), None) is not None:
        raise Refused((problem("LT-SIGN-021", Stage.SIGN, {"found": "<!-- -->, <? ?>"}),))
    check_unsigned(element)
    canonical = exclusive(element, stage=Stage.SIGN)
    return spliced(canonical, _signature(canonical, key, policy))


def check_unsigned(root: etree._Element) -> None:
    """Raises Refused if there is a signature already."""
    if next(root.iter(ds("Signature")), None) is not None:
        raise Refused((problem("LT-SIGN-020", Stage.SIGN),))


def _signature(canonical: bytes, key: SigningKey, policy: Policy) -> bytes:
    said = write_reference("", canonical, policy, enveloped=True)
    return write_signature((said,), key, hints=write_hints(key))


def spliced(document: bytes, signature: bytes) -> bytes:
    """The document with the signature before the end tag of its root."""
    end = _END.search(document, max(0, document.rfind(b"<")))
    if end is None:  # cannot be: the document was parsed and nothing follows its root
        raise ValueError("no end tag found where a well-formed document has one")
    if end["name"] is not None:
        return document[: end.start()] + signature + document[end.start() :]
    name = _root_name(document)
    return document[: end.start()] + b">" + signature + b"</" + name + b">"


def _root_name(document: bytes) -> bytes:
    # An empty root is the only element: the last "<" begins it.
    return re.split(rb"[\s/>]", document[document.rfind(b"<") + 1 :], maxsplit=1)[0]
