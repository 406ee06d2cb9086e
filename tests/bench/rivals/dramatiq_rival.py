"""dramatiq: one process, its default of eight threads."""

from __future__ import annotations

import sys

import dramatiq
import redis
from clock import Clock
from dramatiq.brokers.redis import RedisBroker

place, count = sys.argv[1], int(sys.argv[2])
clock = Clock()
broker = RedisBroker(client=redis.Redis(unix_socket_path=place))
dramatiq.set_broker(broker)


@dramatiq.actor
def nothing(number: int) -> None:
    clock.job()


clock.begin()
for number in range(count):
    nothing.send(number)
    if not clock.put():
        break
worker = dramatiq.Worker(broker, worker_threads=8)
worker.start()
clock.wait()
clock.tell()
