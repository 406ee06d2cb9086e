"""The gate: what a message must pass before anything in it is believed, in this order: size, guard, parse, structure,
certificate, signature, freshness and replay, addressing, schema. Only what the verifier gave back goes on.

Outside, a partner is told only that the message was refused; which step stopped it is for the record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from lxml import etree

from schemas import xmldoc
from schemas.problem import Problem, Refused, Stage, problem
from schemas.validate import Schema
from schemas.xmldoc import XmlLimits
from signing.c14n import check_plain
from signing.dsig import Covered, Keys, Verified, verify
from signing.encryption import Opener
from signing.gate_steps import Step, Stopped, step_of
from signing.payload import enclosed, whole
from signing.policy import PARTNER_SOAP, Policy
from signing.wss import REQUIRED, Part, Replays, Required, Users, verify_soap
from signing.wss.freshness import within
from signing.wss.names import ANONYMOUS, wsa
from signing.xades import check_lasting


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
    opener: Opener = field(default_factory=Opener)  # our keys for what is encrypted for us
    in_body: bool = False  # of a SOAP message the document is what its Body holds
    good_for_s: float = 0.0  # a document may come so long after it was signed, and once; 0 = whenever, for files
    archived: bool = False  # only who signed an old file is asked; nothing is taken in by it

    def __post_init__(self) -> None:
        """No door is ever opened by an exception that only checks old files."""
        if not self.policy.production and not self.archived:
            raise ValueError(f"{self.policy.name} is for archived files")


@dataclass(frozen=True, slots=True)
class Passed:
    """What may be believed."""

    element: etree._Element  # the body of a SOAP message; the document
    parts: tuple[Covered, ...]  # everything the signature covers; () = not signed and not required to be
    signed: Verified | None
    user: str
    message_id: str = ""  # wsa:MessageID; "" = none
    opened_by: str = ""  # the key of ours that opened it; "" = it came in the clear
    made_at: datetime | None = None  # of a document: when it was signed, as it says itself
    envelope: etree._Element | None = None  # where the document stood in a SOAP message; nothing of it is believed


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
            passed = _document(body, rules, keys, replays, now=now, charset=charset, stage=stage)
    except Refused as refused:
        return Stopped(step_of(refused.problems[0].code), refused.problems)
    wrong = _against_schema(passed, rules.schema, stage=stage)
    return Stopped(Step.SCHEMA, wrong) if wrong else passed


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
    opener, name = rules.opener, rules.opener.key_for_xml(root)
    if opener.opens(name, "before"):
        plain = opener.xml(body, limits=rules.limits, charset=charset, stage=stage)
        check_plain(plain, comments=rules.policy.comments, stage=stage)
        root = xmldoc.parse(plain, limits=rules.limits, stage=stage)
    secured = verify_soap(
        root, keys, rules.policy, required=rules.required, replays=replays, now=now, users=users, stage=stage
    )
    _addressing(root, secured.texts, rules, stage=stage)
    element = secured.body
    if opener.opens(name, "after"):
        plain = opener.xml(xmldoc.to_bytes(root), limits=rules.limits, stage=stage)
        element = xmldoc.parse(plain, limits=rules.limits, stage=stage)[-1]
    return Passed(
        element=element,
        parts=secured.signed.parts if secured.signed is not None else (),
        signed=secured.signed,
        user=secured.user,
        message_id=secured.texts.get(Part.MESSAGE_ID, ""),
        opened_by=name or "",
    )


def _document(
    body: bytes, rules: GateRules, keys: Keys, replays: Replays, *, now: datetime, charset: str | None, stage: Stage
) -> Passed:
    name, envelope, content = None, None, None
    if rules.in_body or rules.opener.keys:
        check_plain(body, comments=rules.policy.comments, stage=stage)
        root = xmldoc.parse(body, limits=rules.limits, charset=charset, stage=stage)
        name = rules.opener.key_for_xml(root)
        if name is not None:  # what is signed is the document itself: it was encrypted afterwards
            body = rules.opener.xml(body, limits=rules.limits, charset=charset, stage=stage)
            check_plain(body, comments=rules.policy.comments, stage=stage)
            root = xmldoc.parse(body, limits=rules.limits, stage=stage)
        envelope, content = enclosed(root, stage=stage) if rules.in_body else (None, None)
    document = content if content is not None else body
    if rules.policy.lasting:
        lasting = check_lasting(document, keys, rules.policy, now=now, limits=rules.limits, stage=stage)
        verified, made_at = lasting.verified, lasting.claimed_at
    else:
        found = verify(document, keys, rules.policy, now=now, limits=rules.limits, stage=stage)
        if not isinstance(found, Verified):
            raise Refused(found)
        verified, made_at = found, now
    element = whole(verified, stage=stage) if rules.in_body else verified.element
    if rules.good_for_s:
        _once(verified, made_at, rules, replays, now=now, stage=stage)
    return Passed(element, verified.parts, verified, "", opened_by=name or "", made_at=made_at, envelope=envelope)


def _once(
    verified: Verified, made_at: datetime, rules: GateRules, replays: Replays, *, now: datetime, stage: Stage
) -> None:
    """A document of now, and the first time."""
    until = within(made_at, None, replace(rules.policy, lifetime_s=rules.good_for_s), now=now, stage=stage)
    mark = ":".join(sorted(part.sha256 for part in verified.parts))
    if not replays.first(f"document:{verified.key.fingerprint}:{mark}", until=until, now=now):
        raise Refused((problem("LT-WSS-015", stage, {"part": "Signature"}),))


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


__all__ = ["GateRules", "Passed", "Step", "Stopped", "pass_gate", "step_of"]
