"""A person's act on one delivery: recorded in the journal first, then told to the queue."""

from __future__ import annotations

from bus.feeder import Feeder
from bus.ports import Journal
from bus.records import Acted, Action


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
