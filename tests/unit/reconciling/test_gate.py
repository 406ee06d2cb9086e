"""How fast an endpoint is asked, and when it is left alone."""

from __future__ import annotations

import threading

import pytest

from bus.reconciling.gate import Gate, Pace, PatienceEnded, Stopped


class Time(threading.Event):
    """An event that nobody has to wait for: waiting turns the clock."""

    def __init__(self) -> None:
        super().__init__()
        self.at = 100.0

    def wait(self, timeout: float | None = None) -> bool:
        """Goes on."""
        self.at += timeout or 0.0
        return self.is_set()


def gate(time: Time, resting: list[str] | None = None, **pace: float) -> Gate:
    """One that rests for as long as the list has words."""
    reasons = resting if resting is not None else []
    return Gate(
        "cong", Pace(**pace), resting=lambda _: reasons.pop(0) if reasons else "", monotonic=lambda: time.at, stop=time
    )


def test_at_the_rate() -> None:
    """Ten questions at five a second take two seconds, the first none."""
    time = Time()
    door = gate(time, per_second=5)
    for _ in range(10):
        door.enter()
        door.tell(well=True)
    assert time.at == pytest.approx(101.8)


def test_rests_longer_each_time_while_nobody_answers() -> None:
    """Three questions without an answer: then pauses that double, up to half a minute; an answer ends them."""
    time = Time()
    door = gate(time, per_second=1000, patience_s=1000)
    seen = []
    for _ in range(9):
        before = time.at
        door.enter()
        seen.append(round(time.at - before))
        assert door.tell(well=False)
    assert seen == [0, 0, 0, 1, 2, 4, 8, 16, 30]
    door.enter()
    assert not door.tell(well=True)
    before = time.at
    door.enter()
    assert time.at - before < 1


def test_patience_ends() -> None:
    """A partner that stays away for longer than the person wants to wait ends the run, with its name."""
    time = Time()
    door = gate(time, per_second=10, patience_s=5)

    def hammer() -> None:
        for _ in range(20):
            door.enter()
            door.tell(well=False)

    with pytest.raises(PatienceEnded) as ended:
        hammer()
    assert ended.value.endpoint == "cong"
    assert time.at < 120


def test_not_asked_while_the_bus_leaves_it_alone() -> None:
    """Paused, breaker open: it waits until that is over, or until patience ends, and says why."""
    time = Time()
    gate(time, ["tạm dừng"] * 3, patience_s=60).enter()
    assert time.at == pytest.approx(103.0)
    with pytest.raises(PatienceEnded, match="tạm dừng"):
        gate(time, ["tạm dừng"] * 99, patience_s=2).enter()


def test_stopped() -> None:
    """Whoever waits is let go when the run is to end."""
    time = Time()
    time.set()
    with pytest.raises(Stopped):
        gate(time, ["tạm dừng"] * 3).enter()
