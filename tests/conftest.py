"""Rules for all tests: their order, foreign tools, and skips that must not be when LIENTHONG_NO_SKIPS=1."""

from __future__ import annotations

import gc
import os
from collections.abc import Generator
from typing import TypeVar

import pytest

from tests.foreign import TOOLS, path_of
from tests.memory_folder import use_memory
from tests.order import place_of

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)
gc.set_threshold(50_000)  # new objects: as `lienthong` has it
use_memory()
NO_SKIPS = os.environ.get("LIENTHONG_NO_SKIPS") == "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long files first: who runs several at once does not wait for one at the end."""
    items.sort(key=lambda item: place_of(item.nodeid.partition("::")[0]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips a test whose foreign tool is absent, with a word; a skip becomes a failure below."""
    for mark in item.iter_markers("foreign"):
        for name in mark.args:
            if name not in TOOLS:
                raise pytest.UsageError(f"{item.nodeid}: no tool {name!r} in tests/foreign.py")
            if path_of(name) is None:
                source = TOOLS[name].comes_from
                pytest.skip(f"thiếu công cụ {name} (từ: {source}) / tool {name} is absent (comes from: {source})")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With LIENTHONG_NO_SKIPS=1 a skipped test is a failed one."""
    return _no_skip((yield))


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """The same for modules that skip themselves."""
    return _no_skip((yield))


def _no_skip(report: Report) -> Report:
    if NO_SKIPS and report.skipped and not hasattr(report, "wasxfail"):
        said = report.longrepr[-1] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"không được bỏ qua / may not be skipped (LIENTHONG_NO_SKIPS=1): {said}"
    return report
