"""Secured SOAP messages, both ways, with Apache WSS4J."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import product
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from schemas import xmldoc
from schemas.problem import Refused
from signing.algorithms import XmlDigest, XmlSignature, XmlTransform
from signing.policy import PARTNER_SOAP
from signing.wss import Login, MemoryReplays, Part, Required, Secured, Users, secure, secure_answer, verify_soap
from signing.wss.names import SOAP_11, SOAP_12, WSA
from tests.interop.oracle_world import java, listed, listed_for
from tests.interop.signing_world import Files
from tests.unit.signing.kit import Pair, p256, pair_of, rsa2048
from tests.unit.signing.test_wss import envelope

pytestmark = [pytest.mark.foreign("java", "javac", "wss4j"), pytest.mark.slow]
USER, PASSWORD = "cong-h99", "thu & nghiem"
ADDRESSED = f"{WSA}|Action,{WSA}|To,{WSA}|MessageID,{WSA}|ReplyTo,{WSA}|RelatesTo"
ANSWER = f"<S:Envelope xmlns:S='{SOAP_11}'><S:Body><t:dap xmlns:t='urn:t'>1</t:dap></S:Body></S:Envelope>".encode()
EVERY = "Action Body MessageID RelatesTo ReplyTo Timestamp To"


@cache
def p384() -> Pair:
    """A larger curve."""
    return pair_of(ec.generate_private_key(ec.SECP384R1()))


PAIRS = pytest.mark.parametrize("pair", [p256, p384, rsa2048], ids=["ES256", "ES384", "RS256"])


def _said(files: Files, messages: list[bytes]) -> list[str]:
    return java("Wss4jTool", "verify", PASSWORD, listed_for(files.certificate, files.write(messages)))


def test_wss4j_takes_what_we_secure(tmp_path: Path) -> None:
    """In its strict mode WSS4J finds every part covered that we sign, by each kind of key and in both versions of SOAP,
    and the login right, as digest and as text; also in an answer, which confirms its question."""
    now, rows, expected = datetime.now(UTC), [], []
    for number, (pair, version) in enumerate(product((p256, p384, rsa2048), (SOAP_11, SOAP_12))):
        folder, key = tmp_path / str(number), pair().signing(with_certificate=True)
        folder.mkdir()
        files = Files.of(pair(), folder)
        for login in (None, Login(USER, PASSWORD), Login(USER, PASSWORD, digest=False)):
            (path,) = files.write(
                [secure(envelope(version=version), key, now=now, login=login)], prefix=f"{len(rows)}-"
            )
            rows.append((files.certificate, path))
            expected.append(f"good: {EVERY} user=-" if login is None else f"good: {EVERY} UsernameToken user={USER}")
    files = Files.of(p256(), tmp_path)
    answer = secure_answer(
        ANSWER, p256().signing(with_certificate=True), now=now, relates_to="urn:uuid:1", confirm="AQID"
    )
    rows.append((files.certificate, files.write([answer], prefix="answer-")[0]))
    expected.append("good: Body RelatesTo SignatureConfirmation Timestamp user=-")
    assert java("Wss4jTool", "verify", PASSWORD, listed(tmp_path, rows)) == expected


def test_wss4j_refuses_what_was_changed(tmp_path: Path) -> None:
    """A changed or wrong login and an old message: WSS4J looked at them (at the rest: tests/interop/test_matrix.py)."""
    files, now = Files.of(p256(), tmp_path), datetime.now(UTC)
    good = secure(envelope(), p256().signing(with_certificate=True), now=now, login=Login(USER, PASSWORD))
    messages = [
        good.replace(USER.encode(), b"cong-g99"),
        secure(envelope(), p256().signing(with_certificate=True), now=now, login=Login(USER, "sai")),
        secure(envelope(), p256().signing(with_certificate=True), now=datetime(2026, 7, 6, tzinfo=UTC)),
    ]
    first, *others = _said(files, [good, *messages])
    assert first.startswith("good")
    assert [said for said in others if not said.startswith("error: org.apache.ws.security.WSSecurityException")] == []


def _secured(
    pair, folder: Path, versions: Sequence[str] = (SOAP_11,), *, user: str = "-", form: str = XmlTransform.EXCLUSIVE
) -> list[bytes]:
    """What WSS4J makes of our envelope, in each version of SOAP."""
    files = Files.of(pair(), folder)
    paths = files.write([envelope(version=version) for version in versions])
    methods = {p256: XmlSignature.ES256, p384: XmlSignature.ES384, rsa2048: XmlSignature.RS256}
    jobs = [
        (methods[pair], XmlDigest.SHA256, form, f"{version}|Body,{ADDRESSED}", path)
        for version, path in zip(versions, paths, strict=True)
    ]
    java("Wss4jTool", "secure", files.key, files.certificate, user, PASSWORD, listed(folder, jobs))
    return [Path(f"{path}.secured").read_bytes() for path in paths]


def _read(message: bytes, pair, *, login: bool = False) -> Secured:
    return verify_soap(
        xmldoc.parse(message),
        pair().trusted(),
        PARTNER_SOAP,
        required=Required(login=login),
        replays=MemoryReplays(),
        now=datetime.now(UTC),
        users=Users({USER: PASSWORD}.get),
    )


@PAIRS
def test_we_take_what_wss4j_secures(pair, tmp_path: Path) -> None:
    """Token, timestamp, login with nonce and every addressing header as WSS4J writes them verify, each in its place."""
    for message in _secured(pair, tmp_path, (SOAP_11, SOAP_12), user=USER):
        secured = _read(message, pair, login=True)
        assert set(secured.parts) == set(Part) - {Part.CONFIRMATION}  # an answer has one, and this asks
        assert secured.user == USER
        assert secured.texts[Part.TO] == "https://bus.example/soap"


def test_we_take_the_inclusive_form_of_wss4j(tmp_path: Path) -> None:
    """SignedInfo in inclusive canonical form, as older partners are set up."""
    (message,) = _secured(rsa2048, tmp_path, form=XmlTransform.INCLUSIVE)
    assert _read(message, rsa2048).signed is not None


def test_we_refuse_what_was_changed_after_wss4j(tmp_path: Path) -> None:
    """Its messages are as protected as ours."""
    (message,) = _secured(p256, tmp_path, user=USER)
    assert _read(message, p256, login=True).user == USER
    for old, new in {
        "Thử": "Thu", "bus.example": "bad.example", "urn:uuid:1": "urn:uuid:2", USER: "cong-g99", "Z<": "1Z<",
    }.items():  # fmt: skip
        assert old.encode() in message
        with pytest.raises(Refused):
            _read(message.replace(old.encode(), new.encode(), 1), p256, login=True)
