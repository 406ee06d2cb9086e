"""Holds kept attempts, intents and people's acts against the entries that tell of them."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import RowMapping

from bus.journal.attempt_row import attempt_of
from bus.journal.audit_rows import Birth, Gathered
from bus.journal.facts import attempt_fact
from bus.journal.told import Told, deed_kept, deed_told, deeds_apart, fetched_of


def check_doings(birth: Birth, found: Gathered) -> Iterator[str]:
    """Each is there, as told, and no other."""
    names = found.of_message[birth.message_id]
    for id in names[1:]:
        about = found.about.get(id, [])
        yield from _check_attempts(birth, id, about, found.attempts.get(id, []))
        yield from _check_intents(birth, id, about, found.intents.get(id, []))
    yield from _check_acts(birth, [one for id in names for one in found.about.get(id, ())], found)


def _check_attempts(birth: Birth, id: str, about: list[Told], rows: list[RowMapping]) -> Iterator[str]:
    kept = {int(row["number"]): row for row in rows}
    for entry in about:
        number = _number_of(entry)
        if number is None:
            continue
        row = kept.pop(number, None)
        if row is None:
            yield f"{entry.place}: attempt {id}:{number} missing"
        elif not _is_as_told(row, entry):
            yield f"{entry.place}: attempt {id}:{number} altered"
    for number in kept:
        yield f"{birth.place}: attempt {id}:{number} added"


def _number_of(entry: Told) -> int | None:
    if entry.kind == "settle":
        attempt = entry.facts.get("attempt")
        return int(attempt["number"]) if attempt else None
    return int(entry.facts["number"]) if fetched_of(entry) else None


def _is_as_told(row: RowMapping, entry: Told) -> bool:
    fetched = fetched_of(entry)
    try:
        told = attempt_fact(attempt_of(row))
    except ValueError:  # an outcome that is none
        return False
    if fetched is not None:
        return (told["by"], told["outcome"]) == fetched
    return bool(told == entry.facts["attempt"] and row["state_after"] == entry.facts.get("state"))


def _check_intents(birth: Birth, id: str, about: list[Told], rows: list[RowMapping]) -> Iterator[str]:
    kept = {int(row["number"]): (row["token"], row["worker"]) for row in rows}
    for entry in about:
        if entry.kind != "intent":
            continue
        number = int(entry.facts["number"])
        there = kept.pop(number, None)
        if there != (entry.facts.get("token"), entry.facts.get("worker")):
            yield f"{entry.place}: intent {id}:{number} {'missing' if there is None else 'altered'}"
    for number in kept:
        yield f"{birth.place}: intent {id}:{number} added"


def _check_acts(birth: Birth, about: list[Told], found: Gathered) -> Iterator[str]:
    told = {entry.place: deed for entry in about if (deed := deed_told(entry)) is not None}
    rows = found.actions.get(birth.message_id, [])
    if not told and not rows:
        return
    missing, added = deeds_apart(told.values(), [deed_kept(dict(row)) for row in rows])
    for deed in missing:
        place = next(place for place, one in told.items() if one == deed)
        word = "altered" if added else "missing"
        yield f"{place}: act {deed[1]} about message {birth.message_id} {word}"
    if added and not missing:
        yield f"{birth.place}: act {added[0][1]} about message {birth.message_id} added"
