"""The gate: what a message must pass before anything in it is believed, in this order: size, guard, parse, structure,
certificate, signature, freshness and replay, addressing, schema. Only what the verifier gave back goes on.

Outside, a partner is told only that the message was refused; which step stopped it is for the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.validate import Schema
from schemas.xmldoc import XmlLimits
from signing.c14n import check_plain
from signing.dsig import Covered, Keys, Verified, verify
from signing.policy import PARTNER_SOAP, Policy
from signing.wss import REQUIRED, Part, Replays, Required, Users, verify_soap
from signing.wss.names import ANONYMOUS, wsa


class Step(StrEnum):
    """The steps of the gate, in order."""

    SIZE = "size"
    GUARD = "guard"
    PARSE = "parse"
    STRUCTURE = "structure"
    CERTIFICATE = "certificate"
    SIGNATURE = "signature"
    FRESHNESS = "freshness"
    ADDRESSING = "addressing"
    SCHEMA = "schema"


@dataclass(frozen=True, slots=True)
class GateRules:
    """What one door asks for."""

    policy: Policy = PARTNER_SOAP
    required: Required = REQUIRED
    endpoint: str = ""  # our own address, as wsa:To must name it; "" = any
    actions: frozenset[str] = frozenset()  # wsa:Action must be one of these; empty = any
    addressed: bool = False  # wsa:Action, To and MessageID must be there
    schema: Schema | None = None  # of what the body holds (of the whole document where it is no SOAP message)
    limits: XmlLimits = field(default_factory=XmlLimits)


@dataclass(frozen=True, slots=True)
class Passed:
    """What may be believed."""

    element: etree._Element  # the body of a SOAP message; the document
    parts: tuple[Covered, ...]  # everything the signature covers; () = not signed and not required to be
    signed: Verified | None
    user: str
    message_id: str  # wsa:MessageID; "" = none


@dataclass(frozen=True, slots=True)
class Stopped:
    """Where it was stopped, and why."""

    step: Step
    problems: tuple[Problem, ...]


_STEPS = {
    "LT-XML-001": Step.SIZE, "LT-XML-005": Step.PARSE, "LT-SIGN-021": Step.GUARD, "LT-SIGN-037": Step.CERTIFICATE,
    "LT-SIGN-030": Step.STRUCTURE, "LT-SIGN-031": Step.STRUCTURE, "LT-SIGN-032": Step.STRUCTURE,
    "LT-WSS-006": Step.SIGNATURE, "LT-WSS-007": Step.CERTIFICATE,
}  # fmt: skip
_AREAS = (
    ("LT-XML-", Step.GUARD), ("LT-TEXT-", Step.PARSE), ("LT-TRUST-", Step.CERTIFICATE),
    ("LT-SIGN-00", Step.CERTIFICATE), ("LT-SIGN-", Step.SIGNATURE), ("LT-WSS-00", Step.STRUCTURE),
    ("LT-WSS-01", Step.FRESHNESS), ("LT-WSS-02", Step.ADDRESSING),
)  # fmt: skip
_ID_CHARACTERS = 255


def pass_gate(
    body: bytes,
    rules: GateRules,
    keys: Keys,
    *,
    replays: Replays,
    now: datetime,
    users: Users | None = None,
    charset: str | None = None,
    stage: Stage = Stage.RECEIVE,
) -> Passed | Stopped:
    """Lets a message through, or says where it stopped. Never raises for what was sent."""
    try:
        if rules.policy.token_reference:
            passed = _soap(body, rules, keys, replays, users, now=now, charset=charset, stage=stage)
        else:
            passed = _document(body, rules, keys, now=now, stage=stage)
    except Refused as refused:
        return Stopped(step_of(refused.problems[0].code), refused.problems)
    wrong = _against_schema(passed, rules.schema, stage=stage)
    return Stopped(Step.SCHEMA, wrong) if wrong else passed


def step_of(code: str) -> Step:
    """The step that finds this problem."""
    known = _STEPS.get(code)
    return known or next((step for area, step in _AREAS if code.startswith(area)), Step.SCHEMA)


def _soap(
    body: bytes,
    rules: GateRules,
    keys: Keys,
    replays: Replays,
    users: Users | None,
    *,
    now: datetime,
    charset: str | None,
    stage: Stage,
) -> Passed:
    check_plain(body, comments=rules.policy.comments, stage=stage)
    root = xmldoc.parse(body, limits=rules.limits, charset=charset, stage=stage)
    secured = verify_soap(
        root, keys, rules.policy, required=rules.required, replays=replays, now=now, users=users, stage=stage
    )
    _addressing(root, secured.texts, rules, stage=stage)
    return Passed(
        element=secured.body,
        parts=secured.signed.parts if secured.signed is not None else (),
        signed=secured.signed,
        user=secured.user,
        message_id=secured.texts.get(Part.MESSAGE_ID, ""),
    )


def _document(body: bytes, rules: GateRules, keys: Keys, *, now: datetime, stage: Stage) -> Passed:
    verified = verify(body, keys, rules.policy, now=now, limits=rules.limits, stage=stage)
    if not isinstance(verified, Verified):
        raise Refused(verified)
    return Passed(verified.element, verified.parts, verified, "", "")


def _addressing(root: etree._Element, found: Mapping[Part, str], rules: GateRules, *, stage: Stage) -> None:
    """Where it says it goes, and where it wants its answer: never to a third party."""
    if rules.addressed:
        for part in (Part.ACTION, Part.TO, Part.MESSAGE_ID):
            if not found.get(part):
                raise Refused((problem("LT-WSS-022", stage, {"found": f"wsa:{part}"}),))
    to, action, message_id = (found.get(part, "") for part in (Part.TO, Part.ACTION, Part.MESSAGE_ID))
    if to and rules.endpoint and to != rules.endpoint:
        raise Refused((problem("LT-WSS-020", stage, {"found": ascii(to)[:200]}),))
    if action and rules.actions and action not in rules.actions:
        raise Refused((problem("LT-WSS-022", stage, {"found": ascii(action)[:200]}),))
    if len(message_id) > _ID_CHARACTERS:
        raise Refused((problem("LT-WSS-022", stage, {"found": "wsa:MessageID"}),))
    for name in ("ReplyTo", "FaultTo"):
        for element in root[0].findall(wsa(name)):
            address = element.find(wsa("Address"))
            text = (address.text or "").strip() if address is not None else ""
            if text != ANONYMOUS:
                raise Refused((problem("LT-WSS-021", stage, {"found": ascii(text)[:200]}),))


def _against_schema(passed: Passed, schema: Schema | None, *, stage: Stage) -> tuple[Problem, ...]:
    if schema is None:
        return ()
    element = passed.element
    if etree.QName(element).localname == "Body" and len(element) == 1:
        element = element[0]
    return schema.check(element, stage=stage)
