"""A short run of the fuzzer over all targets; `make fuzz` runs each for longer."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from tests.fuzz.seeds import seeds
from tests.fuzz.targets import TARGETS

ROOT = Path(__file__).parents[2]
SECONDS = "8"
needs_fuzzer = pytest.mark.skipif(
    find_spec("atheris") is None, reason="không có atheris trên máy này / atheris has no build for this machine"
)


@pytest.mark.parametrize("name", TARGETS)
def test_seeds_are_dealt_with(name: str) -> None:
    """Where the fuzzer begins, and the same cut in the middle, nothing is raised."""
    for seed in seeds()[name]:
        for data in (seed, seed[: len(seed) // 2], seed[::-1], b""):
            TARGETS[name](data)


@needs_fuzzer
def test_nothing_is_found_in_a_short_run(tmp_path: Path) -> None:
    """All targets together, guided by what each input reaches."""
    done = _run("-m", "tests.fuzz", "--seconds", SECONDS, "--keep", str(tmp_path))
    assert done.returncode == 0, done.stderr[-4_000:]
    units = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    assert units is not None
    assert int(units[1]) > 100


PLANTED = {
    "a crash": ("json", "fuzz.TARGETS = {'json': lambda data: 1 / (data[:2] != b'[7')}", "ZeroDivisionError"),
    "a digest that nobody compares": (
        "document", "sys.modules['signing.dsig.verify'].compare_digest = lambda one, other: True", "nobody signed it"),
}  # fmt: skip


@needs_fuzzer
@pytest.mark.parametrize("fault", PLANTED)
def test_fault_is_found(fault: str, tmp_path: Path) -> None:
    """A fuzzer that finds nothing could be one that does not look: for crashes, or for what is wrongly taken."""
    target, plant, finding = PLANTED[fault]
    begin = f"fuzz.main([{target!r}, '--seconds', '60', '--keep', {str(tmp_path)!r}])"
    done = _run("-c", f"import sys\nimport tests.fuzz.__main__ as fuzz\n{plant}\n{begin}")
    assert done.returncode != 0
    assert finding in done.stdout + done.stderr
    assert list(tmp_path.glob("crash-*"))


def test_every_target_is_fuzzed_for_longer_too() -> None:
    """`make fuzz` names them all."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    (named,) = re.findall(r"\$\(or \$\(ONLY\),([a-z ]+)\)", text)
    assert named.split() == list(TARGETS)


def _run(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        (sys.executable, *arguments), cwd=ROOT, env=environment, capture_output=True, text=True, errors="replace",
        timeout=110, check=False,
    )  # fmt: skip
