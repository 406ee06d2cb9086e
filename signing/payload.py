"""A signed document inside a SOAP message: taken out of its Body as a document of its own, and believed as a whole."""

from __future__ import annotations

from copy import deepcopy

from lxml import etree

from schemas import xmldoc
from schemas.problem import Refused, Stage, problem
from signing.dsig import Verified
from signing.policy import Form
from signing.wss.names import SOAP_11, SOAP_12


def enclosed(root: etree._Element, *, stage: Stage) -> tuple[etree._Element | None, bytes | None]:
    """Envelope and content of a SOAP message; nothing of another document.

    The copy leaves out what namespaces of the envelope its own elements do not use: it is the document that was signed
    before somebody put it into an envelope.

    Raises:
        Refused: the envelope has more than one Body, or its Body more than one element.
    """
    name = etree.QName(root)
    if name.localname != "Envelope" or name.namespace not in (SOAP_11, SOAP_12):
        return None, None
    children = [str(child.tag).rpartition("}")[2] for child in root]
    if children not in (["Header", "Body"], ["Body"]) or len(root[-1]) != 1:
        raise Refused((problem("LT-WSS-002", stage, {"found": ascii(", ".join(children[:8]))}),))
    body = root[-1]
    if etree.QName(body).namespace != name.namespace or (body.text or "").strip() or (body[0].tail or "").strip():
        raise Refused((problem("LT-WSS-002", stage, {"found": "'Body'"}),))
    content = deepcopy(body[0])
    content.tail = None
    return root, xmldoc.to_bytes(content)


def whole(verified: Verified, *, stage: Stage) -> etree._Element:
    """The root of the document, which the signature covers as a whole. Nothing else of a message is believed.

    Raises:
        Refused: the signature covers a part alone.
    """
    covered = next((part.element for part in verified.parts if part.form is Form.ENVELOPED), None)
    if covered is None or covered.getparent() is not None:
        raise Refused((problem("LT-SIGN-017", stage),))
    return covered
