"""Comparing a dossier: whatever happened between two sides that keep the rules, the verdict says it, and the repair
that is proposed makes them agree."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from bus.delivery import State
from bus.reconciling import Answer, Ours, Step, Theirs, compare
from bus.reconciling.compare import RELEASE, REPLAY, SETTLE
from bus.records import Difference

ALL = [str(number) for number in range(1, 11)]
statuses = st.sampled_from(ALL)
open_states = st.sampled_from([State.READY, State.WAITING, State.HELD, State.SENDING, State.PARKED, State.UNCLEAR])


def step(number: int, status: str, state: State = State.DELIVERED, *, doubtful: bool = False, kind: str = "") -> Step:
    return Step(
        delivery_id=f"m{number}:cong", kind=kind or ("ho_so" if number == 0 else "tien_do"), status=status,
        shown=frozenset({status}), state=state, taken=state is State.DELIVERED, doubtful=doubtful,
    )  # fmt: skip


histories = st.lists(statuses, min_size=1, max_size=6).map(
    lambda found: tuple(step(number, status) for number, status in enumerate(found))
)


class Partner:
    """A receiver that keeps what it is given: the last status holds."""

    def __init__(self) -> None:
        self.status = ""

    def take(self, one: Step) -> None:
        if one.kind == "ho_so" or self.status:
            self.status = one.status

    def says(self) -> Theirs:
        return Theirs(Answer.FOUND, self.status) if self.status else Theirs(Answer.ABSENT)


def fed(*steps: Step) -> Partner:
    partner = Partner()
    for one in steps:
        partner.take(one)
    return partner


def ours(*steps: Step) -> Ours:
    return Ours("cong", "H99-0001", steps)


def mended(held: Ours, partner: Partner) -> tuple[Ours, Partner]:
    """What the proposed acts lead to."""
    by_id = {one.delivery_id: one for one in held.steps}
    for repair in compare(held, partner.says()).repairs:
        one = by_id[repair.delivery_id]
        if repair.act in (REPLAY, RELEASE):
            partner.take(one)
        assert repair.act in (REPLAY, RELEASE, SETTLE)
        by_id[one.delivery_id] = replace(one, state=State.DELIVERED, taken=True, doubtful=False)
    return replace(held, steps=tuple(by_id.values())), partner


@given(histories)
def test_all_delivered_is_equal(history: tuple[Step, ...]) -> None:
    """A partner that took everything and forgot nothing is never blamed."""
    assert compare(ours(*history), fed(*history).says()).difference is Difference.EQUAL


@given(histories)
def test_lost_there(history: tuple[Step, ...]) -> None:
    """A dossier that the partner lost is missing there; the proposal sends all of it again, in order."""
    held = ours(*history)
    verdict = compare(held, Theirs(Answer.ABSENT))
    assert verdict.difference is Difference.MISSING_THERE
    assert [one.delivery_id for one in verdict.repairs] == [one.delivery_id for one in history]
    again, partner = mended(held, Partner())
    assert compare(again, partner.says()).difference is Difference.EQUAL


@given(histories, st.data())
def test_fell_behind(history: tuple[Step, ...], data: st.DataObject) -> None:
    """A partner that forgot the last steps is behind, unless it shows the same status; the proposal mends it."""
    kept = data.draw(st.integers(1, len(history)))
    partner = fed(*history[:kept])
    held = ours(*history)
    verdict = compare(held, partner.says())
    same = partner.status == history[-1].status
    assert verdict.difference is (Difference.EQUAL if same else Difference.BEHIND)
    again, partner = mended(held, partner)
    assert compare(again, partner.says()).difference is Difference.EQUAL


@given(histories, statuses, st.booleans(), st.sampled_from([State.PARKED, State.UNCLEAR]))
def test_doubt_is_settled_either_way_or_named(
    history: tuple[Step, ...], status: str, reached: bool, state: State
) -> None:
    """A step nobody knows of: found there it is settled, not found it is released; never both, and where the answer
    cannot tell the two apart a person is asked and nothing is proposed."""
    doubt = step(len(history), status, state, doubtful=True)
    partner = fed(*history, doubt) if reached else fed(*history)
    held = ours(*history, doubt)
    verdict = compare(held, partner.says())
    if status == history[-1].status:
        assert (verdict.difference, verdict.repairs) == (Difference.NOT_ASKABLE, ())
    elif reached:
        assert verdict.difference is Difference.UNCLEAR_TAKEN
        assert [one.act for one in verdict.repairs] == [SETTLE]
    else:
        assert verdict.difference is Difference.UNCLEAR_NOT_TAKEN
        assert [one.act for one in verdict.repairs] == ([RELEASE] if state is State.PARKED else [])
    if verdict.repairs:
        again, partner = mended(held, partner)
        assert compare(again, partner.says()).difference is Difference.EQUAL


@given(st.booleans(), st.sampled_from([State.PARKED, State.UNCLEAR]))
def test_doubtful_dossier(reached: bool, state: State) -> None:
    """The first message of a dossier itself: the same two ways."""
    doubt = step(0, "2", state, doubtful=True)
    verdict = compare(ours(doubt), (fed(doubt) if reached else Partner()).says())
    assert verdict.difference is (Difference.UNCLEAR_TAKEN if reached else Difference.UNCLEAR_NOT_TAKEN)


@given(histories, statuses, open_states)
def test_what_is_on_its_way_is_no_difference(history: tuple[Step, ...], status: str, state: State) -> None:
    """A step that is still to be sent, or being sent, explains both the old and the new status."""
    if state in (State.PARKED, State.UNCLEAR):
        state = State.READY
    later = step(len(history), status, state)
    for partner in (fed(*history), fed(*history, later)):
        verdict = compare(ours(*history, later), partner.says())
        assert verdict.difference in (Difference.EQUAL, Difference.UNDERWAY)
        assert verdict.repairs == ()


steps_of_any_kind = st.lists(
    st.tuples(statuses, st.sampled_from(list(State)), st.booleans(), st.sampled_from(["ho_so", "tien_do", "ket_qua"])),
    max_size=6,
).map(
    lambda found: tuple(
        step(number, status, state, doubtful=doubt and not state.final, kind=kind)
        for number, (status, state, doubt, kind) in enumerate(found)
    )
)
anything = st.one_of(
    st.builds(Theirs, st.just(Answer.FOUND), st.one_of(st.just(""), statuses, st.just("77"))),
    st.builds(Theirs, st.sampled_from([Answer.ABSENT, Answer.SILENT, Answer.NOBODY])),
)


@given(steps_of_any_kind, anything, st.booleans(), st.booleans(), st.lists(statuses, max_size=3).map(tuple))
def test_every_verdict_can_be_acted_on(
    steps: tuple[Step, ...], theirs: Theirs, born: bool, them: bool, told: tuple[str, ...]
) -> None:
    """Whatever the two sides are: one verdict; a difference has a reason and somebody; a repair names deliveries of
    this dossier, replays only what was taken, settles or releases only what is open, and never acts on silence."""
    held = Ours("cong", "H99-0001", steps, born_there=born, status_from_them=them, told=told, question="hoi_trang_thai")
    verdict = compare(held, theirs)
    by_id = {one.delivery_id: one for one in steps}
    assert verdict == compare(held, theirs)
    if verdict.difference is not Difference.EQUAL:
        assert verdict.reason
        assert verdict.who in ("operator", "partner", "department", "nobody")
    for repair in verdict.repairs:
        one = by_id[repair.delivery_id]
        assert one.taken if repair.act == REPLAY else one.open
    if theirs.answer in (Answer.SILENT, Answer.NOBODY):
        assert verdict.repairs == ()
        assert verdict.difference in (Difference.NOT_ANSWERED, Difference.NOT_ASKABLE)
