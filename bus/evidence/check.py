"""Walks the seals over the journal's chain. A chain can be written anew by whoever has the database; the seals over it
cannot, without our key and an authority's: so the whole is checked against them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from bus.ports import Journal
from bus.records.sealing import FIRST, Seal
from schemas.problem import Refused
from signing.jws import named, verify_detached
from signing.keys import VerifyKey
from signing.stamp import check, tree
from signing.trust import TrustStore

# Seals of a key that is not declared any more stand before those of ours, never behind them: whoever writes all of them
# anew signs by a key of his own, under a name nobody knows.
_STRANGE = (
    "ký bằng khóa không khai, sau niêm phong bằng khóa đã khai hoặc là niêm phong mới nhất",
    "signed by a key that is not declared, after seals by a declared one or as the newest",
)


@dataclass(frozen=True, slots=True)
class SealFault:
    """What is wrong with one seal; at most one fault is named of each."""

    number: int
    vi: str
    en: str


@dataclass(frozen=True, slots=True)
class Believed:
    """Whose signatures and time-stamps can be judged here. Without them hashes alone are."""

    keys: Mapping[str, VerifyKey]  # ours, by their ids
    authorities: TrustStore | None = None


@dataclass(frozen=True, slots=True)
class Walked:
    """What the seals say of the chain."""

    faults: tuple[SealFault, ...]  # by number; () = every sealed entry is as it was when it was sealed
    unjudged: int = 0  # older seals by a key that is not known here: their signatures say nothing


def walk_seals(journal: Journal, believed: Believed, *, newest: int | None = None) -> Walked:
    """From the first seal to the last, one at a time in memory; with `newest` only so many of the last."""
    last = journal.last_seal()
    first = 1 if last is None or newest is None else max(1, last.number - newest + 1)
    earlier = journal.seal_numbered(first - 1) if first > 1 else None
    # What the next seal must name; None = the one before it is broken itself, or gone.
    before: str | None = FIRST if first == 1 else earlier.sha256 if earlier is not None else None
    faults: list[SealFault] = []
    unjudged, known, last_number = 0, False, last.number if last is not None else 0
    for number in range(first, last_number + 1):
        seal = journal.seal_numbered(number)
        words = _fault(journal, seal, before, believed) if seal is not None else ("bị mất", "missing")
        if seal is not None and words is None:
            is_ours = _is_known(seal, believed)
            words = _STRANGE if not is_ours and believed.keys and (known or number == last_number) else None
            known = known or is_ours
        before = seal.sha256 if seal is not None and words is None else None
        if words is not None:
            faults.append(SealFault(number, *words))
        elif seal is not None and not _is_known(seal, believed):
            unjudged += 1
    return Walked(tuple(faults), unjudged)


def _is_known(seal: Seal, believed: Believed) -> bool:
    return named(seal.signature) in believed.keys


def _fault(journal: Journal, seal: Seal, before: str | None, believed: Believed) -> tuple[str, str] | None:
    if before is not None and seal.previous != before:
        return "không nối tiếp niêm phong trước", "does not follow the seal before it"
    hashes = journal.hashes(seal.spans)
    if len(hashes) != sum(span.count for span in seal.spans) or not hashes:
        return f"thiếu bản ghi: còn {len(hashes)}", f"entries are missing, {len(hashes)} are left"
    if not _leads_to(seal.root, hashes):
        return "bản ghi không còn như khi niêm phong", "its entries are not what was sealed"
    if not seal.signature:
        return "mất chữ ký", "its signature is missing"
    if _is_known(seal, believed) and verify_detached(seal.text, seal.signature, believed.keys):
        return "chữ ký không đúng", "its signature does not hold"
    return _stamp_fault(seal, believed.authorities)


def _leads_to(root: str, hashes: tuple[str, ...]) -> bool:
    try:
        return tree([bytes.fromhex(each) for each in hashes])[0].hex() == root
    except ValueError:  # not hex any more
        return False


def _stamp_fault(seal: Seal, authorities: TrustStore | None) -> tuple[str, str] | None:
    if seal.authority and not seal.token:
        return "mất dấu thời gian", "its time-stamp is missing"
    if not seal.token or authorities is None:
        return None
    try:
        check(seal.token, seal.text, authorities)
    except Refused as refused:
        found = refused.problems[0]
        return f"dấu thời gian không đúng: {found.text_vi}", f"its time-stamp does not hold: {found.text_en}"
    return None
