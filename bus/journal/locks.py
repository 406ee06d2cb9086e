"""Where several processes write at once, whatever is about to be changed is locked first, dossier by dossier, always
in the same order: they wait for each other, and nobody decides on what another is changing.

A lane belongs to one dossier, and everything that frees, feeds or numbers stays within the dossier; so its row in
`dossiers` stands for all of that. Where one process writes at a time, nothing here does anything.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

import sqlalchemy as sa
from sqlalchemy import Connection

from bus.journal import tables as t
from bus.journal.burden import Touch

_CHUNK = 5_000
_MANY: sa.BindParameter[str] = sa.bindparam("many", expanding=True)
_DOSSIERS = sa.select(t.dossiers.c.id).where(t.dossiers.c.id.in_(_MANY)).order_by(t.dossiers.c.id)
_WAIT = _DOSSIERS.with_for_update(key_share=True)
_TRY = _DOSSIERS.with_for_update(key_share=True, skip_locked=True)
_OF_DELIVERIES = sa.select(t.deliveries.c.dossier).where(t.deliveries.c.id.in_(_MANY))
_OF_CODES = sa.select(t.identities.c.dossier).where(t.identities.c.code.in_(_MANY))


class Locks:
    """Dossiers locked in one transaction. A savepoint works on a branch: what it locked is free again if it fails."""

    def __init__(self, connection: Connection, *, needed: bool, held: Iterable[str] = ()) -> None:
        self.needed = needed
        self._connection = connection
        self._held = set(held)

    def branch(self) -> Locks:
        """For a savepoint."""
        return Locks(self._connection, needed=self.needed, held=self._held)

    def ahead(self, touches: Iterable[Touch]) -> None:
        """All that a transaction is known to touch, at its beginning."""
        if not self.needed:
            return
        all_of_them = list(touches)
        dossiers = {one for touch in all_of_them for one in touch.dossiers}
        dossiers |= self._found(_OF_DELIVERIES, {one for touch in all_of_them for one in touch.deliveries})
        dossiers |= self._found(_OF_CODES, {one for touch in all_of_them for one in touch.codes})
        self.dossiers(dossiers)

    def dossiers(self, ids: Iterable[str]) -> None:
        """Waits for those that others hold. Ids without a row are nobody's."""
        if self.needed and (missing := sorted(set(ids) - self._held)):
            for chunk in _chunks(missing):
                self._connection.execute(_WAIT, {"many": chunk})
            self._held.update(missing)

    def deliveries(self, ids: Sequence[str]) -> None:
        """The dossiers of these."""
        if self.needed:
            self.dossiers(self._found(_OF_DELIVERIES, ids))

    def unheld(self, ids: Iterable[str]) -> frozenset[str]:
        """Locks, of these dossiers, those that nobody else holds now; returns those that others hold."""
        if not self.needed:
            return frozenset()
        missing = sorted(set(ids) - self._held)
        got = self._found(_TRY, missing)
        self._held |= got
        return frozenset(missing) - got

    def _found(self, statement: sa.Executable, many: Iterable[str]) -> set[str]:
        chunks = _chunks(sorted(set(many)))
        return {str(one) for chunk in chunks for one in self._connection.execute(statement, {"many": chunk}).scalars()}


def _chunks(many: Sequence[str]) -> Iterator[Sequence[str]]:
    return (many[start : start + _CHUNK] for start in range(0, len(many), _CHUNK))
