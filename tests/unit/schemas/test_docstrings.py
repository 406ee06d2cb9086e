"""Examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import schemas

MODULES = [module.name for module in pkgutil.iter_modules(schemas.__path__)]


@pytest.mark.parametrize("name", MODULES)
def test_examples_are_true(name: str) -> None:
    """Each example shown in a module of this floor gives what it says."""
    assert doctest.testmod(importlib.import_module(f"schemas.{name}")).failed == 0


def test_there_are_examples() -> None:
    """The test above runs something."""
    assert doctest.testmod(importlib.import_module("schemas.vietnamese")).attempted > 3
