"""Answers to secured SOAP messages: signed as any message of ours, and bound to the question they answer."""

from __future__ import annotations

from datetime import datetime

from schemas import xmldoc
from schemas.problem import Stage
from signing.keys import SigningKey
from signing.wss.names import Part, wsa
from signing.wss.secure import secure
from signing.wss.structure import places


def secure_answer(envelope: bytes, key: SigningKey, *, now: datetime, relates_to: str = "", confirm: str = "") -> bytes:
    """The answer with its Security header. `relates_to`: the question's wsa:MessageID; `confirm`: the value of its
    signature, base64, so that nobody gives it as an answer to another question. Both are signed.

    Raises:
        Refused: our key has no certificate (LT-WSS-004).
        signing.keys.KeyUnavailable: it cannot be used just now.
    """
    root = xmldoc.parse(envelope, stage=Stage.SIGN)
    if relates_to:
        soap = places(root, stage=Stage.SIGN)
        header = root[0]
        if header is soap.body:
            header = root.makeelement(f"{{{soap.version}}}Header")
            root.insert(0, header)
        said = root.makeelement(wsa(Part.RELATES_TO))
        said.text = relates_to
        header.append(said)
    return secure(root, key, now=now, confirm=confirm)
