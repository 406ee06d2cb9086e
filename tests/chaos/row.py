"""A row of the chaos ledger: what one scenario did to the bus, and what the bus did with its messages."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from pathlib import Path

from rich.console import Console
from rich.table import Table

RECOVERY_LIMIT_S = 15.0  # where the scenario does not say otherwise


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One scenario. Counts are of (item, receiver) pairs, as the judge counts them."""

    scenario: str
    seed: int
    faults: int = 0
    accepted: int = 0  # the senders were told so
    delivered: int = 0  # a receiver has it
    lost: int = 0
    duplicates: int = 0  # taken more than once where that is not harmless
    repeats: int = 0  # the receiver saw the same again under a name it knew, and nothing changed
    explained: int = 0  # repeats whose cause stands in the journal
    reordered: int = 0
    overlapped: int = 0
    wrong: int = 0  # other content than was sent, or nobody offered it
    stuck: int = 0  # deliveries that were still open at the end, by the journal
    unclear: int = 0  # decided by a person who looked into the receiver's ledger
    forgotten: int = 0  # acknowledged writes that the queue's server lost, by the control of a power cut
    recovery_s: float = 0.0  # the slowest
    limit_s: float = RECOVERY_LIMIT_S
    seconds: float = 0.0
    causes: str = ""  # of the repeats
    note: str = ""  # why it did not run, or what broke
    ran: bool = True  # False: this machine cannot carry it out; it stays in the ledger, with its reason

    @property
    def ok(self) -> bool:
        """Nothing lost, doubled, reordered, overlapped, altered, stuck, unexplained or slow."""
        bad = self.lost + self.duplicates + self.reordered + self.overlapped + self.wrong + self.stuck
        bad += self.repeats - self.explained
        whole = self.faults > 0 and self.accepted > 0 and self.delivered == self.accepted
        return not self.ran or (whole and not bad and not self.note and self.recovery_s <= self.limit_s)

    def cells(self) -> tuple[str, ...]:
        """As written."""
        values = (getattr(self, name) for name in _SHOWN)
        shown = tuple(f"{one:.1f}" if isinstance(one, float) else str(one).replace("\t", " ") for one in values)
        return (*shown, ("yes" if self.ok else "NO") if self.ran else "not run")


_SHOWN = tuple(one.name for one in fields(Row) if one.name != "ran")
COLUMNS = (*_SHOWN, "ok")


def total(rows: Iterable[Row]) -> Row:
    """The sum of all that ran."""
    every = [row for row in rows if row.ran]
    summed = {
        name: sum(getattr(row, name) for row in every)
        for name in _SHOWN
        if name not in ("scenario", "seed", "recovery_s", "limit_s", "causes", "note")
    }
    slowest = max((row.recovery_s for row in every), default=0.0)
    limit = max((row.limit_s for row in every), default=RECOVERY_LIMIT_S)
    broken = ", ".join(row.scenario for row in every if not row.ok)
    seed = every[0].seed if every else 0
    return Row(scenario="total", seed=seed, recovery_s=slowest, limit_s=limit, note=broken, **summed)


def write(rows: Iterable[Row], file: Path) -> None:
    """The ledger as tab-separated values."""
    file.parent.mkdir(parents=True, exist_ok=True)
    lines = ["\t".join(COLUMNS), *("\t".join(row.cells()) for row in rows)]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")


def show(rows: Iterable[Row]) -> None:
    """The ledger on the terminal."""
    table = Table(box=None, pad_edge=False)
    for name in COLUMNS:
        text = name in ("scenario", "causes", "note", "ok")
        table.add_column(name, justify="left" if text else "right", overflow="fold" if text else "ellipsis")
    for row in rows:
        table.add_row(*row.cells(), style="" if row.ok else "bold red")
    Console(width=220).print(table)
