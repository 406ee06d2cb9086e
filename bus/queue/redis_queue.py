"""The queue on a Redis-compatible server: each method is one function call, so each is atomic.

Keys, records and functions are documented in `lua/keys.lua`.
"""

from __future__ import annotations

import itertools
import logging
import math
import os
import time
from collections.abc import Mapping, Sequence

from bus.ports import GenerationLost
from bus.queue.address import Address
from bus.queue.connection import Connection, Server
from bus.queue.library import Library, library
from bus.queue.line import Argument, Reply
from bus.queue.rows import entries_of, number_of, obey_row, rules_of, to_ms, views_of
from bus.rates import Rate
from bus.records import (
    Breaker,
    Claimed,
    EndpointView,
    LaneSnapshot,
    Place,
    QueueRecord,
    QueueSettle,
    QueueStats,
    Standing,
)

log = logging.getLogger("lienthong.queue")

IN_FLIGHT = 32  # lanes of one endpoint in flight at most, where the endpoint says nothing else
_CORRUPT_AGAIN_S = 10.0
_LONGEST_WAIT_S = 2.0  # below the connection's time-out


class RedisQueue:
    """The `Queue` port. Thread-safe. Must be told its generation (`adopt`, `start_generation`) before use."""

    def __init__(
        self,
        server: Server | Address | str,
        *,
        in_flight: int = IN_FLIGHT,
        breaker: Breaker | None = None,  # None = an endpoint is never let alone
        rates: Mapping[str, Rate] | None = None,  # of endpoints, where a person orders nothing else
        partition: int = 0,
        partitions: int = 1,
        shared: bool = False,  # the server is others' too, and not closed with this queue
        functions: Library | None = None,
    ) -> None:
        self._server = server if isinstance(server, Server) else Server(_address(server))
        self._shared = shared
        self._connection = Connection(
            self._server, library=functions or library(), tag=tag_of(partition), on_corrupt=self._overwritten
        )
        self._corrupt, self._corrupt_at = 0, -math.inf  # generation in which it was seen, when
        self._partition, self._partitions = partition, partitions
        self._rules = rules_of(in_flight, breaker, rates or {})
        self._generation = 0
        self._fence = 0  # highest counter seen: a server that is below it has lost something
        self._nonce = f"{os.getpid():x}{os.urandom(4).hex()}"
        self._numbers = itertools.count()
        self._due_at = 0.0  # monotonic time when the next lane is due; 0 = not known

    # -- work --

    def enqueue(self, records: Sequence[QueueRecord]) -> frozenset[str]:
        """See the port."""
        if not records:
            return frozenset()
        row: list[Argument] = []
        for r in records:
            row += (r.delivery_id, r.lane, r.endpoint, r.priority, r.predecessor, to_ms(r.not_before))
        return frozenset(self._call("enqueue", row))

    def claim(self, worker: str, *, settles: Sequence[QueueSettle], limit: int, lease_s: float) -> tuple[Claimed, ...]:
        """See the port."""
        row: list[Argument] = [worker, f"{self._nonce}.{next(self._numbers)}", int(lease_s * 1000), limit, len(settles)]
        for s in settles:
            row += (s.delivery_id, s.lane, s.token, s.step.value, to_ms(s.at), s.health.value, int(s.tried))
        reply = self._call("claim", row)
        self._due_at = time.monotonic() + reply[0] / 1000 if reply[0] >= 0 else 0.0
        claims = tuple(
            Claimed(
                delivery_id=reply[n],
                lane=reply[n + 1],
                endpoint=reply[n + 2],
                token=reply[n + 3],
                lease_until_ms=int(float(reply[n + 4])),
                crashes=int(reply[n + 5]),
            )
            for n in range(1, len(reply), 6)
        )
        for claim in claims:
            generation, _, counter = claim.token.partition(".")
            if int(generation) == self._generation:
                self._fence = max(self._fence, int(counter))
        return claims

    def extend(self, claims: Sequence[Claimed], *, lease_s: float) -> frozenset[str]:
        """See the port."""
        if not claims:
            return frozenset()
        row: list[Argument] = [int(lease_s * 1000)]
        for c in claims:
            row += (c.delivery_id, c.lane, c.token)
        return frozenset(self._call("extend", row))

    def poisoned(self) -> tuple[Claimed, ...]:
        """See the port."""
        reply = self._call("poisoned", writes=False)
        return tuple(
            Claimed(
                delivery_id=reply[n],
                lane=reply[n + 1],
                endpoint=reply[n + 2],
                token=reply[n + 3],
                lease_until_ms=0,
                crashes=int(reply[n + 4]),
            )
            for n in range(0, len(reply), 5)
        )

    def wait(self, timeout_s: float) -> None:
        """See the port."""
        timeout_s = min(timeout_s, self.due_s())
        # The server reads 0 as "for ever" and counts in milliseconds.
        self._connection.pop("bell", timeout_s=min(max(timeout_s, 0.001), _LONGEST_WAIT_S))

    def due_s(self) -> float:
        """Seconds until something comes due by itself, as far as is known; infinite = nothing."""
        due_at = self._due_at
        if not due_at:
            return math.inf
        left_s = due_at - time.monotonic()
        if left_s <= 0 and self._due_at == due_at:
            self._due_at = 0.0  # told once: who does not claim now is not woken again and again
        return left_s

    def ring(self) -> None:
        """Wakes one who waits."""
        self._connection.call("ring")

    # -- lanes --

    def release(self, lane: str) -> None:
        """See the port."""
        self._call("release", [lane])

    def mark(self, lane: str) -> int:
        """See the port."""
        return int(self._call("mark", [lane]))

    def behind(self, limit: int) -> tuple[str, ...]:
        """See the port."""
        return tuple(self._call("behind", [limit], writes=False))

    def rebuild_lane(self, snapshot: LaneSnapshot, *, ticket: int = 0) -> bool:
        """See the port."""
        return bool(self._call("rebuild_lane", [snapshot.lane, snapshot.endpoint, ticket, *entries_of(snapshot)]))

    def drop_lane(self, lane: str, *, ticket: int = 0) -> bool:
        """See the port."""
        return bool(self._call("drop_lane", [lane, ticket]))

    def fill(self, snapshots: Sequence[LaneSnapshot]) -> frozenset[str]:
        """See the port."""
        if not snapshots:
            return frozenset()
        head = self._head()
        replies = self._connection.call_many("fill", [[*head, s.lane, s.endpoint, *entries_of(s)] for s in snapshots])
        return frozenset(s.lane for s, doubtful in zip(snapshots, replies, strict=True) if doubtful)

    def obey(self, standing: Standing) -> None:
        """See the port."""
        self._call("obey", obey_row(standing))

    def endpoints(self) -> tuple[EndpointView, ...]:
        """See the port."""
        return views_of(self._call("endpoints", writes=False))

    # -- generations --

    def generation(self) -> int:
        """See the port."""
        seen = self._fence  # before asking: another thread's claim may raise it meanwhile
        generation, fence, partitions = map(number_of, self._connection.get_all(("gen", "fence", "parts")))
        if generation == self._generation and fence < seen:
            return 0
        if max(1, partitions) != self._partitions:  # lanes are at home elsewhere
            return 0
        if generation == self._corrupt:
            return 0
        if generation == self._generation:  # who only looks notices a loss too, if it comes after this
            self._fence = max(self._fence, fence)
        return max(0, generation)

    def adopt(self, generation: int) -> None:
        """See the port."""
        if generation != self._generation:
            self._fence = 0
        self._generation = generation

    def start_generation(self, generation: int) -> None:
        """See the port."""
        if self._partition == 0:
            self._forget_surplus(generation)
        if empty(self._connection, generation):
            self._connection.call("open", [generation, self._partitions])
        self.adopt(generation)

    def _forget_surplus(self, generation: int) -> None:
        """Partitions that the last generation had and this one has not."""
        (before,) = map(number_of, self._connection.get_all(("parts",)))
        for n in range(self._partitions, before):
            empty(self._connection.beside(tag_of(n)), generation)

    def finish_generation(self) -> None:
        """See the port."""
        self._call("finish")

    def whole(self) -> bool:
        """See the port."""
        return self._generation > 0 and self._connection.get_all(("whole",)) == (str(self._generation),)

    def lock(self, name: str, owner: str, *, lease_s: float) -> bool:
        """See the port."""
        return bool(self._connection.call("lock", [name, owner, int(lease_s * 1000)]))

    # -- the house --

    def expire_worker(self, worker: str) -> int:
        """See the port."""
        return int(self._call("expire_worker", [worker]))

    def places(self, lanes: Sequence[str]) -> Mapping[str, Place]:
        """See the port."""
        return dict(zip(lanes, map(Place, self._call("places", lanes, writes=False)), strict=True))

    def stats(self) -> QueueStats:
        """See the port."""
        ready, leased, delayed, parked, queued = self._call("stats", writes=False)
        return QueueStats(
            generation=self._generation, ready=ready, leased=leased, delayed=delayed, parked=parked, queued=queued,
            evicts=self._connection.evicts,
        )  # fmt: skip

    def server(self) -> str:
        """See the port."""
        return self._connection.run_id()

    def ping(self) -> None:
        """See the port."""
        self._connection.ping()

    def close(self) -> None:
        """See the port."""
        if not self._shared:
            self._server.close()

    def _overwritten(self, said: str) -> None:
        """Somebody else's software wrote over our keys: this generation is lost. Not more often than every ten
        seconds: a rebuild is work for the journal."""
        now = time.monotonic()
        if self._generation and self._generation != self._corrupt and now - self._corrupt_at > _CORRUPT_AGAIN_S:
            self._corrupt, self._corrupt_at = self._generation, now
            log.error("the queue's keys are not as we left them, it is rebuilt from the journal: %s", said)

    def _head(self) -> list[Argument]:
        if not self._generation:
            raise GenerationLost("no generation adopted yet")
        return [self._generation, self._fence, self._rules]

    def _call(self, name: str, row: Sequence[Argument] = (), *, writes: bool = True) -> Reply:
        return self._connection.call(name, [*self._head(), *row], writes=writes)


def _address(server: Address | str) -> Address:
    return Address(server) if isinstance(server, str) else server


def tag_of(partition: int) -> str:
    """What all keys of a partition begin with; what stands in braces decides the slot in a cluster."""
    return f"lt:{{{partition}}}:"


def empty(connection: Connection, generation: int) -> bool:
    """Removes what older generations left, and closes the partition. False: this generation has begun there."""
    if not connection.call("begin", [generation]):
        return False
    cursor = "0"
    while True:
        cursor = str(connection.call("clear", [generation, cursor]))
        if cursor == "0":
            return True
