"""Wires the polls of a configuration, and the scheduler that runs them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace

from adapters.wire.contract import OutboundWire, Target
from adapters.wire.registry import outbound
from bus.compose import Parts
from bus.polling.fetch import Line
from bus.polling.run import Means, Poll, every_of
from bus.polling.take import Source
from bus.scheduler import Post, Scheduler
from bus.settings import EndpointSettings, Settings
from schemas.message import Party
from schemas.problem import Refused, Stage, problem

_PAGE_BYTES = 32 * 1024 * 1024  # a page may hold many items


def make_scheduler(parts: Parts, *, name: str) -> Scheduler:
    """The scheduler of one worker process. Not started."""
    post = Post(name, parts.journal, parts.queue, parts.clock, parts.settings.queue.lease_s, random.random)
    return Scheduler(make_polls(parts), post)


def make_polls(parts: Parts) -> tuple[Poll, ...]:
    """Every poll of every endpoint that has an address, unless its settings say "off"."""
    wires: dict[str, OutboundWire] = {}
    means = Means(parts.journal, parts.feeder.feed, parts.house, parts.clock)
    return tuple(
        poll
        for name, endpoint in parts.settings.endpoints.items()
        if endpoint.address
        for poll in _polls(parts, name, endpoint, wires, means)
    )


def _polls(
    parts: Parts, name: str, endpoint: EndpointSettings, wires: dict[str, OutboundWire], means: Means
) -> Iterator[Poll]:
    adapter = parts.house.adapters[endpoint.system]
    manifest = adapter.manifest
    for operation, rule in manifest.poll.items():
        try:
            every_s = every_of(rule, endpoint.settings.get(f"{operation}.every", ""))
            rule = replace(rule, page=int(endpoint.settings.get(f"{operation}.page", rule.page)))
        except ValueError as wrong:
            values = {"place": f"endpoints.{name}.settings", "reason": wrong}
            raise Refused((problem("LT-CONF-002", Stage.CONFIGURE, values),)) from wrong
        if every_s is None:
            continue
        timeout_s = max(endpoint.timeouts_s().values(), default=10.0)
        wire = wires.setdefault(manifest.wire, outbound(manifest.wire))
        line = Line(adapter, _target(parts.settings, name, endpoint), wire, timeout_s)
        source = Source(name, adapter, rule.get or operation, Party(endpoint.agency, manifest.title_vi, adapter.id))
        yield Poll(name, operation, rule, line, source, means, every_s)


def _target(settings: Settings, name: str, endpoint: EndpointSettings) -> Target:
    return Target(
        endpoint=name, address=endpoint.address, settings=endpoint.settings, user=endpoint.user,
        secret=settings.secret(endpoint.secret), verify_tls=endpoint.verify_tls, reply_limit_bytes=_PAGE_BYTES,
    )  # fmt: skip
