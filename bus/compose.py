"""Wired at one place: from one settings object to a door, a worker, a supervisor."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from adapters.registry import Registry
from adapters.wire.contract import OutboundWire, Target
from adapters.wire.registry import outbound, render
from bus.body_keys import vault_of
from bus.clock import SystemClock
from bus.compose_attachments import make_inspection
from bus.encrypting import lock_of, wire_settings
from bus.endings import ends_at
from bus.expiry import DeadlineKeeper
from bus.feeder import Feeder
from bus.feeding import Feeding
from bus.holidays import load_holidays
from bus.intake import Intake
from bus.journal import open_journal
from bus.key_cupboard import Cupboard
from bus.outbound_security import security_of
from bus.policy_loading import check_names, check_secured, load_policies
from bus.ports import Clock, Journal, Queue
from bus.queue import EmbeddedServer
from bus.queue.address import Address
from bus.queue.opening import Rules, open_partitions
from bus.rates import read_rate
from bus.routes import check
from bus.routing import House
from bus.settings import EndpointSettings, Settings
from bus.trial import Line, Tools
from bus.watch.meters import Meters
from bus.watch.searching import Search
from bus.watch.watchman import Watchman
from bus.worker import Pace, Worker
from schemas.problem import Refused

QUEUE_S = 3.0  # as long as a person is let wait for the queue's server; one that works answers in milliseconds
_REPLY_BYTES = 4_194_304  # of a partner's answer


@dataclass(frozen=True, slots=True)
class Parts:
    """What every process of the bus has."""

    settings: Settings
    house: House
    journal: Journal
    queue: Queue
    feeder: Feeder
    clock: Clock
    before_closing: list[Callable[[], None]] = field(default_factory=list)
    keys: Cupboard = field(default_factory=Cupboard)
    meter_expiries: Callable[[Callable[[str], None]], None] = lambda count: None  # `count` is told their endpoints

    def close(self) -> None:
        """Ends what was started here, then connections and the journal's writer."""
        for end in self.before_closing:
            end()
        self.keys.close()
        self.queue.close()
        self.journal.close()


def load_house(settings: Settings) -> House:
    """Systems and routes, checked against each other.

    Raises:
        Refused: with everything that is wrong.
    """
    registry = Registry.load(*settings.systems)
    adapters = {adapter.id: adapter for adapter in registry}
    table, policies = settings.route_table(), load_policies(settings)
    hours = {name: replace(one, windows=policies[name].windows) for name, one in table.endpoints.items()}
    table = replace(table, endpoints=hours)
    if problems := (*check(table, adapters), *check_names(settings, adapters), *check_secured(settings, adapters)):
        raise Refused(problems)
    return House(adapters, table)


def open_parts(settings: Settings) -> Parts:
    """Opens the journal and the queue. The queue's server may be away: everything accepted stays in the journal."""
    house = load_house(settings)  # first: what is wrong there is told before a store is touched
    policies = load_policies(settings)
    settings.data.mkdir(parents=True, exist_ok=True)
    journal = open_journal(settings.journal_url(), vault=vault_of(settings))
    queue = open_queue(settings)
    clock, feeder = SystemClock(), Feeder(journal, queue)
    deadlines = DeadlineKeeper(journal, queue, feeder, policies, clock)
    feeder.add_duty(deadlines.look)
    return Parts(settings, house, journal, queue, feeder, clock, meter_expiries=deadlines.meter)


def open_queue(settings: Settings, *, patience_s: float = 0.0) -> Queue:
    """A client with the settings' rules; nothing is connected yet. `patience_s`: a person waits for the answer."""
    rules = settings.queue
    rates = {name: read_rate(one.rate) for name, one in settings.endpoints.items() if one.rate}
    how = Rules(
        in_flight=rules.in_flight_per_endpoint, breaker=rules.breaker.rules(), rates=rates,
        partitions=rules.partitions, replicas=rules.wait_replicas,
    )  # fmt: skip
    return open_partitions(replace(queue_address(settings), patience_s=patience_s), how)


def queue_address(settings: Settings) -> Address:
    """With its secrets.

    Raises:
        Refused: a secret is not there.
    """
    rules = settings.queue
    return Address(
        queue_url(settings), rules.redis_user, settings.secret(rules.redis_password),
        settings.secret(rules.sentinel_password),
    )  # fmt: skip


def queue_url(settings: Settings) -> str:
    """The declared server, or the private one's socket (`up` starts it)."""
    return settings.queue.redis_url or private_server(settings).url


def private_server(settings: Settings) -> EmbeddedServer:
    """Our own server in the data folder, not started."""
    return EmbeddedServer(settings.data.resolve() / "queue")


def make_feeding(parts: Parts) -> Feeding:
    """Tells the queue what the door accepted. Started."""
    feeding = Feeding(parts.feeder)
    feeding.start()
    parts.before_closing.append(feeding.stop)
    return feeding


def make_intake(parts: Parts, feeding: Feeding, *, meters: Meters | None = None) -> Intake:
    """What the door does with a call."""
    agencies = {(caller.system, caller.agency) for caller in parts.settings.callers.values()}
    count = Counter(system for system, _ in agencies)
    shared = frozenset(system for system, number in count.items() if number > 1)
    inspection = make_inspection(parts.settings, parts.keys, parts.clock, count=(meters or Meters()).examined)
    return Intake(parts.journal, feeding.submit, parts.house, parts.clock, shared, inspection)


def make_worker(parts: Parts, *, name: str) -> Worker:
    """One delivering process."""
    signer = parts.keys.signer(parts.settings)
    tools = Tools(
        lines=make_lines(parts.settings, parts.house, parts.keys), house=parts.house, render=render,
        signer=signer, clock=parts.clock, chance=random.random,
    )  # fmt: skip
    pace = Pace(
        threads=parts.settings.worker.threads,
        waiting=parts.settings.worker.waiting,
        batch=parts.settings.worker.batch,
        lease_s=parts.settings.queue.lease_s,
        drain_s=parts.settings.queue.drain_s,
    )
    worker = Worker(journal=parts.journal, queue=parts.queue, feeder=parts.feeder, tools=tools, pace=pace, name=name)
    worker.pulsing.every_s = parts.settings.watch.every_s
    parts.journal.meter_commits(worker.pulsing.meters.committed)
    parts.meter_expiries(worker.pulsing.meters.expired)
    parts.keys.tellers.append(worker.pulsing.meters.answered)
    signer.meter.append(worker.pulsing.meters.signed)
    for term in signer.terms:
        if (ends := ends_at(term)) is not None:
            worker.pulsing.meters.key_ends(term.key.key_id, ends.timestamp())
    return worker


def make_search(settings: Settings, journal: Journal) -> Search:
    """For what is stuck."""
    patience = settings.watch.patience(lease_s=settings.queue.lease_s)
    return Search(journal, patience, load_holidays(settings.folder))


def make_watchman(parts: Parts) -> Watchman:
    """The watch over everything; one in each door process. Not started."""
    settings = parts.settings
    hours = {name: one.windows for name, one in load_policies(settings).items()}
    return Watchman(
        parts.journal, parts.queue, feeder=parts.feeder, clock=parts.clock,
        endpoints=[name for name, one in settings.endpoints.items() if one.address],
        is_open=lambda name, at: name not in hours or hours[name].is_open(at),
        limits=settings.watch.limits(), every_s=settings.watch.every_s,
        search=make_search(settings, parts.journal),
    )  # fmt: skip


def make_lines(settings: Settings, house: House, keys: Cupboard | None = None) -> Mapping[str, Line]:
    """The endpoints we send to. Wires of one kind are shared: they keep connections and login sessions."""
    policies, keys = load_policies(settings), keys or Cupboard()
    wires: dict[str, OutboundWire] = {}
    lines: dict[str, Line] = {}
    for name, endpoint in settings.endpoints.items():
        if not endpoint.address:
            continue
        adapter = house.adapters[endpoint.system]
        kind = adapter.manifest.wire
        wire = wires.setdefault(kind, outbound(kind))
        lock = lock_of(settings, endpoint.encryption, wire=kind)
        lines[name] = Line(adapter, target_of(settings, name, endpoint, keys), wire, policies[name], lock)
    return lines


def target_of(
    settings: Settings, name: str, endpoint: EndpointSettings, keys: Cupboard, *, limit_bytes: int = _REPLY_BYTES
) -> Target:
    """Where an endpoint is, how to get in, and how messages to it are secured.

    Raises:
        Refused: a secret, a key or a store is not there.
    """
    return Target(
        endpoint=name, address=endpoint.address, settings=wire_settings(endpoint), user=endpoint.user,
        secret=settings.secret(endpoint.secret), verify_tls=endpoint.verify_tls, reply_limit_bytes=limit_bytes,
        security=security_of(settings, name, endpoint, keys, limit_bytes=limit_bytes),
    )  # fmt: skip
