"""Three journals to try the promises on, one clock to turn, and short ways to say what is accepted and settled."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path

import pytest

from bus.delivery import Attempt, Pattern, State, Unclear
from bus.journal import MemoryJournal, open_journal
from bus.outcome import Outcome
from bus.ports import Journal
from bus.records import (
    Acceptance,
    AcceptItem,
    Content,
    Decision,
    Derived,
    DossierRef,
    Intent,
    ItemResult,
    NewIdentity,
    NextStep,
    PlannedDelivery,
    Preparation,
    Settled,
    Settlement,
    WorkItem,
)
from schemas.message import Envelope, Message, Party, new_id, sha256_hex
from schemas.problem import Stage, problem
from tests.contract.journal_server import migrated, server

START = datetime(2026, 11, 25, 8, 0, tzinfo=UTC)
SENDER = Party("H99.12", "Sở mẫu", "mot_cua_cmon")


class TurnedClock:
    """A clock that stands still until it is turned."""

    def __init__(self) -> None:
        self.at = START

    def now(self) -> datetime:
        """Aware UTC."""
        return self.at

    def monotonic(self) -> float:
        """Seconds since the start."""
        return (self.at - START).total_seconds()

    def turn(self, seconds: float) -> datetime:
        """Goes on."""
        self.at += timedelta(seconds=seconds)
        return self.at


_ids = [new_id()]


def next_id() -> str:
    """Ids of one millisecond are in no order; those of a test are."""
    while (made := new_id()) <= _ids[-1]:
        pass
    _ids[-1] = made
    return made


def message(kind: str = "ho_so", body: bytes = b"<HoSo/>", **over: object) -> Message:
    """An invented message."""
    envelope = Envelope(
        id=next_id(), kind=kind, sender=SENDER, receiver=None, operation="pushDocument",
        business_ids=(("mot_cua_cmon", "TN01"),), received_at=START, sha256=sha256_hex(body),
    )  # fmt: skip
    return Message(replace(envelope, **over), body, "application/xml")  # type: ignore[arg-type]  # test's shorthand


def to(endpoint: str = "cong", **over: object) -> PlannedDelivery:
    """A planned delivery."""
    planned = PlannedDelivery(endpoint, "DongBoHoSoMC", Pattern.PUSH, Unclear.ASK)
    return replace(planned, **over)  # type: ignore[arg-type]  # test's shorthand


def item(code: str = "TN01", *deliveries: PlannedDelivery, **over: object) -> AcceptItem:
    """One item about the dossier a department calls `code`."""
    fresh = over.pop("message", None) or message(business_ids=(("mot_cua_cmon", code),))
    assert isinstance(fresh, Message)
    made = AcceptItem(fresh, DossierRef((("mot_cua_cmon", code),), may_create=True), deliveries or (to(),))
    return replace(made, **over)  # type: ignore[arg-type]  # test's shorthand


def acceptance(*items: AcceptItem, all_or_nothing: bool = True, party: str = "mot_cua_cmon") -> Acceptance:
    """One envelope with its items."""
    return Acceptance(message("goc", b"<bytes as they came/>"), items, all_or_nothing, party)


PARKED = Decision(NextStep.PARK, "hỏng", problem=problem("LT-JRN-004", Stage.DELIVER))
DONE = Decision(NextStep.DONE, "Đã giao")


@dataclass
class World:
    """One journal under test."""

    name: str
    journal: Journal
    clock: TurnedClock = field(default_factory=TurnedClock)
    path: Path | None = None

    def accept(self, *items: AcceptItem, **how: object) -> tuple[ItemResult, ...]:
        """Accepts and waits."""
        self.clock.turn(0.001)
        return self.journal.accept(acceptance(*items, **how)).result(20)  # type: ignore[arg-type]  # shorthand

    def delivery(self, *of: PlannedDelivery, code: str = "TN01", **over: object) -> str:
        """Accepts one item; returns the id of its first delivery."""
        result = self.accept(item(code, *of, **over))[0]
        first = (of or (to(),))[0]
        return f"{result.message_id}:{first.endpoint}"

    def work(self, delivery_id: str) -> WorkItem:
        """What a worker gets."""
        return self.journal.work([delivery_id])[0]

    def state(self, delivery_id: str) -> State:
        """As shown."""
        return self.work(delivery_id).delivery.state

    def grant(self, delivery_id: str, token: str, *, lease_s: float = 60, number: int = 0) -> bool:
        """An intent, and whether it was granted."""
        number = number or self.work(delivery_id).next_attempt
        until = self.clock.now() + timedelta(seconds=lease_s)
        intent = Intent(delivery_id, number, token, "w1", until)
        return delivery_id in self.journal.prepare(Preparation((), (intent,))).result(20)

    def settle(self, settlement: Settlement) -> Settled:
        """Settles and waits."""
        return self.journal.settle(settlement).result(20)

    def deliver(self, delivery_id: str, token: str = "1.1", **over: object) -> Settled:
        """One attempt from intent to settlement."""
        number = self.work(delivery_id).next_attempt
        assert self.grant(delivery_id, token)
        return self.settle(settlement(delivery_id, number, token, **over))

    def content(self, delivery_id: str, body: bytes, signature: str = "") -> None:
        """A content made by a worker."""
        made = Content(body, "application/json", signature, "p1")
        self.journal.prepare(Preparation(((delivery_id, made),), ())).result(20)


def attempt(delivery_id: str, number: int, token: str, outcome: Outcome, **over: object) -> Attempt:
    """The fact of one try."""
    made = Attempt(
        delivery_id=delivery_id, number=number, by="worker", worker="w1", token=token, started_at=START,
        duration_ms=12, outcome=outcome, status=200, code="0", text="", problem_code="", request_sha256="a" * 64,
        request_size=10, reply_sha256="b" * 64, reply_size=5, peer="cong.example:443",
    )  # fmt: skip
    return replace(made, **over)  # type: ignore[arg-type]  # test's shorthand


def settlement(
    delivery_id: str, number: int, token: str, *, outcome: Outcome = Outcome.ACCEPTED, decision: Decision = DONE,
    learned: tuple[tuple[str, str], ...] = (), derived: tuple[Derived, ...] = (),
) -> Settlement:  # fmt: skip
    """A settlement with its attempt."""
    fact = attempt(delivery_id, number, token, outcome)
    return Settlement(fact, b"<reply/>", "application/xml", delivery_id, token, decision, learned, derived)


def wait(world: World, seconds: float) -> Decision:
    """Tried again then."""
    return Decision(NextStep.WAIT, "đợi", next_at=world.clock.now() + timedelta(seconds=seconds))


def numbered(party: str, prefix: str = "H99-", width: int = 4, start: int = 1) -> NewIdentity:
    """A name we give."""
    return NewIdentity(party, prefix, width, start)


@cache
def empty_file() -> Path:
    """A migrated SQLite file to copy: the migration is tried once per process, not once per test."""
    folder = Path(tempfile.mkdtemp(prefix="ltj"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    open_journal(f"sqlite:///{folder / 'empty.sqlite'}").close()
    return folder / "empty.sqlite"


def open_world(name: str, folder: Path) -> World:
    """One of the worlds, empty."""
    clock = TurnedClock()
    if name == "memory":
        return World(name, MemoryJournal(clock), clock)
    path = folder / "journal.sqlite"
    shutil.copy(empty_file(), path)
    return World(name, open_journal(f"sqlite:///{path}", clock=clock), clock, path)


@contextmanager
def postgresql_world() -> Iterator[World]:
    """An empty journal in a database of its own."""
    clock = TurnedClock()
    with server().database(migrated(START)) as database:
        opened = World("postgresql", open_journal(server().url(database), clock=clock), clock)
        try:
            yield opened
        finally:
            opened.journal.close()


@contextmanager
def world_of(name: str, folder: Path) -> Iterator[World]:
    """One of the worlds, closed at the end."""
    if name == "postgresql":
        with postgresql_world() as opened:
            yield opened
        return
    opened = open_world(name, folder)
    try:
        yield opened
    finally:
        opened.journal.close()


NAMES = ("memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.foreign("postgresql")))


@pytest.fixture(params=NAMES)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """Each journal in turn."""
    with world_of(request.param, tmp_path) as opened:
        yield opened
