"""What is stuck: each state's limit, working days, and what is not stuck."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from bus.delivery import Delivery, Pattern, State
from bus.records import Lingering
from bus.watch.stuck import Patience, Reason, age, of_delivery, working_days
from bus.windows import Holidays

NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)  # a Wednesday, ten o'clock in Viet Nam
PATIENCE = Patience()


def lingering(state: State, lasted: timedelta, *, pattern: Pattern = Pattern.PUSH, now: datetime = NOW) -> Lingering:
    """A delivery that has been in a state for so long."""
    made = Delivery(
        id="m1:cong", message_id="m1", endpoint="cong", operation="DongBoHoSoMC", pattern=pattern, lane="d@cong",
        lane_seq=1, state=state, reason="", problem_code="", attempts_used=0, manual_used=0, crashes=0,
        created_at=now - lasted, next_at=None, held_behind="", last_outcome=None,
    )  # fmt: skip
    return Lingering(made, now - lasted)


@pytest.mark.parametrize(
    ("state", "seconds", "wanted"),
    [
        (State.READY, 59, None),
        (State.READY, 60, Reason.READY),
        (State.SENDING, 89, None),
        (State.SENDING, 90, Reason.SENDING),
        (State.UNCLEAR, 3599, None),
        (State.UNCLEAR, 3600, Reason.UNCLEAR),
        (State.WAITING, 900_000, None),  # it has its own deadline
        (State.HELD, 900_000, None),  # told with the one before it
        (State.PARKED, 86_399, None),
        (State.PARKED, 86_400, Reason.PARKED),
    ],
)
def test_limits(state: State, seconds: float, wanted: Reason | None) -> None:
    """Each state may last so long; the line says why, who must act and what to type."""
    said = of_delivery(
        lingering(state, timedelta(seconds=seconds)), PATIENCE, now=NOW, holidays=Holidays(), behind=3
    )  # fmt: skip
    assert (said.reason if said else None) is wanted
    if said is not None:
        assert said.command.startswith("lienthong ")
        assert said.problem.text_vi
        assert said.behind == 3


def test_what_nobody_fetches() -> None:
    """A delivery that its receiver fetches is its receiver's matter, after a day."""
    day = lingering(State.READY, timedelta(days=1), pattern=Pattern.PULL)
    hour = lingering(State.READY, timedelta(hours=1), pattern=Pattern.PULL)
    said = of_delivery(day, PATIENCE, now=NOW, holidays=Holidays(), behind=0)
    assert said is not None
    assert (said.reason, said.problem.owner.value) == (Reason.NOT_FETCHED, "receiver")
    assert of_delivery(hour, PATIENCE, now=NOW, holidays=Holidays(), behind=0) is None


def test_a_weekend_is_no_working_day() -> None:
    """Parked on Friday is escalated on Monday at the same hour, and later still where Monday is a holiday."""
    friday = datetime(2026, 11, 20, 3, 0, tzinfo=UTC)
    assert working_days(friday, friday + timedelta(days=2), Holidays()) == 0
    assert working_days(friday, friday + timedelta(days=3), Holidays()) == 1
    monday_off = Holidays(off=frozenset([date(2026, 11, 23)]))
    assert working_days(friday, friday + timedelta(days=3), monday_off) == 0
    saturday_made_up = Holidays(made_up={date(2026, 11, 21): 0})
    assert working_days(friday, friday + timedelta(days=1), saturday_made_up) == 1


@pytest.mark.parametrize(
    ("lasted", "wanted"),
    [(timedelta(seconds=5), "5 s"), (timedelta(seconds=65), "1 min 5 s"), (timedelta(hours=3, minutes=2), "3 h 2 min"),
     (timedelta(days=2, hours=5), "2 d 5 h")],
)  # fmt: skip
def test_age(lasted: timedelta, wanted: str) -> None:
    """Short, and the same in both languages."""
    assert age(lasted) == wanted
