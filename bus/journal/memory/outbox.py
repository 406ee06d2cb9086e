"""What partners that fetch say of single items, in memory."""

from __future__ import annotations

from dataclasses import replace

from bus.delivery import State
from bus.journal.delivery_row import DeliveryRow
from bus.journal.memory.store import Store
from bus.journal.memory.worker import free_behind, settle
from bus.journal.moments import to_us
from bus.journal.offer import acknowledgement
from bus.journal.outbox import Speech, decision_of, judge, return_fact
from bus.journal.transitions import acknowledged, offered
from bus.records import QueueRecord, Settled, Settlement
from bus.records.outbox import Fate, Heard, Spoken


def hear(store: Store, speech: Speech) -> Heard:
    """See the port."""
    fates: list[Fate] = []
    feed: list[QueueRecord] = []
    for spoken in speech.spoken:
        row = store.deliveries.get(spoken.delivery_id)
        is_head = row is not None and row.in_lane and not store.ahead(row)
        fate = judge(row, speech.endpoint, spoken.word, is_head=is_head)
        if row is not None:
            feed += _carry_out(store, row, spoken, fate, speech)
        fates.append(fate)
    return Heard(tuple(fates), tuple(feed))


def _carry_out(store: Store, row: DeliveryRow, spoken: Spoken, fate: Fate, speech: Speech) -> tuple[QueueRecord, ...]:
    if fate is Fate.ACKNOWLEDGED:
        after = store.deliveries[row.id] = acknowledged(row)
        fact = acknowledgement(after, speech.party, speech.now)
        store.attempts[row.id, fact.number] = (fact, Settled(True, State.DELIVERED))
        store.note("acknowledge", row.id, {"by": speech.party})
        return tuple(free_behind(store, row.id))
    if fate is Fate.EXTENDED and spoken.until is not None:
        store.deliveries[row.id] = offered(row, until_us=to_us(spoken.until))
        store.note("offer", row.id, {"until_us": to_us(spoken.until)})
    if fate is Fate.RETURNED or (fate is Fate.PARKED and row.state == State.READY.value):
        decision = decision_of(spoken, fate, row)
        settled = settle(store, Settlement(None, b"", "", row.id, row.token, decision))
        fact = return_fact(row, spoken, fate, party=speech.party, now=speech.now)
        store.deliveries[row.id] = replace(
            store.deliveries[row.id], last_number=fact.number, last_outcome=fact.outcome.value
        )
        store.attempts[row.id, fact.number] = (fact, settled)
        store.note("return", row.id, {"by": speech.party, "fate": fate.value})
        return settled.feed
    return ()
