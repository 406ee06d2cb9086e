"""Every kind of thing we sign, good and tampered with in each way it can be: what the matrix lays before verifiers."""

from __future__ import annotations

import base64
import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cache
from hashlib import sha256
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.serialization import load_pem_private_key

from signing.algorithms import Algorithm
from signing.asic import seal
from signing.dsig import sign_enveloped
from signing.dsig.names import NAMESPACE
from signing.dsig.sign import spliced
from signing.dsig.write import write_hints, write_reference, write_signature
from signing.encoding import to_base64url
from signing.jws import sign_detached
from signing.keys import SigningKey
from signing.policy import PARTNER_LEGACY
from signing.stamp import accept, query
from signing.wss import secure
from signing.wss.names import SOAP_11, SOAP_12
from signing.xades import sign_document
from tests.interop.oracle_world import pair_for
from tests.interop.signing_world import documents
from tests.interop.time_authority import TimeAuthority
from tests.unit.signing.forge import canonical
from tests.unit.signing.issuer import DAY, Holder, Issuer
from tests.unit.signing.kit import SHAPES
from tests.unit.signing.test_wss import envelope


class Kind(StrEnum):
    """Of a signature, as the table names it."""

    ENVELOPED = "enveloped"
    DETACHED = "detached"
    ENVELOPING = "enveloping"
    SOAP = "WS-Security"
    XADES = "XAdES"
    ASIC = "ASiC-E"
    JWS = "JWS"
    TOKEN = "RFC 3161"


@dataclass(frozen=True)
class Sample:
    """One artefact before a verifier."""

    kind: Kind
    algorithm: Algorithm
    what: str  # "" = good; else how it was tampered with
    data: bytes
    beside: bytes = b""  # the body a JWS is over, the data a token is of
    name: str = ""  # which of several good ones


DOCUMENT = (
    '<h:HoSo xmlns:h="urn:x" xmlns="urn:y" Id="goc" phienBan="1"><MaHoSo Id="ma" loai="a">H99.12-260706-0001</MaHoSo>'
    '<ChuHoSo Id="chu">Nguyễn Thị Thử</ChuHoSo></h:HoSo>'
).encode()
MA = b'<MaHoSo xmlns="urn:y" Id="ma" loai="a">H99.12-260706-0001</MaHoSo>'
CHU = '<ChuHoSo xmlns="urn:y" Id="chu">Nguyễn Thị Thử</ChuHoSo>'.encode()
FILES = {"ho-so.xml": ("text/xml", DOCUMENT), "giấy tờ/đơn 1.pdf": ("application/pdf", b"%PDF-1.7")}
BODY, OTHER = '{"HoTen":"Nguyễn Thị Thử"}'.encode(), '{"HoTen":"Nguyễn Thị Thừ"}'.encode()
BOTH = (Algorithm.ES256, Algorithm.RS256)
FURTHER = (Algorithm.ES384, Algorithm.PS256, Algorithm.ED25519, Algorithm.RS384, Algorithm.RS512)
Change = Callable[[bytes], bytes]


def key_of(algorithm: Algorithm, *, is_strange: bool = False) -> SigningKey:
    """Ours, or the stranger's, who has a key of the same kind and the same name."""
    made = holder_of(algorithm, is_strange=is_strange)
    return SigningKey.from_pem(made.private, key_id="bus", certificate=made.pem, algorithm=algorithm)


def holder_of(algorithm: Algorithm, *, is_strange: bool = False) -> Holder:
    """With a certificate of the tests' authority, or of another one. RS and PS of all lengths share a key."""
    return _holder(Algorithm.RS256 if algorithm.startswith(("RS", "PS")) else algorithm, is_strange)


@cache
def _holder(algorithm: Algorithm, is_strange: bool) -> Holder:
    now, by = datetime.now(UTC), Issuer.root("Lạ") if is_strange else issuer()
    key = pair_for.__wrapped__(algorithm) if is_strange else pair_for(algorithm)
    return by.person(key=load_pem_private_key(key.pem, None), first=now - DAY, last=now + DAY)


@cache
def issuer() -> Issuer:
    """Whom a receiver of certificates trusts."""
    return Issuer.root()


@cache
def authority(*, is_strange: bool) -> TimeAuthority:
    """Of time: whom we believe, or another."""
    return TimeAuthority.made(Path(mkdtemp(prefix="lienthong-tsa-")))


def _put(old: bytes, new: bytes) -> Change:
    def change(data: bytes) -> bytes:
        assert old in data, old
        return data.replace(old, new, 1)

    return change


def _flipped(opened: bytes) -> Change:
    """Another letter in the first value of such an element."""

    def change(data: bytes) -> bytes:
        at = re.search(opened, data).end() + 3  # type: ignore[union-attr]
        return data[:at] + (b"A" if data[at : at + 1] != b"A" else b"B") + data[at + 1 :]

    return change


def _exchanged(first: bytes, second: bytes) -> Change:
    def change(data: bytes) -> bytes:
        assert {first, second} == {each for each in (first, second) if each in data}, (first, second)
        return data.replace(first, b"\0", 1).replace(second, first, 1).replace(b"\0", second, 1)

    return change


def _less(data: bytes) -> bytes:
    """Without the first reference."""
    return re.sub(rb"<ds:Reference .*?</ds:Reference>", b"", data, count=1, flags=re.DOTALL)


OF_SIGNATURE: Mapping[str, Change] = {
    "digest": _flipped(rb"DigestValue>"), "value": _flipped(rb"SignatureValue[^>]*>"), "reference removed": _less,
    "method": _put(b"xmldsig-more#", b"xmldsig-more#x"),
}  # fmt: skip
OF_DOCUMENT: Mapping[str, Change] = {
    "content": _put(b"0001", b"0002"), "attribute": _put(b'loai="a"', b'loai="b"'), **OF_SIGNATURE,
}  # fmt: skip
ORDER = _exchanged(
    b'<MaHoSo Id="ma" loai="a">H99.12-260706-0001</MaHoSo>', '<ChuHoSo Id="chu">Nguyễn Thị Thử</ChuHoSo>'.encode()
)
MOMENT = {"moment": _put(b"SigningTime>20", b"SigningTime>19")}
CHANGES: Mapping[Kind, Mapping[str, Change]] = {
    Kind.ENVELOPED: {**OF_DOCUMENT, "parts exchanged": ORDER},
    Kind.DETACHED: {**OF_DOCUMENT, "parts exchanged": _exchanged(b' Id="ma"', b' Id="chu"')},
    Kind.ENVELOPING: {**OF_DOCUMENT, "parts exchanged": _exchanged(MA, CHU)},
    Kind.XADES: {**OF_DOCUMENT, **MOMENT, "parts exchanged": ORDER},
    Kind.SOAP: {
        "content": _put("Thử".encode(), "Thừ".encode()), "attribute": _put(b'-to"', b'-tO"'),
        "parts exchanged": _exchanged(b"urn:uuid:1", b"urn:uuid:0"), **OF_SIGNATURE,
        "address": _put(b"//bus.", b"//bad."),
        "moment": lambda data: re.sub(
            rb"(Created>....-..-..T..:..:.)(\d)", lambda at: at[1] + (b"1" if at[2] != b"1" else b"2"), data, count=1),
    },
}  # fmt: skip
OF_CONTAINER: Mapping[str, Change] = {**OF_SIGNATURE, **MOMENT, "attribute": _put(b">text/xml<", b">text/xhtml<")}


def message(**how: str) -> bytes:
    """A SOAP message. Its prefixes are all in small letters: xml-crypto sorts them by language, not by code point."""
    return envelope(**how).replace(b"<S:", b"<s:").replace(b"</S:", b"</s:").replace(b"xmlns:S=", b"xmlns:s=")


def _detached(key: SigningKey) -> bytes:
    references = [write_reference(uri, part, PARTNER_LEGACY) for uri, part in (("#ma", MA), ("#chu", CHU))]
    return spliced(DOCUMENT, write_signature(references, key, hints=write_hints(key)))


def _enveloping(key: SigningKey) -> bytes:
    inside = b'<ds:Object Id="vat">' + MA + CHU + b"</ds:Object>"
    alone = inside.replace(b"<ds:Object", f'<ds:Object xmlns:ds="{NAMESPACE}"'.encode(), 1)
    reference = write_reference("#vat", canonical(alone), PARTNER_LEGACY)
    signature = write_signature((reference,), key, hints=write_hints(key), objects=lambda value: inside)
    return b"<Goi>" + signature + b"</Goi>"


def _rebuilt(sealed: bytes, change: Callable[[str, bytes], bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(sealed)) as old, zipfile.ZipFile(out, "w") as new:
        for entry in old.infolist():
            new.writestr(entry, change(entry.filename, old.read(entry)))
    return out.getvalue()


def _containers(sealed: bytes) -> Iterator[tuple[str, bytes]]:
    for what, change in OF_CONTAINER.items():
        yield what, _rebuilt(sealed, lambda name, data, by=change: by(data) if "signatures" in name else data)
    yield "content", _rebuilt(sealed, lambda name, data: data.replace(b"0001", b"0002"))
    first, second = FILES
    other = {first: FILES[second][1], second: FILES[first][1]}
    yield "parts exchanged", _rebuilt(sealed, lambda name, data: other.get(name, data))


def _signed(kind: Kind, key: SigningKey, now: datetime) -> bytes:
    makers: Mapping[Kind, Callable[[], bytes]] = {
        Kind.ENVELOPED: lambda: sign_enveloped(DOCUMENT, key),
        Kind.DETACHED: lambda: _detached(key),
        Kind.ENVELOPING: lambda: _enveloping(key),
        Kind.SOAP: lambda: secure(message(), key, now=now),
        Kind.XADES: lambda: sign_document(DOCUMENT, key, now=now),
        Kind.ASIC: lambda: seal(FILES, key, now=now),
    }
    return makers[kind]()


def _of_xml(kind: Kind, algorithm: Algorithm, now: datetime) -> Iterator[Sample]:
    good = _signed(kind, key_of(algorithm), now)
    yield Sample(kind, algorithm, "", good)
    changed = _containers(good) if kind is Kind.ASIC else ((what, by(good)) for what, by in CHANGES[kind].items())
    for what, data in changed:
        yield Sample(kind, algorithm, what, data)
    yield Sample(kind, algorithm, "stranger", _signed(kind, key_of(algorithm, is_strange=True), now))


def _of_jws(algorithm: Algorithm) -> Iterator[Sample]:
    key = key_of(algorithm)
    good, other = sign_detached(BODY, key), sign_detached(OTHER, key)
    first, _, value = good.split(".")
    named = to_base64url(base64.urlsafe_b64decode(first + "==").replace(b'"bus"', b'"bvs"'))
    yield Sample(Kind.JWS, algorithm, "", good.encode(), BODY)
    yield Sample(Kind.JWS, algorithm, "content", good.encode(), OTHER)
    yield Sample(Kind.JWS, algorithm, "attribute", f"{named}..{value}".encode(), BODY)
    yield Sample(Kind.JWS, algorithm, "value", _flipped(rb"\.\.")(good.encode()), BODY)
    yield Sample(Kind.JWS, algorithm, "parts exchanged", f"{first}..{other.split('.')[2]}".encode(), BODY)
    yield Sample(
        Kind.JWS, algorithm, "stranger", sign_detached(BODY, key_of(algorithm, is_strange=True)).encode(), BODY
    )


def _of_token() -> Iterator[Sample]:
    def token(data: bytes, *, is_strange: bool = False) -> bytes:
        asked, by = query(data), authority(is_strange=is_strange)
        return accept(by.answer(asked.body), asked, by.trusted()).token

    def flipped(data: bytes, at: int) -> bytes:
        assert at > 0
        return data[:at] + bytes((data[at] ^ 1,)) + data[at + 1 :]

    good, digest = token(BODY), sha256(BODY).digest()
    moment = re.search(rb"\x18\x0f(\d{14}Z)", good)
    assert moment is not None
    made = {
        "": good, "digest": flipped(good, good.index(digest) + 5), "value": flipped(good, len(good) - 20),
        "moment": flipped(good, moment.end() - 2), "parts exchanged": token(OTHER),
        "stranger": token(BODY, is_strange=True),
        "attribute": flipped(good, good.rindex(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x04") + 20),  # messageDigest
    }  # fmt: skip
    for what, data in made.items():
        yield Sample(Kind.TOKEN, Algorithm.RS256, what, data, BODY)
    yield Sample(Kind.TOKEN, Algorithm.RS256, "content", good, OTHER)


@cache
def samples() -> tuple[Sample, ...]:
    """All of them; made once per test process."""
    now = datetime.now(UTC) - timedelta(seconds=1)
    made: list[Sample] = []
    for algorithm in BOTH:
        for kind in CHANGES:
            made += _of_xml(kind, algorithm, now)
        made += (*_of_xml(Kind.ASIC, algorithm, now), *_of_jws(algorithm))
        for version in (SOAP_11, SOAP_12):
            for body in ("<x xmlns=''/>", "<t:x xmlns:t='urn:t' xml:lang='vi'>a&#13;b<![CDATA[<c>&]]></t:x>"):
                secured = secure(message(version=version, body=body), key_of(algorithm), now=now)
                made.append(Sample(Kind.SOAP, algorithm, "", secured, name=f"{version} {body}"))
        for number, document in enumerate(documents()):
            made.append(
                Sample(Kind.ENVELOPED, algorithm, "", sign_enveloped(document, key_of(algorithm)), name=f"{number}")
            )
    for name, shape in SHAPES.items():
        signed = sign_document(shape, key_of(Algorithm.ES256), now=now)
        made.append(Sample(Kind.XADES, Algorithm.ES256, "", signed, name=name))
    for algorithm in FURTHER:
        made += _of_xml(Kind.ENVELOPED, algorithm, now)
    return (*made, *_of_token())
