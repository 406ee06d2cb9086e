"""What a door has seen before, kept in the journal: one message's marks, and what its first copy was answered."""

from __future__ import annotations

import contextlib
import hashlib
import json
from dataclasses import dataclass, field
from datetime import datetime

from adapters.manifest import AnswerKind
from adapters.wire.contract import HttpRequest, Said
from bus.ports import Journal, JournalUnavailable
from bus.records.seeing import Fate, Seen, Sight

_WAIT_S = 20.0  # for a commit


@dataclass(slots=True)
class Sightings:
    """`signing.wss.Replays` for one message: durable, and the same bytes are told from others."""

    journal: Journal
    body_sha256: str
    found: list[tuple[str, Sight]] = field(default_factory=list)

    @classmethod
    def of(cls, journal: Journal, system: str, request: HttpRequest, *, header: str = "") -> Sightings:
        """At another door of ours, or at another address of it, the same bytes are another message. `header`: the one
        whose signature is beside them, where there is one."""
        beside = [request.headers[header]] if header in request.headers else []
        query = sorted(f"{name}={value}" for name, value in request.query.items())
        parts = [request.method, request.path.strip("/"), *query, *beside]
        place = json.dumps([system, *parts]) if any(parts[1:]) else system
        return cls(journal, hashlib.sha256(place.encode() + b"\n" + request.body).hexdigest())

    def first(self, mark: str, *, until: datetime, now: datetime) -> bool:
        """True also for the very same bytes: what is done with them is decided where it is known what they ask."""
        digest = hashlib.sha256(mark.encode()).hexdigest()
        sight = self.journal.see(Seen(digest, self.body_sha256, until)).result(_WAIT_S)
        self.found.append((digest, sight))
        return sight.fate is not Fate.OTHER

    @property
    def again(self) -> bool:
        """These bytes were here before."""
        return any(sight.fate is Fate.SAME for _, sight in self.found)

    @property
    def answer(self) -> Said | None:
        """What the first copy was answered; None = not known."""
        kept = next((sight.answer for _, sight in self.found if sight.answer), "")
        if not kept:
            return None
        found = json.loads(kept)
        kind = AnswerKind(found["kind"])
        return Said(AnswerKind.DUPLICATE if kind is AnswerKind.ACCEPTED else kind, (), found["values"])

    def keep(self, said: Said) -> None:
        """Nobody waits for it: until it is there, the journal's idempotency answers the same."""
        answer = json.dumps({"kind": said.kind.value, "values": dict(said.values)}, ensure_ascii=False)
        for mark, _ in self.found[:1]:
            with contextlib.suppress(JournalUnavailable):
                self.journal.answer_seen(mark, answer)
