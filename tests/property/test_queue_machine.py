"""Random histories of the queue: what no one thought of."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.test_queue_bugs import BUGS
from tests.property.queue_machine import QueueMachine

SETTINGS = settings(
    max_examples=80, stateful_step_count=60, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.mark.timeout(300)
def test_any_history() -> None:
    """Whatever happens in whatever order: nothing lost, reordered, overlapped; real server and twin agree."""
    run_state_machine_as_test(QueueMachine, settings=SETTINGS)


@pytest.mark.timeout(300)
def test_any_history_in_partitions() -> None:
    """The same with three partitions, of which one may be emptied alone."""

    class Partitioned(QueueMachine):
        partitions = 3

    run_state_machine_as_test(Partitioned, settings=SETTINGS)


@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    "bug",
    [
        "no fencing",
        "retry goes to the tail",
        "lost leases stay lost",
        "enqueue is not idempotent",
        "the predecessor is not looked at",
        "a rebuild ends the live lease",
        "old tickets are good",
        "the cap is not kept",
        "the breaker never opens",
        "a breaker per process",
        "two probes",
        "what says nothing counts as a failure",
        "a pause is not kept",
        "an older order is obeyed",
        "the rate is not kept",
        "retries are not stopped",
    ],
)
def test_machine_finds(bug: str) -> None:
    """The machine is able to fail: it finds a bug put in on purpose."""
    there, instead = BUGS[bug]

    class Buggy(QueueMachine):
        change = staticmethod(lambda text: text.replace(there, instead))

    with pytest.raises(AssertionError):
        run_state_machine_as_test(
            Buggy, settings=settings(SETTINGS, max_examples=600, derandomize=True, phases=[Phase.generate])
        )
