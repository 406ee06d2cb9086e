"""Content-Type and character set: the HTTP header, the byte order mark and the XML declaration must agree."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass

from adapters.wire.quirks import BOM_BEFORE_PROLOG, DECLARED_CHARSET_LIES, HEADER_CHARSET_LIES
from schemas.charset import canonical_name
from schemas.problem import Problem, Stage, problem

_PARAMETER = re.compile(r""";\s*([A-Za-z0-9_-]+)\s*=\s*("[^"]*"|'[^']*'|[^;\s]*)""")
_DECLARATION = re.compile(rb"""<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_UTF8_MARK = b"\xef\xbb\xbf"


@dataclass(frozen=True, slots=True)
class MediaType:
    """A Content-Type header, read."""

    name: str  # lower case, e.g. "text/xml"; "" = none given
    charset: str  # as given; "" = none
    action: str  # SOAP 1.2 action; "" = none


def media_type(header: str) -> MediaType:
    """Reads a Content-Type header."""
    name, semicolon, rest = header.partition(";")
    found = {key.lower(): value.strip("\"'") for key, value in _PARAMETER.findall(semicolon + rest)}
    return MediaType(name.strip().lower(), found.get("charset", ""), found.get("action", ""))


def charset_of(body: bytes, declared: str, *, quirks: Collection[str] = (), stage: Stage) -> str | Problem | None:
    """The charset to read an XML body in; None = the document says it itself.

    `declared` is the charset of the HTTP header, "" where it has none. Header and XML declaration must agree,
    unless the partner is known to lie in one of them. The byte order mark is the parser's business.
    """
    if HEADER_CHARSET_LIES in quirks:
        declared = ""
    if DECLARED_CHARSET_LIES in quirks:
        return declared or "utf-8"
    inside = _declaration(body)
    if declared and inside and canonical_name(declared) != canonical_name(inside):
        return problem("LT-WIRE-003", stage, {"header": declared, "document": inside})
    return declared or None


def without_marks(body: bytes, quirks: Collection[str]) -> bytes:
    """The body without the byte order marks and blanks some partners put before the prolog, where declared."""
    if BOM_BEFORE_PROLOG not in quirks:
        return body
    while True:
        cut = body.removeprefix(_UTF8_MARK).lstrip(b" \t\r\n")
        if cut == body:
            return body
        body = cut


def charsets(quirks: Collection[str]) -> tuple[str, ...]:
    """Charsets declared for a partner beside UTF-8, as quirks named "charset-…"."""
    return tuple(quirk.removeprefix("charset-") for quirk in quirks if quirk.startswith("charset-"))


def _declaration(body: bytes) -> str:
    head = body[:400].replace(b"\x00", b"") if body[:2] in (b"\xff\xfe", b"\xfe\xff") else body[:400]
    found = _DECLARATION.search(head)
    return found.group(1).decode("ascii") if found else ""
