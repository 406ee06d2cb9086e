"""Checks a secured SOAP message on one parse: places, certificate, signature, what it covers, freshness.

Parts are required by where they stand, never by their ids: what is read must be the very element that was signed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NoReturn

from lxml import etree

from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig import Covered, Keys, Verified, check
from signing.dsig.choosing import choose
from signing.dsig.key_info import Hints
from signing.encoding import from_base64
from signing.keys import VerifyKey
from signing.policy import PARTNER_LEGACY, PARTNER_SOAP, Policy
from signing.wss.freshness import Replays, good_until
from signing.wss.names import ADDRESSING, BASE64, X509V3, Part, wsu
from signing.wss.structure import Soap, places
from signing.wss.username import Users, check_username


@dataclass(frozen=True, slots=True)
class Required:
    """What a message must carry. Addressing headers that are there must be signed in any case."""

    signed: frozenset[Part] = frozenset({Part.BODY, Part.TIMESTAMP})
    login: bool = False  # a UsernameToken must be there
    signature: bool = True  # False: a timestamp and a login are enough (partners without certificates)


REQUIRED = Required()


@dataclass(frozen=True, slots=True)
class Secured:
    """What of the message may be believed."""

    body: etree._Element
    parts: Mapping[Part, Covered]  # what the signature covers, by place
    signed: Verified | None  # None = not signed, and not required to be
    user: str  # whose password was right; "" = none was given
    texts: Mapping[Part, str]  # of the addressing headers: all are covered where anything is


def verify_soap(
    root: etree._Element,
    keys: Keys,
    policy: Policy = PARTNER_SOAP,
    *,
    required: Required,
    replays: Replays,
    now: datetime,
    users: Users | None = None,
    stage: Stage = Stage.RECEIVE,
) -> Secured:
    """Checks the parsed envelope.

    Raises:
        Refused: why not.
    """
    soap = places(root, stage=stage)
    if soap.security is None:
        _refuse("LT-WSS-005", stage, part="Security")
    verified = _signature(soap, keys, policy, required, now=now, stage=stage)
    parts = _by_place(soap, verified)
    needed = set(required.signed if verified is not None else ()) | (set(ADDRESSING) & set(soap.parts))
    if verified is not None:
        needed |= {Part.USERNAME, Part.CONFIRMATION} & set(soap.parts)
        for part in sorted(needed):
            if part not in parts:
                _refuse("LT-WSS-006" if part in soap.parts else "LT-WSS-005", stage, part=part)
    _fresh(soap, verified, policy, replays, now=now, stage=stage)
    user = _user(soap, users, policy, replays, required, now=now, stage=stage)
    texts = {part: _text(element, part) for part, element in soap.parts.items() if part in ADDRESSING}
    return Secured(soap.body, parts, verified, user, texts)


def _signature(
    soap: Soap, keys: Keys, policy: Policy, required: Required, *, now: datetime, stage: Stage
) -> Verified | None:
    if soap.signature is None:
        if required.signature:
            _refuse("LT-WSS-005", stage, part="Signature")
        return None
    paper = _paper(soap, stage)

    def by_token(hints: Hints) -> VerifyKey | tuple[Problem, ...]:
        if soap.token is None or hints.reference != f"#{soap.token.get(wsu('Id'))}":
            return (problem("LT-WSS-007", stage, {"found": ascii(hints.reference or "")}),)
        # The token says which certificate; names and hints beside it say nothing more.
        return choose(replace(hints, certificates=(paper,)), keys, PARTNER_LEGACY, stage=stage)

    return check(soap.signature, soap.root, by_token, policy, now=now, stage=stage)


def _paper(soap: Soap, stage: Stage) -> bytes:
    token = soap.token
    if token is None:
        _refuse("LT-WSS-005", stage, part="BinarySecurityToken")
    known = {"EncodingType": BASE64, "ValueType": X509V3}
    plain = all(token.get(name, value) == value for name, value in known.items()) and not len(token)
    paper = from_base64(token.text or "") if plain and len(token.text or "") <= 16_384 else None
    if not paper or not token.get(wsu("Id")):
        _refuse("LT-WSS-007", stage, found="BinarySecurityToken")
    return paper


def _by_place(soap: Soap, verified: Verified | None) -> dict[Part, Covered]:
    if verified is None:
        return {}
    return {
        part: covered
        for part, element in soap.parts.items()
        for covered in verified.parts
        if covered.element is element
    }


def _fresh(
    soap: Soap, verified: Verified | None, policy: Policy, replays: Replays, *, now: datetime, stage: Stage
) -> None:
    timestamp = soap.parts.get(Part.TIMESTAMP)
    if timestamp is None:
        _refuse("LT-WSS-005", stage, part=Part.TIMESTAMP)
    until = good_until(timestamp, policy, now=now, stage=stage)
    if verified is None:
        return
    # The digests say what was signed; the value of an ECDSA signature could be another for the same.
    mark = ":".join(sorted(part.sha256 for part in verified.parts))
    if not replays.first(f"soap:{verified.key.fingerprint}:{mark}", until=until, now=now):
        _refuse("LT-WSS-015", stage, part="Signature")


def _user(
    soap: Soap,
    users: Users | None,
    policy: Policy,
    replays: Replays,
    required: Required,
    *,
    now: datetime,
    stage: Stage,
) -> str:
    token = soap.parts.get(Part.USERNAME)
    if token is None:
        if required.login:
            _refuse("LT-WSS-005", stage, part=Part.USERNAME)
        return ""
    if users is None:
        if required.login:  # asked for, and nobody there who could tell: not believed
            _refuse("LT-WSS-014", stage)
        return ""
    return check_username(token, users, policy, replays, now=now, stage=stage)


def _text(element: etree._Element, part: Part) -> str:
    """The text of an addressing header; of ReplyTo its Address."""
    if part is not Part.REPLY_TO:
        return (element.text or "").strip(" \t\r\n")
    address = element.find("{*}Address")
    return (address.text or "").strip(" \t\r\n") if address is not None else ""


def _refuse(code: str, stage: Stage, **values: str) -> NoReturn:
    raise Refused((problem(code, stage, {name: str(value) for name, value in values.items()}),))
