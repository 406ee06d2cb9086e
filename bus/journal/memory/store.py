"""What the in-memory journal holds, and the questions everything there asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from bus.delivery import Attempt, Delivery
from bus.journal.chain import GENESIS, Entry, Link, next_entry, writer_name
from bus.journal.delivery_row import DeliveryRow, as_delivery
from bus.journal.moments import to_us
from bus.records import Finding, Pulse, Reconciliation, Settled, Stored
from bus.records.examining import Examination
from bus.records.jobs import Job
from bus.records.retaining import ErasedMark, Hold
from bus.records.sealing import Seal
from bus.records.seeing import Seen
from schemas.message import Envelope, Message, sha256_hex
from schemas.problem import Problem

Name = tuple[str, str]  # (party, code)


@dataclass(frozen=True, slots=True)
class Body:
    """One body."""

    data: bytes
    media_type: str
    profile: str = ""
    key_id: str = ""  # it would be kept under; nothing is kept here
    erased: ErasedMark | None = None
    was: tuple[str, int] | None = None  # digest and size, where it was erased

    @property
    def sha256(self) -> str:
        """Of what it is or was."""
        return self.was[0] if self.was else sha256_hex(self.data)

    @property
    def size(self) -> int:
        """Of what it is or was."""
        return self.was[1] if self.was else len(self.data)


@dataclass(slots=True)
class Kept:
    """One message with its bodies."""

    envelope: Envelope
    verdict: str
    party: str
    media_type: str
    bodies: dict[str, Body]
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class First:
    """The first copy under an idempotency key."""

    content_sha256: str
    message_id: str
    dossier: str


@dataclass(slots=True)
class Store:
    """Plain dictionaries; the journal's lock guards them."""

    now: Callable[[], datetime]
    active_key: str = ""
    writer: str = field(default_factory=writer_name)
    link: Link = field(default_factory=lambda: Link(0, GENESIS))
    entries: list[Entry] = field(default_factory=list)
    messages: dict[str, Kept] = field(default_factory=dict)
    deliveries: dict[str, DeliveryRow] = field(default_factory=dict)
    holders: dict[str, str] = field(default_factory=dict)  # delivery → worker of its last intent
    attempts: dict[tuple[str, int], tuple[Attempt, Settled]] = field(default_factory=dict)
    names: dict[Name, str] = field(default_factory=dict)  # in the order given
    named_us: dict[Name, int] = field(default_factory=dict)
    keys: dict[tuple[str, str, str], First] = field(default_factory=dict)
    counters: dict[Name, int] = field(default_factory=dict)  # (party, prefix) → last number
    last_seq: dict[str, int] = field(default_factory=dict)
    actions: list[dict[str, object]] = field(default_factory=list)
    reconciliations: dict[str, Reconciliation] = field(default_factory=dict)
    findings: dict[tuple[str, int, str], Finding] = field(default_factory=dict)  # (run, number, endpoint)
    generation: int = 0
    jobs: dict[str, Job] = field(default_factory=dict)
    pulses: dict[str, Pulse] = field(default_factory=dict)
    examinations: dict[str, Examination] = field(default_factory=dict)  # by message
    examined_times: dict[str, int] = field(default_factory=dict)
    seals: list[Seal] = field(default_factory=list)
    holds: dict[str, Hold] = field(default_factory=dict)
    seen: dict[str, tuple[Seen, str]] = field(default_factory=dict)  # by mark, with the answer

    @property
    def now_us(self) -> int:
        """Microseconds since the epoch."""
        return to_us(self.now())

    def note(self, kind: str, subject: str, facts: Mapping[str, object]) -> None:
        """The next entry of the chain."""
        entry = next_entry(self.writer, self.link, kind=kind, subject=subject, facts=facts, at_us=self.now_us)
        self.link = Link(entry.number, entry.hash)
        self.entries.append(entry)

    def give_name(self, dossier: str, name: Name) -> None:
        """A new name of a dossier."""
        self.names[name] = dossier
        self.named_us[name] = self.now_us

    def names_of(self, dossier: str) -> tuple[Name, ...]:
        """A dossier's names, the newest last."""
        names = [name for name, owner in self.names.items() if owner == dossier]
        return tuple(sorted(names, key=lambda name: (self.named_us[name], name)))

    def in_lane(self, lane: str) -> list[DeliveryRow]:
        """The deliveries of a lane, in sequence."""
        rows = (row for row in self.deliveries.values() if row.lane == lane)
        return sorted(rows, key=lambda row: row.lane_seq)

    def open_in(self, lane: str) -> list[DeliveryRow]:
        """Those that others wait for, or that wait for others."""
        return [row for row in self.in_lane(lane) if row.in_lane]

    def ahead(self, row: DeliveryRow) -> str:
        """The head of its lane, if that is another one and this one is open; else ""."""
        if not row.in_lane:
            return ""
        head = self.open_in(row.lane)[0]
        return "" if head.id == row.id else head.id

    def shown(self, row: DeliveryRow, *, now_us: int | None = None) -> Delivery:
        """The delivery as readers see it."""
        return as_delivery(row, ahead=self.ahead(row), now_us=self.now_us if now_us is None else now_us)

    def of_message(self, message_id: str) -> list[DeliveryRow]:
        """The deliveries of a message, by id."""
        rows = (row for row in self.deliveries.values() if row.message_id == message_id)
        return sorted(rows, key=lambda row: row.id)

    def keep(self, message: Message, *, verdict: str, party: str, role: str, problems: Iterable[Problem] = ()) -> Kept:
        """A message with its first body."""
        kept = Kept(
            message.envelope, verdict, party, message.media_type, {role: self.made(message.body, message.media_type)},
            tuple(problems),
        )  # fmt: skip
        self.messages[message.envelope.id] = kept
        return kept

    def made(self, data: bytes, media_type: str, profile: str = "") -> Body:
        """A new body."""
        return Body(data, media_type, profile, self.active_key)

    def body(self, message_id: str, role: str) -> Message | None:
        """One kept body; a role without "@endpoint" means the first endpoint that has it."""
        kept = self.messages.get(message_id)
        roles = sorted(one for one in kept.bodies if one == role or one.startswith(f"{role}@")) if kept else []
        if kept is None or not roles:
            return None
        body = kept.bodies[roles[0]]
        if body.erased is not None:
            return None
        return Message(kept.envelope, body.data, body.media_type)

    def stored(self, message_id: str) -> tuple[Stored, ...]:
        """What is kept of a message."""
        bodies = sorted(self.messages[message_id].bodies.items())
        return tuple(Stored(role, one.media_type, one.sha256, one.size, one.erased) for role, one in bodies)
