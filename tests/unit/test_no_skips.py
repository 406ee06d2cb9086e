"""Tests of the rule for skipped tests."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = {
    "foreign": '@pytest.mark.foreign("lacking")\ndef test_it(): pass\n',
    "marked": '@pytest.mark.skip(reason="x")\ndef test_it(): pass\n',
    "inside": 'def test_it(): pytest.skip("x")\n',
    "module": 'pytest.skip("x", allow_module_level=True)\n',
}


def _run(folder: Path, body: str, *, no_skips: bool) -> subprocess.CompletedProcess[str]:
    lacking = 'from tests.foreign import TOOLS, Tool\nTOOLS["lacking"] = Tool(("no-such-program",), ("no-such",))\n'
    (folder / "test_sample.py").write_text(f"import pytest\n{lacking}{body}", encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nmarkers = foreign(tool): x\n", encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "LIENTHONG_NO_SKIPS": "1" if no_skips else ""}
    command = (sys.executable, "-m", "pytest", "-q", "-rs", "-p", "tests.conftest", "-p", "no:cacheprovider", ".")
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", SAMPLES)
def test_every_kind_of_skip_fails_where_skips_are_forbidden(tmp_path: Path, kind: str) -> None:
    """With LIENTHONG_NO_SKIPS=1 no test is left out silently, whatever way it would be skipped."""
    assert _run(tmp_path, SAMPLES[kind], no_skips=True).returncode not in (0, 5)


def test_absent_tool_is_named_in_both_languages(tmp_path: Path) -> None:
    """Without the tool a developer reads which one is absent, and the run still succeeds."""
    done = _run(tmp_path, SAMPLES["foreign"], no_skips=False)
    assert done.returncode == 0
    assert "thiếu công cụ lacking (từ: no-such) / tool lacking is absent" in done.stdout


def test_unknown_tool_is_an_error(tmp_path: Path) -> None:
    """A misspelt tool name is never taken for an absent tool."""
    done = _run(tmp_path, SAMPLES["foreign"].replace("lacking", "laking"), no_skips=False)
    assert done.returncode != 0
    assert "no tool 'laking'" in done.stdout
