"""The queue: an index in a Redis-compatible server, its in-memory twin, and the private server."""

from bus.queue.embedded import EmbeddedServer
from bus.queue.memory import MemoryQueue
from bus.queue.partitions import PartitionedQueue
from bus.queue.redis_queue import RedisQueue

__all__ = ["EmbeddedServer", "MemoryQueue", "PartitionedQueue", "RedisQueue"]
