"""A claimed batch: what may be sent, what is put back, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from adapters.wire.contract import Target
from adapters.wire.registry import outbound, render
from bus.batch import Ready, Skip, look_up, make_ready, parked, poison
from bus.delivery import State
from bus.policies import Policies
from bus.ports import Journal
from bus.records import Act, Action, Claimed, Content, NextStep
from bus.retry import RetryPolicy, closed
from bus.trial import Line, Tools
from bus.windows import read_windows
from schemas.problem import Refused, Stage, problem
from tests.unit.bus.kit import Desk, adapter, dossier, house, soap, step
from tests.unit.bus.test_deliver import Stamp


@pytest.fixture
def desk() -> Desk:
    """A dossier and a step of it, for the portal."""
    made = Desk()
    made.say("mot_cua_cmon", soap("pushDocument", dossier()))
    made.say("mot_cua_cmon", soap("updateStatus", step()))
    return made


def tools(desk: Desk, *endpoints: str) -> Tools:
    lines = {
        name: Line(adapter(name), Target(name, "http://a.example", {}), outbound("portal"), Policies())
        for name in endpoints
    }
    return Tools(lines, house(), render, Stamp(), desk.clock, lambda: 0.5)


def claimed(desk: Desk, number: int = 0, token: str = "1.1") -> Claimed:
    record = desk.told[number]
    return Claimed(record.delivery_id, record.lane, record.endpoint, token, 0, 0)


def prepared(desk: Desk, *claims: Claimed, endpoints: Sequence[str] = ("cong_dvcqg",)) -> list[Ready | Skip]:
    return prepare_batch(claims, desk.journal, tools(desk, *endpoints), worker="w1", lease_s=60)


def prepare_batch(
    claims: Sequence[Claimed], journal: Journal, using: Tools, *, worker: str, lease_s: float
) -> list[Ready | Skip]:
    found = look_up(claims, journal)
    return [make_ready(each, journal, using, worker=worker, lease_s=lease_s) for each in found]


def one(desk: Desk, *claims: Claimed, endpoints: Sequence[str] = ("cong_dvcqg",)) -> Skip:
    (skip,) = prepared(desk, *claims, endpoints=endpoints)
    assert isinstance(skip, Skip)
    return skip


def cause(skip: Skip) -> str:
    assert skip.settlement is not None
    assert skip.settlement.decision.problem is not None
    return skip.settlement.decision.problem.code


def test_what_may_be_sent_has_its_content_and_its_intent_on_record(desk: Desk) -> None:
    """One commit for both, before a byte leaves."""
    (ready,) = prepared(desk, claimed(desk))
    assert isinstance(ready, Ready)
    item = desk.work(ready.claim.delivery_id)
    assert (item.content, item.open_intent, item.delivery.state) == (ready.content, True, State.SENDING)


def test_a_content_that_was_made_is_sent_as_it_is(desk: Desk) -> None:
    """Retries send the same bytes, whatever the maps say now."""
    (first,) = prepared(desk, claimed(desk))
    desk.clock.move(61)
    kept = Content(b"as then", "application/json", "", "p")
    item = replace(desk.work(claimed(desk).delivery_id), content=kept, open_intent=False)
    desk.journal.work = lambda ids: (item,)  # type: ignore[method-assign]  # what was made then
    (again,) = prepared(desk, claimed(desk, token="1.2"))
    assert isinstance(first, Ready)
    assert isinstance(again, Ready)
    assert again.content == kept


def test_who_is_not_first_in_its_lane_is_put_back(desk: Desk) -> None:
    """The queue was wrong about the lane: it is built again."""
    skip = one(desk, claimed(desk, 1))
    assert (skip.settlement, skip.final, skip.rebuild) == (None, False, True)


def test_what_is_final_leaves_the_queue(desk: Desk) -> None:
    """And its lane is looked at."""
    record = claimed(desk)
    desk.journal.act(Action(Act.CANCEL, record.delivery_id, "ai đó", "thử")).result()
    skip = one(desk, record)
    assert (skip.final, skip.rebuild) == (True, True)
    unknown = one(desk, replace(record, delivery_id="x:cong_dvcqg"))
    assert unknown.final


def test_what_another_worker_is_sending_is_neither_parked_nor_sent(desk: Desk) -> None:
    """Its intent is live: that is no crash, whatever the queue's lease says."""
    desk.journal.act(Action(Act.CANCEL, claimed(desk).delivery_id, "ai đó", "thử")).result()
    second = claimed(desk, 1)
    desk.grant(second.delivery_id, token="9.9")
    skip = one(desk, second)
    assert (skip.settlement, skip.rebuild) == (None, True)


def test_outside_the_receivers_hours_it_waits_without_an_intent(desk: Desk) -> None:
    """Nothing of it is made, no attempt is used, and the operator sees until when and why. NOW is 09:00 in Viet Nam."""
    open_all = tools(desk, "cong_dvcqg")
    line = open_all.lines["cong_dvcqg"]
    hours = Policies(RetryPolicy(windows=read_windows("T2-CN 13:00-17:00")))
    claim = claimed(desk)
    with_hours = replace(open_all, lines={"cong_dvcqg": replace(line, policies=hours)})
    (skip,) = prepare_batch([claim], desk.journal, with_hours, worker="w1", lease_s=60)
    assert isinstance(skip, Skip)
    assert skip.settlement is not None
    decision = skip.settlement.decision
    opens = desk.clock.now().replace(hour=6, minute=0, second=0, microsecond=0)
    assert (decision.step, decision.next_at, decision.counts) == (NextStep.WAIT, opens, False)
    assert "Ngoài giờ nhận, mở lại lúc 13:00" in decision.reason
    desk.journal.settle(skip.settlement).result()
    item = desk.work(claim.delivery_id)
    assert (item.delivery.state, item.content, item.next_attempt) == (State.WAITING, None, 1)
    desk.clock.move((opens - desk.clock.now()).total_seconds())
    (ready,) = prepare_batch([claim], desk.journal, with_hours, worker="w1", lease_s=60)
    assert isinstance(ready, Ready)


def test_what_a_person_must_decide_is_left_alone(desk: Desk) -> None:
    """Its worker died between the journal and the queue: neither the receiver's hours nor a fault of its content
    says anything new of it."""
    claim = claimed(desk)
    desk.journal.settle(parked(claim, problem("LT-DLV-006", Stage.DELIVER, {"endpoint": claim.endpoint}))).result()
    skip = one(desk, claim, endpoints=())
    assert (skip.settlement, skip.final, skip.rebuild) == (None, False, True)


def test_an_unclear_one_stays_unclear_while_its_receiver_is_closed(desk: Desk) -> None:
    """It is asked about when they open; it never becomes one that may be sent blindly."""
    delivery = replace(desk.work(claimed(desk).delivery_id).delivery, state=State.UNCLEAR)
    decision = closed(delivery, read_windows("T2-CN 13:00-17:00"), now=desk.clock.now())
    assert decision is not None
    assert (decision.step, decision.counts) == (NextStep.ASK, False)


def test_an_intent_without_a_result_parks_where_repeating_is_not_safe(desk: Desk) -> None:
    """A crash after the send is no blind re-send."""
    first = claimed(desk)
    desk.journal.act(Action(Act.CANCEL, first.delivery_id, "ai đó", "thử")).result()
    second = claimed(desk, 1)
    desk.grant(second.delivery_id, token="9.9")
    desk.clock.move(61)
    assert cause(one(desk, second)) == "LT-DLV-003"


def test_all_that_is_wrong_is_kept(desk: Desk) -> None:
    """The first problem says what it is parked for; the others go with it, so that they are mended in one go."""
    causes = [problem(code, Stage.TRANSLATE_OUT, {"endpoint": "e", "operation": "o"}) for code in ("LT-DLV-010",) * 3]
    decision = parked(claimed(desk), *causes).decision
    assert (decision.problem, decision.others) == (causes[0], tuple(causes[1:]))


def test_a_step_before_its_dossier_is_parked(desk: Desk) -> None:
    """The portal would refuse it: the dossier was cancelled here."""
    desk.journal.act(Action(Act.CANCEL, claimed(desk).delivery_id, "ai đó", "thử")).result()
    assert cause(one(desk, claimed(desk, 1))) == "LT-DLV-005"


def test_an_endpoint_that_the_configuration_has_lost_is_said(desk: Desk) -> None:
    """Not waited for in silence."""
    assert cause(one(desk, claimed(desk), endpoints=())) == "LT-DLV-010"


def test_a_content_that_breaks_our_program_parks_alone(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    """The traceback stands in the log under the message's id."""
    broken = replace(tools(desk, "cong_dvcqg"), render=lambda *_: 1 / 0)  # type: ignore[arg-type, return-value]  # breaks
    (skip,) = prepare_batch((claimed(desk),), desk.journal, broken, worker="w1", lease_s=60)
    assert isinstance(skip, Skip)
    assert cause(skip) == "LT-DLV-008"
    assert desk.told[0].delivery_id.partition(":")[0] in caplog.text


def test_an_intent_that_was_not_granted_is_not_sent(desk: Desk) -> None:
    """Somebody was quicker between our look and our commit."""
    record = claimed(desk)
    found = desk.journal.work([record.delivery_id])
    desk.journal.work = lambda ids: found  # type: ignore[method-assign]  # what we saw before the other came
    (quicker,) = prepared(desk, replace(record, token="5.5"))
    assert isinstance(quicker, Ready)
    assert one(desk, record).rebuild


def test_a_poisoned_delivery_says_so(desk: Desk) -> None:
    """Three workers died over it."""
    made = poison(claimed(desk))
    assert made.decision.problem is not None
    assert (made.decision.problem.code, made.decision.counts) == ("LT-DLV-006", False)


class KeyAway:
    """A signer whose hardware was pulled out."""

    key_id = "bus"

    def pen(self) -> KeyAway:
        """Itself."""
        return self

    def jws(self, body: bytes) -> str:
        """It cannot."""
        raise Refused((problem("LT-SIGN-009", Stage.SIGN, {"key": "'bus'", "reason": "token gone"}),))

    def xml(self, body: bytes) -> bytes:
        """Nor this."""
        raise Refused((problem("LT-SIGN-009", Stage.SIGN, {"key": "'bus'", "reason": "token gone"}),))


def test_without_our_key_it_waits_and_is_never_sent_unsigned(desk: Desk) -> None:
    """No try is used up, the operator reads why, and with the key back it goes on by itself."""
    with_key = tools(desk, "cong_dvcqg")
    claim = claimed(desk)
    (skip,) = prepare_batch([claim], desk.journal, replace(with_key, signer=KeyAway()), worker="w1", lease_s=60)
    assert isinstance(skip, Skip)
    assert skip.settlement is not None
    decision = skip.settlement.decision
    assert (decision.step, decision.counts, decision.problem.code) == (NextStep.WAIT, False, "LT-SIGN-009")
    desk.journal.settle(skip.settlement).result()
    item = desk.work(claim.delivery_id)
    assert (item.delivery.state, item.content, item.delivery.attempts_used) == (State.WAITING, None, 0)
    desk.clock.move(30)
    (ready,) = prepare_batch([claim], desk.journal, with_key, worker="w1", lease_s=60)
    assert isinstance(ready, Ready)
