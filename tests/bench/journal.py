"""What the journal costs: accepts, deliveries and reads a second, on the disk at hand.

Bodies are 8 kB of XML that shrinks like real ones.
"""

from __future__ import annotations

import itertools
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from bus.clock import SystemClock
from bus.journal import SqlJournal, open_journal
from bus.journal.vault import OPEN, Vault
from bus.outcome import Outcome
from bus.records import Acceptance, Content, Intent, Preparation
from tests.contract.journal_server import server
from tests.contract.journal_world import acceptance, item, message, numbered, settlement
from tests.foreign import path_of

Row = tuple[str, float, str, str, bool | None]

GOAL = 1_500
SUBMITTERS = 32
ACCEPTS = 4_000
BATCH = 16
_TURNS = 4


def rows() -> Iterator[Row]:
    """Measures on a fresh journal: SQLite, and PostgreSQL where it is installed (a server of its own, here)."""
    with tempfile.TemporaryDirectory(prefix="ltbench") as folder:
        yield from _measured("journal", f"sqlite:///{Path(folder) / 'j.sqlite'}", goal=GOAL)
        yield from _locked(Path(folder))
    if path_of("postgresql") is not None:
        with server().database() as name:
            yield from _measured("journal on PostgreSQL", server().url(name), goal=None)


def _locked(folder: Path) -> Iterator[Row]:
    """What locking bodies adds: accepts with a key, as a ratio to those without, in turns on journals of their own."""
    vault = Vault({"k1": bytes(32)}, "k1")
    seconds = {OPEN: 0.0, vault: 0.0}
    for turn in range(_TURNS):
        for number, keys in enumerate((OPEN, vault)):
            journal = open_journal(f"sqlite:///{folder / f'{turn}-{number}.sqlite'}", vault=keys)
            try:
                made = iter([acceptance(item(f"TN{n}", message=message(body=_body()))) for n in range(ACCEPTS // 4)])
                seconds[keys] += _cpu_of_accepting(journal, made)
            finally:
                journal.close()
    ratio = seconds[vault] / seconds[OPEN]
    yield "journal: CPU of an accept with locked bodies / without", ratio, "ratio", "≤ 1.10", ratio <= 1.10


def _cpu_of_accepting(journal: SqlJournal, made: Iterator[Acceptance]) -> float:
    began = time.process_time()
    waiting = [journal.accept(one) for one in made]
    for one in waiting:
        one.result()
    return time.process_time() - began


def _measured(title: str, url: str, *, goal: int | None) -> Iterator[Row]:
    journal = open_journal(url)
    try:
        for part in (_accepting(journal, goal), _delivering(journal), _reading(journal)):
            yield from ((f"{title}: {name}", *rest) for name, *rest in part)
    finally:
        journal.close()


def _accepting(journal: SqlJournal, goal: int | None) -> Iterator[Row]:
    body = _body()
    made = [
        acceptance(
            item(
                f"TN{number}", message=message(body=body), idempotency_key=f"k{number}", content_sha256="c",
                identities=(numbered("cong"),),
            )
        )
        for number in range(ACCEPTS)
    ]  # fmt: skip
    waiting, lock = iter(made), threading.Lock()
    took: list[float] = []

    def submit() -> None:
        while True:
            with lock:
                one = next(waiting, None)
            if one is None:
                return
            began = time.perf_counter()
            journal.accept(one).result()
            took.append(time.perf_counter() - began)

    cpu = time.process_time()
    seconds = _timed(submit, threads=SUBMITTERS)
    rate = ACCEPTS / seconds
    yield "accepts, 32 submitters", rate, "1/s", f"≥ {goal}" if goal else "", rate >= goal if goal else None
    yield "CPU per accept", (time.process_time() - cpu) / ACCEPTS * 1e3, "ms", "", None
    took.sort()
    yield "accept p50", took[len(took) // 2] * 1e3, "ms", "", None
    yield "accept p99", took[len(took) * 99 // 100] * 1e3, "ms", "", None
    one = acceptance(item("single", message=message(body=body)))
    yield "accept alone", _timed(lambda: journal.accept(one).result(), threads=1) * 1e3, "ms", "", None


def _delivering(journal: SqlJournal) -> Iterator[Row]:
    ids = [one.delivery_id for lane in itertools.islice(journal.lanes(), 2_000) for one in lane.deliveries]
    content = Content(_body(), "application/json", "signature", "profile")
    clock = SystemClock()

    def deliver() -> None:
        for start in range(0, len(ids), BATCH):
            claimed = ids[start : start + BATCH]
            journal.work(claimed)
            until = clock.now().replace(year=clock.now().year + 1)
            intents = tuple(Intent(one, 1, "1.1", "w", until) for one in claimed)
            granted = journal.prepare(Preparation(tuple((one, content) for one in claimed), intents)).result()
            futures = [journal.settle(settlement(one, 1, "1.1", outcome=Outcome.ACCEPTED)) for one in granted]
            for future in futures:
                future.result()

    yield "work+prepare+settle, batches of 16", len(ids) / _timed(deliver, threads=1), "1/s", "", None


def _reading(journal: SqlJournal) -> Iterator[Row]:
    yield "counts()", _timed(journal.counts, threads=1) * 1e3, "ms", "", None
    yield "lanes(), all", _timed(lambda: sum(1 for _ in journal.lanes()), threads=1) * 1e3, "ms", "", None
    yield "verify_chain()", _timed(journal.verify_chain, threads=1) * 1e3, "ms", "", None


def _timed(job: Callable[[], object], *, threads: int) -> float:
    running = [threading.Thread(target=job) for _ in range(threads)]
    began = time.perf_counter()
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    return time.perf_counter() - began


def _body() -> bytes:
    chance = random.Random(7)  # the same bytes in every run
    words = "".join(f"<TruongThongTin>{chance.randrange(10**9)} Nguyễn Văn Mẫu</TruongThongTin>" for _ in range(120))
    return f"<HoSo>{words}</HoSo>".encode()
