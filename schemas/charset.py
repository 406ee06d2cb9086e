"""Which charset bytes are in, and their UTF-8 form. Declared, never guessed."""

from __future__ import annotations

import codecs
import re

from schemas.legacy_text import LEGACY_CHARSETS, decode_legacy
from schemas.problem import Place, Problem, Stage, problem

UTF8 = "utf-8"
UTF16 = "utf-16"
ALWAYS = (UTF8, UTF16)  # UTF-16 only with a BOM
_BLOCK = 65_536
_NAMES = {
    "utf8": UTF8,
    "utf-8": UTF8,
    "us-ascii": UTF8,
    "ascii": UTF8,
    "utf16": UTF16,
    "utf-16": UTF16,
    "utf-16le": UTF16,
    "utf-16be": UTF16,
    "unicode": UTF16,  # what .NET's Encoding.Unicode calls itself in old headers
}
_BOMS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16 LE, whose BOM it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, UTF8),
    (codecs.BOM_UTF16_LE, UTF16),
    (codecs.BOM_UTF16_BE, UTF16),
)
_DECLARED = re.compile(rb"""^<\?xml[^>]{0,200}?\sencoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")


def canonical_name(charset: str) -> str:
    """One name for each charset we know; any other name comes back in lower case.

    >>> canonical_name("UTF8"), canonical_name("windows-1258"), canonical_name("Big5")
    ('utf-8', 'cp1258', 'big5')
    """
    name = charset.strip().strip("\"'").lower().replace("_", "-")
    return _NAMES.get(name) or LEGACY_CHARSETS.get(name, name)


def charset_of(
    body: bytes, declared: str | None, *, extra: tuple[str, ...] = (), stage: Stage = Stage.PARSE
) -> str | Problem:
    """The charset to read `body` with: its BOM, else the channel's word, else the XML declaration, else UTF-8.

    The channel's word stands over the XML declaration: text inside a string often still says utf-16.
    `extra` are the charsets declared for this partner. Source: rfc7303
    """
    allowed = (*ALWAYS, *(canonical_name(name) for name in extra))
    bom = next((name for mark, name in _BOMS if body.startswith(mark)), None)
    said = canonical_name(declared) if declared else None
    if bom is not None and said is not None and bom != said:
        return problem("LT-TEXT-004", stage, {"bom": bom, "charset": said})
    written = _DECLARED.match(body)
    name = bom or said or (canonical_name(written[1].decode("ascii")) if written else UTF8)
    if name not in allowed:
        return problem("LT-TEXT-001", stage, {"charset": name, "allowed": ", ".join(allowed)})
    if bom is None and (name == UTF16 or body[:2] in (b"<\0", b"\0<")):
        return problem("LT-TEXT-003", stage)
    return name


def to_utf8(body: bytes, charset: str, *, stage: Stage = Stage.PARSE) -> bytes | Problem:
    """The same text in UTF-8, without BOM; UTF-8 bytes come back as they are, unchecked."""
    if charset == UTF8:
        return body
    if charset != UTF16:
        try:
            return decode_legacy(body, charset).encode(UTF8)
        except UnicodeDecodeError as fault:
            return _misfit(body, fault.start, charset, stage=stage)
    decoder, made = codecs.getincrementaldecoder(UTF16)(), bytearray()
    for start in range(0, len(body), _BLOCK):
        try:
            text = decoder.decode(body[start : start + _BLOCK], start + _BLOCK >= len(body))
        except UnicodeDecodeError:
            return _misfit(body, start, charset, stage=stage)
        made += text.encode(UTF8)
    return bytes(made)


def utf8_fault(body: bytes, *, stage: Stage = Stage.PARSE) -> Problem | None:
    """The first byte that is not UTF-8, or None. In blocks: costs no memory."""
    start = 0
    while start < len(body):
        block = body[start : start + _BLOCK]
        try:
            block.decode(UTF8)
            start += len(block)
        except UnicodeDecodeError as fault:
            if fault.start == 0 or (fault.end < len(block) or start + len(block) == len(body)):
                return _misfit(body, start + fault.start, UTF8, stage=stage)
            start += fault.start  # a character cut by the block's end: look at it again
    return None


def _misfit(body: bytes, offset: int, charset: str, *, stage: Stage) -> Problem:
    line = body.count(b"\n", 0, offset) + 1
    found = problem("LT-TEXT-002", stage, {"offset": offset + 1, "line": line, "charset": charset})
    return found.at(theirs=Place("message", line, f"byte {offset + 1}"))
