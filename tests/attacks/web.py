"""Attacks on JSON, on detached JWS, on logins, and on doors by bodies of several parts."""

from __future__ import annotations

import hashlib
import hmac

from adapters.wire.contract import Call
from adapters.wire.json_server import JsonDoor
from adapters.wire.soap_server import SoapDoor
from schemas import jsondoc
from signing.algorithms import Algorithm
from signing.encoding import from_base64url, to_base64, to_base64url
from signing.jws import sign_detached, verify_detached
from signing.keys import SigningKey
from signing.wss import MemoryReplays, Required, Users
from signing.wss.names import BASE64, PASSWORD_DIGEST, PASSWORD_TEXT
from tests.attacks.content import against_schema
from tests.attacks.corpus import TAKEN, Case, Category, cases, said
from tests.attacks.soap import CONTENT, envelope, rules, sent, signed
from tests.unit.signing.kit import DOSSIER, p256, rsa2048, stranger
from tests.unit.wire.parts import envelope as door_envelope
from tests.unit.wire.parts import gui, portal_system, request, soap_system


def _json(body: bytes | str) -> str:
    jsondoc.loads(body.encode() if isinstance(body, str) else body)
    return TAKEN


JSON = {
    "a name twice": (lambda: _json('{"a":1,"a":2}'), "LT-JSON-005"),
    "a name twice, once escaped": (lambda: _json('{"ma":1,"m\\u0061":2}'), "LT-JSON-005"),
    "a name twice, deep inside": (lambda: _json('{"x":[{"y":{"a":1,"a":1}}]}'), "LT-JSON-005"),
    "depth 65 of lists": (lambda: _json("[" * 65 + "]" * 65), "LT-JSON-002"),
    "depth a million of lists": (lambda: _json("[" * 1_000_000), "LT-JSON-002 LT-JSON-003 LT-JSON-004"),
    "depth a hundred thousand of objects": (lambda: _json('{"a":' * 100_000 + "1" + "}" * 100_000), "LT-JSON-002"),
    "depth hidden behind a string with brackets": (lambda: _json('["]]]]"' + ',["]]]]"' * 70 + "]" * 71), "LT-JSON-002"),
    "values in the million": (lambda: _json("[" + "0," * 1_000_000 + "0]"), "LT-JSON-003"),
    "too large": (lambda: _json('"' + "x" * 11_000_000 + '"'), "LT-JSON-001"),
    "a number of a million digits": (lambda: _json("1" * 1_000_000), "LT-JSON-006"),
    "a fraction of a million digits": (lambda: _json("0." + "1" * 1_000_000), "LT-JSON-006"),
    "an endless exponent": (lambda: _json("1e999999999"), "LT-JSON-006"),
    "NaN": (lambda: _json('{"a":NaN}'), "LT-JSON-006"),
    "Infinity": (lambda: _json("[-Infinity]"), "LT-JSON-006"),
    "hexadecimal": (lambda: _json("[0x10]"), "LT-JSON-004"),
    "a number that begins with zero": (lambda: _json("[010]"), "LT-JSON-004"),
    "a lone surrogate": (lambda: _json('["\\ud800"]'), "LT-JSON-007"),
    "surrogates in the wrong order": (lambda: _json('["\\udc00\\ud800"]'), "LT-JSON-007"),
    "a lone surrogate in a name": (lambda: _json('{"\\udfff":1}'), "LT-JSON-007"),
    "NUL escaped": (lambda: _json('["\\u0000"]'), "LT-JSON-009"),
    "NUL": (lambda: _json(b'["abcdef\0"]'), "LT-JSON-004"),
    "a control character": (lambda: _json(b'["a\x01"]'), "LT-JSON-004"),
    "UTF-16": (lambda: _json('{"a":1}'.encode("utf-16")), "LT-TEXT-001"),
    "UTF-32 without its mark": (lambda: _json('{"a":1}'.encode("utf-32-le")), "LT-TEXT-001"),
    "Latin-1": (lambda: _json('["é"]'.encode("latin-1")), "LT-TEXT"  " LT-TEXT-002 LT-TEXT-003"),
    "two marks before it": (lambda: _json(b"\xef\xbb\xbf\xef\xbb\xbf{}"), "LT-JSON-004"),
    "a comment": (lambda: _json('{"a":1/*x*/}'), "LT-JSON-004"),
    "a comma too many": (lambda: _json("[1,]"), "LT-JSON-004"),
    "single quotes": (lambda: _json("{'a':1}"), "LT-JSON-004"),
    "something after it": (lambda: _json("{}{}"), "LT-JSON-004"),
    "nothing": (lambda: _json(""), "LT-JSON-008"),
    "unfinished": (lambda: _json('{"a":"'), "LT-JSON-004"),
}  # fmt: skip


def _jws(header: str, body: bytes = DOSSIER, keys=None) -> str:
    return said(verify_detached(body, header, p256().trusted() if keys is None else keys))


def _headed(protected: str | bytes, key: SigningKey | None = None, middle: str = "") -> str:
    """Rightly signed, with this protected header."""
    first = to_base64url(protected.encode() if isinstance(protected, str) else protected)
    value = (key or p256().signing()).sign(f"{first}.{to_base64url(DOSSIER)}".encode())
    return f"{first}.{middle}.{to_base64url(value)}"


def _mac() -> str:
    """HMAC with the public key, which everybody knows."""
    first = to_base64url(b'{"alg":"HS256","kid":"bus"}')
    value = hmac.new(rsa2048().public, f"{first}.{to_base64url(DOSSIER)}".encode(), "sha256").digest()
    return f"{first}..{to_base64url(value)}"


def _with(more: str) -> str:
    return _headed(f'{{"alg":"ES256","kid":"bus",{more}}}')


HEADER = to_base64url(b'{"alg":"ES256","kid":"bus"}')


def _value(raw: bytes) -> str:
    return f"{HEADER}..{to_base64url(raw)}"


def _unencoded() -> str:
    """RFC 7797, rightly signed over the raw bytes."""
    first = to_base64url(b'{"alg":"ES256","kid":"bus","b64":false,"crit":["b64"]}')
    return f"{first}..{to_base64url(p256().signing().sign(first.encode() + b'.' + DOSSIER))}"


def _good() -> str:
    return sign_detached(DOSSIER, p256().signing())


def _pss_for_pkcs1() -> str:
    key = SigningKey.from_pem(rsa2048().pem, key_id="bus", algorithm=Algorithm.PS256)
    return _jws(sign_detached(DOSSIER, key), keys=rsa2048().trusted())


SHAPE, HEAD, KEY, ALGORITHM, VALUE = "LT-SIGN-010", "LT-SIGN-011", "LT-SIGN-012", "LT-SIGN-013", "LT-SIGN-014"
JWS = {
    "alg none": (lambda: _jws(to_base64url(b'{"alg":"none","kid":"bus"}') + ".."), SHAPE),
    "alg none with a value": (lambda: _jws(_headed('{"alg":"none","kid":"bus"}')), ALGORITHM),
    "alg NONE": (lambda: _jws(_headed('{"alg":"NONE","kid":"bus"}')), ALGORITHM),
    "HS256 with the public key": (lambda: _jws(_mac(), keys=rsa2048().trusted()), ALGORITHM),
    "RS256 for an EC key": (lambda: _jws(_headed('{"alg":"RS256","kid":"bus"}')), ALGORITHM),
    "ES384 for a P-256 key": (lambda: _jws(_headed('{"alg":"ES384","kid":"bus"}')), ALGORITHM),
    "ES256K": (lambda: _jws(_headed('{"alg":"ES256K","kid":"bus"}')), ALGORITHM),
    "PS256 for a key bound to RS256": (_pss_for_pkcs1, ALGORITHM),
    "alg in lower case": (lambda: _jws(_headed('{"alg":"es256","kid":"bus"}')), ALGORITHM),
    "alg is a list": (lambda: _jws(_headed('{"alg":["ES256"],"kid":"bus"}')), HEAD),
    "alg is null": (lambda: _jws(_headed('{"alg":null,"kid":"bus"}')), HEAD),
    "no alg": (lambda: _jws(_headed('{"kid":"bus"}')), HEAD),
    "no kid": (lambda: _jws(_headed('{"alg":"ES256"}')), HEAD),
    "crit": (lambda: _jws(_with('"crit":["exp"]')), HEAD),
    "b64 false, rightly made": (lambda: _jws(_unencoded()), HEAD),
    "b64 true": (lambda: _jws(_with('"b64":true')), HEAD),
    "jwk of a stranger": (lambda: _jws(_with('"jwk":{"kty":"oct","k":"AA"}')), HEAD),
    "jku": (lambda: _jws(_with('"jku":"http://127.0.0.1:1/keys"')), HEAD),
    "x5u": (lambda: _jws(_with('"x5u":"http://127.0.0.1:1/x.pem"')), HEAD),
    "x5c": (lambda: _jws(_with('"x5c":["AA"]')), HEAD),
    "typ": (lambda: _jws(_with('"typ":"JWT"')), HEAD),
    "zip": (lambda: _jws(_with('"zip":"DEF"')), HEAD),
    "kid with a path": (lambda: _jws(_headed('{"alg":"ES256","kid":"../../etc/passwd"}')), KEY),
    "kid with SQL": (lambda: _jws(_headed('{"alg":"ES256","kid":"bus\' OR 1=1--"}')), KEY),
    "kid with NUL": (lambda: _jws(_headed('{"alg":"ES256","kid":"bus\\u0000"}')), HEAD),
    "kid of another key": (lambda: _jws(_headed('{"alg":"ES256","kid":"khac"}'), keys={**p256().trusted(), **stranger().trusted("khac")}), VALUE),
    "kid in upper case": (lambda: _jws(_headed('{"alg":"ES256","kid":"BUS"}')), KEY),
    "kid is a number": (lambda: _jws(_headed('{"alg":"ES256","kid":1}')), HEAD),
    "alg twice": (lambda: _jws(_headed('{"alg":"ES256","alg":"none","kid":"bus"}')), HEAD),
    "kid twice": (lambda: _jws(_headed('{"alg":"ES256","kid":"khac","kid":"bus"}')), HEAD),
    "letters in the header escaped twice": (lambda: _jws(_headed('{"alg":"ES256","kid":"bus","k\\u0069d":"khac"}')), HEAD),
    "header is a list": (lambda: _jws(_headed('["ES256","bus"]')), HEAD),
    "header is text": (lambda: _jws(_headed('"ES256"')), HEAD),
    "header is no JSON": (lambda: _jws(_headed("x")), HEAD),
    "header is deep": (lambda: _jws(_headed("[" * 100)), HEAD),
    "header in UTF-16": (lambda: _jws(_headed('{"alg":"ES256","kid":"bus"}'.encode("utf-16"))), HEAD),
    "header of ten thousand characters": (lambda: _jws(_with(f'"x":"{"y" * 10_000}"')), SHAPE),
    "payload in the middle": (lambda: _jws(_headed('{"alg":"ES256","kid":"bus"}', middle=to_base64url(DOSSIER))), SHAPE),
    "four parts": (lambda: _jws(_good() + ".AA"), SHAPE),
    "two parts": (lambda: _jws(_good().replace("..", ".")), SHAPE),
    "five parts, as encrypted": (lambda: _jws("a.b.c.d.e"), SHAPE),
    "JSON serialisation": (lambda: _jws('{"protected":"e30","signature":"AA"}'), SHAPE),
    "padding": (lambda: _jws(_good() + "="), SHAPE),
    "padding of the header": (lambda: _jws(_good().replace("..", "=..")), HEAD),
    "plus and slash for minus and underscore": (lambda: _jws(_value(b"\xfb\xff" * 32).replace("-", "+").replace("_", "/")), SHAPE),
    "white space in the value": (lambda: _jws(_good()[:-5] + " " + _good()[-5:]), SHAPE),
    "white space after it": (lambda: _jws(_good() + " "), SHAPE),
    "letters of another script": (lambda: _jws(_good()[:-1] + "Ａ"), SHAPE),
    "another body": (lambda: _jws(_good(), DOSSIER + b"\n"), VALUE),
    "no body": (lambda: _jws(_good(), b""), VALUE),
    "r and s are zero": (lambda: _jws(_value(bytes(64))), VALUE),
    "value in DER": (lambda: _jws(_value(b"\x30\x44" + bytes(68))), VALUE),
    "value cut short": (lambda: _jws(_value(bytes(63))), VALUE),
    "value of one byte": (lambda: _jws(_value(b"\x01")), VALUE),
    "spare bits of the value": (lambda: _jws(_spare_bits()), SHAPE),
    "a stranger's, under our name": (lambda: _jws(sign_detached(DOSSIER, stranger().signing())), VALUE),
}  # fmt: skip


def _spare_bits() -> str:
    """The last character says the same octets with other spare bits."""
    good = _good()
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = letters[letters.index(good[-1]) ^ 1]
    assert from_base64url(good.rpartition(".")[2]) is not None
    return good[:-1] + last


CREATED = "2026-07-06T03:04:05Z"
USERS = Users({"so_nn": "mật khẩu"}.get)
LOGIN_ONLY = rules(required=Required(signature=False, login=True), addressed=False)


def username_token(
    nonce: bytes = b"0123456789abcdef",
    *,
    user: str = "so_nn",
    password: str = "mật khẩu",
    created: str = CREATED,
    text: str | None = None,
    more: str = "",
    drop: str = "",
) -> str:
    """A UsernameToken; its digest is right for these values."""
    digest = to_base64(hashlib.sha1(nonce + created.encode() + password.encode()).digest())
    made = (
        f"<wsse:UsernameToken wsu:Id='ut'><wsse:Username>{user}</wsse:Username>"
        f"<wsse:Password Type='{PASSWORD_DIGEST if text is None else PASSWORD_TEXT}'>{digest if text is None else text}"
        f"</wsse:Password><wsse:Nonce EncodingType='{BASE64}'>{to_base64(nonce)}</wsse:Nonce>"
        f"<wsu:Created>{created}</wsu:Created>{more}</wsse:UsernameToken>"
    )
    assert not drop or drop in made
    return made.replace(drop, "")


def login(token: str, *, users: Users | None = USERS, replays: MemoryReplays | None = None) -> str:
    """Sent without a signature, as partners without certificates do."""
    message = envelope(security=token, paper="").replace("@", "").encode()
    return sent(message, LOGIN_ONLY, users=users, replays=replays)


def _login_twice(first: str, second: str) -> str:
    replays = MemoryReplays()
    assert login(first, replays=replays) == TAKEN
    return login(second, replays=replays)


NONCE = f"<wsse:Nonce EncodingType='{BASE64}'>{to_base64(b'0123456789abcdef')}</wsse:Nonce>"
LOGIN = {
    "the digest again": (lambda: _login_twice(username_token(), username_token()), "freshness"),
    "the nonce again, another moment": (lambda: _login_twice(username_token(), username_token(created="2026-07-06T03:04:06Z")), "freshness"),
    "the nonce again, its base64 broken over lines": (
        lambda: _login_twice(username_token(), username_token().replace("MDEy", "MDEy\n")), "freshness"),
    "a short nonce": (lambda: login(username_token(b"1234567")), "freshness"),
    "an empty nonce": (lambda: login(username_token(b"")), "freshness"),
    "no nonce": (lambda: login(username_token(drop=NONCE)), "freshness"),
    "no moment": (lambda: login(username_token(drop=f"<wsu:Created>{CREATED}</wsu:Created>")), "freshness"),
    "an old moment": (lambda: login(username_token(created="2026-07-06T02:50:00Z")), "freshness"),
    "a moment of the future": (lambda: login(username_token(created="2026-07-06T04:00:00Z")), "freshness"),
    "the last moment there is": (lambda: login(username_token(created="9999-12-31T23:59:59Z")), "freshness"),
    "a password in clear": (lambda: login(username_token(text="mật khẩu")), "freshness"),
    "a wrong password": (lambda: login(username_token(password="sai")), "freshness"),
    "an unknown user": (lambda: login(username_token(user="khac")), "freshness"),
    "the unknown user whose password is what stands for none": (lambda: login(username_token(user="khac", password="\0")), "freshness parse"),
    "an unknown user in clear, where clear is taken": (
        lambda: login(username_token(user="khac", text=""), users=Users({"so_nn": "x"}.get, text=True)), "freshness"),
    "an empty password in clear": (lambda: login(username_token(text=""), users=Users({"so_nn": "x"}.get, text=True)), "freshness"),
    "a huge user name": (lambda: login(username_token(user="x" * 100_000)), "freshness"),
    "a huge nonce": (lambda: login(username_token(b"x" * 10_000)), "freshness"),
    "an unknown kind of password": (lambda: login(username_token().replace("#PasswordDigest", "#PasswordHash")), "freshness"),
    "two user names": (lambda: login(username_token(more="<wsse:Username>khac</wsse:Username>")), "freshness"),
    "something unknown in the token": (lambda: login(username_token(more="<x/>")), "freshness"),
    "an element in the user name": (lambda: login(username_token(user="so<x/>_nn")), "freshness"),
    "two tokens": (lambda: login(username_token() + username_token(b"fedcba9876543210")), "structure"),
    "no token where one is asked": (lambda: login(""), "structure"),
    "a token where nobody knows any user": (lambda: login(username_token(), users=None), "freshness structure"),
    "a token put into somebody's signed message": (
        lambda: sent(signed().replace(b"<wsse:BinarySecurityToken", username_token().encode() + b"<wsse:BinarySecurityToken", 1), users=USERS), "signature"),
}  # fmt: skip

XOP = "http://www.w3.org/2004/08/xop/include"
PARTS = (
    b"--x\r\nContent-Type: application/xop+xml; type='text/xml'\r\nContent-ID: <root>\r\n\r\n%s\r\n"
    b"--x\r\nContent-ID: <tep>\r\n\r\nevil\r\n--x--\r\n"
)
TYPE = "multipart/related; type='application/xop+xml'; start='<root>'; boundary=x"


def _included(href: str = "cid:tep") -> str:
    return CONTENT.replace("</t:hoSo>", f"<t:tep><xop:Include xmlns:xop='{XOP}' href='{href}'/></t:tep></t:hoSo>")


def _soap_door(body: bytes, media: str) -> str:
    found = SoapDoor().read(soap_system(), request(body, content_type=media))
    return TAKEN if isinstance(found, Call) and not found.problems else said(getattr(found, "problems", found))


def _json_door(body: bytes, media: str) -> str:
    found = JsonDoor().read(portal_system(), request(body, content_type=media, path="/nhanHoSo"))
    return TAKEN if isinstance(found, Call) and not found.problems else said(getattr(found, "problems", found))


MIME = {
    "xop:Include in the signed Body": (lambda: sent(signed(envelope(content=_included()))), "structure"),
    "xop:Include of a web address": (lambda: sent(signed(envelope(content=_included("http://127.0.0.1:1/")))), "structure"),
    "xop:Include of a file": (lambda: sent(signed(envelope(content=_included("file:///etc/hostname")))), "structure"),
    "xop:Include for the token": (
        lambda: sent(signed(envelope(security="")).replace(b"</wsse:BinarySecurityToken>", f"<xop:Include xmlns:xop='{XOP}' href='cid:t'/></wsse:BinarySecurityToken>".encode())), "structure certificate"),
    "xop:Include against the schema": (lambda: against_schema(_included()), "structure schema"),
    "a cid reference in SignedInfo": (
        lambda: sent(signed(more="<ds:Reference URI='cid:tep'><ds:Transforms><ds:Transform Algorithm='http://docs.oasis-open.org/wss/oasis-wss-SwAProfile-1.1#Attachment-Content-Signature-Transform'/></ds:Transforms><ds:DigestMethod Algorithm='http://www.w3.org/2001/04/xmlenc#sha256'/><ds:DigestValue>AAAA</ds:DigestValue></ds:Reference>")), "signature"),
    "several parts at the gate": (lambda: sent(PARTS % signed()), "parse guard"),
    "several parts at the SOAP door": (lambda: _soap_door(PARTS % door_envelope(gui()).encode(), TYPE), "LT-WIRE-001"),
    "several parts that say they are XML": (lambda: _soap_door(PARTS % door_envelope(gui()).encode(), "text/xml"), "LT-XML-005"),
    "SOAP that says it is XOP": (lambda: _soap_door(door_envelope(gui()).encode(), "application/xop+xml"), "LT-WIRE-001"),
    "a form at the JSON door": (lambda: _json_door(b"--x\r\n\r\n{}\r\n--x--", "multipart/form-data; boundary=x"), "LT-WIRE-001 LT-JSON-004 LT-WIRE-004"),
}  # fmt: skip

CASES: list[Case] = [
    *cases(Category.JSON, JSON),
    *cases(Category.JWS, JWS),
    *cases(Category.LOGIN, LOGIN),
    *cases(Category.MIME, MIME),
]
