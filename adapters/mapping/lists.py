"""How the items of a list are found, packed, unpacked and put in order."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal, InvalidOperation

from adapters.mapping.kinds.layout import read_iso
from adapters.mapping.places import Element
from adapters.mapping.program import FAULTED, Frame, Guarded, Node, Producer, Program
from adapters.mapping.rules import Each, Zip, spelled
from adapters.mapping.source import Fetch, Source
from adapters.mapping.values import Fault, Way
from schemas.shape import Scalar, Shape

Frames = Callable[[Frame], list[Frame]]
Order = Callable[[Frame], tuple[int, object]]


def repeated(program: Program, many: Callable[[Frame], list[Element]], kept: Guarded | None = None) -> Frames:
    """One frame for each element; with `kept` only for those that belong to the list."""

    def frames(frame: Frame) -> list[Frame]:
        found = [Frame(program, frame.run, element) for element in many(frame)]
        return found if kept is None else [each for each in found if kept(each)]

    return frames


def once(key: int, frames: Frames) -> Frames:
    """The same frames for all who ask, their constants checked once."""

    def cached(frame: Frame) -> list[Frame]:
        found = frame.cache.get(key)
        if found is None:
            found = frame.cache[key] = frames(frame)
            for each in found:
                for check in each.program.checks:
                    check(each)
        return found

    return cached


def parallel(rule: Zip, program: Program, texts: list[tuple[Fetch, str]]) -> Frames:
    """One frame for each place in the packed texts. Lists of different length are a problem, never padded."""
    separator, nothing = rule.separator, ()

    def frames(frame: Frame) -> list[Frame]:
        packed = [fetch(frame) for fetch, _ in texts]
        parts = [[part.strip() or None for part in text.split(separator)] if text else nothing for text in packed]
        lengths = {len(each) for each in parts if each}
        if len(lengths) > 1:
            counts = ", ".join(f"{name} {len(each)}" for (_, name), each in zip(texts, parts, strict=True))
            fault = Fault("LT-MAP-134", {"counts": counts, "separator": separator})
            frame.run.fault(fault, rule, path=texts[0][1], element=frame.element)
            return []
        rows = range(max(lengths, default=0))
        return [
            Frame(program, frame.run, frame.element, tuple(each[row] if each else None for each in parts))
            for row in rows
        ]

    return frames


def packed(rule: Zip, frames: Frames, number: int, *, path: str) -> Producer:
    """The packed text of one value of every item."""
    separator = rule.separator

    def produce(frame: Frame) -> str | None:
        values = [each.value(number) for each in frames(frame)]
        if any(value is FAULTED for value in values):
            return FAULTED
        if not any(values):
            return None
        if any(value and separator in value for value in values):
            fault = Fault("LT-MAP-135", {"separator": separator})
            frame.run.fault(fault, rule, path=path, element=frame.element)
            return FAULTED
        return separator.join(value or "" for value in values)

    return produce


def single(rule: Each, frames: Frames, number: int, *, path: str) -> Producer:
    """One value of the one item whose values stand in the scope's own element."""

    def produce(frame: Frame) -> str | None:
        found = frames(frame)
        if len(found) > 1:
            fault = Fault("LT-MAP-133", {"target": path, "max": 1, "count": len(found)})
            frame.run.fault(fault, rule, path=path, element=frame.element)
            return FAULTED
        return found[0].value(number) if found else None

    return produce


def unmatched(rules: list[Each], many: Callable[[Frame], list[Element]], item: Shape) -> Callable[[Frame], None]:
    """Notes every item that none of the lists with `where` takes: it would be lost without a word."""
    path = rules[0].where.path if rules[0].where else ()
    known = {rule.where.value for rule in rules if rule.where}
    source = Source(item, {})
    fetch = source.fetch(path)
    program = Program(Way.TO_LEGACY, source.trie(), source.singles, source.lists, (), (), Node("", ""), source.own)
    values = ", ".join(sorted(known))

    def check(frame: Frame) -> None:
        for element in many(frame):
            if (fetch(Frame(program, frame.run, element)) or "").strip() not in known:
                fault = Fault("LT-MAP-136", {"path": spelled(path), "values": values})
                frame.run.fault(fault, rules[0], path=spelled(path), element=element)

    return check


def ordering(number: int, scalar: Scalar | None) -> Order:
    """A sort key by one canonical value; items without it come last, equal ones stay as they were."""

    def key(frame: Frame) -> tuple[int, object]:
        value = frame.value(number)
        if value is None or value is FAULTED:
            return 1, 0
        return sortable(value, scalar)

    return key


def sortable(value: str, scalar: Scalar | None) -> tuple[int, object]:
    """A canonical value as something that sorts by its meaning.

    >>> sortable("10", Scalar.INTEGER) > sortable("9", Scalar.INTEGER)
    True
    >>> sortable("2026-07-06T01:00:00Z", Scalar.DATETIME) < sortable("2026-07-06T08:30:00+07:00", Scalar.DATETIME)
    True
    """
    if scalar in (Scalar.DATE, Scalar.DATETIME):
        moment = read_iso(value)
        return (1, 0) if isinstance(moment, Fault) else (0, moment)
    if scalar in (Scalar.INTEGER, Scalar.DECIMAL):
        try:
            return 0, Decimal(value)
        except InvalidOperation:
            return 1, 0
    return 0, value
