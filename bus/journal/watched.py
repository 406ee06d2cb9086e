"""The part of the journal on SQL that the watch asks."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from datetime import datetime

from sqlalchemy import Connection

from bus.delivery import State
from bus.journal.linger import lingering, undelivered
from bus.journal.moments import to_us
from bus.journal.pulses import pulse_many, read_pulses
from bus.journal.survey import survey
from bus.journal.writer import Writer
from bus.records import Lingering, Pulse, Survey
from schemas.message import Envelope


class Watched:
    """Mixed into the journal, whose connections and writer it uses."""

    _writer: Writer

    @abstractmethod
    def _reading(self) -> AbstractContextManager[Connection]:
        """One reading transaction."""

    @abstractmethod
    def _now_us(self) -> int:
        """The journal's clock."""

    def pulse(self, pulse: Pulse) -> Future[None]:
        """See the port."""
        return self._writer.submit(pulse_many, pulse)

    def pulses(self) -> tuple[Pulse, ...]:
        """See the port."""
        with self._reading() as connection:
            return read_pulses(connection)

    def survey(self, endpoints: Sequence[str]) -> Survey:
        """See the port."""
        with self._reading() as connection:
            return survey(connection, endpoints, now_us=self._now_us())

    def lingering(self, state: State, *, before: datetime, limit: int) -> tuple[Lingering, ...]:
        """See the port."""
        with self._reading() as connection:
            return lingering(connection, state, before_us=to_us(before), limit=limit, now_us=self._now_us())

    def undelivered(self, *, before: datetime, limit: int) -> tuple[Envelope, ...]:
        """See the port."""
        with self._reading() as connection:
            return undelivered(connection, before_us=to_us(before), limit=limit)

    def meter_commits(self, on_commit: Callable[[float], None]) -> None:
        """See the port."""
        self._writer.on_commit = on_commit
