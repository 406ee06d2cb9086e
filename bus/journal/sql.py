"""The journal on SQL: hands writing to the one writer thread, reads on connections of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from bus.delivery import State
from bus.journal import tables as t
from bus.journal.accept import Parcel, accept_many
from bus.journal.act import Deed, act_many
from bus.journal.audit import check_chains
from bus.journal.bodies import RAW, pack_message
from bus.journal.deadlines import Deadlines
from bus.journal.derive import count_behind, count_states
from bus.journal.dialect import Engines
from bus.journal.examinations import SqlExaminations
from bus.journal.expire import expire_many
from bus.journal.find import find_messages
from bus.journal.generations import next_generation_many, read_generation, touch_many
from bus.journal.journey import read_body, read_journey, read_latest
from bus.journal.key_book import SqlKeys
from bus.journal.lanes import all_lanes, one_lane
from bus.journal.look import Look, look_many
from bus.journal.moments import to_us
from bus.journal.offer import Acknowledgement, Offer, acknowledge_many, offer_many
from bus.journal.orders import order_many, read_standing
from bus.journal.plans import PlanEnd, end_many, make_many, note_many, read_items, read_plan, read_plans
from bus.journal.prepare import Prepared, prepare_many
from bus.journal.reconcile_book import SqlReconciliations
from bus.journal.reject import Refusal, ask_many, asked_of, reject_many
from bus.journal.retention import SqlRetention
from bus.journal.seals import SqlSeals
from bus.journal.seen import SqlSeen
from bus.journal.settle import Closing, settle_many
from bus.journal.sql_jobs import SqlJobs
from bus.journal.vault import OPEN, Vault
from bus.journal.watched import Watched
from bus.journal.work import work_items
from bus.journal.writer import Writer
from bus.ports import Clock, JournalUnavailable
from bus.records import (
    Acceptance,
    Acknowledged,
    Acted,
    Action,
    EndpointOrder,
    Found,
    ItemResult,
    Journey,
    LaneSnapshot,
    Plan,
    PlanDraft,
    PlanItem,
    PlanItemState,
    PlanNote,
    PlanState,
    Preparation,
    Query,
    Rejection,
    Settled,
    Settlement,
    Standing,
    WorkItem,
)
from schemas.message import Message

_PING_S = 10.0


class SqlJournal(
    SqlJobs, SqlReconciliations, Deadlines, Watched, SqlSeals, SqlSeen, SqlKeys, SqlRetention, SqlExaminations
):
    """The `Journal` port. Thread-safe; one per process. Bodies are packed in the caller's thread."""

    def __init__(self, engines: Engines, clock: Clock, vault: Vault = OPEN) -> None:
        self._engines = engines
        self._clock = clock
        self._vault = vault
        self._writer = Writer(engines, clock.now)

    # -- the door --

    def accept(self, acceptance: Acceptance) -> Future[tuple[ItemResult, ...]]:
        """See the port."""
        return self._writer.submit(accept_many, Parcel.of(acceptance, self._vault))

    def reject(self, rejection: Rejection) -> Future[None]:
        """See the port."""
        body = pack_message(rejection.raw, RAW, self._vault)
        return self._writer.submit(reject_many, Refusal(rejection, body))

    def record_ask(self, question: Message, answer: bytes, *, answer_media_type: str, party: str) -> Future[None]:
        """See the port."""
        return self._writer.submit(ask_many, asked_of(question, answer, answer_media_type, party, self._vault))

    # -- the worker --

    def prepare(self, preparation: Preparation) -> Future[frozenset[str]]:
        """See the port."""
        return self._writer.submit(prepare_many, Prepared.of(preparation, self._vault))

    def settle(self, settlement: Settlement) -> Future[Settled]:
        """See the port."""
        return self._writer.submit(settle_many, Closing.of(settlement, self._vault))

    def expire_worker(self, worker: str) -> Future[int]:
        """See the port."""
        return self._writer.submit(expire_many, worker)

    # -- pull --

    def offer(self, endpoint: str, *, limit: int, now: datetime, until: datetime) -> Future[tuple[WorkItem, ...]]:
        """See the port."""
        return self._writer.submit(offer_many, Offer(endpoint, limit, now, until))

    def acknowledge(self, endpoint: str, codes: Sequence[str], *, party: str, now: datetime) -> Future[Acknowledged]:
        """See the port."""
        return self._writer.submit(acknowledge_many, Acknowledgement(endpoint, tuple(codes), party, now))

    # -- operators, generations --

    def act(self, action: Action) -> Future[Acted]:
        """See the port."""
        return self._writer.submit(act_many, Deed.of(action, self._vault))

    def record_look(self, message_id: str, role: str, *, who: str, why: str) -> Future[None]:
        """See the port."""
        return self._writer.submit(look_many, Look(message_id, role, who, why))

    def order(self, order: EndpointOrder) -> Future[Standing]:
        """See the port."""
        return self._writer.submit(order_many, order)

    def standing(self) -> Standing:
        """See the port."""
        with self._reading() as connection:
            return read_standing(connection)

    def make_plan(self, draft: PlanDraft) -> Future[Plan]:
        """See the port."""
        return self._writer.submit(make_many, draft)

    def note_plan_item(self, note: PlanNote) -> Future[bool]:
        """See the port."""
        return self._writer.submit(note_many, note)

    def end_plan(self, plan_id: str, *, who: str, why: str) -> Future[Plan | None]:
        """See the port."""
        return self._writer.submit(end_many, PlanEnd(plan_id, who, why))

    def plans(self, *, limit: int = 50, state: PlanState | None = None) -> tuple[Plan, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_plans(connection, limit=limit, state=state)

    def plan(self, plan_id: str) -> Plan | None:
        """See the port."""
        with self._reading() as connection:
            return read_plan(connection, plan_id)

    def plan_items(
        self, plan_id: str, *, after: int = 0, limit: int = 500, state: PlanItemState | None = None
    ) -> tuple[PlanItem, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_items(connection, plan_id, after=after, limit=limit, state=state)

    def new_generation(self) -> Future[int]:
        """See the port."""
        return self._writer.submit(next_generation_many, None)

    def generation(self) -> int:
        """See the port."""
        with self._reading() as connection:
            return read_generation(connection)

    # -- reading --

    def work(self, delivery_ids: Sequence[str]) -> tuple[WorkItem, ...]:
        """See the port."""
        with self._reading() as connection:
            return work_items(connection, delivery_ids, now_us=self._now_us())

    def lanes(self) -> Iterator[LaneSnapshot]:
        """See the port."""
        return all_lanes(self._reading, self._now_us())

    def lane(self, lane: str) -> LaneSnapshot | None:
        """See the port."""
        with self._reading() as connection:
            return one_lane(connection, lane, self._now_us())

    def counts(self) -> Mapping[State, int]:
        """See the port."""
        with self._reading() as connection:
            return count_states(connection, now_us=self._now_us())

    def behind(self, delivery_ids: Sequence[str]) -> Mapping[str, int]:
        """See the port."""
        with self._reading() as connection:
            return count_behind(connection, delivery_ids)

    def find(self, query: Query) -> tuple[Found, ...]:
        """See the port. `limit` counts messages."""
        with self._reading() as connection:
            return find_messages(connection, query, now_us=self._now_us())

    def journey(self, message_id: str) -> Journey | None:
        """See the port."""
        with self._reading() as connection:
            return read_journey(connection, message_id, now_us=self._now_us())

    def body(self, message_id: str, role: str) -> Message | None:
        """See the port. Roles as in `Journey.bodies`; without "@endpoint" the first endpoint's."""
        with self._reading() as connection:
            return read_body(connection, message_id, role)

    def dossier(self, party: str, code: str) -> str | None:
        """See the port."""
        query = sa.select(t.identities.c.dossier).where(t.identities.c.code == code, t.identities.c.party == party)
        with self._reading() as connection:
            return connection.execute(query).scalar_one_or_none()

    def latest(self, dossier: str, kind: str) -> Message | None:
        """See the port."""
        with self._reading() as connection:
            return read_latest(connection, dossier, kind)

    def verify_chain(self) -> tuple[str, ...]:
        """See the port. Constant memory."""
        with self._reading() as connection:
            return tuple(check_chains(connection))

    def ping(self) -> None:
        """See the port: a real commit through the writer thread."""
        try:
            self._writer.submit(touch_many, None).result(_PING_S)
        except TimeoutError as error:
            raise JournalUnavailable("the journal's writer does not answer") from error

    def close(self) -> None:
        """See the port."""
        self._writer.close()
        self._engines.dispose()

    # -- inside --

    def _now_us(self) -> int:
        return to_us(self._clock.now())

    @contextmanager
    def _reading(self) -> Iterator[Connection]:
        """One reading transaction: all its queries see the same moment."""
        try:
            with self._engines.reader.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise JournalUnavailable(f"the journal cannot be read: {error}") from error
