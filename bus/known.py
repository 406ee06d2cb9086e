"""What the journal knows of the dossiers that messages name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bus.days import day_of
from bus.pipeline import KnownDossier, Names
from bus.ports import Journal


def known_dossiers(journal: Journal, wanted: Iterable[Names]) -> Mapping[Names, KnownDossier]:
    """The dossiers by the names given, as their newest message tells of them; unknown ones are left out."""
    found: dict[Names, KnownDossier] = {}
    for names in wanted:
        dossier = next((d for party, code in names if (d := journal.dossier(party, code))), "")
        if dossier and (first := journal.latest(dossier, "ho_so")) is not None:
            origin = first.envelope.facts.get("nguon", "")
            found[names] = KnownDossier(origin, day_of(first.envelope), first.envelope.sender)
    return found
