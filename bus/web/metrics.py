"""What is scraped at /metrics: made of the last look, so it costs nothing and cannot fail when a store is away."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.registry import Collector

from bus.ports import Clock
from bus.watch import meters
from bus.watch.liveness import Condition, Rest
from bus.watch.meters import Meters, together
from bus.watch.stuck import Reason
from bus.watch.watchman import Look
from bus.web import metric_list as m

_BREAKER = {"closed": 0, "half": 1, "open": 2}
_SILENT_S = 20.0

Sample = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class Sources:
    """Where the numbers come from; none of them asks a store."""

    look: Callable[[], Look]
    clock: Clock
    door: Meters  # of this process
    connections: Callable[[], int] = lambda: 0
    turned_away: Callable[[], Mapping[str, int]] = dict
    feeder_waiting: Callable[[], int] = lambda: 0
    days_left: Callable[[], Mapping[tuple[str, str], float]] = dict  # (kind, name) of keys, certificates, lists


class Exposition(Collector):
    """All metrics at once."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(self)

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self._registry)

    def describe(self) -> list[Family]:
        """Nothing is asked at registration."""
        return []

    def collect(self) -> Iterator[Family]:
        """Every metric of the list, also where there is nothing to tell."""
        look = self._sources.look()
        numbers = together((self._sources.door.numbers(), *(pulse.numbers for pulse in look.pulses)))
        samples = {
            **dict(self._door()), **dict(self._condition(look)), **dict(_journal(look)), **dict(_queue(look)),
            **dict(_counted(numbers)),
        }  # fmt: skip
        for metric in m.METRICS:
            if metric.kind is m.Kind.HISTOGRAM:
                yield _histogram(metric, numbers)
            else:
                yield _family(metric, samples.get(metric.name, ()))

    def _door(self) -> Iterator[tuple[str, list[Sample]]]:
        yield m.CONNECTIONS.name, [((), self._sources.connections())]
        yield m.TURNED_AWAY.name, [((why,), many) for why, many in sorted(self._sources.turned_away().items())]
        yield m.FEEDER.name, [((), self._sources.feeder_waiting())]

    def _days(self, look: Look) -> list[Sample]:
        """Of what the door itself can read, and of our keys as the workers tell."""
        now_s, found = self._sources.clock.now().timestamp(), dict(self._sources.days_left())
        for pulse in sorted(look.pulses, key=lambda one: one.at):  # the newest counts
            for (key_id,), ends_s in _of(pulse.numbers, meters.KEY_ENDS):
                found["key", f"signing {key_id}"] = round((ends_s - now_s) / 86_400, 3)
        return sorted(found.items())

    def _condition(self, look: Look) -> Iterator[tuple[str, list[Sample]]]:
        yield m.HEALTHY.name, [((), look.verdict.healthy)]
        yield m.CONDITION.name, [((one.value,), one is look.verdict.condition) for one in Condition]
        yield m.DAYS_LEFT.name, self._days(look)
        yield m.LOOK_AGE.name, [((), (self._sources.clock.now() - look.at).total_seconds())]
        up = (("journal", look.survey is not None), ("queue", look.stats is not None))
        yield m.STORE_UP.name, [((store,), is_up) for store, is_up in up]
        awake = sum(one.silent_s < _SILENT_S for one in look.facts.workers)
        yield m.WORKERS.name, [(("awake",), awake), (("silent",), len(look.facts.workers) - awake)]
        stuck = Counter(one.reason for one in look.stuck)
        yield m.STUCK.name, [((reason.value,), stuck[reason]) for reason in Reason]
        yield m.RESTS.name, [
            ((due.endpoint, due.rest.value), 1) for due in look.facts.due if due.rest is not Rest.NONE
        ]  # fmt: skip


def _journal(look: Look) -> Iterator[tuple[str, list[Sample]]]:
    survey = look.survey
    if survey is None:
        return
    yield m.ACCEPTED.name, [((), survey.accepted)]
    yield m.DELIVERIES.name, [((state.value,), many) for state, many in survey.states.items() if _stored(state.value)]
    yield m.DELIVERIES_SUM.name, [((), survey.accepted - survey.difference)]
    yield m.DIFFERENCE.name, [((), survey.difference)]
    if look.unsealed is not None:
        oldest = look.unsealed.oldest
        yield m.UNSEALED.name, [((), look.unsealed.waiting)]
        yield m.SEAL_AGE.name, [((), max(0.0, (look.at - oldest).total_seconds()) if oldest is not None else 0.0)]
    if look.unexamined is not None:
        since = look.unexamined.oldest
        yield m.UNEXAMINED.name, [((), look.unexamined.many)]
        yield m.UNEXAMINED_AGE.name, [((), max(0.0, (look.at - since).total_seconds()) if since is not None else 0.0)]
    ages = {head.endpoint: max(0.0, (look.at - head.since).total_seconds()) for head in survey.due}
    yield m.DUE_AGE.name, [((endpoint,), age_s) for endpoint, age_s in ages.items()]


def _stored(state: str) -> bool:
    """The other two are derived from these."""
    return state not in ("sending", "held")


def _queue(look: Look) -> Iterator[tuple[str, list[Sample]]]:
    stats = look.stats
    generations: list[Sample] = [(("journal",), look.generation)] if look.survey is not None else []
    if stats is not None:
        places = {"ready": stats.ready, "leased": stats.leased, "waiting": stats.delayed, "parked": stats.parked}
        yield m.LANES.name, [((place,), many) for place, many in places.items()]
        yield m.QUEUED.name, [((), stats.queued)]
        generations.append((("queue",), stats.generation))
    yield m.GENERATION.name, generations
    yield m.READY_LANES.name, [((one.endpoint,), one.ready) for one in look.endpoints]
    yield m.IN_FLIGHT.name, [((one.endpoint,), one.in_flight) for one in look.endpoints]
    yield m.BREAKER.name, [((one.endpoint,), _BREAKER.get(one.state, 0)) for one in look.endpoints]
    yield m.PAUSED.name, [((one.endpoint,), one.paused) for one in look.endpoints]


def _counted(numbers: Mapping[str, float]) -> Iterator[tuple[str, list[Sample]]]:
    for metric, name in (
        (m.CALLS, meters.CALLS), (m.REJECTED, meters.REJECTED), (m.ATTEMPTS, meters.ATTEMPTS),
        (m.EXPIRED, meters.EXPIRED), (m.SIGNED, meters.SIGNED), (m.STATUS, meters.STATUS), (m.AWAY, meters.AWAY),
        (m.EXAMINED, meters.EXAMINED),
    ):  # fmt: skip
        yield metric.name, [(labels, many) for labels, many in _of(numbers, name) if len(labels) == len(metric.labels)]


def _of(numbers: Mapping[str, float], name: str) -> list[Sample]:
    split = ((tuple(key.split(meters.SEP)), many) for key, many in sorted(numbers.items()))
    return [(parts[1:], many) for parts, many in split if parts[0] == name]


def _family(metric: m.Metric, samples: Iterable[Sample]) -> Family:
    make = CounterMetricFamily if metric.kind is m.Kind.COUNTER else GaugeMetricFamily
    family = make(metric.name.removesuffix("_total"), metric.en, labels=metric.labels)
    for labels, number in samples:
        family.add_metric(labels, float(number))
    return family


def _histogram(metric: m.Metric, numbers: Mapping[str, float]) -> Family:
    spans, total, ends = (
        (meters.ATTEMPT_S, meters.ATTEMPT_SUM, meters.ATTEMPT_ENDS)
        if metric is m.ATTEMPT_S
        else (meters.COMMIT_S, meters.COMMIT_SUM, meters.COMMIT_ENDS)
    )
    family = HistogramMetricFamily(metric.name, metric.en, labels=metric.labels)
    sums = dict(_of(numbers, total))
    counted: dict[tuple[str, ...], Counter[str]] = {}
    for labels, many in _of(numbers, spans):
        counted.setdefault(labels[:-1], Counter())[labels[-1]] += int(many)
    for labels, by_end in sorted(counted.items()):
        buckets, so_far = [], 0
        for end in (*map(str, ends), meters.BEYOND):
            so_far += by_end[end]
            buckets.append(("+Inf" if end == meters.BEYOND else end, float(so_far)))
        family.add_metric(labels, buckets, sums.get(labels, 0.0))
    return family
