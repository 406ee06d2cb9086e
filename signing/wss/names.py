"""Names of SOAP, WS-Addressing and WS-Security."""

from __future__ import annotations

from enum import StrEnum

from signing.dsig.names import WSSE, WSSE11, WSU, X509V3

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
BASE64 = f"{_OASIS}-soap-message-security-1.0#Base64Binary"
PASSWORD_TEXT = f"{_OASIS}-username-token-profile-1.0#PasswordText"
PASSWORD_DIGEST = f"{_OASIS}-username-token-profile-1.0#PasswordDigest"
ANONYMOUS = f"{WSA}/anonymous"
ULTIMATE = ("", f"{SOAP_12}/role/ultimateReceiver")  # a Security header for nobody in particular is for us


class Part(StrEnum):
    """A part of a SOAP message, told by where it stands and not by its id."""

    BODY = "Body"
    TIMESTAMP = "Timestamp"
    ACTION = "Action"
    TO = "To"
    MESSAGE_ID = "MessageID"
    REPLY_TO = "ReplyTo"
    RELATES_TO = "RelatesTo"
    USERNAME = "UsernameToken"
    CONFIRMATION = "SignatureConfirmation"


ADDRESSING = (Part.ACTION, Part.TO, Part.MESSAGE_ID, Part.REPLY_TO, Part.RELATES_TO)


def wsse(local: str) -> str:
    """In Clark notation."""
    return f"{{{WSSE}}}{local}"


def wsse11(local: str) -> str:
    """In Clark notation."""
    return f"{{{WSSE11}}}{local}"


def wsu(local: str) -> str:
    """In Clark notation."""
    return f"{{{WSU}}}{local}"


def wsa(local: str) -> str:
    """In Clark notation."""
    return f"{{{WSA}}}{local}"


__all__ = [
    "ADDRESSING",
    "ANONYMOUS",
    "BASE64",
    "PASSWORD_DIGEST",
    "PASSWORD_TEXT",
    "SOAP_11",
    "SOAP_12",
    "ULTIMATE",
    "WSA",
    "WSSE",
    "WSSE11",
    "WSU",
    "X509V3",
    "Part",
    "wsa",
    "wsse",
    "wsse11",
    "wsu",
]
