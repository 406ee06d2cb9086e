"""Secured SOAP messages and lasting signatures measured: rows of (name, value, unit, goal, reached).

The measure is what nobody can do without, in the same run: parse, XSD, the six canonical forms with their SHA-256, one
key operation over an 8 KB message. Outbound is the message read, checked and secured; inbound is the whole gate, with
the certificate judged. Each figure is the median of five ratios.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from statistics import median

from cryptography import x509
from lxml import etree

from schemas import xmldoc
from schemas.problem import Stage
from schemas.validate import Schema
from signing.dsig import sign_enveloped
from signing.gate import GateRules, Passed, pass_gate
from signing.keys import SigningKey, VerifyKey
from signing.policy import PARTNER_SOAP
from signing.trust import Trust, TrustRules, TrustStore
from signing.wss import MemoryReplays, Part, secure
from signing.wss.names import SOAP_11, WSA
from signing.xades import sign_document
from tests.unit.signing.kit import Pair, p256, rsa2048

Row = tuple[str, float, str, str, bool | None]

NOW = datetime(2026, 7, 6, 3, 4, 5, tzinfo=UTC)
ENDPOINT, ACTION = "https://bus.example/soap", "urn:thu:nhan"
_PAPER = "<TepDinhKem><Ten>Đơn đề nghị số {0}</Ten><DuongDan>https://tep.h99.example/{0:04d}</DuongDan></TepDinhKem>"
DOSSIER = f'<HoSo xmlns="urn:thu">{"".join(_PAPER.format(number) for number in range(72))}</HoSo>'
MESSAGE = (
    f'<S:Envelope xmlns:S="{SOAP_11}" xmlns:w="{WSA}"><S:Header><w:Action>{ACTION}</w:Action><w:To>{ENDPOINT}</w:To>'
    f"<w:MessageID>urn:uuid:1</w:MessageID><w:ReplyTo><w:Address>{WSA}/anonymous</w:Address></w:ReplyTo></S:Header>"
    f"<S:Body>{DOSSIER}</S:Body></S:Envelope>"
).encode()
XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"
targetNamespace="urn:thu" elementFormDefault="qualified">
<xs:element name="HoSo"><xs:complexType><xs:sequence><xs:element name="TepDinhKem"
maxOccurs="unbounded"><xs:complexType>
<xs:sequence><xs:element name="Ten" type="xs:string"/><xs:element name="DuongDan" type="xs:anyURI"/></xs:sequence>
</xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element></xs:schema>"""
SIGNED = {Part.BODY, Part.TIMESTAMP, Part.ACTION, Part.TO, Part.MESSAGE_ID, Part.REPLY_TO}
_MEASUREMENTS, _TURNS, _CALLS = 5, 20, 20


def rows() -> Iterator[Row]:
    """Measures everything; half a minute on a quiet machine."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "ho-so.xsd"
        path.write_text(XSD, encoding="utf-8")
        schema = Schema.load(path)
        for name, pair, outbound in (("RSA-2048", rsa2048(), 1.25), ("P-256", p256(), 2.0)):
            yield from _soap(name, pair, schema, outbound)
            yield _lasting(name, pair)


def _soap(name: str, pair: Pair, schema: Schema, goal: float) -> Iterator[Row]:
    key, public = pair.signing(with_certificate=True), pair.trusted()["bus"]
    paper = x509.load_pem_x509_certificate(pair.certificate)
    store = TrustStore.of((paper,), purpose="partner", rules=TrustRules(revocation=False))
    keys = Trust(store, PARTNER_SOAP).keys(now=datetime.now(UTC))
    rules = GateRules(endpoint=ENDPOINT, actions=frozenset({ACTION}), addressed=True, schema=schema)
    secured = secure(MESSAGE, key, now=NOW)

    def outbound() -> bytes:
        root = xmldoc.parse(MESSAGE)
        assert schema.check(root[-1][0], stage=Stage.RECEIVE) == ()
        return secure(root, key, now=NOW)

    def inbound() -> object:
        return pass_gate(secured, rules, keys, replays=MemoryReplays(), now=NOW)

    passed = inbound()
    assert isinstance(passed, Passed), passed
    assert len(passed.parts) == len(SIGNED)
    yield from _ratio(f"outbound, 8 KB, 6 parts, {name}", outbound, _must(MESSAGE, schema, _signs(key)), goal)
    yield from _ratio(
        f"inbound gate, 8 KB, 6 parts, {name}", inbound, _must(secured, schema, _checks(key, public)), 2.5
    )


def _must(message: bytes, schema: Schema, operation: Callable[[], object]) -> Callable[[], object]:
    """What nobody can do without."""

    def work() -> None:
        root = xmldoc.parse(message)
        schema.check(root[-1][0], stage=Stage.RECEIVE)
        for part in (root[-1], *root[0][:4]):
            sha256(xmldoc.c14n(part)).digest()
        sha256(xmldoc.c14n(timestamp)).digest()
        operation()

    created = etree.fromstring("<t xmlns='urn:t'><a>2026-07-06T03:04:05.000Z</a><b>2026-07-06T03:09:05.000Z</b></t>")
    timestamp = created
    return work


def _signs(key: SigningKey) -> Callable[[], object]:
    return lambda: key.sign(b"x" * 2_500)


def _checks(key: SigningKey, public: VerifyKey) -> Callable[[], object]:
    data = b"x" * 2_500
    value = key.sign(data)
    return lambda: public.verify(data, value, key.algorithm)


def _lasting(name: str, pair: Pair) -> Row:
    key, document = pair.signing(with_certificate=True), DOSSIER.encode()
    found = _median(lambda: sign_document(document, key, now=NOW), lambda: sign_enveloped(document, key))
    return _at_most(f"signing: XAdES-B ÷ enveloped, 8 KB, {name}", found, 1.3)


def _ratio(name: str, work: Callable[[], object], must: Callable[[], object], goal: float) -> Iterator[Row]:
    yield _at_most(f"signing: {name} ÷ parse + XSD + c14n + sha256 + key", _median(work, must), goal)


def _median(work: Callable[[], object], measure: Callable[[], object]) -> float:
    return median(_compared(work, measure) for _ in range(_MEASUREMENTS))


def _compared(work: Callable[[], object], measure: Callable[[], object]) -> float:
    """The ratio of the two, in turn, each at its best: whatever else the machine does comes between both alike."""
    best = [float("inf"), float("inf")]
    for _ in range(_TURNS):
        for number, each in enumerate((work, measure)):
            began = time.thread_time()
            for _ in range(_CALLS):
                each()
            best[number] = min(best[number], time.thread_time() - began)
    return best[0] / best[1]


def _at_most(name: str, value: float, goal: float) -> Row:
    return (name, round(value, 2), "", f"≤ {goal:g}", value <= goal)
