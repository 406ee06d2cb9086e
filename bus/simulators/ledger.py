"""The ledger of a simulator: one JSON line per fact, appended at once, so that it survives any kill."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})
_ALWAYS = ("event", "who", "run", "call", "at", "kind", "dossier")  # members without a default


# Kinds that ask and change nothing: they may run beside anything else.
QUESTIONS = ("tra_cuu", "hoi_trang_thai")


class Event(StrEnum):
    """What a line says."""

    OFFERED = "offered"  # a sender is about to send this item for the first time
    ACCEPTED = "accepted"  # the sender was told that it is accepted
    REFUSED = "refused"  # the sender was told that it is not, for good
    RECEIVED = "received"  # a receiver got a call with this item; `committed` says whether it took it
    ANSWERED = "answered"  # the receiver's call is over


@dataclass(frozen=True, slots=True)
class Item:
    """One judged thing: a dossier, one of its steps, its result, a question."""

    kind: str  # canonical kind: ho_so, tien_do, ket_qua, tep_dinh_kem, hoi_trang_thai, tra_cuu
    dossier: str  # its name as this party says it
    step: int = 0  # order inside the dossier: 0 the dossier itself, 1… its steps, the result last; -1 = unordered
    names: tuple[str, ...] = ()  # every name of the dossier that stands in the content
    content: Mapping[str, str] = field(default_factory=lambda: _NOTHING)  # what must arrive unchanged
    to: tuple[str, ...] = ()  # senders: simulators it must reach


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a ledger. Times are seconds since 1970, of this host's clock."""

    event: Event
    who: str  # portal, cmon, dlms, facade
    run: str  # one start of the simulator
    call: int  # number of the call within the run
    at: float
    service: str = ""  # operation in the partner's name
    item: Item | None = None  # None only for ANSWERED
    committed: bool = False  # RECEIVED: taken
    again: bool = False  # RECEIVED: a harmless repeat (the same content as an update, an acknowledged pull)
    fate: str = ""  # the switch that struck, or how the call ended
    code: str = ""  # the code said


class Ledger:
    """Appends lines to a file; without a file it keeps nothing. Thread-safe."""

    def __init__(self, path: Path | None) -> None:
        self._lock = threading.Lock()
        self._file = None
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("ab", buffering=0)

    def write(self, lines: Iterable[Line]) -> None:
        """Appends lines with one write, so that two processes may share a file."""
        if self._file is None:
            return
        text = "".join(json.dumps(_plain(line), ensure_ascii=False) + "\n" for line in lines)
        with self._lock:
            self._file.write(text.encode())

    def close(self) -> None:
        """Closes the file."""
        if self._file is not None:
            self._file.close()


def read_ledgers(*paths: Path) -> tuple[Line, ...]:
    """All lines of some ledgers; a missing file has none, a last line cut off by a kill is left out."""
    return tuple(line for path in paths if path.exists() for line in _read(path))


def _read(path: Path) -> Iterator[Line]:
    for raw in path.read_bytes().split(b"\n")[:-1]:  # what follows the last line end was cut off
        given = json.loads(raw)
        item = given.pop("item", None)
        if item is not None:
            item = Item(**{**item, "names": tuple(item.get("names", ())), "to": tuple(item.get("to", ()))})
        yield Line(**{**given, "event": Event(given["event"])}, item=item)


def _plain(line: Line) -> dict[str, object]:
    plain = _given(line)
    if line.item is not None:
        plain["item"] = _given(line.item)
    return plain


def _given(value: Line | Item) -> dict[str, object]:
    """The members that differ from their defaults."""
    found = {one.name: getattr(value, one.name) for one in fields(value) if one.name != "item"}
    return {
        name: dict(one) if isinstance(one, Mapping) else one
        for name, one in found.items()
        if name in _ALWAYS or one not in ("", (), 0, False, _NOTHING)
    }
