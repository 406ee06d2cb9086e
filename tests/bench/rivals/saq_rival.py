"""saq: one worker, 32 jobs at once."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

from clock import Clock
from redis.asyncio import Redis
from saq import Worker
from saq.queue.redis import RedisQueue

place, count = sys.argv[1], int(sys.argv[2])
clock = Clock()


async def nothing(context: dict[str, Any], *, number: int) -> None:
    clock.job()


async def main() -> None:
    queue = RedisQueue(Redis(unix_socket_path=place))
    await queue.connect()
    clock.begin()
    for number in range(count):
        await queue.enqueue("nothing", number=number)
        if not clock.put():
            break
    worker = Worker(queue, functions=[nothing], concurrency=32)
    running = asyncio.create_task(worker.start())
    done = asyncio.create_task(asyncio.to_thread(clock.wait))
    await asyncio.wait({running, done}, return_when=asyncio.FIRST_COMPLETED)
    clock.tell()


asyncio.run(main())
