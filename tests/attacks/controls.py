"""Controls: messages that say the same in other letters, and unusual ones that are in order. All must be taken; without
them a gate that refuses everything would pass the corpus.
"""

from __future__ import annotations

import codecs
import io
import zipfile
from datetime import timedelta

from cryptography.hazmat.primitives.asymmetric import rsa

from schemas import jsondoc, xmldoc
from signing.algorithms import Algorithm
from signing.jws import sign_detached, verify_detached
from signing.policy import BUS_SOAP
from signing.stamp import accept, query
from signing.wss import MemoryReplays, Users, secure
from signing.wss.names import SOAP_12, WSA
from signing.xades import LongTerm, sign_document
from tests.attacks.algorithm import PSS
from tests.attacks.containers import good, opened
from tests.attacks.content import against_schema
from tests.attacks.corpus import INERT, TAKEN, Case, Category, cases, said
from tests.attacks.documents import GOOD, by_id, document, package
from tests.attacks.lasting import lasting
from tests.attacks.soap import ADDRESSING, CONTENT, IDS, NOW, TIMESTAMP, envelope, psk, rules, sent, signed
from tests.attacks.time_world import clock
from tests.attacks.trusting import by, lists, middle, person, root, store
from tests.attacks.web import USERS, login, username_token
from tests.unit.signing.forge import forge
from tests.unit.signing.issuer import DAY
from tests.unit.signing.kit import DOSSIER, p256, rsa2048


def _same(old: str, new: str, content: str = CONTENT) -> str:
    """Written otherwise on the way; it says the same."""
    text = signed(envelope(content=content)).decode()
    assert old in text, old
    return sent(text.replace(old, new).encode())


def _honest(outcome: str) -> str:
    """A document is taken as it was meant."""
    return TAKEN if outcome == INERT else f"not taken: {outcome}"


LEXICAL = {
    "as it is": (lambda: sent(signed()), TAKEN),
    "double quotes": (lambda: _same("'", '"'), TAKEN),
    "CDATA for a text": (lambda: _same("H99.12-260706-0001", "<![CDATA[H99.12-260706-0001]]>"), TAKEN),
    "CDATA for a part of a text": (lambda: _same("H99.12-260706-0001", "H99<![CDATA[.12]]>-260706-0001"), TAKEN),
    "references for letters": (lambda: _same("H99.12", "&#72;&#x39;9.12"), TAKEN),
    "references for the five signs": (lambda: _same("a &amp; b", "a &#38; b", CONTENT.replace("H99", "a &amp; b H99")), TAKEN),
    "white space in tags": (lambda: _same("</t:ma>", "</t:ma \n>"), TAKEN),
    "white space between attributes": (lambda: _same("<S:Body wsu:Id='body'>", "<S:Body\n\twsu:Id = 'body' >"), TAKEN),
    "order of attributes": (lambda: _same("k='1' l='2'", "l='2' k='1'", CONTENT.replace("<t:ma", "<t:ma k='1' l='2'")), TAKEN),
    "order of namespaces": (
        lambda: _same("xmlns:t='urn:t' xmlns:v='urn:v'", "xmlns:v='urn:v' xmlns:t='urn:t'", CONTENT.replace("xmlns:t='urn:t'", "xmlns:t='urn:t' xmlns:v='urn:v'")), TAKEN),
    "an empty element in two tags": (lambda: _same("<t:trong/>", "<t:trong></t:trong>", CONTENT.replace("<t:ma>", "<t:trong/><t:ma>")), TAKEN),
    "a namespace nobody uses": (lambda: _same("<S:Header>", "<S:Header xmlns:khong='urn:khong'>"), TAKEN),
    "a namespace declared again": (lambda: _same("<t:ma>", "<t:ma xmlns:t='urn:t'>"), TAKEN),
    "line ends of another system": (lambda: _same("dòng\n", "dòng\r\n", CONTENT.replace("H99", "dòng\nH99")), TAKEN),
    "a byte order mark": (lambda: sent(codecs.BOM_UTF8 + signed()), TAKEN),
    "an XML declaration": (lambda: sent(b"<?xml version='1.0' encoding='UTF-8' standalone='yes'?>\n" + signed()), TAKEN),
    "line feeds around it": (lambda: sent(signed() + b"\r\n\r\n"), TAKEN),
    "line feeds between the headers": (lambda: _same("<w:To", "\n  <w:To"), TAKEN),
    "line feeds in the token": (lambda: _same("'>MII", "'>\n  MII"), TAKEN),
    "CDATA that looks like a comment": (
        lambda: sent(signed(envelope(content=CONTENT.replace("H99", "<![CDATA[<!-- H99 -->]]>")))), TAKEN),
}  # fmt: skip


def _nonce_of_another() -> str:
    """By a user who is not known, with the password that stands for none."""
    replays = MemoryReplays()
    assert login(username_token(user="khac", password="\0"), replays=replays) != TAKEN
    two = Users({"so_nn": "mật khẩu", "khac": "khác"}.get)
    assert login(username_token(user="khac", password="khác"), replays=replays, users=two) == TAKEN
    return login(username_token(), replays=replays, users=two)


SOAP = {
    "SOAP 1.2": (lambda: sent(signed(envelope(version=SOAP_12))), TAKEN),
    "SOAP 1.2 for the ultimate receiver": (
        lambda: sent(signed(envelope(version=SOAP_12, role=f" S:role='{SOAP_12}/role/ultimateReceiver'"))), TAKEN),
    "content without a prefix": (lambda: sent(signed(envelope(content="<hoSo xmlns='urn:t'><ma>1</ma></hoSo>"))), TAKEN),
    "content without a namespace": (lambda: sent(signed(envelope(content="<hoSo><ma xmlns=''>1</ma></hoSo>"))), TAKEN),
    "RSA": (lambda: sent(signed(pair=rsa2048())), TAKEN),
    "RSA-PSS": (
        lambda: sent(signed(pair=rsa2048(), key=psk(Algorithm.PS256), method=f"{PSS}sha256-rsa-MGF1")), TAKEN),
    "our own client": (lambda: _ours(), TAKEN),
    "RelatesTo, signed": (
        lambda: sent(signed(envelope(addressing={**ADDRESSING, "rel": "<w:RelatesTo wsu:Id='rel'>urn:uuid:0</w:RelatesTo>"}), ids=(*IDS, "rel"))), TAKEN),
    "a header of somebody else": (lambda: sent(signed(envelope(more_headers="<x:y xmlns:x='urn:x'>z</x:y>"))), TAKEN),
    "FaultTo anonymous": (
        lambda: sent(signed(envelope(more_headers=f"<w:FaultTo><w:Address>{WSA}/anonymous</w:Address></w:FaultTo>"))), TAKEN),
    "From of the sender": (lambda: sent(signed(envelope(more_headers="<w:From><w:Address>urn:so</w:Address></w:From>"))), TAKEN),
    "no Expires": (lambda: sent(signed(envelope(timestamp=TIMESTAMP.partition("<wsu:Expires>")[0] + "</wsu:Timestamp>"))), TAKEN),
    "nanoseconds": (lambda: sent(signed(envelope(timestamp=TIMESTAMP.replace("05Z", "05.123456789Z")))), TAKEN),
    "our clock behind": (lambda: sent(signed(), now=NOW - timedelta(seconds=299)), TAKEN),
    "our clock before": (lambda: sent(signed(), now=NOW + timedelta(seconds=599)), TAKEN),
    "names of ids as they come": (lambda: sent(signed().replace(b"'tok'", b"'_-.x'").replace(b"#tok", b"#_-.x")), TAKEN),
    "content by its schema": (lambda: against_schema(CONTENT), TAKEN),
    "a login by digest": (lambda: login(username_token()), TAKEN),
    "a login whose nonce a stranger tried to spend": (_nonce_of_another, TAKEN),
    "a login that is signed": (
        lambda: sent(signed(envelope(security=username_token()), ids=(*IDS, "ut")), users=USERS), TAKEN),
    "a certificate judged by its path": (lambda: by(person()), TAKEN),
    "a certificate of an RSA key judged by its path": (lambda: by(middle().person(key=rsa.generate_private_key(65537, 2048))), TAKEN),
    "a certificate without key usage": (lambda: by(middle().person(bits=None)), TAKEN),
    "a pinned certificate whose authority nobody knows": (lambda: by(person(), store(None, person().paper)), TAKEN),
}  # fmt: skip


def _ours() -> str:
    text = envelope(addressing={name: each.replace(f" wsu:Id='{name}'", "") for name, each in ADDRESSING.items()})
    start, end = text.index("<wsse:Security"), text.index("</wsse:Security>") + len("</wsse:Security>")
    bare = (text[:start] + text[end:]).replace(" wsu:Id='body'", "")
    made = secure(bare.encode(), p256().signing(with_certificate=True), now=NOW)
    return sent(made, rules(policy=BUS_SOAP), keys=p256().trusted())


def _described() -> bytes:
    """Written to a stream: sizes stand behind each entry."""

    class Stream(io.RawIOBase):
        """Cannot go back."""

        def __init__(self) -> None:
            self.data = bytearray()

        def writable(self) -> bool:
            return True

        def write(self, data: bytes) -> int:
            self.data += data
            return len(data)

    out = Stream()
    with zipfile.ZipFile(io.BytesIO(good())) as source, zipfile.ZipFile(out, "w") as made:  # type: ignore[arg-type]
        for entry in source.infolist():
            made.writestr(entry, source.read(entry))
    return bytes(out.data)


def _stamped() -> str:
    asked = query(b"hello")
    accept(clock().answer(asked.body), asked, clock().trusted())
    return TAKEN


def _lasting(**how: object) -> str:
    made = sign_document(DOSSIER, person().signing(), now=NOW, **how)  # type: ignore[arg-type]
    return _honest(lasting(made))


def _stamper(data: bytes) -> bytes:
    asked = query(data)
    return accept(clock().answer(asked.body), asked, clock().trusted()).token


def _revoked_later() -> str:
    """The verifier knows of the revocation; the signature is older, and carries what was known then."""
    issuer = root().below("Cấp thu hồi sau")
    holder = issuer.person()
    then = issuer.crl()
    issuer.revoke(holder, at=NOW + 20 * DAY)
    later = NOW + 30 * DAY
    made = sign_document(
        DOSSIER, holder.signing(), now=NOW, stamper=_stamper, keep=LongTerm(lists=(then, root().crl()))
    )
    newest = lists(issuer.crl(at=later - DAY, next_at=later + DAY, number=2), of=(root(),))
    return _honest(lasting(made, now=later, signers=store(newest, root().paper, issuer.paper)))


OTHER = {
    "a document signed as a whole": (lambda: _honest(document(forge(p256().signing()))), TAKEN),
    "an element signed by its id": (lambda: _honest(document(package(GOOD + by_id()))), TAKEN),
    "a container": (lambda: _honest(opened(good())), TAKEN),
    "a container written to a stream": (lambda: _honest(opened(_described())), TAKEN),
    "XAdES-B": (lambda: _lasting(), TAKEN),
    "XAdES-T": (lambda: _lasting(stamper=_stamper), TAKEN),
    "XAdES-LT": (lambda: _lasting(stamper=_stamper, keep=LongTerm(lists=(middle().crl(),))), TAKEN),
    "XAdES-LT, its certificate revoked after the stamp": (_revoked_later, TAKEN),
    "a time-stamp": (_stamped, TAKEN),
    "JWS by an EC key": (lambda: said(verify_detached(DOSSIER, sign_detached(DOSSIER, p256().signing()), p256().trusted())), TAKEN),
    "JWS by an RSA key": (lambda: said(verify_detached(b"", sign_detached(b"", rsa2048().signing()), rsa2048().trusted())), TAKEN),
    "JSON with a mark, escapes and a pair of surrogates": (lambda: _read_json(codecs.BOM_UTF8 + b'{"a":["\\ud83d\\ude00",1.5e3,"\\u00e0"]}'), TAKEN),
    "JSON 64 deep": (lambda: _read_json(b"[" * 64 + b"]" * 64), TAKEN),
    "XML 64 deep": (lambda: _read_xml(b"<a>" * 64 + b"</a>" * 64), TAKEN),
    "XML with 256 attributes": (lambda: _read_xml(b"<a " + b" ".join(b"b%d='x'" % n for n in range(256)) + b"/>"), TAKEN),
    "XML in UTF-16 with its mark": (lambda: _read_xml("<a>Thử</a>".encode("utf-16")), TAKEN),
}  # fmt: skip


def _read_json(body: bytes) -> str:
    jsondoc.loads(body)
    return TAKEN


def _read_xml(body: bytes) -> str:
    xmldoc.parse(body)
    return TAKEN


CASES: list[Case] = [
    *cases(Category.CONTROL, LEXICAL),
    *cases(Category.CONTROL, SOAP),
    *cases(Category.CONTROL, OTHER),
]
