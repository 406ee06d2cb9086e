"""What a work item will touch, and how many bytes it carries: known before its transaction begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from bus.records import Acceptance


@dataclass(frozen=True, slots=True)
class Touch:
    """What is to be locked for one work item."""

    deliveries: tuple[str, ...] = ()  # ids
    dossiers: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()  # that dossiers may be called by, at whatever party


@runtime_checkable
class Burden(Protocol):
    """An argument that says both of itself."""

    def size_bytes(self) -> int:
        """Of the packed bodies."""

    def touch(self) -> Touch:
        """See `Touch`."""


def touch_of(argument: object) -> Touch:
    """What an argument of a job will touch."""
    return argument.touch() if isinstance(argument, Burden) else Touch()


def size_of(argument: object) -> int:
    """Bytes that an argument of a job brings into the transaction."""
    return argument.size_bytes() if isinstance(argument, Burden) else 0


def touched_by(acceptances: Iterable[Acceptance]) -> Touch:
    """The dossiers of what is accepted, where there are any yet."""
    items = [item for acceptance in acceptances for item in acceptance.items]
    return Touch(
        dossiers=tuple(item.dossier.known for item in items if item.dossier.known),
        codes=tuple(code for item in items for _, code in item.dossier.names if code),
    )
