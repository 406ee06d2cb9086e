"""Who may call: names with passwords, shared keys, signatures; nobody else, and nobody at another's door."""

from __future__ import annotations

from dataclasses import replace
from ipaddress import ip_network

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from adapters.manifest import Auth
from adapters.wire.contract import Credentials, HttpRequest
from bus.web.callers import Caller, Callers
from schemas.message import Party
from schemas.problem import Refused
from signing.jws import sign_detached
from signing.keys import SigningKey

KINDS = {"thu": Auth.BODY, "khoa": Auth.HEADER, "ky": Auth.JWS}


def request(body: bytes = b"{}") -> HttpRequest:
    """A request with a body."""
    return HttpRequest("POST", "/", {}, {}, body, "http://a.example")


def caller(system: str, user: str, secret: str) -> Caller:
    """A caller of one door."""
    return Caller(f"{system}-{user}", Party("H99", "Thử", system), user, secret)


CALLERS = Callers(
    [
        caller("thu", "mot", "mật 1"),
        caller("thu", "hai", "mật 2"),
        caller("khoa", "", "khoá"),
        caller("thu", "rong", ""),
    ],
    kinds=KINDS,
)


@pytest.mark.parametrize(
    ("system", "shown", "known"),
    [
        ("thu", Credentials("mot", "mật 1"), True),
        ("thu", Credentials("hai", "mật 2"), True),
        ("khoa", Credentials("", "khoá"), True),
        ("thu", Credentials("mot", "mật 2"), False),
        ("thu", Credentials("", "mật 1"), False),
        ("thu", Credentials("ba", "mật 1"), False),
        ("thu", Credentials("rong", ""), False),
        ("thu", Credentials("", ""), False),
        ("thu", None, False),
        ("khoa", Credentials("", "mật 1"), False),
        ("khoa", None, False),
        ("la", Credentials("mot", "mật 1"), False),
        ("thu", Credentials("mot", "mật 1\ud800"), False),
    ],
)
def test_only_the_right_pair_at_its_own_door(system: str, shown: Credentials | None, known: bool) -> None:
    """An empty secret never opens anything, not even one configured empty."""
    party = CALLERS.check(system, shown, request())
    assert (party is not None) is known
    if party is not None:
        assert party.system == system


def test_user_and_secret_cannot_be_shifted_into_each_other() -> None:
    """("ab", "c") is not ("a", "bc")."""
    callers = Callers([caller("thu", "ab", "c")], kinds=KINDS)
    assert callers.check("thu", Credentials("a", "bc"), request()) is None
    assert callers.check("thu", Credentials("a:b", "c"), request()) is None


def test_secrets_are_not_shown() -> None:
    """Not in any repr."""
    assert "mật 1" not in repr(caller("thu", "mot", "mật 1"))
    assert "mật 1" not in repr(Credentials("mot", "mật 1"))


def test_a_signature_over_the_body_says_who_calls() -> None:
    """By the key id; another body, another key or another door is nobody."""
    ours, theirs = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    public = ours.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    callers = Callers([caller("ky", "cong", public.decode())], kinds=KINDS)
    good = sign_detached(b"{}", _key(ours, "cong"))
    assert callers.check("ky", Credentials("", good), request()) == Party("H99", "Thử", "ky")
    assert callers.check("ky", Credentials("", good), request(b"{ }")) is None
    assert callers.check("ky", Credentials("", sign_detached(b"{}", _key(theirs, "cong"))), request()) is None
    assert callers.check("ky", Credentials("", sign_detached(b"{}", _key(ours, "khac"))), request()) is None
    assert callers.check("ky", Credentials("", "rác"), request()) is None
    assert callers.check("ky", None, request()) is None
    assert callers.check("thu", Credentials("", good), request()) is None


def test_an_unusable_public_key_is_refused_at_the_start() -> None:
    """Not at the first call."""
    with pytest.raises(Refused):
        Callers([caller("ky", "cong", "không phải khoá")], kinds=KINDS)


def _key(key: ec.EllipticCurvePrivateKey, key_id: str) -> SigningKey:
    pem = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey.from_pem(pem, key_id=key_id)


OPENED = Callers(
    [
        Caller("tap", Party("H99", "Tập", "mo"), "", "", dangerous_open=True),
        Caller("that", Party("H98", "Thật", "mo"), "", "khoá"),
        caller("khoa", "", "khoá"),
    ],
    kinds={"mo": Auth.HEADER, "khoa": Auth.HEADER},
)


@pytest.mark.parametrize(
    ("system", "shown", "agency"),
    [
        ("mo", None, "H99"),
        ("mo", Credentials("", "khoá"), "H98"),
        ("mo", Credentials("", "sai"), None),
        ("khoa", None, None),
    ],
)
def test_an_opened_door_stands_alone(system: str, shown: Credentials | None, agency: str | None) -> None:
    """dangerous_open lets in who shows nothing, at that one door; a wrong key is still refused."""
    found = OPENED.check(system, shown, request())

    assert (found.agency if found else None) == agency


def test_a_caller_may_be_bound_to_networks() -> None:
    """The right password from elsewhere is nobody's; from one of its networks it is the caller's, IPv4 in IPv6 too."""
    bound = Caller("a", Party("H99", "Thử", "thu"), "mot", "mật", networks=(ip_network("10.1.0.0/16"),))
    callers = Callers([bound], kinds=KINDS)
    shown = Credentials("mot", "mật")

    def known(peer: str) -> bool:
        return callers.check("thu", shown, replace(request(), peer=peer)) is not None

    assert known("10.1.2.3")
    assert known("::ffff:10.1.2.3")
    assert not known("10.2.0.1")
    assert not known("::1")
    assert not known("")
