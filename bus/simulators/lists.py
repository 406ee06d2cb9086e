"""A simulated partner that waits to be asked: a department's lists of rows, and a hub's inbox with acknowledgement."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, replace

from bus.simulators.controls import count_of
from bus.simulators.lists_store import ListsStore
from bus.simulators.options import ListsOptions
from bus.simulators.server import Answer, Seen, serve
from bus.simulators.switches import Dice, Fate
from schemas.jsondoc import loads
from schemas.problem import Refused

_JSON = "application/json; charset=utf-8"
_CUT = ("repeat_page", "page_most")


class Lists:
    """One running partner. Everything is in memory: what was added is there until the process ends."""

    name = "lists"

    def __init__(self, options: ListsOptions) -> None:
        self._options = options
        self._key = os.environ.get(options.key_env, "") if options.key_env else ""
        self._switches = options.switches
        self._dice = Dice(options.seed)
        self._store = ListsStore(options)
        self._calls = 0
        self._counts: Counter[str] = Counter()

    def handle(self, seen: Seen) -> Answer:
        """One page, one document, or one acknowledgement."""
        self._calls += 1
        draw = self._dice.draw(self._calls, self._switches)
        if self._key and seen.headers.get(self._options.key_header.lower()) != self._key:
            self._counts["refused"] += 1
            return _said(401, {"ma": "15", "ErrorCode": "15", "ErrorDesc": "wrong SystemId/SecretKey"}, draw.delay_s)
        if draw.fate is Fate.ERROR:
            return Answer(503, b"Service Unavailable", "text/html", delay_s=draw.delay_s)
        if draw.fate is Fate.HTML:
            return Answer(200, b"<html><body>B\xe1\xba\xa3o tr\xc3\xac</body></html>", "text/html", draw.delay_s)
        if draw.fate is Fate.BUSINESS:
            return _said(200, {"ma": "20", "ErrorCode": "20", "ErrorDesc": "system error"}, draw.delay_s)
        status, value = self._serve(seen)
        answer = _said(status, value, draw.delay_s)
        return replace(answer, drop=draw.fate is Fate.DROP)

    def _serve(self, seen: Seen) -> tuple[int, Mapping[str, object]]:
        name = seen.path.strip("/").rpartition("/")[2]
        self._counts[name] += 1
        query = seen.query
        match seen.method, name:
            case "GET", "ho-so":
                return 200, self._store.dossiers(
                    query.get("tu", ""), _number(query, "trang", 1), _number(query, "so_luong", 100)
                )
            case "GET", "buoc":
                return 200, self._store.steps(_number(query, "tu_so", 0), _number(query, "so_luong", 100))
            case "GET", "hop-thu":
                return 200, self._store.inbox(_number(query, "size", 100))
            case "GET", "van-ban":
                return 200, self._store.document(query.get("docId", ""))
            case "POST", "xac-nhan":
                return 200, self._store.acknowledge(_object(seen.body))
        return 404, {"ma": "404", "ErrorCode": "404", "ErrorDesc": "no such path"}

    def answered(self, call: int, how: str) -> None:
        """Nobody wants to know."""

    def started(self) -> None:
        """Something lies there already, if it is to."""
        options = self._options
        self._store.add(options.dossiers, steps=options.steps, letters=options.letters)

    def control(self, action: str, given: Mapping[str, object]) -> object:
        """set, reset, add, touch, offer-again."""
        match action:
            case "set":
                self._store.set({name: value for name, value in given.items() if name in _CUT})
                changes = {name: value for name, value in given.items() if name not in _CUT}
                self._switches = self._switches.changed(changes)
                return asdict(self._switches)
            case "reset":
                self._store.reset()
                self._counts.clear()
                return {"reset": True}
            case "add":
                letters = count_of(given, "letters", 0)
                return self._store.add(
                    count_of(given, "dossiers", 0), steps=count_of(given, "steps", 0), letters=letters
                )
            case "touch":
                return {"touched": self._store.touch(count_of(given, "count", 1))}
            case "offer-again":
                return {"offered": self._store.offer_again()}
        raise LookupError(f"no control {action!r}: set, reset, add, touch, offer-again")

    def state(self, *, brief: bool) -> dict[str, object]:
        """What lies there, and how often it was asked for."""
        state = {"calls": self._calls, "counts": dict(self._counts), **self._store.counts()}
        return state if brief else {**state, "letters": self._store.letters(), "codes": self._store.codes()}

    def close(self) -> None:
        """The end."""


def serve_lists(options: ListsOptions) -> None:
    """Runs the partner until SIGTERM.

    Raises:
        ValueError: an option cannot be used.
        OSError: the port is taken.
    """
    serve(Lists(options), host=options.host, port=options.port)


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    return int(text) if text.isdigit() else default


def _object(body: bytes) -> Mapping[str, object]:
    try:
        value = loads(body)
    except Refused:
        return {}
    return value if isinstance(value, dict) else {}


def _said(status: int, value: Mapping[str, object], delay_s: float) -> Answer:
    return Answer(status, json.dumps(value, ensure_ascii=False).encode(), _JSON, delay_s=delay_s)
