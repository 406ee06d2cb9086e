"""A connection that does not wait for ever: a line that swallows everything and tells nobody looks to the kernel as if
the server were thinking, so the time is taken here."""

from __future__ import annotations

import time
from typing import Any  # rows are tuples of whatever was asked for; generators are the driver's own

import psycopg

PATIENCE_S = 12.0  # longer than any wait for a lock, shorter than a door waits


class PatientConnection(psycopg.Connection[Any]):
    """Closed once one exchange with the server has taken so long; None = it may take what it takes, as a migration
    does."""

    patience_s: float | None = PATIENCE_S

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        """As the driver does it, but not for ever.

        Raises:
            psycopg.OperationalError: not done in time; the connection is closed.
        """
        if timeout is not None or self.patience_s is None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        try:
            return super().wait(gen, interval, self.patience_s)
        except psycopg.OperationalError as fault:
            if time.monotonic() - began < self.patience_s:
                raise
            self.pgconn.finish()
            raise psycopg.OperationalError(f"no word from the server for {self.patience_s:g} s") from fault
