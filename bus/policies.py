"""The retry policies of one endpoint: by operation, else by kind of message, else its own. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from bus.retry import RetryPolicy
from bus.windows import Windows

OWN = "*"  # what holds for everything that has no line of its own


@dataclass(frozen=True, slots=True)
class Policies:
    """Of one endpoint."""

    own: RetryPolicy = field(default_factory=RetryPolicy)
    special: Mapping[str, RetryPolicy] = field(default_factory=dict)  # by operation or kind of message

    def of(self, kind: str, *, operation: str) -> RetryPolicy:
        """The one that holds."""
        return self.special.get(operation) or self.special.get(kind) or self.own

    def every(self) -> Iterator[tuple[str, RetryPolicy]]:
        """Each with what it holds for; the endpoint's own first."""
        yield OWN, self.own
        yield from self.special.items()

    @property
    def windows(self) -> Windows:
        """The endpoint's."""
        return self.own.windows
