"""What stands in an evidence container, besides the signature over all of it.

| name | holds |
|---|---|
| `message.json` | what it is about: ids, parties, times, verdict, deliveries, attempts, acts; and the list of bodies |
| `bodies/…` | the bodies that are still kept, byte by byte |
| `entries.jsonl` | the journal's entries about it, one a line: writer, number, previous, hash, text (what is hashed) |
| `seals.json` | the seals over these entries: root, who vouches for it, and each entry's way to the root |
| `keys/…` | public keys and certificates (PEM) that the seals' signatures name |
| `DOC-TRUOC.txt` | how to check it without us |
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any  # JSON

from cryptography import x509
from cryptography.hazmat.primitives import serialization

from schemas.jsondoc import JsonLimits, loads
from schemas.problem import Refused, Stage
from signing.encoding import from_base64, to_base64
from signing.keys import VerifyKey
from signing.stamp.merkle import Proof

FORMAT = "lienthong evidence 1"
MESSAGE, ENTRIES, SEALS, README, BODIES = "message.json", "entries.jsonl", "seals.json", "DOC-TRUOC.txt", "bodies/"
KEYS = "keys/"
MEDIA_TYPE = "application/vnd.etsi.asic-e+zip"

_LIMITS = JsonLimits(size_bytes=64 * 1024 * 1024)


@dataclass(frozen=True, slots=True)
class Record:
    """One entry of the journal's chain."""

    writer: str
    number: int
    previous: str
    hash: str
    text: str

    def erases(self, *, stage: Stage) -> str:
        """Id of the message whose bodies were erased, if this entry is whole and says that; else ""."""
        if not self.is_whole or '"kind":"erase"' not in self.text:
            return ""
        said = loads(self.text.encode(), limits=_LIMITS, stage=stage)
        is_that = isinstance(said, dict) and said.get("kind") == "erase"
        return str(said.get("subject", "")) if is_that and isinstance(said, dict) else ""

    @property
    def is_whole(self) -> bool:
        """Its hash is that of the previous hash, a line feed and its text."""
        return sha256(f"{self.previous}\n{self.text}".encode()).hexdigest() == self.hash


@dataclass(frozen=True, slots=True)
class SealRecord:
    """One seal, with the proofs of the entries it covers."""

    number: int
    text: str  # what is signed and stamped; its last line is the root
    signature: str  # detached JWS over the text; "" = none
    token: bytes  # DER of a TimeStampToken over the text; b"" = none
    proofs: Mapping[str, Proof]  # "writer:number" → its way to the root

    @property
    def root(self) -> bytes:
        """Of its text."""
        try:
            return bytes.fromhex(self.text.rstrip("\n").rsplit("\n", 1)[-1])
        except ValueError:
            return b""


def write_key(key: VerifyKey) -> bytes:
    """PEM of its certificate, or else of the bare public key."""
    if key.certificate:
        return x509.load_der_x509_certificate(key.certificate).public_bytes(serialization.Encoding.PEM)
    return key.public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)


def write_records(records: list[Record]) -> bytes:
    """`entries.jsonl`."""
    rows = (
        {"writer": r.writer, "number": r.number, "previous": r.previous, "hash": r.hash, "text": r.text}
        for r in records
    )
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def read_records(data: bytes, *, stage: Stage) -> list[Record]:
    """The records of `entries.jsonl`; a line that is none makes the whole unreadable.

    Raises:
        Refused: not JSON.
        ValueError: not of this form.
    """
    found = []
    for line in data.decode().splitlines():
        row = _object(line.encode(), stage)
        found.append(
            Record(str(row["writer"]), int(row["number"]), str(row["previous"]), str(row["hash"]), str(row["text"]))
        )
    return found


def write_seals(seals: list[SealRecord]) -> bytes:
    """`seals.json`."""
    rows = [
        {
            "number": seal.number,
            "text": seal.text,
            "signature": seal.signature,
            "token": to_base64(seal.token),
            "proofs": {name: proof.as_text().split("\n") if proof.steps else [] for name, proof in seal.proofs.items()},
        }
        for seal in seals
    ]
    return (json.dumps({"seals": rows}, ensure_ascii=False, indent=1) + "\n").encode()


def read_seals(data: bytes, *, stage: Stage) -> list[SealRecord]:
    """The seals of `seals.json`.

    Raises:
        Refused: not JSON.
        ValueError, KeyError, TypeError: not of this form.
    """
    found = []
    for row in _object(data, stage)["seals"]:
        proofs = {str(name): _proof(steps) for name, steps in row["proofs"].items()}
        token = from_base64(str(row["token"]))
        if token is None:
            raise ValueError("token")
        found.append(SealRecord(int(row["number"]), str(row["text"]), str(row["signature"]), token, proofs))
    return found


def read_message(data: bytes, *, stage: Stage) -> dict[str, Any]:
    """`message.json`.

    Raises:
        Refused: not JSON.
        ValueError: of another format.
    """
    row = _object(data, stage)
    if row.get("format") != FORMAT:
        raise ValueError(f"format {ascii(row.get('format'))[:60]}")
    return row


def _proof(steps: object) -> Proof:
    proof = Proof.of_text("\n".join(str(step) for step in steps)) if isinstance(steps, list) else None
    if proof is None:
        raise ValueError("proof")
    return proof


def _object(data: bytes, stage: Stage) -> dict[str, Any]:
    row = loads(data, limits=_LIMITS, stage=stage)
    if not isinstance(row, dict):
        raise ValueError("not an object")
    return row


__all__ = [
    "BODIES", "ENTRIES", "FORMAT", "KEYS", "MEDIA_TYPE", "MESSAGE", "README", "SEALS", "Record", "Refused",
    "SealRecord", "read_message", "read_records", "read_seals", "write_key", "write_records", "write_seals",
]  # fmt: skip
