"""A person's act on one delivery: recorded in the journal first, then told to the queue."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Future

from bus.feeder import Feeder
from bus.ports import Journal
from bus.records import Acted, Action


def carry_out_together(actions: Sequence[Action], journal: Journal, feeder: Feeder) -> tuple[Acted | None, ...]:
    """Several acts, in order; the queue is told when all of them are on record. Replays of one lane, from its end
    forward, so never let the end of it out before its beginning. None: there is no such delivery."""
    futures = [journal.act(action) for action in actions]
    acted = tuple(map(_result, futures))
    done = [one for one in acted if one is not None and one.done]
    if not done:
        return acted
    feeder.heal()
    for lane in dict.fromkeys(one.rebuild_lane for one in done if one.rebuild_lane):
        feeder.rebuild_lane(lane)
    if feed := tuple(record for one in done for record in one.feed):
        feeder.feed(feed)
    return acted


def _result(future: Future[Acted]) -> Acted | None:
    try:
        return future.result()
    except LookupError:
        return None


def carry_out(action: Action, journal: Journal, feeder: Feeder) -> Acted:
    """Does what the journal allows; the answer says why not. If the queue is away the next sweep catches up."""
    acted = journal.act(action).result()
    if not acted.done:
        return acted
    feeder.heal()
    if acted.rebuild_lane:
        feeder.rebuild_lane(acted.rebuild_lane)
    if acted.feed:
        feeder.feed(acted.feed)
    return acted
