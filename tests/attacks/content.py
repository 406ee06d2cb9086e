"""Attacks on what is read: texts cut in two, look-alikes, namespaces undone; answers sent to somebody else; valid
signatures over invalid content."""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

from schemas.validate import Schema
from signing.wss import Required
from signing.wss.names import WSA
from tests.attacks.corpus import Case, Category, cases
from tests.attacks.soap import ADDRESSING, CONTENT, IDS, envelope, rules, sent, signed

NAME = "Nguyễn Thị Thử"
NAMED = CONTENT.replace("<t:ma>", f"<t:ten>{NAME}</t:ten><t:ma>")
THIRD = "http://169.254.169.254/latest/meta-data"
ANY = rules(endpoint="", actions=frozenset(), addressed=False)


def _after(old: str, new: str, content: str = NAMED) -> str:
    """Changed on the way: after it was signed."""
    text = signed(envelope(content=content)).decode()
    assert old in text, old
    return sent(text.replace(old, new, 1).encode())


def _inside(old: str, new: str) -> str:
    """By an insider: before it is signed."""
    text = envelope()
    assert old in text, old
    return sent(signed(text.replace(old, new, 1)))


CONTENTS = {
    "comment in a text, put there on the way": (lambda: _after("H99.12", "H99<!---->.12"), "guard"),
    "comment in a text, signed": (lambda: _inside("H99.12", "H99<!-- x -->.12"), "guard"),
    "comment before the root": (lambda: sent(b"<!-- x -->" + signed()), "guard"),
    "comment after the root": (lambda: sent(signed() + b"<!-- x -->"), "guard"),
    "comment in wsa:To": (lambda: _after("https://bus.example/soap", "https://bus.example/soap<!---->"), "guard"),
    "instruction in a text": (lambda: _after("H99.12", "H99<?x?>.12"), "guard"),
    "instruction before the root": (lambda: sent(b"<?x y?>" + signed()), "guard"),
    "instruction that looks like the declaration": (lambda: sent(b"<?xml-stylesheet href='http://x.example/'?>" + signed()), "guard"),
    "a second declaration": (lambda: sent(b"<?xml version='1.0'?><?xml version='1.0'?>" + signed()), "guard parse"),
    "comment in UTF-16 that the channel announces": (
        lambda: sent(signed(envelope(content=CONTENT)).decode().replace("H99", "H99<!---->").encode("utf-16-le"), charset="utf-16le"), "parse guard"),
    "comment in UTF-16 with its mark": (
        lambda: sent(signed().decode().replace("H99", "H99<!---->").encode("utf-16"), charset="utf-16"), "guard"),
    "comment that begins in CDATA": (lambda: _after("H99.12", "<![CDATA[H99]]><!--]]>-->.12"), "guard"),
    "comment behind an unfinished CDATA": (lambda: _after("H99.12", "<![CDATA[H99.12"), "parse guard"),
    "letters decomposed": (lambda: _after(NAME, unicodedata.normalize("NFD", NAME)), "signature"),
    "letters composed": (
        lambda: _after(unicodedata.normalize("NFD", NAME), NAME, NAMED.replace(NAME, unicodedata.normalize("NFD", NAME))), "signature"),
    "compatibility letters": (lambda: _after("H99", "\uff28\uff19\uff19"), "signature"),
    "Cyrillic look-alike": (lambda: _after("H99", "\u041d99"), "signature"),
    "zero-width space": (lambda: _after("H99", "H\u200b99"), "signature"),
    "text direction turned": (lambda: _after("H99", "\u202eH99"), "signature"),
    "no-break space": (lambda: _after("Thị Thử", "Thị\u00a0Thử"), "signature"),
    'xmlns="" put in': (lambda: _after("<t:ma>", "<t:ma xmlns=''><x/>"), "signature"),
    'xmlns="" over unprefixed content': (
        lambda: _after("<ma>", "<ma xmlns=''>", "<hoSo xmlns='urn:t'><ma>1</ma></hoSo>"), "signature"),
    "default namespace taken away": (lambda: _after(" xmlns='urn:t'", "", "<hoSo xmlns='urn:t'><ma>1</ma></hoSo>"), "signature"),
    "carriage return put in": (lambda: _after("H99.12", "H99.12&#13;"), "signature"),
    "line feed put in": (lambda: _after("H99.12", "H99.12\n"), "signature"),
    "white space put between elements": (lambda: _after("</t:ma>", "</t:ma> "), "signature"),
    "white space taken from an attribute": (lambda: _after("k='a b'", "k='ab'", NAMED.replace("<t:ma", "<t:ma k='a b'")), "signature"),
    "attribute put in": (lambda: _after("<t:ma>", "<t:ma k='1'>"), "signature"),
    "xml:lang put in": (lambda: _after("<t:ma>", "<t:ma xml:lang='en'>"), "signature"),
    "xsi:nil put in": (
        lambda: _after("<t:ma>", "<t:ma xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:nil='true'>"), "signature"),
    "CDATA that holds markup for a careless reader": (lambda: _after("H99.12", "<![CDATA[<t:ma>H99.12]]>"), "signature"),
    "text split by an empty element": (lambda: _after("H99.12", "H99<t:x/>.12"), "signature"),
    "elements exchanged": (
        lambda: _after("<t:ma>H99.12-260706-0001</t:ma><t:soTien>1000000</t:soTien>", "<t:soTien>1000000</t:soTien><t:ma>H99.12-260706-0001</t:ma>"), "signature"),
    "element doubled": (lambda: _after("<t:soTien>", "<t:soTien>1</t:soTien><t:soTien>"), "signature"),
    "relative namespace": (lambda: _after("xmlns:t='urn:t'", "xmlns:t='t'"), "signature"),
}  # fmt: skip


def _address(name: str, inside: str, *, signed_ids: tuple[str, ...] = IDS) -> str:
    """One addressing header for another, rightly signed."""
    return sent(signed(envelope(addressing={**ADDRESSING, name: inside}), ids=signed_ids))


def _reply(address: str, name: str = "ReplyTo", more: str = "") -> str:
    return f"<w:{name} wsu:Id='rep'><w:Address>{address}</w:Address>{more}</w:{name}>"


def _login_only(to: str) -> str:
    """Unsigned, from a partner without a certificate."""
    text = envelope(addressing={**ADDRESSING, "to": f"<w:To>{to}</w:To>"}, paper="").replace("@", "")
    return sent(text.encode(), rules(required=Required(signature=False), addressed=False))


OLD = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
ADDRESSED = {
    "wsa:To of another service": (lambda: _address("to", "<w:To wsu:Id='to'>https://khac.example/soap</w:To>"), "addressing"),
    "wsa:To that only begins like ours": (lambda: _address("to", "<w:To wsu:Id='to'>https://bus.example/soap.x.example</w:To>"), "addressing"),
    "wsa:To in other case": (lambda: _address("to", "<w:To wsu:Id='to'>https://BUS.example/SOAP</w:To>"), "addressing"),
    "wsa:To with an element in it": (lambda: _address("to", "<w:To wsu:Id='to'>https://bus.example/soap<x/>.khac</w:To>"), "structure"),
    "wsa:To empty": (lambda: _address("to", "<w:To wsu:Id='to'/>"), "addressing"),
    "no wsa:To": (lambda: _address("to", ""), "addressing"),
    "no wsa:MessageID": (lambda: _address("mid", ""), "addressing"),
    "wsa:MessageID of ten thousand characters": (lambda: _address("mid", f"<w:MessageID wsu:Id='mid'>urn:{'x' * 10_000}</w:MessageID>"), "addressing"),
    "no wsa:Action": (lambda: _address("act", ""), "addressing"),
    "another wsa:Action": (lambda: _address("act", "<w:Action wsu:Id='act'>urn:thu:xoa</w:Action>"), "addressing"),
    "wsa:Action twice": (lambda: _address("act", ADDRESSING["act"] + "<w:Action>urn:thu:xoa</w:Action>"), "structure"),
    "wsa:ReplyTo to the metadata of a cloud": (lambda: _address("rep", _reply(THIRD)), "addressing"),
    "wsa:ReplyTo to this machine": (lambda: _address("rep", _reply("http://localhost:6379/")), "addressing"),
    "wsa:ReplyTo to a file": (lambda: _address("rep", _reply("file:///etc/hostname")), "addressing"),
    "wsa:ReplyTo to nowhere": (lambda: _address("rep", _reply(f"{WSA}/none")), "addressing"),
    "wsa:ReplyTo without an address": (lambda: _address("rep", "<w:ReplyTo wsu:Id='rep'/>"), "structure"),
    "wsa:ReplyTo twice": (lambda: _address("rep", _reply(f"{WSA}/anonymous") + f"<w:ReplyTo><w:Address>{THIRD}</w:Address></w:ReplyTo>"), "structure"),
    "wsa:ReplyTo with a second address": (lambda: _address("rep", _reply(f"{WSA}/anonymous", more=f"<w:Address>{THIRD}</w:Address>")), "structure"),
    "wsa:ReplyTo with an element in its address": (lambda: _address("rep", _reply(f"{WSA}/anonymous<x>{THIRD}</x>")), "structure"),
    "wsa:FaultTo to a third party": (lambda: _address("flt", _reply(THIRD, "FaultTo").replace("rep", "flt"), signed_ids=(*IDS, "flt")), "addressing"),
    "wsa:FaultTo to a third party, unsigned": (lambda: _address("flt", _reply(THIRD, "FaultTo").replace("'rep'", "'flt'")), "addressing"),
    "wsa:FaultTo twice": (
        lambda: _address("flt", _reply(f"{WSA}/anonymous", "FaultTo").replace("'rep'", "'flt'") + _reply(THIRD, "FaultTo").replace("'rep'", "'f2'")), "addressing structure"),
    "unknown header of WS-Addressing": (lambda: _address("x", "<w:ReplyAfter>x</w:ReplyAfter>"), "structure"),
    "RelatesTo that nobody signed": (lambda: _address("x", "<w:RelatesTo>urn:uuid:9</w:RelatesTo>"), "signature"),
    "To of an older WS-Addressing": (lambda: _address("x", f"<o:To xmlns:o='{OLD}'>x</o:To>"), "structure"),
    "ReplyTo of an older WS-Addressing": (lambda: _address("x", f"<o:ReplyTo xmlns:o='{OLD}'><o:Address>{THIRD}</o:Address></o:ReplyTo>"), "structure"),
    "unsigned, with login only, to another service": (lambda: _login_only("https://khac.example/soap"), "addressing"),
}  # fmt: skip


@cache
def _schema() -> Schema:
    return Schema.load(Path(__file__).with_name("ho_so.xsd"))


def against_schema(content: str) -> str:
    """Rightly signed, and judged by the schema."""
    return sent(signed(envelope(content=content)), rules(schema=_schema()))


SCHEMA = {
    "nothing in the Body": (lambda: against_schema(""), "schema"),
    "two contents in the Body": (lambda: against_schema(CONTENT + CONTENT), "schema"),
    "another root": (lambda: against_schema("<t:khac xmlns:t='urn:t'/>"), "schema"),
    "another namespace": (lambda: against_schema(CONTENT.replace("urn:t", "urn:u")), "schema"),
    "an element too many": (lambda: against_schema(CONTENT.replace("</t:hoSo>", "<t:x/></t:hoSo>")), "schema"),
    "an element missing": (lambda: against_schema(CONTENT.replace("<t:ma>H99.12-260706-0001</t:ma>", "")), "schema"),
    "an attribute too many": (lambda: against_schema(CONTENT.replace("<t:ma>", "<t:ma x='1'>")), "schema"),
    "a negative sum": (lambda: against_schema(CONTENT.replace("1000000", "-1000000")), "schema"),
    "a sum in other digits": (lambda: against_schema(CONTENT.replace("1000000", "１０")), "schema"),
    "a sum of infinity": (lambda: against_schema(CONTENT.replace("1000000", "INF")), "schema"),
    "xsi:type of another type": (
        lambda: against_schema(CONTENT.replace("<t:ma>", "<t:ma xmlns:i='http://www.w3.org/2001/XMLSchema-instance' xmlns:x='http://www.w3.org/2001/XMLSchema' i:type='x:integer'>")), "schema"),
    "text between elements": (lambda: against_schema(CONTENT.replace("<t:ma>", "x<t:ma>")), "schema"),
    "a schema of its own": (
        lambda: against_schema(CONTENT.replace("urn:t'>", "urn:v' xmlns:i='http://www.w3.org/2001/XMLSchema-instance' i:schemaLocation='urn:v http://127.0.0.1:1/v.xsd'>")), "schema"),
}  # fmt: skip

CASES: list[Case] = [
    *cases(Category.CONTENT, CONTENTS),
    *cases(Category.ADDRESSING, ADDRESSED),
    *cases(Category.SCHEMA, SCHEMA),
]
