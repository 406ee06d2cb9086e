"""What a run has counted, and which findings are worth a row. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bus.records import Difference, Finding

NO_DIFFERENCE = (Difference.EQUAL, Difference.UNDERWAY, Difference.NOT_ASKABLE, Difference.NOT_ANSWERED)
Counts = Mapping[str, Mapping[str, int]]


def counted(counts: Counts, findings: Iterable[Finding], *, by: int = 1) -> dict[str, dict[str, int]]:
    """The counts with these added, or taken away."""
    made = {endpoint: dict(many) for endpoint, many in counts.items()}
    for found in findings:
        of_endpoint = made.setdefault(found.endpoint, {})
        many = of_endpoint.get(found.difference.value, 0) + by
        if many:
            of_endpoint[found.difference.value] = many
        else:
            of_endpoint.pop(found.difference.value, None)
    return made


def worth_a_row(found: Finding) -> bool:
    """Somebody has something to do, or to know. A million equal pairs are a number, not rows."""
    if found.difference is Difference.EQUAL:
        return False
    return found.who != "nobody" or found.difference not in (Difference.UNDERWAY, Difference.NOT_ASKABLE)


def total(counts: Counts, *of: Difference) -> int:
    """How many pairs of these kinds."""
    return sum(many.get(one.value, 0) for many in counts.values() for one in of)


def differences(counts: Counts) -> int:
    """How many pairs differ."""
    return total(counts, *(one for one in Difference if one not in NO_DIFFERENCE))
