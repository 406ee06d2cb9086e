"""Bodies as they are kept: compressed where that helps, locked where there is a key. Packed in the caller's thread,
not in the writer's.
"""

from __future__ import annotations

import zlib
from dataclasses import dataclass

from sqlalchemy import Connection, RowMapping

from bus.journal import tables as t
from bus.journal.moments import from_us
from bus.journal.vault import OPEN, Bound, Vault, split
from bus.records.retaining import ErasedMark
from schemas.message import Message, sha256_hex

RAW, CANONICAL = "raw", "canonical"
_ERASED = "erased:"  # a coding: "erased:MICROSECONDS:RULE"; the data is empty
IS_ERASED = t.bodies.c.coding.like(f"{_ERASED}%")
_LONG, _SAMPLE = 32 * 1024, 8 * 1024  # bytes
_REPEATS = 0.6  # a text with repeats shrinks to less; base64 to three quarters


@dataclass(frozen=True, slots=True)
class Packed:
    """One body ready to be written."""

    media_type: str
    sha256: str
    size: int
    coding: str
    data: bytes


def pack(body: bytes, media_type: str, *, of: str = "", role: str = "", vault: Vault = OPEN) -> Packed:
    """Compresses at the quickest level: XML shrinks to a fifth, and the disk is the slower part. Then locks it, if the
    vault has an active key, to its place: the role it has in message `of`."""
    squeezed = _squeezed(body) if len(body) > 256 else body
    small = len(squeezed) < len(body)
    digest, coding, data = sha256_hex(body), "zlib" if small else "", squeezed if small else body
    if vault.active:
        coding, data = vault.lock(data, coding, Bound(of, role, digest))
    return Packed(media_type, digest, len(body), coding, data)


def pack_message(message: Message, role: str, vault: Vault) -> Packed:
    """A message's own body."""
    return pack(message.body, message.media_type, of=message.envelope.id, role=role, vault=vault)


def _squeezed(body: bytes) -> bytes:
    """What hardly repeats itself in the middle (an attachment) is compressed by the frequency of its signs alone:
    as small, in a third of the time."""
    part = body[len(body) // 2 :][:_SAMPLE]
    if len(body) < _LONG or len(zlib.compress(part, 1)) < _REPEATS * len(part):
        return zlib.compress(body, 1)
    quick = zlib.compressobj(1, zlib.DEFLATED, zlib.MAX_WBITS, zlib.DEF_MEM_LEVEL, zlib.Z_HUFFMAN_ONLY)
    return quick.compress(body) + quick.flush()


def unpack(coding: str, data: bytes) -> bytes:
    """The bytes as they were, of what is not locked."""
    return zlib.decompress(data) if coding == "zlib" else data


def erased_coding(*, at_us: int, rule: str) -> str:
    """The coding of a body whose bytes are gone, and with them its wrapped data key."""
    return f"{_ERASED}{at_us}:{rule}"


def erased_mark(coding: str) -> ErasedMark | None:
    """When and by which rule it was erased; None = it is kept."""
    if not coding.startswith(_ERASED):
        return None
    at_us, _, rule = coding.removeprefix(_ERASED).partition(":")
    return ErasedMark(from_us(int(at_us)), rule)


def body_of(connection: Connection, row: RowMapping) -> bytes:
    """The bytes of a row as they were; none of what was erased. The keys are the connection's: see `Engines.hold`.

    Raises:
        BodyUnreadable: the key is not there, or they were altered.
    """
    coding, data = row["coding"], row["data"]
    if split(coding)[1]:
        vault: Vault = connection.get_execution_options().get("vault", OPEN)
        coding, data = vault.open(coding, data, Bound(row["message_id"], row["role"], row["sha256"]))
    return unpack(coding, data)


def content_role(endpoint: str, *, replaced: int = 0) -> str:
    """What was sent to an endpoint; with `replaced` = the number of the replay that did away with it."""
    return f"content#{replaced}@{endpoint}" if replaced else f"content@{endpoint}"


def signature_role(endpoint: str, *, replaced: int = 0) -> str:
    """The detached signature of that content."""
    return f"signature#{replaced}@{endpoint}" if replaced else f"signature@{endpoint}"


def reply_role(endpoint: str, number: int) -> str:
    """What an endpoint replied to one attempt."""
    return f"reply:{number}@{endpoint}"
