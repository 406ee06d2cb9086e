"""Where the fuzzer begins: good samples of each target, and the attacks that say most."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from functools import cache

from signing.encryption import RecipientKey, encrypt_jwe, encrypt_xml
from signing.stamp import query
from signing.wss.names import SOAP_12
from signing.xades import LongTerm, sign_document
from tests.attacks import containers, documents, lasting, parser, soap, trusting, web
from tests.attacks.time_world import clock
from tests.fuzz.targets import good_header
from tests.unit.signing.forge import PARTS, forge
from tests.unit.signing.issuer import NOW
from tests.unit.signing.kit import DOSSIER, SHAPES, p256, rsa2048

WORDS = (
    "<!DOCTYPE",
    "<!ENTITY",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?xml version='1.0'?>",
    "xmlns=",
    "xmlns:",
    "xml:id=",
    "wsu:Id=",
    "Id=",
    "URI=",
    "#",
    "&#13;",
    "&#x0;",
    "&amp;",
    "\\xff\\xfe",
    "\\xef\\xbb\\xbf",
    "\\\\u0000",
    "NaN",
    "1e999",
    "ds:Signature",
    "ds:Object",
    "ds:Reference",
    "S:Body",
    "S:Header",
    "PK\\x01\\x02",
    "PK\\x03\\x04",
    "PK\\x05\\x06",
    "9999-12-31T23:59:59Z",
    "%FF",
    "..",
    "xop:Include",
)


@cache
def seeds() -> Mapping[str, tuple[bytes, ...]]:
    """By target."""
    return {
        "xml": (*SHAPES.values(), parser.laughs(3), soap.envelope().replace("@", "").encode()),
        "json": (b'{"a":[1,2.5e3,"\\u00e0",null,true]}', b'{"a":1,"a":2}', b"[[[]]]", b'"\\ud83d\\ude00"'),
        "container": (containers.good(), containers.written({"a": b"x" * 100}), containers.gap(b"MZ")),
        "token": (
            clock().token(b"x" * 32),
            lasting.token(),
            clock().answer(query(lasting.DATA).body),
            clock().signer.der,
        ),
        "document": (forge(p256().signing()), documents.package(documents.GOOD + documents.by_id())),
        "message": (
            soap.signed(),
            soap.signed(pair=rsa2048()),
            soap.signed(soap.envelope(version=SOAP_12)),
            _by_certificate(),
            soap.envelope(security=web.username_token(), paper="").replace("@", "").encode(),
        ),
        "header": (good_header(),),
        "lasting": (
            sign_document(DOSSIER, trusting.person().signing(), now=NOW),
            sign_document(
                DOSSIER,
                trusting.person().signing(),
                now=NOW,
                stamper=lasting.stamper,
                keep=LongTerm(lists=(trusting.middle().crl(),)),
            ),
        ),
        "insider": (_pieces(), _pieces(soap.TIMESTAMP.replace("2026", "9999")), _pieces("", web.username_token())),
        "maker": ("\0".join(PARTS.values()).encode(),),
        "caller": (_header(), _header(jti="a", exp=int(NOW.timestamp()), url="https://a.example/b?c=d")),
        "locked": (_jwe(), encrypt_xml(DOSSIER, _to()), encrypt_xml(soap.envelope().replace("@", "").encode(), _to())),
    }


def _header(**more: object) -> bytes:
    paper = base64.b64encode(trusting.person().der).decode()
    return json.dumps({"alg": "ES256", "x5c": [paper], "iat": int(NOW.timestamp()), **more}).encode() + b"\0" + DOSSIER


def _to() -> RecipientKey:
    return RecipientKey.from_pem(rsa2048().public, key_id="k")


def _jwe() -> bytes:
    return encrypt_jwe(DOSSIER, _to(), media_type="application/json")


def _kept() -> LongTerm:
    return LongTerm(lists=(trusting.middle().crl(),))


def _pieces(timestamp: str = soap.TIMESTAMP, security: str = "") -> bytes:
    return "\0".join((soap.CONTENT, timestamp, security, soap.ADDRESSING["to"], soap.ADDRESSING["rep"], "")).encode()


def _by_certificate() -> bytes:
    holder = trusting.person()
    return soap.signed(soap.envelope(paper=soap.token(der=holder.der)), key=holder.signing())
