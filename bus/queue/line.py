"""A thread's own connection to the server, for calls without what redis-py does around each command.

It costs two thirds of what a call costs us. For one plain server only: in front of several, redis-py's pool decides
with each call who is asked.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Sequence
from typing import Any

import hiredis
import redis

Argument = str | int | float
Reply = Any  # whatever the function answers


class Lines:
    """One connection for each thread, lent from the client's pool until the thread ends. Thread-safe."""

    def __init__(self) -> None:
        self._own = threading.local()

    def ask(self, node: redis.Redis, words: Sequence[Argument]) -> Reply:
        """One command. Repeated after a connection fault as redis-py would.

        Raises:
            RedisError: as redis-py's own call.
        """
        connection = self._line(node).connection
        packed = [hiredis.pack_command(tuple(words))]  # type: ignore[arg-type]  # its stub knows one word

        def run() -> Reply:
            try:
                connection.send_packed_command(packed)
                return connection.read_response()
            except redis.ResponseError:
                raise
            except BaseException:  # a reply still on its way must not be taken for the next one
                connection.disconnect()
                raise

        return connection.retry.call_with_retry(run, lambda _: connection.disconnect())

    def _line(self, node: redis.Redis) -> _Line:
        line: _Line | None = getattr(self._own, "line", None)
        if line is None or line.pool is not node.connection_pool or line.pid != os.getpid():
            line = self._own.line = _Line(node.connection_pool)
        return line


class _Line:
    """Given back when the thread ends."""

    __slots__ = ("connection", "pid", "pool")

    def __init__(self, pool: redis.ConnectionPool) -> None:
        self.pool, self.pid = pool, os.getpid()
        self.connection: Any = pool.get_connection()  # of redis-py, by kind of address

    def __del__(self) -> None:
        if getattr(self, "connection", None) is not None and self.pid == os.getpid():
            with contextlib.suppress(Exception):  # the program may be ending around us
                self.pool.release(self.connection)
