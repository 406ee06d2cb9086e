"""Gathers what proves one message's journey, from the journal alone, for a container that stands without us."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from types import MappingProxyType

from bus.delivery import Attempt
from bus.ports import Journal
from bus.records import Journey
from bus.records.sealing import ChainEntry, Seal
from signing.evidence import Record, SealRecord
from signing.evidence import package as form
from signing.jws import named
from signing.keys import VerifyKey
from signing.stamp.merkle import Proof, tree

_NAME = re.compile(r"[^A-Za-z0-9._-]+")
_ENDINGS = {"xml": "xml", "json": "json", "text": "txt"}
_NO_KEYS: Mapping[str, VerifyKey] = MappingProxyType({})
_HELP = """Chứng cứ về thông điệp {id} / evidence about message {id}

1. Kiểm bằng lienthong, không cần mạng hay cơ sở dữ liệu / with lienthong, without network or database:
     lienthong evidence verify {id}.asice --trust THU_MUC_CHUNG_THU --tsa-trust THU_MUC_DAU_THOI_GIAN

2. Kiểm không cần lienthong / without lienthong:
   - Chữ ký của gói là XAdES theo chuẩn ASiC-E (META-INF/signatures0.xml): mở bằng phần mềm ký số hỗ trợ ASiC-E.
     The container's signature is XAdES in ASiC-E: any software that knows ASiC-E checks it.
   - Mỗi dòng của entries.jsonl: SHA-256("previous" + xuống dòng + "text") phải bằng "hash".
     Each line of entries.jsonl: SHA-256 of previous, a line feed and text must be hash.
   - Mã băm của từng tệp trong bodies/ (sha256sum) phải có trong "text" của một dòng.
     The SHA-256 of each file in bodies/ stands in the text of a line.
   - seals.json: từ SHA-256(00 + hash) đi theo proofs, mỗi bước SHA-256(01 + trái + phải), phải tới dòng cuối của
     "text"; "token" là dấu thời gian RFC 3161 trên "text": openssl ts -verify -token_in.
     seals.json: from SHA-256(00 hash) along proofs, each step SHA-256(01 left right), to the last line of text; token
     is an RFC 3161 time-stamp over text.
"""


def gather(
    journal: Journal, journey: Journey, *, now: datetime, bodies: bool = True, keys: Mapping[str, VerifyKey] = _NO_KEYS
) -> dict[str, tuple[str, bytes]]:
    """The files of the container: name → media type and bytes. `bodies`: False leaves contents out, as if erased.
    `keys`: ours, by their ids; those that signed a seal go with it."""
    files: dict[str, tuple[str, bytes]] = {}
    chain = _messages(journal, journey)
    listed = [row for each in chain for row in _bodies(journal, each, files, keep=bodies)]
    subjects = [each.envelope.id for each in chain] + [one.id for each in chain for one in each.deliveries]
    entries = journal.entries_of(list(dict.fromkeys(subjects)))
    records = [Record(e.writer, e.number, e.previous, e.hash, e.text) for e in entries]
    about = {
        "format": form.FORMAT,
        "written_at": now.isoformat(),
        "message": _plain(journey),
        "caused_by": [_plain(each) for each in chain[1:]],
        "bodies": listed,
    }
    text = json.dumps(about, ensure_ascii=False, indent=1, default=str)
    seals = list(_seals(journal, entries))
    return {
        form.MESSAGE: ("application/json", f"{text}\n".encode()),
        form.ENTRIES: ("application/x-ndjson", form.write_records(records)),
        form.SEALS: ("application/json", form.write_seals(seals)),
        form.README: ("text/plain", _HELP.format(id=journey.envelope.id).encode()),
        **files,
        **_keys_of(seals, keys),
    }


def _keys_of(seals: Sequence[SealRecord], keys: Mapping[str, VerifyKey]) -> dict[str, tuple[str, bytes]]:
    """A key that signs no more is in no certificate of the container's own signature."""
    names = sorted({named(seal.signature) or "" for seal in seals if seal.signature} & keys.keys())
    return {
        f"{form.KEYS}{number}-{_NAME.sub('_', name)}.pem": ("application/x-pem-file", form.write_key(keys[name]))
        for number, name in enumerate(names)
    }


def _messages(journal: Journal, journey: Journey) -> list[Journey]:
    """The message, then what it was made from, upward."""
    above = (journal.journey(cause) for cause in journey.causes)
    return [journey, *(each for each in above if each is not None)]


def _bodies(
    journal: Journal, journey: Journey, files: dict[str, tuple[str, bytes]], *, keep: bool
) -> Iterator[dict[str, object]]:
    for stored in journey.bodies:
        message = journal.body(journey.envelope.id, stored.role) if keep and stored.erased is None else None
        name = ""
        if message is not None:
            kind = stored.media_type.partition(";")[0].strip()
            ending = next((end for word, end in _ENDINGS.items() if word in kind), "bin")
            name = f"{form.BODIES}{journey.envelope.id[:12]}-{_NAME.sub('_', stored.role)}.{ending}"
            files[name] = (kind or "application/octet-stream", message.body)
        yield {
            "message": journey.envelope.id, "role": stored.role, "media_type": stored.media_type,
            "sha256": stored.sha256, "size": stored.size, "file": name,
            **({"erased": {"at": stored.erased.at.isoformat(), "rule": stored.erased.rule}} if stored.erased else {}),
        }  # fmt: skip


def _plain(journey: Journey) -> Mapping[str, object]:
    return {
        "envelope": _flat(journey),
        "verdict": journey.verdict,
        "problems": [cause.get("code") for cause in journey.problems],
        "deliveries": [
            {"id": one.id, "endpoint": one.endpoint, "operation": one.operation, "state": one.state}
            for one in journey.deliveries
        ],
        "attempts": [_attempt(one) for one in journey.attempts],
        "actions": [dict(act) for act in journey.actions],
        "identities": [list(pair) for pair in journey.identities],
    }  # fmt: skip


def _attempt(one: Attempt) -> dict[str, object]:
    """Without the partner's own words, which may name people."""
    return {
        "delivery": one.delivery_id, "number": one.number, "by": one.by, "started_at": one.started_at.isoformat(),
        "outcome": one.outcome, "status": one.status, "code": one.code, "asked": one.asked,
        "request_sha256": one.request_sha256, "reply_sha256": one.reply_sha256, "peer": one.peer,
    }  # fmt: skip


def _flat(journey: Journey) -> dict[str, object]:
    one = journey.envelope
    return {
        "id": one.id, "kind": one.kind, "sender": asdict(one.sender),
        "receiver": asdict(one.receiver) if one.receiver is not None else None, "operation": one.operation,
        "business_ids": [list(pair) for pair in one.business_ids], "received_at": one.received_at.isoformat(),
        "sha256": one.sha256, "order_key": one.order_key, "correlation": one.correlation, "caused_by": one.caused_by,
        "profile": one.profile, "facts": dict(one.facts),
    }  # fmt: skip


def _seals(journal: Journal, entries: tuple[ChainEntry, ...]) -> Iterator[SealRecord]:
    """The seals over these entries, each with the entries' ways to its root."""
    found: dict[int, tuple[Seal, list[ChainEntry]]] = {}
    for entry in entries:
        seal = journal.seal_over(entry.writer, entry.number)
        if seal is not None:
            found.setdefault(seal.number, (seal, []))[1].append(entry)
    for number, (seal, covered) in sorted(found.items()):
        proofs = _proofs(journal, seal)
        named = {f"{entry.writer}:{entry.number}": proofs[entry.writer, entry.number] for entry in covered}
        yield SealRecord(number, seal.text.decode(), seal.signature, seal.token, named)


def _proofs(journal: Journal, seal: Seal) -> dict[tuple[str, int], Proof]:
    """Of every entry a seal covers. The tree is built anew from the hashes: only its root is kept."""
    _, proofs = tree([bytes.fromhex(each) for each in journal.hashes(seal.spans)])
    places = [(span.writer, number) for span in seal.spans for number in range(span.first, span.last + 1)]
    return dict(zip(places, proofs, strict=True))
