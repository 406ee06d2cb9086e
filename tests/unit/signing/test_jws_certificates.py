"""JWS that carry certificates in place of a key id, where a policy takes them."""

from __future__ import annotations

import base64
import json

import pytest

from signing.encoding import to_base64url
from signing.jws import verify_detached
from signing.policy import BUS, PARTNER_JWS, Policy
from signing.trust import Evidence, Trust, TrustStore
from signing.trust.papers import read_list
from tests.unit.signing.issuer import NOW, Holder, Issuer

BODY = b'{"MaHoSo":"H99.12-260706-0001"}'
ROOT = Issuer.root()
PERSON = ROOT.person()
STORE = TrustStore.of((ROOT.paper,), Evidence(), purpose="partner")


def _made(holder: Holder, **more: object) -> str:
    paper = base64.b64encode(holder.der).decode()
    protected = to_base64url(json.dumps({"alg": "ES256", "x5c": [paper], **more}).encode())
    return f"{protected}..{to_base64url(holder.signing().sign(f'{protected}.{to_base64url(BODY)}'.encode()))}"


def _codes(header: str, policy: Policy = PARTNER_JWS, *, body: bytes = BODY, trust: bool = True) -> list[str]:
    evidence = Evidence((read_list(ROOT.crl(), name="crl"),))
    judge = Trust(STORE, policy).keys(now=NOW, evidence=evidence) if trust else None
    return [found.code for found in verify_detached(body, header, {}, policy, by_certificate=judge)]


def test_certificate_with_a_path_is_taken() -> None:
    """The path of the certificate decides, and the bytes must be the signed ones."""
    assert _codes(_made(PERSON)) == []
    assert _codes(_made(PERSON), body=BODY + b" ") == ["LT-SIGN-014"]


def test_stranger_with_a_certificate_is_refused() -> None:
    """A certificate in a header makes nobody trusted."""
    assert _codes(_made(Issuer.root("Gốc lạ").person())) == ["LT-TRUST-012"]


@pytest.mark.parametrize("more", [{"kid": "bus"}, {"jku": "https://x.example"}, {"x5u": "https://x.example"}])
def test_nothing_stands_beside_it(more: dict[str, str]) -> None:
    """Key id or certificates, never both; addresses to fetch from never."""
    assert _codes(_made(PERSON, **more)) == ["LT-SIGN-011"]


def test_other_policies_do_not_take_it() -> None:
    """Where the policy or the caller does not ask for certificates, the header is of another form."""
    assert _codes(_made(PERSON), trust=False) == ["LT-SIGN-011"]
    assert _codes(_made(PERSON), BUS) in (["LT-SIGN-010"], ["LT-SIGN-011"])


@pytest.mark.parametrize("x5c", [[], "AA", [1], ["A"], ["AA=="], ["-_"] * 2, ["AAAA"] * 5])
def test_list_of_another_shape_is_refused(x5c: object) -> None:
    """One to four certificates in standard base64."""
    assert _codes(_made(PERSON, x5c=x5c))[0] in ("LT-SIGN-011", "LT-TRUST-015")
