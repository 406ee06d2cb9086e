"""The keys that bodies are kept under, and the job that brings older bodies under the active one."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass

from bus.journal.vault import OPEN, Vault
from bus.ports import Journal
from bus.records.jobs import JobResult
from bus.settings import Settings
from bus.turn import Finished, Turn
from schemas.problem import Refused, Stage, problem

NAME = "rewrap"
_EVERY_S = 24 * 3600.0  # it also begins anew when somebody orders it: `lienthong keys rewrap`
_PAGE = 200
_WAIT_S = 60.0


def vault_of(settings: Settings) -> Vault:
    """With the keys the settings name.

    Raises:
        Refused: a key is not there or is of no use.
    """
    rule = settings.journal.encryption
    if not rule.keys and not rule.active:
        return OPEN
    keys = {name: _key(name, settings.secret(reference)) for name, reference in rule.keys.items()}
    return Vault(keys, rule.active_key())


def _key(name: str, text: str) -> bytes:
    try:
        return base64.b64decode(text.strip(), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Refused((problem("LT-KEY-003", Stage.CONFIGURE, {"key": name}),)) from error


@dataclass(frozen=True, slots=True)
class Rewrapper:
    """A job. Its checkpoint is moved after each page; a page done twice changes nothing."""

    journal: Journal
    tell: Callable[[int], None] = lambda count: None  # after each page: bodies done
    page: int = _PAGE

    @property
    def name(self) -> str:
        """As operators know it."""
        return NAME

    @property
    def endpoint(self) -> str:
        """Nobody's."""
        return ""

    @property
    def every_s(self) -> float:
        """Pause between two runs."""
        return _EVERY_S

    def run(self, turn: Turn) -> Finished:
        """From the checkpoint to the end; one that began in the middle goes round once more, for the active key may
        be another one since."""
        if not self.journal.active_key():
            return Finished(JobResult.DONE, "Không có khóa đang dùng", 0, 0)
        position, count, midway = turn.position, 0, bool(turn.position)
        while not turn.stopping():
            turn.keep()
            done = self.journal.rewrap(position, self.page).result(_WAIT_S)
            if done.position != position:
                turn.step(position=done.position)
            position, count = done.position, count + done.count
            self.tell(done.count)
            if not position and not midway:
                return Finished(JobResult.DONE, f"Đã đổi khóa {count} nội dung", count, 0)
            midway = midway and bool(position)
        return Finished(JobResult.MORE, "", count)
