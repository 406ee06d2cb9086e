"""The examples in docstrings of the system modules run."""

from __future__ import annotations

import doctest
import importlib.util
from types import ModuleType

import pytest

from adapters import skeleton, toml_places
from adapters.registry import built_in


def hooks() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gplx_hooks", built_in() / "gplx_dlms" / "hooks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("module", [toml_places, skeleton, hooks()], ids=["toml_places", "skeleton", "hooks"])
def test_docstring_examples_hold(module: ModuleType) -> None:
    """What a docstring shows is what the function does."""
    result = doctest.testmod(module)

    assert result.attempted > 0
    assert result.failed == 0
