"""The ports. Each has a real implementation and an in-memory twin, and one conformance suite runs against both."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from datetime import datetime
from typing import Protocol

from bus.delivery import State
from bus.job_port import Jobs, Outbox
from bus.journal_books import Books
from bus.records import (
    Acceptance,
    Acknowledged,
    Acted,
    Action,
    Claimed,
    EndpointOrder,
    EndpointView,
    Found,
    ItemResult,
    Journey,
    LaneSnapshot,
    Place,
    Plan,
    PlanDraft,
    PlanItem,
    PlanItemState,
    PlanNote,
    PlanState,
    Preparation,
    Query,
    QueueRecord,
    QueueSettle,
    QueueStats,
    Rejection,
    Settled,
    Settlement,
    Standing,
    WorkItem,
)
from bus.watch_port import Watchable
from schemas.message import Message


class Clock(Protocol):
    """Time. The only fake that tests may use beside the outside world."""

    def now(self) -> datetime:
        """Aware UTC."""

    def monotonic(self) -> float:
        """Seconds that never go back, also counting suspended time (boot-time clock)."""


class JournalUnavailable(Exception):
    """The journal cannot be written or read now: a retryable answer, nothing half-accepted."""


class JournalRefuses(JournalUnavailable):
    """This one thing cannot be written, whatever else can."""


class QueueUnavailable(Exception):
    """The queue's server cannot be reached now: everything accepted is safe in the journal."""


class GenerationLost(QueueUnavailable):
    """The queue's contents are not those of the generation this process works in: emptied, another server, restored,
    or rebuilt by somebody. `Feeder.heal` puts it right; until then nothing can be changed there."""


class Journal(Books, Jobs, Outbox, Watchable, Protocol):
    """The record. Thread-safe. Every writing method hands its work to the one writer thread of the process and
    returns a Future that is done only after the commit reached the disk; futures fail with JournalUnavailable.
    Reading methods use their own connections and see committed data only."""

    # -- the door --
    def accept(self, acceptance: Acceptance) -> Future[tuple[ItemResult, ...]]:
        """The one accepting transaction: raw bytes, canonical messages, keys, identities, deliveries with their
        lane sequence. One result per item, in order. If no item was taken, the raw message is recorded as
        rejected in the same transaction."""

    def reject(self, rejection: Rejection) -> Future[None]:
        """Keeps a refused message as evidence."""

    def record_ask(self, question: Message, answer: bytes, *, answer_media_type: str, party: str) -> Future[None]:
        """Keeps a question that was answered without the queue."""

    # -- the worker --
    def prepare(self, preparation: Preparation) -> Future[frozenset[str]]:
        """Keeps new contents and the intents, in one commit. Returns the delivery ids whose intent was granted:
        those not final, with no live intent of somebody else, and first in their lane."""

    def settle(self, settlement: Settlement) -> Future[Settled]:
        """Records the attempt, always. Does the rest (frees, accepts what was derived) where the token still holds."""

    def expire_worker(self, worker: str) -> Future[int]:
        """Ends the live intents of a worker known to be dead: what it was sending is open to the resolver now."""

    # -- pull --
    def offer(self, endpoint: str, *, limit: int, now: datetime, until: datetime) -> Future[tuple[WorkItem, ...]]:
        """Offers the head of each pull lane of an endpoint that is not on offer already, oldest first."""

    def acknowledge(self, endpoint: str, codes: Sequence[str], *, party: str, now: datetime) -> Future[Acknowledged]:
        """Marks delivered the offered heads whose dossier is called one of `codes` by `party`, and frees what was
        held behind them."""

    # -- operators --
    def act(self, action: Action) -> Future[Acted]:
        """Carries out and records one operator's act."""

    def record_look(self, message_id: str, role: str, *, who: str, why: str) -> Future[None]:
        """Records that a person is shown a body uncovered; it stands among the message's actions as "look", with
        the role as its reason. To be done before it is shown. Unknown message: LookupError."""

    def order(self, order: EndpointOrder) -> Future[Standing]:
        """Records what a person orders for one endpoint. Returns what holds now."""

    def standing(self) -> Standing:
        """The newest order of each endpoint, where it orders something."""

    # -- plans: many acts, written down before the first is done --
    def make_plan(self, draft: PlanDraft) -> Future[Plan]:
        """Keeps a plan with its items, all open. Nothing of it is done by this."""

    def note_plan_item(self, note: PlanNote) -> Future[bool]:
        """Notes what became of an item. False: it was not open any more, nothing was changed. An act on a delivery
        that names its plan and item (`Action`) is noted in its own commit."""

    def end_plan(self, plan_id: str, *, who: str, why: str) -> Future[Plan | None]:
        """Cancels what is left of a plan; None = there is no such plan. One that has ended stays as it is."""

    def plans(self, *, limit: int = 50, state: PlanState | None = None) -> tuple[Plan, ...]:
        """Newest first."""

    def plan(self, plan_id: str) -> Plan | None:
        """One plan; None = there is none."""

    def plan_items(
        self, plan_id: str, *, after: int = 0, limit: int = 500, state: PlanItemState | None = None
    ) -> tuple[PlanItem, ...]:
        """Items of a plan in their order, behind number `after`."""

    # -- the queue's generation --
    def new_generation(self) -> Future[int]:
        """Issues the next generation number."""

    def generation(self) -> int:
        """The generation issued last; 0 = none yet."""

    # -- reading --
    def work(self, delivery_ids: Sequence[str]) -> tuple[WorkItem, ...]:
        """What a worker needs for each id, in the order asked; unknown ids are left out."""

    def lanes(self) -> Iterator[LaneSnapshot]:
        """Every lane with open push deliveries, for a rebuild. Constant memory."""

    def lane(self, lane: str) -> LaneSnapshot | None:
        """One lane; None = nothing open in it."""

    def counts(self) -> Mapping[State, int]:
        """Deliveries per state, derived states included. Their sum = deliveries ever accepted."""

    def behind(self, delivery_ids: Sequence[str]) -> Mapping[str, int]:
        """How many open deliveries wait behind each: later in its lane, or held until it is delivered.
        Ids with none are left out."""

    def find(self, query: Query) -> tuple[Found, ...]:
        """Newest first."""

    def journey(self, message_id: str) -> Journey | None:
        """One message with everything that happened to it."""

    def body(self, message_id: str, role: str) -> Message | None:
        """One kept body; None = not kept, or erased: `Journey.bodies` says which."""

    def dossier(self, party: str, code: str) -> str | None:
        """The dossier a party calls by this code."""

    def latest(self, dossier: str, kind: str) -> Message | None:
        """The newest accepted canonical message of one kind of a dossier; its body is empty if it was erased."""

    def verify_chain(self) -> tuple[str, ...]:
        """Walks every writer's chain; names the first altered, missing or reordered entry of each. () = whole."""

    def ping(self) -> None:
        """Raises JournalUnavailable unless the journal can be written."""

    def close(self) -> None:
        """Commits what waits, ends the writer thread."""


class Queue(Protocol):
    """The index. Order per lane, leases, fencing, schedule. Every call is idempotent and may raise QueueUnavailable.

    A process must `adopt` its generation first (`Feeder.heal` does); every other call checks it and raises
    GenerationLost when the contents belong to another one."""

    def enqueue(self, records: Sequence[QueueRecord]) -> frozenset[str]:
        """Adds deliveries to the tails of their lanes. Returns the lanes that were refused because the tail was
        not the predecessor, or the lane is behind: they must be rebuilt from the journal."""

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """Applies the settlements of the last batch, then leases up to `limit` heads: one lane per endpoint per
        turn, round robin, none of an endpoint that rests (paused, or its breaker open). Both in one round trip. A
        settle whose token no longer holds changes nothing, and says nothing of its endpoint."""

    def extend(self, claims: Sequence[Claimed], *, lease_s: float) -> frozenset[str]:
        """Prolongs leases. Returns the delivery ids still held."""

    def poisoned(self) -> tuple[Claimed, ...]:
        """Heads that took three workers with them. Their lanes are parked and no lease is running; each token is
        fresh and good for one settle (PARK once the journal knows, DONE if it turns out final)."""

    def obey(self, standing: Standing) -> None:
        """Endpoints are paused, resumed and capped as the journal orders, at once and for all workers. An older
        revision than the one obeyed changes nothing."""

    def endpoints(self) -> tuple[EndpointView, ...]:
        """How each endpoint that was ever fed or ordered is treated now, by name."""

    def release(self, lane: str) -> None:
        """A parked or waiting lane is ready now."""

    def mark(self, lane: str) -> int:
        """Enqueues to this lane are refused until it is rebuilt. Returns the ticket for that rebuild: to be taken
        before the journal is read."""

    def behind(self, limit: int) -> tuple[str, ...]:
        """Lanes that are marked, or were refused something, and not rebuilt yet."""

    def rebuild_lane(self, snapshot: LaneSnapshot, *, ticket: int = 0) -> bool:
        """Replaces the queue's copy of a lane atomically; a live lease stays if its delivery is still the head.
        False: something happened to the lane after the ticket was given, so the snapshot may be old; nothing was
        changed. Without a ticket it is done at all events. `Feeder.rebuild_lane` does the whole dance."""

    def drop_lane(self, lane: str, *, ticket: int = 0) -> bool:
        """Forgets a lane that has nothing open any more. Ticket as in `rebuild_lane`."""

    def fill(self, snapshots: Sequence[LaneSnapshot]) -> frozenset[str]:
        """Writes the lanes the queue does not have; returns those it has otherwise than the journal says."""

    def wait(self, timeout_s: float) -> None:
        """Sleeps until something may be claimable, at most `timeout_s`."""

    def generation(self) -> int:
        """The generation the contents belong to; 0 = empty server, or one known to have lost something."""

    def adopt(self, generation: int) -> None:
        """This process works in this generation from now on."""

    def start_generation(self, generation: int) -> None:
        """Empties what belongs to older generations, begins this one, adopts it. GenerationLost: a newer one began."""

    def finish_generation(self) -> None:
        """Everything that was open has been filled in."""

    def whole(self) -> bool:
        """`finish_generation` was reached."""

    def lock(self, name: str, owner: str, *, lease_s: float) -> bool:
        """Takes or prolongs a named lock that ends by itself; 0 gives it back. False: another owner has it. Everybody
        takes a lock for the same time: one that has longer to go was taken while the clock was ahead, and is free."""

    def server(self) -> str:
        """Changes whenever another server process answers."""

    def expire_worker(self, worker: str) -> int:
        """Ends all leases of a worker known to be dead. Returns how many."""

    def places(self, lanes: Sequence[str]) -> Mapping[str, Place]:
        """Where each lane is; `Place.NOWHERE` if the queue does not know it."""

    def stats(self) -> QueueStats:
        """Sizes."""

    def ping(self) -> None:
        """Raises QueueUnavailable."""

    def close(self) -> None:
        """Closes connections."""


__all__ = [
    "Clock", "GenerationLost", "Journal", "JournalRefuses", "JournalUnavailable", "Queue", "QueueUnavailable"
]  # fmt: skip
