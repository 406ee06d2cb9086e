"""Bodies under lock: are the keys there, are they the right ones, what is still kept under others."""

from __future__ import annotations

from collections.abc import Iterator

from bus.body_keys import vault_of
from bus.doctor.finding import Finding, good, note, of_problem, of_refused
from bus.journal import open_journal
from bus.journal.migrate import HEAD, NewerJournal, revision_of
from bus.journal.vault import BodyUnreadable, Vault
from bus.ports import JournalUnavailable
from bus.settings import Settings
from schemas.problem import Refused

_AREA = "encryption"


def look_at_encryption(settings: Settings, *, quick: bool) -> Iterator[Finding]:
    """Without keys: a note. Counting looks at every body: not where it should be quick."""
    try:
        vault = vault_of(settings)
    except Refused as refused:
        yield from of_refused(_AREA, "khóa / keys", refused)
        return
    active = vault.active
    if active:
        yield good(_AREA, "khóa / keys", f"đang dùng {active}", f"{active} is active")
    else:
        yield note(_AREA, "khóa / keys", "nội dung trong nhật ký không khóa", "bodies in the journal are in clear")
    try:
        if settings.has_journal() and revision_of(settings.journal_url()) == HEAD:
            yield from _kept(settings, vault, quick=quick)
    except BodyUnreadable as locked:
        yield of_problem(_AREA, "nhật ký / journal", locked.cause)
    except (JournalUnavailable, NewerJournal, OSError):
        return  # told where the journal is looked at


def _kept(settings: Settings, vault: Vault, *, quick: bool) -> Iterator[Finding]:
    journal = open_journal(settings.journal_url(), vault=vault)
    try:
        counts = journal.bodies_by_key() if vault.active and not quick else {}
    finally:
        journal.close()
    for key_id, count in counts.items():
        if count and key_id != vault.active:
            where = key_id or "không khóa / in clear"
            yield note(_AREA, where, f"còn {count}: lienthong keys rewrap", f"{count} left: lienthong keys rewrap")
