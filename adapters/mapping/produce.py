"""Makes the functions that give one target value each."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from adapters.mapping.kinds import Convert
from adapters.mapping.kinds.coded import not_found
from adapters.mapping.places import Element
from adapters.mapping.program import FAULTED, Frame, Guarded, Producer
from adapters.mapping.rules import Constant, Field, Lookup, spelled
from adapters.mapping.scope import Value
from adapters.mapping.source import Fetch, Where
from adapters.mapping.values import Fault, MapContext
from schemas.codes import CodeTables


def reading(value: Value) -> Convert:
    """The conversion legacy → canonical of a field; the sentinel of `none` becomes ""."""
    rule, bound = value.rule, value.bound
    assert isinstance(rule, Field)
    assert bound is not None
    convert, none = bound.pair.to_canonical, rule.none
    if not none:
        return convert
    # The same sentinel in other clothes: 9999-12-31T00:00:00 and 9999-12-31T00:00:00.000+07:00.
    meant = convert(none, MapContext(date.min, {}))

    def read(text: str, context: MapContext) -> str | Fault:
        if text.strip() == none:
            return ""
        found = convert(text, context)
        return "" if isinstance(found, str) and found == meant else found

    return read


def writing(value: Value) -> Convert:
    """The conversion canonical → legacy of a field, within `max` characters."""
    rule, bound = value.rule, value.bound
    assert isinstance(rule, Field)
    assert bound is not None
    convert, limit, cut = bound.pair.to_legacy, rule.max, bool(rule.lossy)
    if not limit:
        return convert

    def write(text: str, context: MapContext) -> str | Fault:
        found = convert(text, context)
        if isinstance(found, Fault) or len(found) <= limit:
            return found
        return found[:limit].rstrip() if cut else Fault("LT-MAP-118", {"length": len(found), "max": limit})

    return write


def field_producer(value: Value, fetch: Fetch, where: Where, convert: Convert, *, absent: str = "") -> Producer:
    """Gives a field's value. `absent` is what is converted where the source has nothing (`identity`)."""
    rule, shows = value.rule, value.shows
    path = f"{spelled(value.legacy or ())} ↔ {spelled(value.canonical or ())}"
    packed = value.legacy[-1] if value.legacy else ""

    def name(frame: Frame) -> str:
        """What the element in the message is called; of a packed text only the outer element is known."""
        return packed if frame.texts else ""

    def produce(frame: Frame) -> str | None:
        text = fetch(frame)
        if text is None:
            return absent or None
        found = convert(text, frame.run.context)
        if isinstance(found, str):
            return found or None
        frame.run.fault(found, rule, path=path, element=where(frame), name=name(frame), shows=shows)
        return FAULTED

    return produce


def identity_producer(value: Value, fetch: Fetch, where: Where, convert: Convert, *, absent: str) -> Producer:
    """Gives the dossier's name at a party, also where the canonical element is absent."""
    plain = field_producer(value, fetch, where, convert)

    def produce(frame: Frame) -> str | None:
        if fetch(frame) is not None:
            return plain(frame)
        found = convert("", frame.run.context)
        return (found if isinstance(found, str) else "") or absent or None

    return produce


def constant_producer(rule: Constant) -> Producer:
    """Always gives the same."""
    value = rule.value
    return lambda _: value


def lookup_producer(rule: Lookup, code: Producer, where: Where, tables: CodeTables) -> Producer:
    """Gives a table's column for a canonical code. A code the table does not know is a problem, not a blank."""
    table, column = rule.table, rule.column
    path = f"{spelled(rule.path)} ← {spelled(rule.source)}"

    def produce(frame: Frame) -> str | None:
        text = code(frame)
        if text is None or text is FAULTED:
            return None
        context = frame.run.context
        found = tables.column(table, text, column, on=context.on)
        if found:
            return found
        fault = not_found(text, context, table=table, tables=tables)
        if tables.to_canonical(table, text, on=context.on) is not None:
            fault = Fault("LT-MAP-122", {"value": text, "table": table, "column": column})
        frame.run.fault(fault, rule, path=path, element=where(frame), shows=True)
        return FAULTED

    return produce


def first_of(candidates: list[tuple[Guarded | None, Producer]]) -> Producer:
    """Asks the candidates in turn; the first whose condition holds and that has something decides."""
    if len(candidates) == 1 and candidates[0][0] is None:
        return candidates[0][1]

    def produce(frame: Frame) -> str | None:
        for guard, candidate in candidates:
            if guard is None or guard(frame):
                value = candidate(frame)
                if value is not None:
                    return value
        return None

    return produce


def equality(value: Producer, equals: str, *, negated: bool) -> Guarded:
    """Whether a value equals a text; absent equals ""."""
    if negated:
        return lambda frame: (value(frame) or "").strip() != equals
    return lambda frame: (value(frame) or "").strip() == equals


def both(guards: list[Guarded]) -> Guarded | None:
    """All of the conditions; None if there is none."""
    if not guards:
        return None
    if len(guards) == 1:
        return guards[0]
    return lambda frame: all(guard(frame) for guard in guards)


def constant_check(rule: Constant, fetch: Fetch, where: Where, guard: Guarded | None) -> Callable[[Frame], None]:
    """Notes a value that contradicts a constant. An absent value says nothing and contradicts nothing."""
    expected = rule.value

    def check(frame: Frame) -> None:
        text = fetch(frame)
        if text is None or text.strip() == expected or (guard is not None and not guard(frame)):
            return
        fault = Fault("LT-MAP-131", {"expected": expected})
        frame.run.fault(fault, rule, path=spelled(rule.path), element=where(frame))

    return check


Watch = Callable[[Value, Element, str | None, str | None], None]  # rule, element read, its text, text written


def watched(watch: Watch | None, value: Value, producer: Producer, *, fetch: Producer, where: Where) -> Producer:
    """The same producer; with `watch` each use of it is told."""
    if watch is None:
        return producer

    def produce(frame: Frame) -> str | None:
        found = producer(frame)
        watch(value, where(frame), fetch(frame), None if found is FAULTED else found)
        return found

    return produce
