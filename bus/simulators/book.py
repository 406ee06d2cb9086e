"""The book of a simulator: what was received or sent per dossier, in order, with times. Thread-safe."""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from bus.simulators.ledger import QUESTIONS, Event, Item, Ledger, Line
from bus.simulators.switches import Fate


@dataclass(frozen=True, slots=True)
class Taken:
    """One item of a received call and what became of it."""

    item: Item
    committed: bool
    again: bool = False  # a harmless repeat


@dataclass(slots=True)
class _Entry:
    call: int
    event: Event
    service: str
    kind: str
    step: int
    begin: float
    end: float = 0.0  # 0 = not over
    committed: bool = False
    again: bool = False
    code: str = ""
    fate: str = ""


@dataclass(slots=True)
class _Dossier:
    entries: list[_Entry] = field(default_factory=list)
    open: set[int] = field(default_factory=set)  # calls that are not over
    steps: Counter[tuple[str, int]] = field(default_factory=Counter)
    highest: int = -1
    duplicates: int = 0
    overlaps: int = 0
    out_of_order: int = 0


class Book:
    """Keeps what happened and writes it to the ledger at once. `who` is the simulator's name."""

    def __init__(self, who: str, ledger: Ledger) -> None:
        self.who = who
        self._ledger = ledger
        self._lock = threading.Lock()
        self.run = uuid.uuid4().hex[:12]
        self._calls = 0
        self._clear()

    def _clear(self) -> None:
        self._dossiers: dict[str, _Dossier] = defaultdict(_Dossier)
        self._open: dict[int, list[tuple[_Dossier, _Entry]]] = {}
        self._services: Counter[str] = Counter()
        self._fates: Counter[str] = Counter()
        self.marks: Counter[str] = Counter()  # signatures, sessions, …: the simulator's own counts

    def next_call(self) -> int:
        """A number for a call, unique within this run."""
        with self._lock:
            self._calls += 1
            return self._calls

    def mark(self, name: str) -> None:
        """Counts something of the simulator's own."""
        with self._lock:
            self.marks[name] += 1

    def received(self, call: int, service: str, taken: Sequence[Taken], *, begin: float, fate: Fate, code: str) -> None:
        """A call was understood; its items were taken or not. Written before anything is answered."""
        lines = [
            Line(
                event=Event.RECEIVED, who=self.who, run=self.run, call=call, at=begin, service=service,
                item=one.item, committed=one.committed, again=one.again, fate=fate.value, code=code,
            )
            for one in taken
        ]  # fmt: skip
        with self._lock:
            self._services[service] += 1
            self._fates[fate.value] += 1
            self._open[call] = [self._enter(call, line) for line in lines]
        self._ledger.write(lines)

    def _enter(self, call: int, line: Line) -> tuple[_Dossier, _Entry]:
        item = line.item
        assert item is not None
        dossier = self._dossiers[item.dossier]
        entry = _Entry(
            call, line.event, line.service, item.kind, item.step, line.at,
            committed=line.committed, again=line.again, code=line.code, fate=line.fate,
        )  # fmt: skip
        if item.kind not in QUESTIONS:
            if dossier.open - {call}:
                dossier.overlaps += 1
            dossier.open.add(call)
            if item.step >= 0 and line.committed and not line.again:
                key = (item.kind, item.step)
                dossier.duplicates += dossier.steps[key] > 0
                dossier.out_of_order += dossier.steps[key] == 0 and item.step < dossier.highest
                dossier.steps[key] += 1
                dossier.highest = max(dossier.highest, item.step)
        dossier.entries.append(entry)
        return dossier, entry

    def answered(self, call: int, how: str) -> None:
        """The call is over: replied, dropped by us, or the caller went away."""
        end = time.time()
        with self._lock:
            for dossier, entry in self._open.pop(call, ()):
                entry.end = end
                dossier.open.discard(call)
        self._ledger.write([Line(event=Event.ANSWERED, who=self.who, run=self.run, call=call, at=end, fate=how)])

    def sent(self, call: int, event: Event, service: str, items: Sequence[Item], *, code: str = "") -> None:
        """A sender's side: offered, accepted or refused."""
        at = time.time()
        lines = [
            Line(event=event, who=self.who, run=self.run, call=call, at=at, service=service, item=item, code=code)
            for item in items
        ]
        with self._lock:
            self.marks[event.value] += len(lines)
            for item in items:
                self._dossiers[item.dossier].entries.append(
                    _Entry(call, event, service, item.kind, item.step, at, end=at, code=code)
                )
        self._ledger.write(lines)

    def totals(self) -> dict[str, object]:
        """Counts only: cheap enough to be asked for often."""
        with self._lock:
            every = list(self._dossiers.values())
            return {
                "who": self.who,
                "run": self.run,
                "calls": self._calls,
                "open_calls": len(self._open),
                "dossiers": len(every),
                "committed": sum(sum(one.steps.values()) for one in every),
                "duplicates": sum(one.duplicates for one in every),
                "overlaps": sum(one.overlaps for one in every),
                "order_violations": sum(one.out_of_order for one in every),
                "services": dict(self._services),
                "fates": dict(self._fates),
                "counts": dict(self.marks),
            }

    def dossiers(self) -> dict[str, object]:
        """Every dossier with its entries in order of arrival."""
        with self._lock:
            return {
                name: {
                    "duplicates": one.duplicates,
                    "overlaps": one.overlaps,
                    "out_of_order": one.out_of_order,
                    "entries": [_entry_json(entry) for entry in one.entries],
                }
                for name, one in self._dossiers.items()
            }

    def close(self) -> None:
        """Closes the ledger."""
        self._ledger.close()

    def reset(self) -> None:
        """Forgets everything; call numbers and the ledger go on."""
        with self._lock:
            self._clear()


def _entry_json(entry: _Entry) -> dict[str, object]:
    return {name: getattr(entry, name) for name in _Entry.__dataclass_fields__}
