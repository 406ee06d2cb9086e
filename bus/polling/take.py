"""From a fetched item to what the journal keeps of it: a message that is accepted, or evidence of one that is not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from adapters.adapter import Adapter
from adapters.manifest import Operation
from adapters.poll_rule import PollRule
from adapters.wire.fetched import Row
from bus.canonical import text_at
from bus.pipeline import Inbound, KnownDossier, Names, names_of, take_in
from bus.records import Acceptance, Rejection
from bus.records.examining import AttachmentPolicy
from bus.routing import House
from bus.scrub import scrubbed, secret_names
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Problem, Stage, problem

_KEEP = 65_536  # of an item that is refused


@dataclass(frozen=True, slots=True)
class Source:
    """Whom we fetch from, and by what."""

    endpoint: str
    adapter: Adapter
    name: str  # operation that brings the items
    party: Party
    attachments: AttachmentPolicy = AttachmentPolicy.OFF  # what the signatures in them are to us

    @property
    def operation(self) -> Operation:
        """By its name."""
        return self.adapter.manifest.operations[self.name]


@dataclass(frozen=True, slots=True)
class Taken:
    """One item: exactly one of `acceptance` and `rejection` is there."""

    id: str  # at the partner; "" = it has none
    digest: str
    acceptance: Acceptance | None = None
    rejection: Rejection | None = None


def digest_of(row: Row) -> str:
    """Two rows of one digest are one row."""
    return sha256_hex(row.body)[:20]


def id_of(row: Row, rule: PollRule) -> str:
    """The item's id at the partner; "" = none."""
    return text_at(row.element, rule.id) if row.element is not None and rule.id else ""


def mark_of(row: Row, rule: PollRule) -> str:
    """The item's watermark, as it is written."""
    return text_at(row.element, rule.watermark) if row.element is not None and rule.watermark else ""


def dossier_names(source: Source, row: Row) -> Names:
    """What the item calls its dossier."""
    return names_of(source.operation, row.element) if row.element is not None else ()


def take(
    row: Row, source: Source, house: House, *, known: Mapping[Names, KnownDossier], now: datetime, cause: str
) -> Taken:
    """Translates, checks and routes one item; `cause` is the id of the page it stood on."""
    raw = _raw(row, source, now=now, cause=cause)
    digest = digest_of(row)
    if row.element is None or row.problems:
        return refused(raw, row.problems, source, digest=digest)
    operation = replace(source.operation, items="")
    inbound = Inbound(source.adapter, source.name, operation, row.element, raw, source.party, now, known,
                      attachments=source.attachments)  # fmt: skip
    items, problems = take_in(inbound, house)
    if problems or not items:
        return refused(raw, problems, source, digest=digest)
    return Taken("", digest, acceptance=Acceptance(raw, items, all_or_nothing=True, party=source.adapter.party))


def refused(raw: Message, problems: tuple[Problem, ...], source: Source, *, digest: str) -> Taken:
    """Evidence of an item that was not taken."""
    rejection = Rejection(replace(raw, body=raw.body[:_KEEP]), problems, source.adapter.party)
    return Taken("", digest, rejection=rejection)


def unrecordable(taken: Taken, source: Source) -> Taken:
    """An item that the journal takes everything but: evidence in its place."""
    assert taken.acceptance is not None
    raw = taken.acceptance.raw
    fresh = replace(raw, envelope=replace(raw.envelope, id=new_id()))
    cause = problem("LT-POLL-008", Stage.ACCEPT, {"operation": source.name})
    return replace(refused(fresh, (cause,), source, digest=taken.digest), id=taken.id)


def _raw(row: Row, source: Source, *, now: datetime, cause: str) -> Message:
    body = scrubbed(row.body, secret_names(source.adapter.manifest))
    envelope = Envelope(
        id=new_id(), kind="goc", sender=source.party, receiver=None, operation=source.name, business_ids=(),
        received_at=now, sha256=sha256_hex(row.body), caused_by=cause, profile=source.adapter.profile,
    )  # fmt: skip
    return Message(envelope, body, row.media_type)
