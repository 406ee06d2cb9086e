"""Who may hold a connection: so many altogether, so many of one address; whoever only waits gives way to a newcomer."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

RESERVED = 32  # connections beyond the limit that may ask for health


class Stage(StrEnum):
    """What a connection is at."""

    IDLE = "idle"  # nothing was asked, or not yet all of the headers
    READING = "reading"  # its body is on the way
    WORKING = "working"  # it is being answered


class Seat(StrEnum):
    """What a newcomer gets."""

    TAKEN = "taken"
    RESERVED = "reserved"  # for health alone
    NONE = "none"


class Visitor(Protocol):
    """One connection."""

    def cut(self) -> None:
        """Ends it now."""


@dataclass(slots=True)
class _Guests:
    """Those of one address by what they are at, the longest first."""

    at: dict[Stage, dict[Visitor, None]] = field(default_factory=lambda: {stage: {} for stage in Stage})

    def __len__(self) -> int:
        return sum(map(len, self.at.values()))

    def first_to_go(self) -> Visitor | None:
        return next((one for stage in (Stage.IDLE, Stage.READING) for one in self.at[stage]), None)


class Crowd:
    """Event loop only."""

    def __init__(self, *, most: int, per_address: int) -> None:
        self._most, self._per_address = most, per_address
        self._guests: dict[str, _Guests] = {}
        self._where: dict[Visitor, tuple[str, Stage]] = {}
        self.turned_away: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._where)

    def enter(self, visitor: Visitor, address: str) -> Seat:
        """A new connection. At a limit one that waits is ended for it: the longest of the same address where that is
        at its own limit, else of the address that has most."""
        own = self._guests.get(address)
        if own is not None and len(own) >= self._per_address and not self._make_room(own, "address"):
            self.turned_away["address"] += 1
            return Seat.NONE
        seat = Seat.TAKEN
        while len(self._where) >= self._most:
            largest = sorted(self._guests.values(), key=len, reverse=True)
            if not any(self._make_room(guests, "full") for guests in largest):
                seat = Seat.RESERVED if len(self._where) < self._most + RESERVED else Seat.NONE
                self.turned_away["full"] += 1
                break
        if seat is not Seat.NONE:
            self._guests.setdefault(address, _Guests()).at[Stage.IDLE][visitor] = None
            self._where[visitor] = (address, Stage.IDLE)
        return seat

    def move(self, visitor: Visitor, stage: Stage) -> None:
        """It is at something else now."""
        if visitor in self._where:
            address, before = self._where[visitor]
            guests = self._guests[address]
            del guests.at[before][visitor]
            guests.at[stage][visitor] = None
            self._where[visitor] = (address, stage)

    def leave(self, visitor: Visitor) -> None:
        """It has ended. May be said again."""
        if visitor not in self._where:
            return
        address, stage = self._where.pop(visitor)
        guests = self._guests[address]
        del guests.at[stage][visitor]
        if not guests:
            del self._guests[address]

    def _make_room(self, guests: _Guests, why: str) -> bool:
        victim = guests.first_to_go()
        if victim is None:
            return False
        self.turned_away[f"idle-{why}"] += 1
        self.leave(victim)
        victim.cut()
        return True
