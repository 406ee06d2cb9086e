"""The faulty proxy between the bus and a partner or a store, as a process of its own: `lienthong simulate proxy`."""

from __future__ import annotations

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Proxied:
    """A running proxy."""

    way: str  # HOST:PORT where the bus is to go
    controls: str

    def set(self, **switches: object) -> None:
        """Changes its faults, or where it leads (`to`)."""
        request = urllib.request.Request(
            f"{self.controls}/_sim/set", json.dumps(switches).encode(), {"content-type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=10) as reply:
            reply.read()


@contextmanager
def proxied(seed: int) -> Iterator[Proxied]:
    """A proxy that leads nowhere yet; ended with the block."""
    command = [sys.executable, "-m", "bus.simulators", "proxy", "--seed", str(seed)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            said = dict(process.stdout.readline().strip().rsplit(" ", 1) for _ in range(2))
            yield Proxied(said["proxy on"], said["listening on"])
        finally:
            process.terminate()
