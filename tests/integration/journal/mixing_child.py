"""A process that accepts, delivers, fetches and acknowledges for a while, beside others that do the same.

Arguments: address of the journal, its own name, seconds. Prints how many it accepted and delivered.
"""

from __future__ import annotations

import os
import random
import sys
import threading
import time
import traceback
from datetime import timedelta

from bus.clock import SystemClock
from bus.delivery import Pattern
from bus.journal import SqlJournal, open_journal
from bus.records import Derived, DossierRef, Intent, Preparation
from tests.contract.journal_world import acceptance, item, message, numbered, settlement, to

CODES = tuple(f"TN{number}" for number in range(8))
CLOCK = SystemClock()
ROUTE = (to("a"), to("b", after_endpoint="a"), to("c", pattern=Pattern.PULL))


def accept(journal: SqlJournal, chance: random.Random) -> int:
    """One envelope about some of few dossiers; returns how many items were taken."""
    several = [
        item(
            code, *ROUTE, message=message(received_at=CLOCK.now()), idempotency_key=f"k{chance.randrange(300)}",
            content_sha256=f"c{chance.randrange(2)}", update=chance.random() < 0.5, identities=(numbered("cong"),),
        )
        for code in chance.sample(CODES, 2)
    ]  # fmt: skip
    results = journal.accept(acceptance(*several, all_or_nothing=False)).result(60)
    return sum(one.status.value == "accepted" for one in results)


def deliver(journal: SqlJournal, chance: random.Random, worker: str) -> int:
    """One batch of heads, from intents to settlements; returns how many settlements were applied."""
    heads = [lane.deliveries[0].delivery_id for lane in journal.lanes()]
    numbers = {one.delivery.id: one for one in journal.work(chance.sample(heads, min(4, len(heads))))}
    until, token = CLOCK.now() + timedelta(seconds=30), f"{worker}.{chance.random()}"
    intents = tuple(Intent(one, of.next_attempt, token, worker, until) for one, of in numbers.items())
    granted = journal.prepare(Preparation((), intents)).result(60)
    futures = []
    for one in granted:
        dossier = DossierRef((), may_create=False, known=numbers[one].message.envelope.order_key)
        born = item("", to("a"), dossier=dossier, message=message("tien_do", received_at=CLOCK.now()))
        derived = (Derived(acceptance(born)),) if chance.random() < 0.2 else ()
        learned = (("dvc", f"L{chance.randrange(20)}"),)
        futures.append(
            journal.settle(settlement(one, numbers[one].next_attempt, token, learned=learned, derived=derived))
        )
    return sum(future.result(60).applied for future in futures)


def fetch(journal: SqlJournal) -> None:
    """A partner that fetches and acknowledges."""
    now = CLOCK.now()
    journal.offer("c", limit=5, now=now, until=now + timedelta(seconds=5)).result(60)
    journal.acknowledge("c", CODES, party="mot_cua_cmon", now=now).result(60)


def fail(said: threading.ExceptHookArgs) -> None:
    """One thread that breaks ends the process, in words."""
    traceback.print_exception(said.exc_value)
    sys.stderr.flush()
    os._exit(1)


def main(url: str, name: str, seconds: float) -> None:
    """Two that accept and two that deliver, in one process."""
    journal = open_journal(url)
    end = time.monotonic() + seconds
    accepted: list[int] = []
    delivered: list[int] = []

    def door(seed: str) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            accepted.append(accept(journal, chance))

    def worker(seed: str) -> None:
        chance = random.Random(seed)
        while time.monotonic() < end:
            delivered.append(deliver(journal, chance, seed))
            fetch(journal)

    jobs = [(does, f"{name}{does.__name__}{number}") for does in (door, worker) for number in range(2)]
    threads = [threading.Thread(target=does, args=(seed,)) for does, seed in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    journal.close()
    print(sum(accepted), sum(delivered))


if __name__ == "__main__":
    threading.excepthook = fail
    main(sys.argv[1], sys.argv[2], float(sys.argv[3]))
