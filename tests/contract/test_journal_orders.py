"""Orders for whole endpoints are on record, on every journal: the newest holds, none is ever lost or altered unseen."""

from __future__ import annotations

from datetime import timedelta

from bus.rates import read_rate
from bus.records import ALL, EndpointOrder, Standing
from tests.contract.journal_world import START, World, world

__all__ = ["world"]


def order(world: World, endpoint: str = "e", *, who: str = "nguyen.an", **over: object) -> Standing:
    made = EndpointOrder(endpoint, who, "bảo trì", **over)  # type: ignore[arg-type]  # names of its fields
    standing = world.journal.order(made).result(20)
    assert standing == world.journal.standing()
    return standing


def test_nothing_ordered(world: World) -> None:
    """At first nothing is."""
    assert world.journal.standing() == Standing()


def test_pause_and_resume(world: World) -> None:
    """Who, why, when and until when stand with a pause; a later order takes its place; the revision grows."""
    until = START + timedelta(hours=2)
    paused = order(world, paused=True, until=until)
    assert paused.orders == (EndpointOrder("e", "nguyen.an", "bảo trì", paused=True, until=until, at=START),)
    longer = order(world, paused=True, who="tran.binh")
    assert [(one.who, one.until) for one in longer.orders] == [("tran.binh", None)]
    resumed = order(world)
    assert resumed.orders == ()
    assert paused.revision < longer.revision < resumed.revision


def test_each_endpoint_its_own(world: World) -> None:
    """By name; what is ordered for one says nothing of another."""
    order(world, "y", in_flight=2)
    standing = order(world, "x", paused=True)
    assert [(one.endpoint, one.paused, one.in_flight) for one in standing.orders] == [
        ("x", True, None), ("y", False, 2),
    ]  # fmt: skip


def test_rate_and_stopped_retries(world: World) -> None:
    """A rate for one endpoint and the stop of all retries are orders like the others, and outlive one another."""
    order(world, "x", rate=read_rate("5/s;9"))
    stopped = order(world, ALL, retries_stopped=True, until=START + timedelta(hours=1))
    assert stopped.retries
    assert (stopped.retries.why, stopped.retries.until) == ("bảo trì", START + timedelta(hours=1))
    assert [one.rate for one in stopped.orders if one.endpoint == "x"] == [read_rate("5/s;9")]
    assert order(world, ALL).retries is None


def test_clock_set_back(world: World) -> None:
    """A later order is the later one, whatever the clock says."""
    first = order(world, paused=True)
    world.clock.turn(-3600)
    second = order(world)
    assert second.revision > first.revision
    assert second.orders == ()


def test_in_the_chain(world: World) -> None:
    """An order is an entry of the chain like every act."""
    order(world, paused=True)
    assert world.journal.verify_chain() == ()
