"""A person who decides about deliveries of which nobody knows: looks into the receivers' own ledgers."""

from __future__ import annotations

import base64
import re

from bus.delivery import State
from bus.records import Act, Action, Query
from bus.simulators.ledger import Event, Line, read_ledgers
from bus.simulators.marks import read_step
from tests.acceptance.running_bus import Bus

UNCLEAR = frozenset({"LT-DLV-003", "LT-DLV-004"})  # whether the receiver has it is not known
_NAMES_IT = frozenset({"TaoMoiHoSo"})  # its answer is the receiver's own number of the dossier
_LEDGERS = {"cong_dvcqg": "portal", "gplx_dlms": "dlms"}


def decide(bus: Bus, *, about: frozenset[str] = UNCLEAR) -> int:
    """There → settled, with a reason; not there → released. Returns about how many.

    Raises:
        AssertionError: something is parked for another reason than those given.
    """
    parked = [f for f in bus.journal.find(Query(state=State.PARKED, limit=500)) if f.delivery is not None]
    taken = [
        line
        for line in read_ledgers(*(bus.demo.folder / "ledgers").glob("*.jsonl"))
        if line.event is Event.RECEIVED and line.committed and line.item is not None
    ]
    for found in parked:
        assert found.delivery is not None
        assert found.delivery.problem_code in about, (found.delivery.problem_code, found)
        content = bus.journal.body(found.envelope.id, "content")
        sent = _readable(content.body.decode()) if content is not None else ""
        endpoint = found.delivery.endpoint
        there = [line for line in taken if _is_there(line, _LEDGERS[endpoint], found.envelope.kind, sent)]
        act = Act.SETTLE if there else Act.RELEASE
        named = tuple((endpoint, line.code) for line in there[:1] if found.delivery.operation in _NAMES_IT)
        why = "đã đối chiếu với sổ của bên nhận"
        acted = bus.act(Action(act, found.delivery.id, "người trực", why, learned=named))
        assert acted.done, acted
    return len(parked)


def _is_there(line: Line, who: str, kind: str, sent: str) -> bool:
    """By the mark of the step or file where it bears one, else by its dossier: a result or a dossier comes once."""
    item = line.item
    if item is None or line.who != who or item.kind != kind:
        return False
    text = item.content.get("text", "")
    if kind == "tep_dinh_kem" and not text and read_step(sent):
        return False  # that was another file, one that bears no mark
    return text in sent if text else item.dossier in sent


def _readable(sent: str) -> str:
    """What was sent, and the files inside it."""
    files = (base64.b64decode(part) for part in re.findall(r"(?:[A-Za-z0-9+/]{4}){20,}(?:[A-Za-z0-9+/]{2,3}=+)?", sent))
    return sent + "".join(file.decode("utf-8", "replace") for file in files)
