"""What a kind is: a named pair of pure functions from text to text."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.mapping.values import Fault, MapContext
from schemas.codes import CodeTables
from schemas.shape import Scalar

Convert = Callable[[str, MapContext], str | Fault]

TEXT = frozenset({Scalar.STRING})
ANY = frozenset(Scalar)


@dataclass(frozen=True, slots=True)
class Setting:
    """What a kind is told when a rule is compiled."""

    options: Mapping[str, str]  # the rule's attributes that the kind declares
    tables: CodeTables
    legacy: Scalar  # what the legacy schema says of the element
    canonical: Scalar  # what the canonical schema says of the element
    lossy: bool  # the rule declares that it loses something


@dataclass(frozen=True, slots=True)
class Pair:
    """The two functions of one rule. Thread-safe: they keep nothing."""

    to_canonical: Convert
    to_legacy: Convert
    loss: str = ""  # why the pair cannot be reversed; "" = it can


@dataclass(frozen=True, slots=True)
class Kind:
    """One way of writing a value. Built-in and foreign kinds are the same thing: see `registry.py`."""

    name: str  # as in kind="…"
    does_vi: str  # one sentence for `map explain` and the documentation
    does_en: str
    make: Callable[[Setting], Pair | Fault]  # a Fault: the options cannot be used
    legacy: frozenset[Scalar] = ANY  # where it may stand
    canonical: frozenset[Scalar] = TEXT
    needs: tuple[str, ...] = ()  # options it must have
    takes: tuple[str, ...] = ()  # options it may have
    samples: Callable[[Setting, MapContext], tuple[str, ...]] = lambda *_: ()  # canonical values to try; () = by type
    shows_value: bool = False  # a wrong value may be quoted: codes and dates, never what names a citizen


def pair(to_canonical: Callable[[str], str | Fault], to_legacy: Callable[[str], str | Fault], loss: str = "") -> Pair:
    """A Pair of functions that need no context."""
    return Pair(lambda text, _: to_canonical(text), lambda text, _: to_legacy(text), loss)
