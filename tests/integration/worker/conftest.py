"""A partner, a journal on disk and a queue of a real server, fresh for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from bus.journal import SqlJournal
from bus.queue import RedisQueue
from tests.integration.worker.bench import Partner, fresh_journal, fresh_queue, partner


@pytest.fixture
def there() -> Iterator[Partner]:
    """A department."""
    with partner() as made:
        yield made


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[SqlJournal]:
    """On disk."""
    made = fresh_journal(tmp_path)
    yield made
    made.close()


@pytest.fixture
def queue() -> Iterator[RedisQueue]:
    """A real server's."""
    made = fresh_queue()
    yield made
    made.close()
