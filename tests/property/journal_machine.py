"""Both journals, driven by the same acts in any order; they must agree after each, and never break a promise."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Hashable
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from bus.delivery import AfterParking, Pattern, State, Unclear
from bus.lifecycle import pairs
from bus.outcome import Outcome
from bus.ports import Journal
from bus.records import (
    AcceptItem,
    Act,
    Action,
    Content,
    Decision,
    Derived,
    DossierRef,
    Intent,
    ItemStatus,
    NextStep,
    Preparation,
    Query,
    Settlement,
)
from tests.contract.journal_world import (
    PARKED,
    acceptance,
    attempt,
    message,
    numbered,
    open_world,
    to,
    world_of,
)

CODES = st.sampled_from(["TN01", "TN01", "TN01", "TN02", ""])  # few, so that lanes fill
STATUS = to("a", operation="DongBoTrangThai", after_parking=AfterParking.SUPERSEDE, replaces="tien_do")
# A change by the table may be followed by another one in the same transaction: parked, and superseded at once; ended,
# and what was behind it looks on.
CHANGES = frozenset((before, after) for before, after in pairs() if before is not None)
AT_ONCE = CHANGES | {(before, State.CANCELLED) for before, after in CHANGES if after is State.PARKED}
ROUTES = st.sampled_from(
    [
        (to("a"),),
        (to("a", unclear=Unclear.PARK, operation="CapNhat"), to("b", after_endpoint="a")),
        (to("b"), to("c", pattern=Pattern.PULL)),
        (to("c", pattern=Pattern.PULL), to("a", after_endpoint="c")),
        (to("a"), to("b", after_endpoint="a")),
        (to("a", unordered=True),),
        (to("a", after_parking=AfterParking.SKIP),),
        (to("c", pattern=Pattern.PULL, after_parking=AfterParking.SKIP, replaces="tien_do"),),
        (STATUS, replace(STATUS, endpoint="b", after_endpoint="a")),
        (STATUS,),
        (),
    ]
)
OUTCOMES = st.sampled_from(
    [
        (Outcome.ACCEPTED, NextStep.DONE),
        (Outcome.DUPLICATE, NextStep.DONE),
        (Outcome.ACCEPTED, NextStep.PARK),
        (Outcome.UNAVAILABLE, NextStep.WAIT),
        (Outcome.LOCAL_FAULT, NextStep.WAIT),
        (Outcome.UNCLEAR, NextStep.ASK),
        (Outcome.REJECTED, NextStep.PARK),
    ]
)


@st.composite
def items(draw: st.DrawFn, *, born: bool = False) -> AcceptItem:
    """One item; few codes and keys, so that they meet."""
    codes = [("mot_cua", draw(CODES))]
    if draw(st.integers(0, 3)) == 0:
        codes.append(("cong", draw(st.sampled_from(["P1", "P2"]))))
    return AcceptItem(
        message=message(draw(st.sampled_from(["ho_so", "tien_do"]))),
        dossier=DossierRef(tuple(codes), may_create=draw(st.integers(0, 4)) > 0),
        deliveries=draw(ROUTES),
        idempotency_key="" if born else draw(st.sampled_from(["", "", "", "k1", "k2"])),
        content_sha256=draw(st.sampled_from(["c1", "c2"])),
        update=draw(st.booleans()),
        identities=(numbered("cong", "H99-"),) if draw(st.booleans()) else (),
    )


class JournalMachine(RuleBasedStateMachine):
    """`left` is on SQL, `right` is the twin."""

    server = "sqlite"

    @initialize()
    def open(self) -> None:
        """Two empty journals, one clock."""
        self.folder = Path(tempfile.mkdtemp(prefix="ltjm"))
        self.opened = ExitStack()
        self.left = self.opened.enter_context(world_of(self.server, self.folder))
        self.right = open_world("memory", self.folder)
        self.right.clock = self.left.clock
        self.right.journal._store.now = self.left.clock.now  # type: ignore[attr-defined]  # one clock for both
        self.right.journal._clock = self.left.clock  # type: ignore[attr-defined]  # one clock for both
        self.dossiers: dict[str, str] = {}  # real id → the same word on both sides
        self.ids: list[str] = []
        self.tokens = 0
        self.granted: list[tuple[str, int, str]] = []
        self.codes: list[str] = []
        self.seen: dict[str, State] = {}

    def teardown(self) -> None:
        """Whatever was done, the chains are whole."""
        for world in (self.left, self.right):
            assert world.journal.verify_chain() == ()
            world.journal.close()
        self.opened.close()
        shutil.rmtree(self.folder, ignore_errors=True)

    # -- the acts --

    @rule(several=st.lists(items(), min_size=1, max_size=3), parts=st.booleans(), whole=st.booleans())
    def accept(self, several: list[AcceptItem], parts: bool, whole: bool) -> None:
        """One envelope; perhaps with a part that shares the first item's dossier."""
        fresh = [replace(one, message=message(one.message.envelope.kind)) for one in several]
        if parts:
            part = AcceptItem(message("tep_dinh_kem"), DossierRef((), False), (to("a"),), same_dossier_as=0)
            fresh.append(part)
        told = acceptance(*fresh, all_or_nothing=whole)
        left, right = (world.journal.accept(told).result(20) for world in (self.left, self.right))
        for one, other in zip(left, right, strict=True):
            self.know(one.dossier, other.dossier)
        self.same(left, right)
        for result, planned in zip(left, fresh, strict=True):
            if result.status is ItemStatus.ACCEPTED:
                self.ids += [f"{result.message_id}:{one.endpoint}" for one in planned.deliveries]

    @rule(endpoint=st.sampled_from(["a", "b"]), limit=st.integers(1, 3))
    def begin(self, endpoint: str, limit: int) -> None:
        """Deadlines begin to count for those that can be sent."""
        after = ""
        while True:
            page = self.left.journal.unbegun(endpoint, after=after, limit=limit)
            self.same(page, self.right.journal.unbegun(endpoint, after=after, limit=limit))
            heads, after = page
            assert all(self.left.work(one).is_head for one in heads)
            self.same(*(world.journal.begin(heads).result(20) for world in (self.left, self.right)))
            if not after:
                return

    @rule(data=st.data(), endpoint=st.sampled_from(["a", "b"]))
    def expire(self, data: st.DataObject, endpoint: str) -> None:
        """What waited is parked as an event; what changed since it was looked at is not."""
        now = self.left.clock.now()
        page = self.left.journal.aged(endpoint, since=now, after="", limit=99)
        self.same(page, self.right.journal.aged(endpoint, since=now, after="", limit=99))
        if not page[0]:
            return
        old = data.draw(st.sampled_from(page[0])).delivery
        since = data.draw(st.sampled_from([old.since_at, now]))
        late = Decision(NextStep.PARK, "quá hạn", problem=PARKED.problem, expired_since=since)
        live = old.state is State.SENDING or (old.next_at is not None and old.state is State.UNCLEAR)
        settled = self.both(lambda one: one.settle(Settlement(None, b"", "", old.id, "", late)))
        if since != old.since_at or old.state is State.SENDING:
            assert not settled.applied
        elif not live:
            assert settled.applied

    @precondition(lambda self: self.ids)
    @rule(
        data=st.data(), offset=st.integers(-1, 4), lease_s=st.integers(1, 60), body=st.sampled_from([b"", b"1", b"2"])
    )
    def prepare(self, data: st.DataObject, offset: int, lease_s: int, body: bytes) -> None:
        """A worker with the right number, or one that looked too early."""
        delivery = data.draw(self.mostly_heads())
        number = max(1, self.left.work(delivery).next_attempt + min(0, offset))
        self.tokens += 1
        token = f"1.{self.tokens}"
        until = self.left.clock.now() + timedelta(seconds=lease_s)
        contents = ((delivery, Content(body, "text/plain", "s", "p")),) if body else ()
        head = self.left.work(delivery).is_head
        granted = self.both(
            lambda one: one.prepare(Preparation(contents, (Intent(delivery, number, token, "w", until),)))
        )
        if delivery in granted:
            assert head, "granted to one that is not the head"
            self.granted.append((delivery, number, token))

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), what=OUTCOMES, learn=st.booleans(), born=st.booleans())
    def work(self, data: st.DataObject, what: tuple[Outcome, NextStep], learn: bool, born: bool) -> None:
        """A worker at its best: intent, attempt, settlement."""
        delivery = data.draw(self.mostly_heads())
        number, token = self.left.work(delivery).next_attempt, f"2.{self.tokens}"
        self.tokens += 1
        intent = Intent(delivery, number, token, "w", self.left.clock.now() + timedelta(seconds=30))
        if delivery in self.both(lambda one: one.prepare(Preparation((), (intent,)))):
            self.granted.append((delivery, number, token))
            self.only_known_changes()
            self.settle_one(data, self.granted[-1], what, learn=learn, born=born, by="worker")

    @precondition(lambda self: self.granted)
    @rule(data=st.data(), what=OUTCOMES, learn=st.booleans(), born=st.booleans(), by=st.sampled_from(["worker", "an"]))
    def settle(self, data: st.DataObject, what: tuple[Outcome, NextStep], learn: bool, born: bool, by: str) -> None:
        """A result under a token that may be old by now; sometimes for the second time."""
        which = data.draw(st.sampled_from([*self.granted, *self.granted[-3:] * 3]))
        self.settle_one(data, which, what, learn=learn, born=born, by=by)

    def settle_one(
        self, data: st.DataObject, which: tuple[str, int, str], what: tuple[Outcome, NextStep], *, learn: bool,
        born: bool, by: str,
    ) -> None:  # fmt: skip
        """One settlement on both; nothing is delivered out of its turn."""
        delivery, number, token = which
        outcome, step = what
        at = self.left.clock.now() + timedelta(seconds=data.draw(st.integers(0, 30)))
        decision = Decision(step, "vì", next_at=at if step in (NextStep.WAIT, NextStep.ASK) else None)
        if step is NextStep.PARK:
            decision = PARKED
        derived = (Derived(acceptance(data.draw(items(born=True)))),) if born else ()
        told = Settlement(
            attempt(delivery, number, token, outcome, by=by), b"r", "text/plain", delivery, token, decision,
            (("cong", "P1"),) if learn else (), derived,
        )  # fmt: skip
        before = self.left.work(delivery)
        settled, twin = (world.journal.settle(told).result(20) for world in (self.left, self.right))
        self.learn_ids(derived)  # first: what was born may have opened a dossier
        self.same(settled, twin)
        if settled.applied and settled.state is State.DELIVERED and not before.delivery.state.final:
            assert before.is_head, "delivered out of its turn"

    @precondition(lambda self: self.ids)
    @rule(data=st.data())
    def give_up(self, data: st.DataObject) -> None:
        """Parked without an attempt."""
        delivery = data.draw(st.sampled_from(self.ids))
        self.both(lambda one: one.settle(Settlement(None, b"", "", delivery, "", PARKED)))

    @precondition(lambda self: self.ids)
    @rule(data=st.data(), act=st.sampled_from(Act), why=st.sampled_from(["", "vì"]), as_then=st.booleans())
    def act(self, data: st.DataObject, act: Act, why: str, as_then: bool) -> None:
        """An operator."""
        delivery = data.draw(st.sampled_from(self.ids))
        done = self.both(lambda one: one.act(Action(act, delivery, "an", why, as_then)))
        assert done.done == (not done.reason)

    @rule(limit=st.integers(0, 3), seconds=st.integers(1, 60))
    def offer(self, limit: int, seconds: int) -> None:
        """A partner fetches."""
        now = self.left.clock.now()
        until = now + timedelta(seconds=seconds)
        self.both(lambda one: one.offer("c", limit=limit, now=now, until=until))

    @rule(codes=st.lists(st.sampled_from(["TN01", "TN02", "x"]), max_size=3))
    def acknowledge(self, codes: list[str]) -> None:
        """A partner says what it has."""
        now = self.left.clock.now()
        self.both(lambda one: one.acknowledge("c", codes, party="mot_cua", now=now))

    @rule(seconds=st.integers(1, 90))
    def turn(self, seconds: int) -> None:
        """Time goes on."""
        self.left.clock.turn(seconds)

    # -- what must hold --

    @invariant()
    def agree(self) -> None:
        """Everything that can be read is the same on both sides."""
        if not hasattr(self, "ids"):
            return
        for read in (
            lambda one: one.counts(),
            lambda one: one.work(self.ids),
            lambda one: sorted(self.plain(list(one.lanes()))),
            lambda one: one.find(Query(limit=200)),
            lambda one: one.find(Query(state=State.HELD)),
            lambda one: one.find(Query(text="TN0", endpoint="a")),
            lambda one: one.find(Query(problem_code=PARKED.problem.code if PARKED.problem else "")),
            lambda one: [one.journey(delivery.partition(":")[0]) for delivery in self.ids[-2:]],
        ):
            self.same(read(self.left.journal), read(self.right.journal))

    @invariant()
    def promises(self) -> None:
        """Accepted = the sum of the states; one sends per lane; whoever is held knows behind whom."""
        if not hasattr(self, "ids"):
            return
        assert sum(self.left.journal.counts().values()) == len(self.ids)
        deliveries = [one.delivery for one in self.left.journal.work(self.ids)]
        sending = [one.lane for one in deliveries if one.state is State.SENDING]
        assert len(sending) == len(set(sending))
        assert all(bool(one.held_behind) == (one.state is State.HELD) for one in deliveries)
        assert all(one.problem_code for one in deliveries if one.state is State.PARKED)

    @invariant()
    def only_known_changes(self) -> None:
        """No state is ever followed by one that the table of the lifecycle does not let follow it."""
        if not hasattr(self, "ids"):
            return
        for delivery in (one.delivery for one in self.left.journal.work(self.ids)):
            before = self.seen.get(delivery.id)
            if before is None:
                assert (None, delivery.state) in pairs() or delivery.state is State.CANCELLED
            elif before is not delivery.state:
                assert (before, delivery.state) in AT_ONCE, f"{before} became {delivery.state}"
            self.seen[delivery.id] = delivery.state

    @invariant()
    def parking(self) -> None:
        """With hold and supersede nothing in a lane is delivered or on its way past a parked one; what a newer one
        took the place of is never the newest of its kind; nothing is fed that stands aside."""
        if not hasattr(self, "ids"):
            return
        items = {one.delivery.id: one.delivery for one in self.left.journal.work(self.ids)}
        for lane in self.left.journal.lanes():
            assert [items[one.delivery_id].lane_seq for one in lane.deliveries] == sorted(
                items[one.delivery_id].lane_seq for one in lane.deliveries
            )
            assert all(items[one.delivery_id].state is not State.PARKED for one in lane.deliveries[1:])
        for one in items.values():
            _, told, newer = one.reason.partition("Đã có bản mới hơn: ")
            if one.state is State.CANCELLED and told:
                assert (items[newer].lane, items[newer].lane_seq > one.lane_seq) == (one.lane, True)

    def mostly_heads(self) -> st.SearchStrategy[str]:
        """Deliveries that may be sent come up more often than those that may not."""
        heads = [one.delivery.id for one in self.left.journal.work(self.ids) if one.is_head]
        return st.sampled_from([*self.ids, *heads * 3])

    # -- comparing --

    def both(self, call: Callable[[Journal], Future[object]]):  # type: ignore[no-untyped-def]  # whatever the call gives
        """The same call on both; the same answer."""
        left, right = call(self.left.journal).result(20), call(self.right.journal).result(20)
        self.same(left, right)
        return left

    def learn_ids(self, derived: tuple[Derived, ...]) -> None:
        """Deliveries that were born."""
        for one in derived:
            for item in one.acceptance.items:
                journeys = [world.journal.journey(item.message.envelope.id) for world in (self.left, self.right)]
                if journeys[0] is not None and journeys[1] is not None:
                    self.know(journeys[0].envelope.order_key, journeys[1].envelope.order_key)
                    new = [delivery.id for delivery in journeys[0].deliveries]
                    self.ids += [delivery for delivery in new if delivery not in self.ids]

    def know(self, left: str, right: str) -> None:
        """Each side gives its dossiers ids of its own."""
        assert bool(left) == bool(right)
        if left:
            word = self.dossiers.setdefault(left, f"dossier {len(self.dossiers)}")
            assert self.dossiers.setdefault(right, word) == word

    def same(self, left: object, right: object) -> None:
        """Equal, but for the dossiers' ids."""
        one, other = self.plain(left), self.plain(right)
        assert one == other

    def plain(self, value: object) -> Hashable:
        """Anything, with the dossiers' ids replaced; frozen values as tuples."""
        if isinstance(value, str):
            head, at, tail = value.partition("@")
            return self.dossiers.get(head, head) + at + tail
        if isinstance(value, tuple | list):
            return tuple(self.plain(one) for one in value)
        if isinstance(value, frozenset | set):
            return tuple(sorted(map(str, value)))
        if hasattr(value, "items"):
            return tuple(sorted((str(name), self.plain(one)) for name, one in value.items()))
        if hasattr(value, "__dataclass_fields__"):
            return tuple((name, self.plain(getattr(value, name))) for name in value.__dataclass_fields__)
        return value if isinstance(value, Hashable) else str(value)


class PostgresqlMachine(JournalMachine):
    """The same on the other server."""

    server = "postgresql"
