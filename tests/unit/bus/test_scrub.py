"""Secrets are starred out of refused bodies by name, whatever shape the body is in."""

from __future__ import annotations

import time

import pytest

from adapters.manifest import Auth, AuthRule, Manifest
from bus.scrub import scrubbed, secret_names

NAMES = ("password", "securityKey")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("<password>lộ</password>", "<password>********</password>"),
        ('<a:password x="1">lộ</a:password>', '<a:password x="1">********</a:password>'),
        ("<password><![CDATA[l<ộ>]]></password>", "<password>********</password>"),
        ("<password>l&amp;ộ", "<password>********"),
        ("<password><![CDATA[lộ", "<password>********"),
        ("<password>l<!-- x -->ộ</password>", "<password>********</password>"),
        ("<password><x>lộ</x></password><a>b</a>", "<password>********</password><a>b</a>"),
        ("<password><![CDATA[l</password>ộ]]></password>", "<password>********</password>"),
        ("<password />a<b>c</b>", "<password />a<b>c</b>"),
        ('{"securit\\u0079Key": "lộ"}', '{"securit\\u0079Key": ********}'),
        ("<password>" + "lộ" * 400 + "</password>", "<password>********</password>"),
        ("<passwords>x</passwords>", "<passwords>x</passwords>"),
        ("<password/><userName>a</userName>", "<password/><userName>a</userName>"),
        ('{"SecurityKey" : "l\\"ộ", "a": 1}', '{"SecurityKey" : ********, "a": 1}'),
        ('{"securityKey":12345}', '{"securityKey":********}'),
        ('{"securityKey":"lộ', '{"securityKey":********'),
    ],
)
def test_the_text_of_named_elements_and_members_is_starred_out(body: str, expected: str) -> None:
    """Well-formed or cut short, plain, CDATA or JSON."""
    assert scrubbed(body.encode(), NAMES).decode() == expected


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf_16_is_starred_out_and_else_kept_as_it_came(encoding: str) -> None:
    """Two bytes a letter hide nothing, and every other byte stays."""
    body = "<a><password>lộ</password><b>đủ</b></a>".encode(encoding)
    assert scrubbed(body, NAMES) == body.decode(encoding).replace("lộ", "********").encode(encoding)


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_a_body_whose_text_cannot_be_seen_is_not_kept(encoding: str) -> None:
    """What cannot be searched cannot be vouched for."""
    assert scrubbed("<password>lộ</password>".encode(encoding), NAMES) == b""


def test_without_secrets_nothing_is_changed() -> None:
    """A system that carries none keeps its evidence byte for byte."""
    assert scrubbed(b"<password>x</password>", ()) == b"<password>x</password>"


@pytest.mark.parametrize(
    "body",
    [
        b"<password>" * 200_000,
        b"<password " * 200_000,
        b'"securityKey":"\\' * 100_000,
        b"<password>" + b"]" * 5_000_000,
    ],
)
def test_hostile_bodies_are_searched_in_linear_time(body: bytes) -> None:
    """No body makes the search run away."""
    started = time.process_time()
    scrubbed(body, NAMES)
    assert time.process_time() - started < 5


def test_the_password_of_the_body_is_always_a_secret() -> None:
    """A manifest that says where the password travels need not list it among its secrets as well."""
    manifest = Manifest("a", "a", "a", "soap", "", "a.xsd", {}, auth=AuthRule(Auth.BODY, "u", "arg0/matKhau"))
    assert set(secret_names(manifest)) == {"Password", "matKhau"}  # and that of a UsernameToken
