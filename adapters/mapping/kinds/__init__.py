"""Kinds: the ways of writing a value, each a pair of pure functions."""

from adapters.mapping.kinds.contract import Convert, Kind, Pair, Setting, pair
from adapters.mapping.kinds.registry import kinds, registry

__all__ = ["Convert", "Kind", "Pair", "Setting", "kinds", "pair", "registry"]
