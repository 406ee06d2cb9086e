"""The journal on SQL and its in-memory twin agree, whatever happens in whatever order."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

from tests.property.journal_machine import JournalMachine, PostgresqlMachine

SETTINGS = settings(
    max_examples=20,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
    print_blob=True,
    database=None,
)

TestJournal = JournalMachine.TestCase
TestJournal.settings = SETTINGS
TestJournal.pytestmark = [pytest.mark.slow]

TestPostgresql = PostgresqlMachine.TestCase
TestPostgresql.settings = settings(SETTINGS, max_examples=8)
TestPostgresql.pytestmark = [pytest.mark.slow, pytest.mark.foreign("postgresql")]
