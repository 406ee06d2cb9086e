"""Wires the polls of a configuration, and the scheduler that runs them."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace

from adapters.manifest_file import read_manifest
from adapters.poll_rule import PollRule
from adapters.registry import system_folders
from adapters.wire.contract import OutboundWire, Target
from adapters.wire.registry import outbound
from bus.body_keys import Rewrapper
from bus.compose import Parts, target_of
from bus.compose_attachments import make_examination_job
from bus.compose_evidence import make_sealer
from bus.endings import EndingsWatch
from bus.erasing import Eraser
from bus.forgetting import Forgetting
from bus.polling.fetch import Line
from bus.polling.job import Poll
from bus.polling.plan import Means, every_of, poll_name
from bus.polling.take import Source
from bus.ports import Journal
from bus.records.examining import AttachmentPolicy
from bus.revocation_lists import ListFetch
from bus.scheduler import Post, Scheduler
from bus.settings import EndpointSettings, Settings
from bus.turn import Job
from bus.watch.meters import Meters
from schemas.message import Party
from schemas.plain_words import reasons
from schemas.problem import Refused, Stage, problem

_PAGE_BYTES = 32 * 1024 * 1024  # a page may hold many items


@dataclass(frozen=True, slots=True)
class Planned:
    """One poll as the configuration has it."""

    name: str
    endpoint: str
    operation: str
    rule: PollRule
    every_s: float


def make_scheduler(parts: Parts, *, name: str, meters: Meters | None = None) -> Scheduler:
    """The scheduler of one worker process. Not started."""
    settings, keys = parts.settings, parts.keys
    post = Post(name, parts.journal, parts.queue, parts.clock, settings.queue.lease_s, random.random)
    sealer = make_sealer(settings, parts.journal, parts.clock, signer=keys.signer(settings))
    lists = (ListFetch(store, settings, keys) for store, rule in settings.trust.items() if rule.lists)
    count = (meters or Meters()).examined
    looker = make_examination_job(settings, parts.journal, keys, parts.clock, count=count)
    jobs: tuple[Job, ...] = (
        *make_polls(parts), sealer, looker, Rewrapper(parts.journal), *lists, EndingsWatch(settings, keys),
        Forgetting(), make_eraser(settings, parts.journal),
    )  # fmt: skip
    return Scheduler(jobs, post)


def make_eraser(settings: Settings, journal: Journal) -> Eraser:
    """The job that erases bodies whose time is over; without days in the settings it does nothing."""
    return Eraser(journal, settings.retention.rules(stamped=bool(settings.evidence.authorities)))


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


def planned(settings: Settings) -> Iterator[Planned]:
    """Every poll of a configuration, from the manifests alone: no map is compiled for it."""
    named = {name: endpoint for name, endpoint in settings.endpoints.items() if endpoint.address}
    wanted = {endpoint.system for endpoint in named.values()}
    folders = [folder for folder in system_folders(*settings.systems) if folder.name in wanted]
    rules = {folder.name: read_manifest(folder).poll for folder in folders}
    for name, endpoint in named.items():
        for operation, rule in rules.get(endpoint.system, {}).items():
            if (found := _planned(name, endpoint, operation, rule)) is not None:
                yield found


def _planned(name: str, endpoint: EndpointSettings, operation: str, rule: PollRule) -> Planned | None:
    """As the endpoint's own settings have it; None = it is switched off."""
    try:
        every_s = every_of(rule, endpoint.settings.get(f"{operation}.every", ""))
        rule = replace(rule, page=max(1, int(endpoint.settings.get(f"{operation}.page", rule.page))))
    except ValueError as wrong:
        values = {"place": f"endpoints.{name}.settings", **reasons(wrong)}
        raise Refused((problem("LT-CONF-002", Stage.CONFIGURE, values),)) from wrong
    return None if every_s is None else Planned(poll_name(name, operation), name, operation, rule, every_s)


def _polls(
    parts: Parts, name: str, endpoint: EndpointSettings, wires: dict[str, OutboundWire], means: Means
) -> Iterator[Poll]:
    adapter = parts.house.adapters[endpoint.system]
    manifest = adapter.manifest
    for operation, declared in manifest.poll.items():
        found = _planned(name, endpoint, operation, declared)
        if found is None:
            continue
        rule, every_s = found.rule, found.every_s
        timeout_s = max(endpoint.timeouts_s().values(), default=10.0)
        wire = wires.setdefault(manifest.wire, outbound(manifest.wire))
        line = Line(adapter, _page_target(parts, name, endpoint), wire, timeout_s)
        party = Party(endpoint.agency, manifest.title_vi, adapter.id)
        policy = AttachmentPolicy(endpoint.attachments or parts.settings.attachments.without_refusal())
        source = Source(name, adapter, rule.get or operation, party, policy)
        yield Poll(name, operation, rule, line, source, means, every_s)


def _page_target(parts: Parts, name: str, endpoint: EndpointSettings) -> Target:
    return target_of(parts.settings, name, endpoint, parts.keys, limit_bytes=_PAGE_BYTES)
