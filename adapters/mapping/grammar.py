"""Which rules and attributes the mapping language has: what the reader says about a name it does not know.

`mapping.xsd` says the same to editors; a test keeps the two together.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from adapters.mapping.kinds import Kind

NAMESPACE = "urn:lienthong:map:1"


@dataclass(frozen=True, slots=True)
class Form:
    """One rule's attributes. `choices` are sets of which exactly one must stand."""

    needs: tuple[str, ...] = ()
    takes: tuple[str, ...] = ()
    choices: tuple[tuple[str, str], ...] = ()
    block: bool = False  # holds rules
    value: bool = False  # carries a value: takes the options of its kind

    def names(self, options: Collection[str]) -> tuple[str, ...]:
        """Every attribute it may have, with the options of the kinds there are."""
        own = self.needs + self.takes + tuple(name for choice in self.choices for name in choice)
        return own + tuple(sorted(options)) if self.value else own


_VALUE = ("kind", "lossy", "none", "max")
_SIDES = (("legacy", "canonical"),)

FORMS: Mapping[str, Form] = MappingProxyType(
    {
        "field": Form(("legacy", "canonical"), (*_VALUE, "empty", "only"), value=True),
        "constant": Form(("value",), ("only",), _SIDES),
        "group": Form((), ("legacy", "canonical"), block=True),
        "each": Form(("legacy", "canonical"), ("order-by", "where", "equals"), block=True),
        "when": Form((), (), (("legacy", "canonical"), ("equals", "not-equals")), block=True),
        "split": Form(("legacy", "canonical", "separator"), (*_VALUE, "item"), value=True),
        "zip": Form(("canonical", "separator"), (), block=True),
        "lookup": Form(("from", "table", "column"), (), _SIDES),
        "embedded": Form(("legacy", "format", "element"), ("canonical",), block=True),
        "ignore": Form(("reason",), (), _SIDES),
    }
)
MAP = Form(("id", "legacy", "canonical"), ("only",), block=True)


def kind_options(kinds: Iterable[Kind]) -> frozenset[str]:
    """Every attribute that some kind declares."""
    return frozenset(name for kind in kinds for name in kind.needs + kind.takes)
