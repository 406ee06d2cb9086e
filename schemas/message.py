"""What travels: parties, envelopes and messages. Frozen; bytes received are never changed."""

from __future__ import annotations

import hashlib
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


def new_id() -> str:
    """A message id: 32 hex digits of a UUID version 7, so that ids sort by time. Kept for life.

    The twelve bits behind the millisecond are its fraction, so that ids made one after another sort so too.

    Source: rfc9562
    """
    ms, rest_ns = divmod(time.time_ns(), 1_000_000)
    fraction = rest_ns * 4096 // 1_000_000
    chance = int.from_bytes(os.urandom(8), "big") >> 2
    return f"{ms << 80 | 0x7 << 76 | fraction << 64 | 0b10 << 62 | chance:032x}"


@dataclass(frozen=True, slots=True)
class Party:
    """One side of an exchange. The agency code is looked up in dated tables, never computed."""

    agency: str  # national agency code, e.g. "H99.12"; "" where the message does not say
    name: str  # the agency's name for people; "" where unknown
    system: str  # id of the system folder, e.g. "mot_cua_cmon"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What operators list and routes look at. No body, no citizen's data."""

    id: str  # ours, time-sortable, kept for life
    kind: str  # canonical kind ("ho_so", "tien_do", …); "goc" for the bytes as they came
    sender: Party
    receiver: Party | None
    operation: str  # the operation it came in by, in the partner's own name
    business_ids: tuple[tuple[str, str], ...]  # (party, code) as given, e.g. ("mot_cua_cmon", "TN01-2026-0007")
    received_at: datetime  # aware, UTC
    sha256: str  # of the body, lower-case hex
    order_key: str = ""  # the dossier, fixed at acceptance; "" before
    correlation: str = ""  # id of the first message of the chain; "" = itself
    caused_by: str = ""  # id of the message this one was made from
    profile: str = ""  # digest of the map, tables and schemas used to make it
    facts: Mapping[str, str] = field(default_factory=lambda: _NOTHING)  # what routes may ask: ma_tthc, co_quan, nguon …


@dataclass(frozen=True, slots=True)
class Message:
    """An envelope and its bytes. A translation is a new Message with `caused_by`."""

    envelope: Envelope
    body: bytes
    media_type: str  # e.g. "text/xml; charset=utf-8"


def sha256_hex(body: bytes) -> str:
    """Lower-case hex SHA-256 of a body, as it stands in `Envelope.sha256`."""
    return hashlib.sha256(body).hexdigest()
