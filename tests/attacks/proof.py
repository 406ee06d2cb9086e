"""Attacks on evidence by who makes it: containers rightly signed, whose content says what it should not prove."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from hashlib import sha256

from signing.asic import seal
from signing.evidence import package as form
from signing.evidence.package import Record, SealRecord
from signing.evidence.verify import Report, Standing, verify_evidence
from signing.stamp import tree
from tests.attacks.corpus import INERT, TAKEN, Case, Category, cases
from tests.attacks.time_world import clock, strange_clock
from tests.attacks.trusting import lists, person, store
from tests.unit.signing.issuer import NOW

BODY, EVIL = b"<a>that</a>", b"<a>this</a>"
Rows = dict[str, object]


def _record(number: int, text: str, previous: str = "") -> Record:
    return Record("w", number, previous, sha256(f"{previous}\n{text}".encode()).hexdigest(), text)


def _digest(body: bytes) -> str:
    return sha256(body).hexdigest()


FIRST = _record(1, f"received {_digest(BODY)}")
SECOND = _record(2, "delivered", FIRST.hash)
RECORDS = (FIRST, SECOND)


def _sealed(records: Sequence[Record], *, maker=clock) -> SealRecord:
    """A seal over these records, stamped."""
    root, proofs = tree([bytes.fromhex(each.hash) for each in records])
    text = f"seal\n{root.hex()}\n"
    token = maker().token(sha256(text.encode()).digest())
    names = [f"{each.writer}:{each.number}" for each in records]
    return SealRecord(1, text, "", token, dict(zip(names, proofs, strict=True)))


def _message(body: bytes = BODY, **changes: object) -> Rows:
    row = {"role": "received", "sha256": _digest(body), "file": "bodies/1.xml"}
    return {"format": form.FORMAT, "bodies": [row], **changes}


def evidence(
    records: Sequence[Record] = RECORDS,
    seals: Sequence[SealRecord] | None = None,
    *,
    message: object = None,
    body: bytes = BODY,
    raw: dict[str, bytes] | None = None,
) -> str:
    """What a report says of such a container: `open`, `broken`, or taken: all that is claimed is proved."""
    report = _report(records, seals, message=message, body=body, raw=raw)
    if not report.holds:
        return "broken"
    doubts = [each for each in report.statements if each.standing is Standing.OPEN]
    return "open" if len(doubts) > 1 else TAKEN  # one is always there: nobody stamped the container itself


def _report(
    records: Sequence[Record],
    seals: Sequence[SealRecord] | None,
    *,
    message: object,
    body: bytes,
    raw: dict[str, bytes] | None,
) -> Report:
    found = {
        form.MESSAGE: json.dumps(_message(body) if message is None else message).encode(),
        form.ENTRIES: form.write_records(list(records)),
        form.SEALS: form.write_seals([_sealed(RECORDS)] if seals is None else list(seals)),
        "bodies/1.xml": body,
        **(raw or {}),
    }
    made = seal({name: ("application/octet-stream", data) for name, data in found.items()}, person().signing(), now=NOW)
    signers = replace(store(), evidence=lists())
    return verify_evidence(made, signers, clock().trusted(), now=NOW)


def _changed(change: Callable[[Record], Record], *, which: int = 1) -> str:
    return evidence([change(each) if number == which else each for number, each in enumerate(RECORDS)])


def _doubled(*, first: bool) -> str:
    """Another entry of the same number, whole, that tells of another body; the seal covers the true one."""
    false = _record(1, f"received {_digest(EVIL)}")
    return evidence((false, *RECORDS) if first else (*RECORDS, false), body=EVIL)


def _other_root() -> str:
    good = _sealed(RECORDS)
    return evidence(seals=[replace(good, text=good.text.replace("seal", "Seal"))])


def _erased(**more: object) -> str:
    """The digest is on record, the body is not there, and no entry tells that somebody erased it: nor does the report."""
    erased = {"at": "2026-07-06T03:04:05Z", "rule": "body_days"}
    row = {"role": "received", "sha256": _digest(BODY), "file": "", "erased": erased, **more}
    report = _report(RECORDS, None, message=_message(bodies=[row]), body=BODY, raw=None)
    return TAKEN if any("was erased on" in each.en for each in report.statements) or not report.holds else INERT


PROOF = {
    "an entry altered": (lambda: _changed(lambda each: replace(each, text="not delivered")), "broken"),
    "an entry altered, its hash too": (lambda: _changed(lambda each: _record(2, "not delivered", each.previous)), "broken"),
    "an entry that does not follow": (lambda: _changed(lambda each: _record(2, each.text, "f" * 64)), "broken"),
    "an entry under another number": (lambda: _changed(lambda each: replace(each, number=3)), "open broken"),
    "an entry more, never sealed": (lambda: evidence((*RECORDS, _record(3, "paid", SECOND.hash))), "open"),
    "an entry doubled, the false one first": (lambda: _doubled(first=True), "broken"),
    "an entry doubled, the false one last": (lambda: _doubled(first=False), "broken"),
    "a body no entry tells of": (lambda: evidence(body=EVIL), "open"),
    "a body that does not fit its digest": (lambda: evidence(message=_message(BODY), body=EVIL), "broken"),
    "a body that is not there": (lambda: evidence(message=_message(bodies=[{"role": "r", "sha256": "0", "file": "bodies/2"}])), "broken"),
    "a body said to be erased, by no entry": (lambda: _erased(message="m"), INERT),
    "a body said to be erased, of no message": (lambda: _erased(message=""), INERT),
    "a body said to be erased, of nobody knows what": (lambda: _erased(), INERT),
    "a file that is no part of it": (lambda: evidence(raw={"bodies/2.xml": EVIL}), "open"),
    "a seal by a stranger's clock": (lambda: evidence(seals=[_sealed(RECORDS, maker=strange_clock)]), "broken"),
    "a seal whose text was changed": (_other_root, "broken"),
    "a seal that nobody vouches for": (lambda: evidence(seals=[replace(_sealed(RECORDS), token=b"")]), "open"),
    "no seal": (lambda: evidence(seals=[]), "open"),
    "a proof of another entry": (lambda: evidence(seals=[replace(_sealed(RECORDS), proofs={"w:2": _sealed(RECORDS).proofs["w:1"], "w:1": _sealed(RECORDS).proofs["w:1"]})]), "broken"),
    "a message that is a list": (lambda: evidence(message=[]), "broken"),
    "a message of another format": (lambda: evidence(message=_message(format="x")), "broken"),
    "bodies that are a number": (lambda: evidence(message=_message(bodies=1)), "broken"),
    "bodies that are texts": (lambda: evidence(message=_message(bodies=["x"])), "broken"),
    "no bodies": (lambda: evidence(message={"format": form.FORMAT}), "broken"),
    "entries that are no JSON": (lambda: evidence(raw={form.ENTRIES: b"x\n"}), "broken"),
    "entries that are no text": (lambda: evidence(raw={form.ENTRIES: b"\xff\n"}), "broken"),
    "entries with a number beyond all": (lambda: evidence(raw={form.ENTRIES: b'{"writer":"w","number":1e308,"previous":"","hash":"","text":""}\n'}), "broken"),
    "entries nested deep": (lambda: evidence(raw={form.ENTRIES: b"[" * 100_000}), "broken"),
    "seals that are a text": (lambda: evidence(raw={form.SEALS: b'{"seals":"x"}'}), "broken"),
    "seals with a proof that is none": (lambda: evidence(raw={form.SEALS: b'{"seals":[{"number":1,"text":"","signature":"","token":"","proofs":{"w:1":["X"]}}]}'}), "broken"),
    "seals with a token that is none": (lambda: evidence(raw={form.SEALS: b'{"seals":[{"number":1,"text":"","signature":"","token":"!","proofs":{}}]}'}), "broken"),
}  # fmt: skip

CASES: list[Case] = [
    *cases(Category.EVIDENCE, PROOF),
    *cases(Category.CONTROL, {"evidence": (evidence, TAKEN)}),
]
