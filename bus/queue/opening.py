"""A queue from an address and rules: one partition, or several over shared connections."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from bus.ports import Queue
from bus.queue.address import Address
from bus.queue.connection import Server
from bus.queue.library import Library
from bus.queue.partitions import PartitionedQueue
from bus.queue.redis_queue import IN_FLIGHT, RedisQueue
from bus.rates import Rate
from bus.records import Breaker


@dataclass(frozen=True, slots=True)
class Rules:
    """How a queue is kept. All processes must have the same."""

    in_flight: int = IN_FLIGHT  # lanes of one endpoint at most, where a person ordered nothing else
    breaker: Breaker | None = None  # None = an endpoint is never let alone
    rates: Mapping[str, Rate] = field(default_factory=dict)  # of endpoints, where a person ordered nothing else
    partitions: int = 1
    replicas: int = 0  # that must have a write before it counts


def open_partitions(address: Address, rules: Rules, *, separator: str = "@", functions: Library | None = None) -> Queue:
    """Nothing is connected yet. `separator` stands in a lane's name before the endpoint."""
    server = Server(address, replicas=rules.replicas)
    parts = [
        RedisQueue(
            server, in_flight=rules.in_flight, breaker=rules.breaker, rates=rules.rates, partition=n,
            partitions=rules.partitions, functions=functions, shared=rules.partitions > 1,
        )
        for n in range(rules.partitions)
    ]  # fmt: skip
    if len(parts) > 1:
        return PartitionedQueue(parts, separator=separator, close=server.close)
    return parts[0]
