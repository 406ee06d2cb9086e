"""Metrics: scraped from the last look, bounded in labels, true to the journal, and there when the stores are not."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from bus.clock import SystemClock
from bus.delivery import State
from bus.feeder import Feeder
from bus.journal import SqlJournal
from bus.ports import JournalUnavailable, QueueUnavailable
from bus.queue import RedisQueue
from bus.watch.liveness import Limits
from bus.watch.meters import Meters
from bus.watch.watchman import Watchman
from bus.web.metric_list import METRICS, Kind
from bus.web.metrics import Exposition, Sources
from tests.integration.worker.bench import (
    accept,
    fresh_journal,
    fresh_queue,
    make_tools,
    make_worker,
    partner,
    until,
    until_state,
    working,
)

Scraped = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@dataclass
class Scene:
    """A journal, a queue, a watch and what is scraped of them."""

    journal: SqlJournal
    queue: RedisQueue
    man: Watchman
    exposition: Exposition
    door: Meters

    def feed(self) -> None:
        """The queue is told everything."""
        feeder = Feeder(self.journal, self.queue)
        feeder.doubt()
        until(feeder.heal)

    def scrape(self) -> Scraped:
        """Name and labels → number."""
        self.man.look()
        families = text_string_to_metric_families(self.exposition.text().decode())
        return {
            (sample.name, tuple(sorted(sample.labels.items()))): sample.value
            for family in families
            for sample in family.samples
        }


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Scene]:
    """Nothing happened yet."""
    journal, queue = fresh_journal(tmp_path), fresh_queue()
    man, door = watch(journal, queue), Meters()
    yield Scene(journal, queue, man, Exposition(Sources(man.latest, SystemClock(), door)), door)
    queue.close()
    journal.close()


def watch(journal: SqlJournal, queue: RedisQueue) -> Watchman:
    """Not started."""
    return Watchman(
        journal, queue, feeder=None, clock=SystemClock(), endpoints=("e",), is_open=lambda name, at: True,
        limits=Limits(), every_s=5.0,
    )  # fmt: skip


def test_numbers_are_those_of_the_journal(scene: Scene) -> None:
    """Accepted = the sum of states; attempts, durations and commits are counted where they happened: in the worker."""
    with partner() as there:
        there.script = lambda code, before: (200, "1" if code != "TN2" else "0")
        worker = make_worker(scene.journal, scene.queue, make_tools(there.address))
        worker.pulsing.every_s = 0.1
        scene.journal.meter_commits(worker.pulsing.meters.committed)
        with working(worker):
            ids = accept(scene.journal, "TN1", "TN2", "TN3")
            scene.feed()
            until_state(scene.journal, [ids[0], ids[2]], State.DELIVERED)
            until_state(scene.journal, [ids[1]], State.PARKED)
    found = scene.scrape()
    assert found["lienthong_deliveries_accepted_total", ()] == 3
    assert found["lienthong_deliveries", (("state", "delivered"),)] == 2
    assert found["lienthong_deliveries", (("state", "parked"),)] == 1
    assert found["lienthong_deliveries_sum", ()] == 3
    assert found["lienthong_deliveries_difference", ()] == 0
    assert found["lienthong_attempts_total", (("endpoint", "e"), ("outcome", "accepted"))] == 2
    assert found["lienthong_attempt_duration_seconds_count", (("endpoint", "e"),)] == 3
    assert found["lienthong_attempt_duration_seconds_bucket", (("endpoint", "e"), ("le", "+Inf"))] == 3
    assert found["lienthong_attempt_duration_seconds_sum", (("endpoint", "e"),)] > 0
    assert found["lienthong_commit_duration_seconds_count", ()] > 3
    assert found["lienthong_healthy", ()] == 1
    assert found["lienthong_queue_lanes", (("place", "parked"),)] == 1
    assert found["lienthong_generation", (("store", "journal"),)] == 1
    assert found["lienthong_workers", (("state", "awake"),)] == 1


def test_every_metric_is_there_and_nothing_else(scene: Scene) -> None:
    """The list is the whole of it, each with its kind; and no label carries an id, a code or a person's words."""
    ids = accept(scene.journal, "TN-H99-1")
    scene.door.called("mot_cua_cmon", "invalid", ["LT-XML-002"])
    found = scene.scrape()
    text = scene.exposition.text().decode()
    kinds = dict(re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE))
    assert kinds == {metric.name: metric.kind.value for metric in METRICS}
    known = {metric.name: set(metric.labels) for metric in METRICS}
    for name, labels in found:
        base = re.sub(r"_(bucket|sum|count)$", "", name)
        wanted = known.get(name, known.get(base))
        assert wanted is not None, name
        assert {label for label, _ in labels} - {"le"} == wanted
    message = ids[0].partition(":")[0]
    assert message not in text
    assert "TN-H99-1" not in text
    assert found["lienthong_rejected_total", (("code", "LT-XML-002"), ("system", "mot_cua_cmon"))] == 1
    assert {metric.kind for metric in METRICS} == set(Kind)


def test_scraped_without_any_store(tmp_path: Path) -> None:
    """Journal and queue away: the scrape answers, says so, and counts what the door itself counted."""

    class Away:
        """A store that is away."""

        def __init__(self, error: type[Exception]) -> None:
            self.error = error

        def __getattr__(self, name: str) -> object:
            raise self.error("away")

    man = Watchman(
        Away(JournalUnavailable), Away(QueueUnavailable), feeder=None, clock=SystemClock(),  # type: ignore[arg-type]
        endpoints=("e",), is_open=lambda name, at: True, limits=Limits(), every_s=5.0,
    )  # fmt: skip
    door = Meters()
    door.called("mot_cua_cmon", "unavailable", ["LT-DOOR-007"])
    scene = Scene(None, None, man, Exposition(Sources(man.latest, SystemClock(), door)), door)  # type: ignore[arg-type]
    found = scene.scrape()
    assert found["lienthong_store_up", (("store", "journal"),)] == 0
    assert found["lienthong_store_up", (("store", "queue"),)] == 0
    assert found["lienthong_condition", (("condition", "journal-away"),)] == 1
    assert found["lienthong_healthy", ()] == 0
    assert found["lienthong_calls_total", (("answer", "unavailable"), ("system", "mot_cua_cmon"))] == 1


def test_a_dead_workers_counts_stay(scene: Scene) -> None:
    """What a worker counted is still counted when another takes its place: counters never fall."""
    with partner() as there:
        for number in (1, 2):
            worker = make_worker(scene.journal, scene.queue, make_tools(there.address), name=f"w{number}")
            with working(worker):
                ids = accept(scene.journal, f"TN{number}")
                scene.feed()
                until_state(scene.journal, ids, State.DELIVERED)
    attempts = scene.scrape()["lienthong_attempts_total", (("endpoint", "e"), ("outcome", "accepted"))]
    assert attempts == 2


def test_a_lost_row_is_seen(scene: Scene) -> None:
    """The equation can fail: a delivery that vanishes from the table makes the difference 1."""
    accept(scene.journal, "TN1", "TN2")
    assert scene.scrape()["lienthong_deliveries_difference", ()] == 0
    with scene.journal._engines.writer.begin() as connection:
        connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
        connection.exec_driver_sql("DELETE FROM deliveries WHERE rowid = (SELECT min(rowid) FROM deliveries)")
    assert scene.scrape()["lienthong_deliveries_difference", ()] == 1
