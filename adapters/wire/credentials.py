"""What a caller shows to prove who it is, taken from where the manifest says it travels."""

from __future__ import annotations

import base64
import binascii

from lxml import etree

from adapters.manifest import Auth, AuthRule
from adapters.wire.contract import Credentials, HttpRequest
from adapters.wire.paths import text_at


def credentials(rule: AuthRule | None, request: HttpRequest, payload: etree._Element | None) -> Credentials | None:
    """The caller's credentials, or None where it shows none.

    BASIC, BODY: name and password. HEADER: the header's value. JWS: the detached signature; the door has it
    verified over the body.
    """
    if rule is None or rule.kind is Auth.WSS:
        return None
    if rule.kind is Auth.BASIC:
        return _basic(request.headers.get("authorization", ""))
    if rule.kind is Auth.BODY:
        return _inside(rule, payload)
    value = _utf8(request.headers.get(rule.header.lower(), "").strip())
    return Credentials("", value) if value else None


def _utf8(header: str) -> str:
    """A header's text; HTTP hands UTF-8 over as Latin-1."""
    try:
        return header.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return header


def _inside(rule: AuthRule, payload: etree._Element | None) -> Credentials | None:
    if payload is None:
        return None
    user = text_at(payload, rule.user) if rule.user else ""
    secret = text_at(payload, rule.password)
    return None if user is None or not secret else Credentials(user, secret)


def _basic(header: str) -> Credentials | None:
    scheme, _, value = header.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, secret = base64.b64decode(value.strip(), validate=True).decode("utf-8").partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return Credentials(user, secret) if colon else None
