"""One attempt: asked first where there is a doubt, sent under one deadline, classified, decided."""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import pytest

from adapters.wire.contract import Exchange, Fault, PartnerReply, SendOrder, Target
from adapters.wire.registry import outbound, render
from bus.deliver import attempt, retry_after
from bus.delivery import Unclear
from bus.outcome import Outcome
from bus.policies import Policies
from bus.records import Claimed, Content, NextStep, Settlement, WorkItem
from bus.retry import RetryPolicy
from bus.trial import Line, Tools, Trial, broken, not_made
from tests.unit.bus.kit import Desk, SetClock, adapter, dossier, house, soap

CONTENT = Content(b"[]", "application/json", "", "p")
TAKEN = {"error_code": "0", "message": "", "result": [{"MaHoSo": "x"}]}
NOT_THERE = {"error_code": "0", "message": "", "result": []}
EXISTS = {"error_code": "3", "message": "Hồ sơ đã tồn tại"}
EXPIRED = {"error_code": "-1", "message": "Phiên làm việc hết hạn"}


def exchange(value: object = None, *, status: int = 200, fault: Fault = Fault.NONE, **headers: str) -> Exchange:
    body = json.dumps(value, ensure_ascii=False).encode() if value is not None else b""
    named = {"content-type": "application/json", **{name.replace("_", "-"): text for name, text in headers.items()}}
    sent = fault is not Fault.CONNECT
    return Exchange(fault, sent, status, named, body, "cong.example:443", 5, "a" * 64, 2)


@dataclass
class Scripted:
    """The portal's line: answers in the order given; the clock goes on while it does."""

    clock: SetClock
    answers: list[Exchange]
    takes_s: float = 0.0
    sent: list[SendOrder] = field(default_factory=list)
    logins_forgotten: int = 0

    def send(self, order: SendOrder) -> Exchange:
        """See the contract."""
        self.sent.append(order)
        self.clock.move(self.takes_s)
        return self.answers.pop(0)

    def reply(self, order: SendOrder, exchange: Exchange) -> PartnerReply:
        """As the real one reads it."""
        return outbound("portal").reply(order, exchange)

    def forget_login(self, endpoint: str) -> None:
        """See the contract."""
        self.logins_forgotten += 1


class Stamp:
    """Not used here."""

    key_id = "thu"

    def pen(self) -> Stamp:
        """Itself."""
        return self

    def jws(self, body: bytes) -> str:
        """None."""
        return ""

    def xml(self, body: bytes) -> bytes:
        """As it is."""
        return body


@dataclass
class Stage:
    """One dossier for the portal, under an intent."""

    item: WorkItem
    clock: SetClock
    may_send: bool = True
    wire: Scripted | None = None

    def play(self, *answers: Exchange, takes_s: float = 0.0, **over: object) -> Settlement:
        """One attempt."""
        self.wire = Scripted(self.clock, list(answers), takes_s)
        return attempt(self.trial(self.wire, **over), CONTENT)

    def trial(self, wire: Scripted, **over: object) -> Trial:
        """Begun now."""
        line = Line(adapter("cong_dvcqg"), Target("cong_dvcqg", "http://cong.example", {}), wire, Policies())
        tools = Tools({"cong_dvcqg": line}, house(), render, Stamp(), self.clock, lambda: 0.5)
        claim = Claimed(self.item.delivery.id, self.item.delivery.lane, "cong_dvcqg", "1.1", 0, 0)
        item = replace(self.item, **over)  # type: ignore[arg-type]  # test's shorthand
        return Trial.begin(item, claim, tools, worker="w1", may_send=lambda: self.may_send)

    def sent(self) -> list[tuple[str, str]]:
        """Operation and variant of what left."""
        assert self.wire is not None
        return [(order.name, order.variant) for order in self.wire.sent]


@pytest.fixture
def stage() -> Stage:
    desk = Desk()
    desk.say("mot_cua_cmon", soap("pushDocument", dossier()))
    return Stage(desk.work(desk.told[0].delivery_id), desk.clock)


def outcome(settlement: Settlement) -> Outcome:
    assert settlement.attempt is not None
    return settlement.attempt.outcome


def last(stage: Stage, result: Outcome) -> dict[str, object]:
    return {"delivery": replace(stage.item.delivery, last_outcome=result)}


# ---------------------------------------------------------------- create and update


def test_the_first_of_a_dossier_is_a_create(stage: Stage) -> None:
    """And a taken one is done."""
    done = stage.play(exchange(TAKEN))
    assert (done.decision.step, outcome(done), stage.sent()) == (
        NextStep.DONE, Outcome.ACCEPTED, [("DongBoHoSoMC", "create")]
    )  # fmt: skip


def test_a_later_one_is_an_update(stage: Stage) -> None:
    """The portal has the dossier already."""
    stage.play(exchange(TAKEN), known_there=True)
    assert stage.sent() == [("DongBoHoSoMC", "update")]


def test_what_exists_there_is_sent_again_as_an_update(stage: Stage) -> None:
    """At once, without counting; and if that too “exists” it is there: no circle."""
    first = stage.play(exchange(EXISTS))
    assert (first.decision.step, first.decision.counts, outcome(first)) == (NextStep.WAIT, False, Outcome.DUPLICATE)
    second = stage.play(exchange(EXISTS), **last(stage, Outcome.DUPLICATE))
    assert (second.decision.step, stage.sent()) == (NextStep.DONE, [("DongBoHoSoMC", "update")])


# ---------------------------------------------------------------- in doubt


@pytest.mark.parametrize("doubt", [{"open_intent": True}, "unclear"], ids=["crashed", "unclear"])
@pytest.mark.parametrize(("answer", "variant"), [(TAKEN, "update"), (NOT_THERE, "create")])
def test_a_doubt_is_asked_about_before_anything_is_sent(
    stage: Stage, doubt: object, answer: object, variant: str
) -> None:
    """Found there: an update of it. Not there: a create, safely."""
    over = doubt if isinstance(doubt, dict) else last(stage, Outcome.UNCLEAR)
    done = stage.play(exchange(answer), exchange(TAKEN), **over)
    assert stage.sent() == [("TraCuuHoSo", ""), ("DongBoHoSoMC", variant)]
    assert done.decision.step is NextStep.DONE
    assert done.attempt is not None
    assert not done.attempt.asked  # the content was sent


@pytest.mark.parametrize("asked", [{"asked_by": "nguyen.an"}, {"used_before": 1}], ids=["first try", "later try"])
@pytest.mark.parametrize(("answer", "variant"), [(TAKEN, "update"), (NOT_THERE, "create")])
def test_what_a_person_sends_again_is_asked_about(
    stage: Stage, asked: dict[str, object], answer: object, variant: str
) -> None:
    """By our record the partner has it; a person sends it again because it may have lost it."""
    delivery = replace(stage.item.delivery, **asked)  # type: ignore[arg-type]  # test's shorthand
    done = stage.play(exchange(answer), exchange(TAKEN), known_there=True, delivery=delivery)
    assert stage.sent() == [("TraCuuHoSo", ""), ("DongBoHoSoMC", variant)]
    assert done.decision.step is NextStep.DONE


@pytest.mark.parametrize(
    ("answer", "problem_in_the_end"),
    [
        (exchange({"error_code": "x"}), "LT-DLV-004"),
        (exchange(status=503), None),
        (exchange(fault=Fault.CONNECT), None),
    ],
    ids=["nonsense", "busy", "away"],
)
def test_an_unanswered_question_sends_nothing_and_stays_a_doubt(
    stage: Stage, answer: Exchange, problem_in_the_end: str | None
) -> None:
    """A portal that answers nonsense is given up sooner than one that is not there."""
    once = stage.play(answer, **last(stage, Outcome.UNCLEAR))
    assert (outcome(once), once.decision.step, len(stage.sent())) == (Outcome.UNCLEAR, NextStep.ASK, 1)
    assert once.attempt is not None
    assert once.attempt.asked
    tired = replace(stage.item.delivery, last_outcome=Outcome.UNCLEAR, attempts_used=RetryPolicy().resolver_tries)
    again = stage.play(answer, delivery=tired)
    assert (again.decision.problem.code if again.decision.problem else None) == problem_in_the_end


def test_a_question_that_took_all_the_time_is_not_followed_by_the_message(stage: Stage) -> None:
    """One deadline for everything: with nothing left, nothing is sent, and it does not count."""
    late = stage.play(exchange(NOT_THERE), takes_s=10.0, open_intent=True)
    assert (outcome(late), late.decision.step, late.decision.counts) == (Outcome.LOCAL_FAULT, NextStep.WAIT, False)
    assert stage.sent() == [("TraCuuHoSo", "")]


def test_a_lease_that_went_during_the_question_keeps_the_message_back(stage: Stage) -> None:
    """The lane may be another worker's by now."""
    stage.may_send = False
    late = stage.play(exchange(NOT_THERE), open_intent=True)
    assert (outcome(late), stage.sent()) == (Outcome.LOCAL_FAULT, [("TraCuuHoSo", "")])


def test_who_cannot_be_asked_is_not_asked(stage: Stage) -> None:
    """Where repeating is safe it is simply repeated."""
    stage.play(exchange(TAKEN), open_intent=True, unclear=Unclear.REPEAT)
    assert stage.sent() == [("DongBoHoSoMC", "create")]


# ---------------------------------------------------------------- the login


def test_an_expired_login_is_renewed_once_within_the_attempt(stage: Stage) -> None:
    """The portal refused us, so it took nothing: the same content again."""
    done = stage.play(exchange(EXPIRED), exchange(TAKEN))
    assert stage.wire is not None
    assert (done.decision.step, stage.wire.logins_forgotten, len(stage.sent())) == (NextStep.DONE, 1, 2)


def test_a_login_that_is_refused_again_waits(stage: Stage) -> None:
    """No circle inside one attempt."""
    waits = stage.play(exchange(EXPIRED), exchange(EXPIRED))
    assert (outcome(waits), waits.decision.step, len(stage.sent())) == (Outcome.REFUSED, NextStep.WAIT, 2)


def test_no_second_try_without_time_or_lease(stage: Stage) -> None:
    """Neither after the deadline nor when the lane may be another's."""
    stage.play(exchange(EXPIRED), takes_s=10.0)
    assert len(stage.sent()) == 1


# ---------------------------------------------------------------- what the partner asks for, what breaks


NOW = datetime(2026, 7, 20, 2, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("120", 120.0), (" 7 ", 7.0), ("Mon, 20 Jul 2026 02:01:30 GMT", 90.0), ("Mon, 20 Jul 2026 01:00:00 GMT", 0.0),
        ("", None), ("soon", None), ("-5", None), ("\u00b2", None), ("9" * 400, 999_999_999.0),
    ],
)  # fmt: skip
def test_retry_after_is_seconds_or_a_date(value: str, seconds: float | None) -> None:
    """Anything else is as if nothing had been said; nothing a partner writes breaks the attempt."""
    assert retry_after(exchange(retry_after=value), now=NOW) == seconds


def test_a_throttling_portal_is_left_alone_as_long_as_it_asks(stage: Stage) -> None:
    """And no longer than our own limit."""
    waits = stage.play(exchange(status=429, retry_after="300"))
    assert waits.decision.next_at == stage.clock.now() + timedelta(seconds=300)


def test_a_clock_that_jumps_is_no_attempt(stage: Stage) -> None:
    """What was not made says so, and nothing of it counts."""
    trial = stage.trial(Scripted(stage.clock, []))
    left = not_made(trial)
    assert (outcome(left), left.decision.step, left.decision.counts) == (Outcome.LOCAL_FAULT, NextStep.WAIT, False)


def test_what_broke_in_the_middle_is_a_doubt(stage: Stage) -> None:
    """Never “nothing was sent”: a person decides, and where the partner can be asked it is asked first."""
    left = broken(stage.trial(Scripted(stage.clock, [])))
    assert (outcome(left), left.decision.step) == (Outcome.UNCLEAR, NextStep.PARK)
    assert left.decision.problem is not None
    assert left.decision.problem.code == "LT-DLV-008"


@pytest.mark.parametrize("fault", [fault for fault in Fault if fault is not Fault.NONE])
def test_what_went_wrong_on_the_line_is_told_in_vietnamese(stage: Stage, fault: Fault) -> None:
    """Whether bytes had left, first; the library's own words behind it."""
    told = stage.play(replace(exchange(fault=fault), detail="ReadTimeoutError: x")).attempt
    assert told is not None
    words, _, detail = told.text.partition(": ")
    assert detail == "ReadTimeoutError: x"
    assert not words.isascii()


def test_the_fact_says_what_was_sent_and_what_came(stage: Stage) -> None:
    """Digests and sizes, for later proof."""
    done = stage.play(exchange(TAKEN), takes_s=0.25)
    fact = done.attempt
    assert fact is not None
    assert (fact.number, fact.token, fact.worker, fact.peer) == (1, "1.1", "w1", "cong.example:443")
    assert (fact.duration_ms, fact.reply_size, fact.request_sha256) == (250, len(done.reply), "a" * 64)
