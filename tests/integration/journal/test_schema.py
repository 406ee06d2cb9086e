"""The schema: made by migrations only, the same as the tables in code, portable."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.dialects import postgresql
from sqlalchemy.schema import CreateIndex, CreateTable

from bus.journal import migrate, open_journal
from bus.journal.dialect import open_engines
from bus.journal.tables import metadata
from schemas.problem import Refused
from tests.contract.journal_server import server

PARTITIONED = (
    "messages", "bodies", "deliveries", "intents", "attempts", "entries", "problems", "actions", "examinations",
)  # fmt: skip


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.foreign("postgresql"))])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Where nothing is yet."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'j.sqlite'}"
        return
    with server().database() as name:
        yield server().url(name)


def whole(name: str | None, kind: str, *_: object) -> bool:
    """Not a partition."""
    return kind != "table" or name in metadata.tables


def of_partition(difference: Any) -> bool:  # Any: tuples of several shapes
    """PostgreSQL lists a key into a partitioned table once more for each partition."""
    return difference[0] == "remove_fk" and difference[1].elements[0].target_fullname.startswith(
        ("messages_", "deliveries_")
    )


def test_migrations_make_the_tables_of_the_code(url: str) -> None:
    """A migrated journal and the tables in code are the same."""
    migrate.upgrade(url)
    engines = open_engines(url)
    with engines.reader.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_name": whole})
        assert [one for one in compare_metadata(context, metadata) if not of_partition(one)] == []
        inspected = sa.inspect(connection)
        names = {name for name in inspected.get_table_names() if not name.endswith("_rest")}
        wanted = {index.name for table in metadata.tables.values() for index in table.indexes}
        made = {index["name"] for name in names for index in inspected.get_indexes(name)}
    engines.dispose()
    assert names == {*metadata.tables, "alembic_version"}
    assert wanted <= made


def test_head_is_the_last_migration() -> None:
    """The revision known in code is the last one on disk, so that a start with nothing to do is quick."""
    scripts = ScriptDirectory(str(Path(migrate.__file__).parent / "migrations"))
    assert scripts.get_current_head() == migrate.HEAD
    assert {script.revision for script in scripts.walk_revisions()} <= migrate.KNOWN


def test_opening_twice_changes_nothing(url: str) -> None:
    """A second start finds the journal as it was."""
    open_journal(url).close()
    journal = open_journal(url)
    assert journal.generation() == 0
    journal.close()


def test_many_processes_start_at_once(url: str) -> None:
    """One migrates, the others wait for it."""
    failures: list[Exception] = []

    def start() -> None:
        try:
            open_journal(url).close()
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=start) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    journal = open_journal(url)
    journal.ping()
    journal.close()


def test_newer_journal_is_refused(url: str) -> None:
    """A journal that a newer version wrote is left alone, with a clear word."""
    migrate.upgrade(url)
    engines = open_engines(url)
    with engines.writer.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999'"))
    engines.dispose()
    with pytest.raises(migrate.NewerJournal, match="9999"):
        open_journal(url)


def test_a_journal_of_a_build_before_the_release_is_refused(url: str) -> None:
    """It has our schema's number and is another one: what it lacks is named, nothing is changed, no SQL is told."""
    migrate.upgrade(url)
    engines = open_engines(url)
    with engines.writer.begin() as connection:
        connection.execute(sa.text("DROP TABLE body_keys"))
    engines.dispose()
    with pytest.raises(Refused) as caught:
        open_journal(url)
    [found] = caught.value.problems
    assert (found.code, "body_keys.key_id" in found.text_vi, "SELECT" in found.text_vi) == ("LT-JRN-005", True, False)
    assert migrate.difference_of(url) == found


def test_month_is_in_the_key_of_what_will_be_partitioned() -> None:
    """Partitions by month need the month in the key from the first schema on; keys and identities have none."""
    with_month = {name for name, table in metadata.tables.items() if "month" in table.primary_key.columns}
    assert with_month == set(PARTITIONED)


def test_schema_compiles_for_postgresql() -> None:
    """Nothing in the tables is understood by SQLite only."""
    dialect = postgresql.dialect()
    texts = [str(CreateTable(table).compile(dialect=dialect)) for table in metadata.sorted_tables]
    texts += [
        str(CreateIndex(index).compile(dialect=dialect))
        for table in metadata.tables.values()
        for index in table.indexes
    ]
    assert len(texts) > len(metadata.tables)
    assert not any("ROWID" in text for text in texts)
