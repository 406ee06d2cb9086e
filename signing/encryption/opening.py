"""Our keys of decryption at one door, and when each opens: before the signature is looked at, or after.

A message says in the clear for which of our keys it was encrypted; the key says what was agreed with its owner. Nothing
of a message decides in which order it is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from lxml import etree

from schemas.problem import Refused, Stage, problem
from schemas.xmldoc import XmlLimits
from signing.encryption.jwe import decrypt_jwe
from signing.encryption.jwe import meant_for as meant_for_jwe
from signing.encryption.keys import ReadingKey
from signing.encryption.xmlenc import decrypt_xml
from signing.encryption.xmlenc import meant_for as meant_for_xml

When = Literal["before", "after"]


@dataclass(frozen=True, slots=True)
class Opener:
    """Thread-safe."""

    keys: Mapping[str, ReadingKey] = field(default_factory=dict)  # by key id
    last: frozenset[str] = frozenset()  # for these a message is encrypted after it was signed: opened first

    def key_for_xml(self, root: etree._Element) -> str | None:
        """The key id a message names; None = it is not encrypted, or nobody encrypts here."""
        return meant_for_xml(root) if self.keys else None

    def key_for_json(self, body: bytes) -> str | None:
        """The same of a body."""
        return meant_for_jwe(body) if self.keys else None

    def opens(self, name: str | None, when: When) -> bool:
        """Is it now? A key nobody has is refused at once."""
        return name is not None and (when == "before") is (name in self.last or name not in self.keys)

    def xml(self, body: bytes, *, limits: XmlLimits, charset: str | None = None, stage: Stage) -> bytes:
        """The document in the clear.

        Raises:
            Refused: LT-ENC-001 … 003.
        """
        return decrypt_xml(body, self.keys, limits=limits, charset=charset, stage=stage)

    def json(self, body: bytes, *, limit_bytes: int, stage: Stage) -> bytes:
        """The bytes in the clear, no more than this.

        Raises:
            Refused: LT-ENC-001 … 003, or too large.
        """
        plain = decrypt_jwe(body, self.keys, stage=stage)
        if len(plain) > limit_bytes:
            raise Refused((problem("LT-DOOR-002", stage, {"limit": limit_bytes}),))
        return plain
