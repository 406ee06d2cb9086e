"""One running bus per test module."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.acceptance.running_bus import Bus


@pytest.fixture(scope="module")
def bus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bus]:
    """A bus with idle senders; the portal behaves unless a test says otherwise."""
    running = Bus.start(tmp_path_factory.mktemp("bus"))
    running.portal(error_rate=0.0, latency_ms=0.0, duplicate=0.0)
    try:
        yield running
    finally:
        running.stop()
