"""The gate for bodies that a detached JWS signs: size, decryption where it comes first, header, certificate, signature,
freshness, address, replay, decryption where it comes last. What goes on are the very bytes it gives back.

The address before the marks: who copies a message and sends it elsewhere does not use it up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime

from schemas.problem import Refused, Stage, problem
from signing.dsig.choosing import Keys
from signing.encryption import Opener
from signing.gate_steps import Stopped, step_of
from signing.jws import Signed, open_detached
from signing.policy import PARTNER_JWS, Policy
from signing.wss.freshness import Replays, within


def always(fingerprint: str) -> bool:
    """Of everybody."""
    return True


@dataclass(frozen=True, slots=True)
class JsonRules:
    """What one door asks for."""

    policy: Policy = PARTNER_JWS
    is_ours: Callable[[str], bool] | None = None  # whether an address is the one it came to; None = any
    bare: bool = True  # the address has no parameters that a signature over the body alone would leave out
    says_where: Callable[[str], bool] = always  # whether whoever signs by this key (fingerprint) must put url into it
    method: str = "POST"  # it came by
    timed: bool = True  # it must say when it was made, and comes once
    limit_bytes: int = 10_485_760
    opener: Opener = field(default_factory=Opener)

    def __post_init__(self) -> None:
        """As at the other gate; no archive keeps detached JWS of the old kind."""
        if not self.policy.production:
            raise ValueError(f"{self.policy.name} is for archived files")


@dataclass(frozen=True, slots=True)
class PassedBytes:
    """What may be believed."""

    body: bytes = field(repr=False)
    signed: Signed
    opened_by: str = ""  # the key of ours that opened it; "" = it came in the clear


def pass_json(
    body: bytes,
    header: str,
    rules: JsonRules,
    keys: Keys,
    *,
    replays: Replays,
    now: datetime,
    stage: Stage = Stage.RECEIVE,
) -> PassedBytes | Stopped:
    """Lets a body through, or says where it stopped. Never raises for what was sent."""
    try:
        return _passed(body, header, rules, keys, replays, now=now, stage=stage)
    except Refused as refused:
        return Stopped(step_of(refused.problems[0].code), refused.problems)


def _passed(
    body: bytes, header: str, rules: JsonRules, keys: Keys, replays: Replays, *, now: datetime, stage: Stage
) -> PassedBytes:
    if len(body) > rules.limit_bytes:
        raise Refused((problem("LT-DOOR-002", stage, {"limit": rules.limit_bytes}),))
    sent, opener, name = body, rules.opener, rules.opener.key_for_json(body)
    if opener.opens(name, "before"):
        body = opener.json(body, limit_bytes=rules.limit_bytes, stage=stage)
    signed = open_detached(body, header, keys, rules.policy, stage=stage)
    if not isinstance(signed, Signed):
        raise Refused(signed)
    until = _fresh(signed, rules.policy, now=now, stage=stage) if rules.timed else None
    if "url" in rules.policy.jws_claims:
        _addressed(signed, rules, stage, is_empty=not sent)
    if until is not None:
        _once(signed, replays, until=until, now=now, stage=stage)
    if opener.opens(name, "after"):
        body = opener.json(body, limit_bytes=rules.limit_bytes, stage=stage)
    return PassedBytes(body, signed, name or "")


def _fresh(signed: Signed, policy: Policy, *, now: datetime, stage: Stage) -> datetime:
    """Until when it must be remembered."""
    made_at, ends_at = _moment(signed.claims.get("iat")), _moment(signed.claims.get("exp"))
    if made_at is None:
        raise Refused((problem("LT-SIGN-015", stage),))
    return within(made_at, ends_at, policy, now=now, stage=stage)


def _once(signed: Signed, replays: Replays, *, until: datetime, now: datetime, stage: Stage) -> None:
    # What was signed, not the value of the signature: that of an ECDSA key could be another for the same.
    marks = [f"jws:{signed.key.fingerprint}:{signed.sha256}"]
    if "jti" in signed.claims:
        marks.append(f"jti:{signed.key.fingerprint}:{signed.claims['jti']}")
    for mark in marks:
        if not replays.first(mark, until=until, now=now):
            raise Refused((problem("LT-WSS-015", stage, {"part": "JWS"}),))


def _addressed(signed: Signed, rules: JsonRules, stage: Stage, *, is_empty: bool) -> None:
    """Where it says it goes. What stands in the address and is not signed is not believed. The method is not signed,
    but what is: a body for POST, nothing for GET; so a message made for one does not fit the other."""
    if rules.method not in ("GET", "POST") or (rules.method == "GET") is not is_empty:
        raise Refused((problem("LT-SIGN-041", stage, {"method": ascii(rules.method)[1:-1][:20]}),))
    url = signed.claims.get("url")
    if url is None and rules.says_where(signed.key.fingerprint):
        raise Refused((problem("LT-SIGN-040", stage),))
    if (url is None and not rules.bare) or (
        url is not None and rules.is_ours is not None and not rules.is_ours(str(url))
    ):
        raise Refused((problem("LT-SIGN-016", stage, {"found": ascii(url or "–")[:200]}),))


def _moment(seconds: int | str | None) -> datetime | None:
    return datetime.fromtimestamp(seconds, UTC) if isinstance(seconds, int) else None
