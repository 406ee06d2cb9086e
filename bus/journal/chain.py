"""The chain of entries: each names the hash of the one before it, so that what was altered later is seen."""

from __future__ import annotations

import hashlib
import json
import os
import uuid
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from bus.journal.moments import from_us, month_of

GENESIS = "0" * 64


@dataclass(frozen=True, slots=True)
class Link:
    """Where a writer's chain stands."""

    number: int
    hash: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry as it is kept. `text` is exactly what is hashed."""

    writer: str
    number: int
    month: str
    kind: str
    subject: str
    at_us: int
    text: str
    previous: str
    hash: str


def writer_name() -> str:
    """A name no other writer can have, ever: boot, process, and a random part for this start."""
    boot = Path("/proc/sys/kernel/random/boot_id")
    prefix = boot.read_text(encoding="ascii")[:8] if boot.exists() else "host"
    return f"{prefix}-{os.getpid()}-{uuid.uuid4().hex[:12]}"


def next_entry(writer: str, link: Link, *, kind: str, subject: str, facts: Mapping[str, object], at_us: int) -> Entry:
    """The entry that follows `link`. Facts are digests, ids and numbers: never a body, never a citizen's data."""
    number = link.number + 1
    text = json.dumps(
        {"writer": writer, "number": number, "kind": kind, "subject": subject, "at_us": at_us, "facts": facts},
        ensure_ascii=False, separators=(",", ":"), sort_keys=True,
    )  # fmt: skip
    return Entry(
        writer=writer, number=number, month=month_of(from_us(at_us)), kind=kind, subject=subject, at_us=at_us,
        text=text, previous=link.hash, hash=entry_hash(link.hash, text),
    )  # fmt: skip


def entry_hash(previous: str, text: str) -> str:
    """SHA-256 over the previous hash, a line feed and the text."""
    return hashlib.sha256(f"{previous}\n{text}".encode()).hexdigest()


def breaks(entries: Iterable[Entry], heads: Mapping[str, Link]) -> Iterator[str]:
    """The first break of each writer's chain. Entries come ordered by writer and number; `heads` are the last
    links as noted apart, so that a chain that was cut short is seen."""
    last: dict[str, Link] = {}
    broken: set[str] = set()
    for entry in entries:
        if entry.writer in broken:
            continue
        link = last.get(entry.writer, Link(0, GENESIS))
        if fault := _fault(entry, link):
            broken.add(entry.writer)
            yield f"{entry.writer}:{link.number + 1}: {fault}"
        last[entry.writer] = Link(entry.number, entry.hash)
    for writer, head in heads.items():
        end = last.get(writer, Link(0, GENESIS))
        if writer not in broken and end != head:
            yield f"{writer}:{_end_fault(end, head)}"
    for writer in last.keys() - heads.keys() - broken:
        yield f"{writer}:1: writer was never noted"


def _end_fault(end: Link, head: Link) -> str:
    """Where a chain does not end as its writer noted."""
    if end.number < head.number:
        return f"{end.number + 1}: missing at the end, the writer noted {head.number} entries"
    if end.number > head.number:
        return f"{head.number + 1}: added, the writer noted {head.number} entries"
    return f"{end.number}: the writer noted another hash"


def _fault(entry: Entry, link: Link) -> str:
    if entry.number != link.number + 1:
        return f"missing, the next entry found is {entry.number}"
    if entry.previous != link.hash:
        return "does not follow the entry before it"
    if entry.hash != entry_hash(entry.previous, entry.text):
        return "altered"
    told = json.loads(entry.text)
    columns = {
        "writer": entry.writer, "number": entry.number, "kind": entry.kind, "subject": entry.subject,
        "at_us": entry.at_us,
    }  # fmt: skip
    return "" if all(told[name] == value for name, value in columns.items()) else "columns altered"
