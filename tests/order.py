"""In which order the files are run: a process takes one file at a time, so the long ones come first."""

from __future__ import annotations

LONG_FIRST = (
    "tests/chaos/test_short.py",
    "tests/acceptance/test_polling.py",
    "tests/packaging/test_wheel.py",
    "tests/acceptance/test_reconcile.py",
    "tests/acceptance/test_watch.py",
    "tests/acceptance/test_kill.py",
    "tests/integration/cli/test_commands.py",
    "tests/integration/cli/test_running_bus.py",
    "tests/property/test_queue_machine.py",
    "tests/property/test_journal_machine.py",
    "tests/integration/journal/test_server_away.py",
    "tests/acceptance/test_secured.py",
    "tests/acceptance/test_attacks.py",
    "tests/acceptance/test_queue_away.py",
    "tests/acceptance/test_bad_input.py",
    "tests/interop/test_console_browser.py",
    "tests/integration/journal/test_kill_at_step.py",
)
_PLACE = {file: place for place, file in enumerate(LONG_FIRST)}


def place_of(file: str) -> int:
    """Where a file's tests come; all that are not named come last, in the order they were found."""
    return _PLACE.get(file, len(LONG_FIRST))
