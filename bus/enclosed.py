"""Files inside a canonical message: where they stand, and which may carry signatures. Pure."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from bus.canonical import text_at
from schemas.signable import HEAD_BYTES, signable_kind

_CONTENT = "NoiDung"
_OWNERS = ("TepDinhKem", "Tep", "GiayToKetQua")  # elements of the canonical form that hold a file
_HEAD = HEAD_BYTES // 3 * 4 + 4  # characters
_DETACHED = (".p7s", ".p7m", ".sig")


@dataclass(frozen=True, slots=True)
class Attachment:
    """One file inside a message."""

    place: str  # "TepDinhKem[2]"
    name: str  # as the sender calls it; may name a person: never kept, never logged
    text: str  # base64


def attachments_of(element: etree._Element) -> Iterator[Attachment]:
    """Every file that carries its content, in order."""
    counts: dict[str, int] = {}
    for leaf in element.iter(f"{{*}}{_CONTENT}"):
        owner = leaf.getparent()
        if owner is None or (kind := etree.QName(owner).localname) not in _OWNERS:
            continue
        counts[kind] = counts.get(kind, 0) + 1
        if leaf.text and leaf.text.strip():
            yield Attachment(f"{kind}[{counts[kind]}]", text_at(owner, "Ten"), leaf.text.strip())


def kind_of(attachment: Attachment) -> str:
    """ "pdf", "cms" or "": by its first bytes; the rest is not decoded."""
    head = _head(attachment.text)
    try:
        return signable_kind(base64.b64decode(head[: len(head) // 4 * 4]))
    except binascii.Error:
        return ""


def _head(text: str) -> str:
    """The first signs of base64. White space between them, however much, hides nothing: who decodes it skips it too."""
    taken = _HEAD * 2
    while len(head := "".join(text[:taken].split())) < _HEAD and taken < len(text):
        taken *= 4
    return head[:_HEAD]


def has_signable(element: etree._Element) -> bool:
    """Something in it may carry a signature."""
    return any(kind_of(each) for each in attachments_of(element))


def content_of(attachment: Attachment) -> bytes:
    """Decoded. What is no base64 at its end counts as far as it goes: the schema has looked at it."""
    try:
        return base64.b64decode(attachment.text)
    except binascii.Error:
        return b""


def beside(attachment: Attachment, others: Sequence[Attachment]) -> Attachment | None:
    """The file that a signature beside it (.p7s) is over: the one of its name without the ending, else the only
    other one."""
    stem = next((attachment.name[: -len(end)] for end in _DETACHED if attachment.name.lower().endswith(end)), "")
    rest = [each for each in others if each is not attachment]
    named = [each for each in rest if stem and each.name == stem]
    if named:
        return named[0]
    return rest[0] if len(rest) == 1 else None
