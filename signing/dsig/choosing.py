"""Which trusted key a signature claims. KeyInfo is not signed: it may choose among trusted keys, and must fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from schemas.problem import Problem, Refused, Stage, problem
from signing.dsig.key_info import Hints
from signing.keys import VerifyKey, certificate_fingerprint
from signing.policy import Policy

# Who is trusted: the pinned keys by key id, or a function that looks at the hints (a trust store that follows a path
# of certificates) and gives the key or says why not.
Keys = Mapping[str, VerifyKey] | Callable[[Hints], VerifyKey | tuple[Problem, ...]]


def choose(hints: Hints, keys: Keys, policy: Policy, *, stage: Stage) -> VerifyKey:
    """The one trusted key.

    Raises:
        Refused: LT-SIGN-037, or what the trust store says.
    """
    if isinstance(keys, Mapping):
        return _pinned(hints, keys, policy, stage=stage)
    found = keys(hints)
    if isinstance(found, VerifyKey):
        return found
    raise Refused(found)


def _pinned(hints: Hints, keys: Mapping[str, VerifyKey], policy: Policy, *, stage: Stage) -> VerifyKey:
    prints = [certificate_fingerprint(paper) for paper in hints.certificates]
    # Many libraries write a subject's name there; where the policy says so, the certificate then tells the key.
    is_name = hints.key_name in keys or not (policy.key_hints and prints)
    if hints.key_name is not None and is_name:
        named = keys.get(hints.key_name)
    elif prints:
        named = next((key for wanted in prints for key in keys.values() if key.fingerprint == wanted), None)
    else:
        named = next(iter(keys.values())) if len(keys) == 1 else None
    if named is None:
        raise _unknown(hints.key_name or "KeyInfo", stage)
    if prints and named.fingerprint not in prints:
        raise _unknown("X509Certificate", stage)
    return named


def _unknown(found: str, stage: Stage) -> Refused:
    return Refused((problem("LT-SIGN-037", stage, {"found": ascii(found)}),))
