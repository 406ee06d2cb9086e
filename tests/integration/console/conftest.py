"""One populated journal and its site for all tests that only look."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.integration.console.populated import Populated, Site, populate, serving


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Populated]:
    """A message in every state."""
    made = populate(tmp_path_factory.mktemp("journal") / "journal.sqlite")
    yield made
    made.journal.close()


@pytest.fixture(scope="module")
def site(world: Populated) -> Iterator[Site]:
    """The application over it."""
    with serving(world.journal) as served:
        yield served
