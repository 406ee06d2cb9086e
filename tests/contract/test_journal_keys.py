"""Bodies under lock, on every journal: they come back whole, and older ones are brought under the active key."""

from __future__ import annotations

import dataclasses
import shutil
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from bus.body_keys import NAME, Rewrapper
from bus.journal import MemoryJournal, SqlJournal, open_journal
from bus.journal.vault import OPEN, BodyAltered, BodyLocked, Vault
from bus.ports import Journal
from bus.records import Content, Preparation, Rejection
from bus.turn import Turn
from schemas.problem import Refused
from tests.contract.journal_server import migrated, server
from tests.contract.journal_world import START, TurnedClock, acceptance, empty_file, item, message

CITIZEN = "Nguyễn Thị Khóa Kín 099123456789"
BODY = f"<HoSo><Ten>{CITIZEN}</Ten></HoSo>".encode() * 20
OLD, NEW = b"\1" * 32, b"\2" * 32
OLD_ONLY, BOTH, NEW_ONLY = Vault({"k1": OLD}, "k1"), Vault({"k1": OLD, "k2": NEW}, "k2"), Vault({"k2": NEW}, "k2")
KINDS = ("sqlite", pytest.param("postgresql", marks=pytest.mark.foreign("postgresql")))


@dataclasses.dataclass
class Store:
    """One store that is opened again and again with other keys."""

    url: str
    clock: TurnedClock = dataclasses.field(default_factory=TurnedClock)

    @contextmanager
    def opened(self, vault: Vault) -> Iterator[SqlJournal]:
        """With these keys."""
        journal = open_journal(self.url, clock=self.clock, vault=vault)
        try:
            yield journal
        finally:
            journal.close()

    def change(self, statement: str) -> None:
        """Somebody who can write to the store."""
        engine = sa.create_engine(self.url)
        with engine.begin() as connection:
            assert connection.execute(sa.text(statement)).rowcount > 0
        engine.dispose()


@pytest.fixture(params=KINDS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """Empty."""
    if request.param == "sqlite":
        shutil.copy(empty_file(), tmp_path / "journal.sqlite")
        yield Store(f"sqlite:///{tmp_path / 'journal.sqlite'}")
        return
    with server().database(migrated(START)) as database:
        yield Store(server().url(database))


def fill(journal: Journal, *codes: str) -> list[str]:
    """Accepted, prepared and sent; returns the messages' ids."""
    ids = []
    for code in codes:
        made = acceptance(item(code, message=message(body=BODY, business_ids=(("mot_cua_cmon", code),))))
        result = journal.accept(dataclasses.replace(made, raw=message("goc", BODY))).result(20)[0]
        content = Content(BODY, "application/xml", "aa..bb", "p")
        delivery = f"{result.message_id}:cong"
        journal.prepare(Preparation(((delivery, content),), ())).result(20)
        ids.append(result.message_id)
    return ids


def read_all(journal: Journal, ids: list[str]) -> None:
    """Everything kept comes back as it was."""
    for one in ids:
        for role in ("canonical", "content"):
            kept = journal.body(one, role)
            assert kept is not None
            assert kept.body == BODY
        (work,) = journal.work([f"{one}:cong"])
        assert work.content is not None
        assert (work.message.body, work.content.body, work.content.signature) == (BODY, BODY, "aa..bb")
    assert journal.verify_chain() == ()


def rewrap_all(journal: Journal, clock: TurnedClock, *, page: int = 3) -> int:
    """Runs the job once, from its checkpoint; returns how many it changed."""
    until = clock.turn(60)
    job = journal.begin_job(NAME, "w", now=clock.now(), until=until).result(20)
    assert job is not None
    turn = Turn(job.held, job.position, journal, clock, 60.0, lambda: False)
    return Rewrapper(journal, page=page).run(turn).taken


def test_nothing_of_a_citizen_is_in_the_store(store: Store, tmp_path: Path) -> None:
    """With a key: neither the text as it came nor as it is compressed; and it comes back."""
    with store.opened(OLD_ONLY) as journal:
        ids = fill(journal, "TN01", "TN02")
        journal.reject(Rejection(message("goc", BODY), (), "mot_cua_cmon")).result(20)
        journal.record_ask(message("hoi", BODY), BODY, answer_media_type="text/xml", party="x").result(20)
        read_all(journal, ids)
        engine = sa.create_engine(store.url)
        with engine.connect() as connection:
            rows = connection.execute(sa.text("SELECT coding, data FROM bodies")).all()
        engine.dispose()
        assert len(rows) == 2 * 4 + 3
        for coding, data in rows:
            assert "aesgcm:k1:" in coding
            assert CITIZEN.encode() not in bytes(data)
            assert zlib.compress(BODY, 1)[:24] not in bytes(data)
        if store.url.startswith("sqlite"):
            files = [file.read_bytes() for file in tmp_path.iterdir() if file.is_file()]
            assert sum(map(len, files)) > len(BODY)
            assert all(CITIZEN.encode() not in held and "Khóa Kín".encode() not in held for held in files)


def test_without_a_key_nothing_changes(store: Store) -> None:
    """Bodies in clear, readable by whoever opens the journal, with keys or without."""
    with store.opened(OPEN) as journal:
        ids = fill(journal, "TN01")
        assert journal.bodies_by_key() == {"": 4}
    with store.opened(OLD_ONLY) as journal:
        read_all(journal, ids)


@pytest.mark.parametrize("vault", [OPEN, NEW_ONLY, Vault({"k1": NEW}, "k1")], ids=["none", "another", "same name"])
def test_a_journal_is_not_opened_without_its_key(store: Store, vault: Vault) -> None:
    """A missing or wrong key is told at once, by its name; nothing is changed."""
    with store.opened(OLD_ONLY) as journal:
        ids = fill(journal, "TN01")
    with pytest.raises(BodyLocked, match="k1"), store.opened(vault):
        pass
    with store.opened(OLD_ONLY) as journal:
        read_all(journal, ids)


def test_older_bodies_come_under_the_active_key(store: Store) -> None:
    """In clear or under an older key: afterwards the new key alone opens everything; digests and chain stand."""
    with store.opened(OPEN) as journal:
        ids = fill(journal, "TN01", "TN02")
    with store.opened(OLD_ONLY) as journal:
        ids += fill(journal, "TN03", "TN04")
    with store.opened(BOTH) as journal:
        ids += fill(journal, "TN05")
        assert journal.bodies_by_key() == {"": 8, "k1": 8, "k2": 4}
        read_all(journal, ids)
        assert rewrap_all(journal, store.clock) == 16
        assert journal.bodies_by_key() == {"": 0, "k1": 0, "k2": 20}
        read_all(journal, ids)
    with store.opened(NEW_ONLY) as journal:
        read_all(journal, ids)


def test_rewrapping_goes_on_where_it_was_killed(store: Store) -> None:
    """A page that was written and not noted is found done; nothing is lost and nothing is left."""
    with store.opened(OLD_ONLY) as journal:
        ids = fill(journal, "TN01", "TN02", "TN03")
    with store.opened(BOTH) as journal:
        first = journal.rewrap("", 5).result(20)  # killed before its checkpoint was noted
        assert (first.count, bool(first.position)) == (5, True)
        read_all(journal, ids)
    with store.opened(BOTH) as journal:
        assert rewrap_all(journal, store.clock) == 7
        assert journal.bodies_by_key()["k1"] == 0
        read_all(journal, ids)


def test_bodies_cannot_change_places(store: Store) -> None:
    """One message's bytes in another's row do not open, and the chain's verifier names the message."""
    with store.opened(OLD_ONLY) as journal:
        one, other = fill(journal, "TN01", "TN02")
    store.change(
        "UPDATE bodies SET (coding, data) = "
        f"(SELECT coding, data FROM bodies WHERE message_id = '{other}' AND role = 'canonical') "
        f"WHERE message_id = '{one}' AND role = 'canonical'"
    )
    with store.opened(OLD_ONLY) as journal:
        with pytest.raises(BodyAltered):
            journal.body(one, "canonical")
        assert [one in told for told in journal.verify_chain()] == [True]
        kept = journal.body(other, "canonical")
        assert kept is not None
        assert kept.body == BODY


def test_a_content_set_aside_still_opens(store: Store) -> None:
    """A replay renames the content that was sent before."""
    with store.opened(OLD_ONLY) as journal:
        (one,) = fill(journal, "TN01")
    store.change(f"UPDATE bodies SET role = 'content#1@cong' WHERE message_id = '{one}' AND role = 'content@cong'")
    with store.opened(OLD_ONLY) as journal:
        kept = journal.body(one, "content#1@cong")
        assert kept is not None
        assert kept.body == BODY


def test_the_twin_counts_alike() -> None:
    """In memory nothing is kept, but who would be under which key is."""
    clock = TurnedClock()
    journal = MemoryJournal(clock, active_key="k1")
    ids = fill(journal, "TN01", "TN02")
    journal._store.active_key = "k2"
    assert journal.bodies_by_key() == {"": 0, "k1": 8, "k2": 0}
    assert rewrap_all(journal, clock) == 8
    assert journal.bodies_by_key() == {"": 0, "k2": 8}
    read_all(journal, ids)


@pytest.mark.parametrize(("keys", "active"), [({"K 1": OLD}, "K 1"), ({"k1": b"short"}, "k1"), ({"k1": OLD}, "k2")])
def test_a_useless_key_is_told(keys: dict[str, bytes], active: str) -> None:
    """A name that cannot be kept, a short key, an active key that is not there."""
    with pytest.raises(Refused, match="LT-KEY"):
        Vault(keys, active)
