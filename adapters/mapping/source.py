"""Plans how the source of a scope is read: which paths get a slot, so that one walk finds them all."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from unicodedata import is_normalized, normalize

from adapters.mapping.places import Element
from adapters.mapping.program import Entry, Frame, Opening, Trie
from adapters.mapping.rules import Path
from adapters.mapping.scope import tag
from schemas.shape import Shape

Fetch = Callable[[Frame], str | None]
Where = Callable[[Frame], Element]


@dataclass(slots=True)
class _Branch:
    single: int = -1
    many: int = -1
    below: dict[str, _Branch] = field(default_factory=dict)


class Source:
    """Slots of one scope. `openings` open embedded documents, by the path of their text node."""

    def __init__(self, shape: Shape, openings: Mapping[Path, Opening]) -> None:
        self._shape = shape
        self._openings = openings
        self._root = _Branch()
        self.singles = 0
        self.lists = 0
        self.own = False

    def fetch(self, path: Path) -> Fetch:
        """A function that gives the NFC text at a path; None where absent, empty or blank."""
        if path and path[-1].startswith("@"):
            return _attribute(self._single(path[:-1]), path[-1][1:])
        return _text(self._single(path))

    def where(self, path: Path) -> Where:
        """A function that gives the element a path's value stands in."""
        slot = self._single(path[:-1] if path and path[-1].startswith("@") else path)

        def where(frame: Frame) -> Element:
            element = frame.singles[slot]
            return element if element is not None else frame.element

        return where

    def many(self, path: Path) -> Callable[[Frame], list[Element]]:
        """A function that gives every element at a path."""
        if not path:
            return lambda frame: [frame.element]
        branch = self._branch(path)
        if branch.many < 0:
            branch.many = self.lists
            self.lists += 1
        slot = branch.many
        return lambda frame: frame.lists[slot] or []

    def trie(self) -> Trie:
        """The finished plan."""
        return _trie(self._root, self._shape, (), self._openings)

    def _single(self, path: Path) -> int:
        if not path:
            self.own = True
        branch = self._branch(path)
        if branch.single < 0:
            # Slot 0 is kept for the scope's own element.
            self.singles = max(self.singles, 1)
            branch.single = 0 if not path else self.singles
            self.singles += bool(path)
        return branch.single

    def _branch(self, path: Path) -> _Branch:
        branch = self._root
        for step in path:
            branch = branch.below.setdefault(step, _Branch())
        return branch


def _trie(branch: _Branch, shape: Shape, path: Path, openings: Mapping[Path, Opening]) -> Trie:
    if not branch.below:
        return {}
    found: dict[str, Entry] = {}
    for child in shape.children:
        inner = branch.below.get(child.name)
        here = (*path, child.name)
        # A child no rule reads has an entry too, so that the walk passes it by at once.
        below = (inner and _trie(inner, child, here, openings)) or None
        entry = (inner.single, inner.many, below, openings.get(here)) if inner else (-1, -1, None, None)
        found[child.name] = entry
        found[tag(child)] = entry
    return found


def _text(slot: int) -> Fetch:
    def fetch(frame: Frame) -> str | None:
        element = frame.singles[slot]
        return composed(element.text) if element is not None else None

    return fetch


def _attribute(slot: int, name: str) -> Fetch:
    def fetch(frame: Frame) -> str | None:
        element = frame.singles[slot]
        return composed(element.get(name)) if element is not None else None

    return fetch


def composed(text: str | None) -> str | None:
    """Text in NFC; None if there is nothing to see."""
    if not text or text.isspace():
        return None
    if text.isascii() or is_normalized("NFC", text):
        return text
    return normalize("NFC", text)
