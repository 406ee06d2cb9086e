"""The law of the mapping language for every map that is shipped, over invented documents of both sides."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

import adapters
from adapters.mapping.generate import canonical_sample, legacy_sample
from adapters.mapping.law import check_canonical, check_legacy
from adapters.mapping.plan import MapContext
from adapters.mapping.values import Way
from adapters.registry import load_system

CONTEXT = MapContext(date(2026, 7, 6), {})
SYSTEMS = sorted(file.parent for file in (Path(adapters.__file__).parent / "systems").glob("*/adapter.toml"))


@pytest.mark.parametrize("folder", SYSTEMS, ids=lambda folder: folder.name)
def test_every_shipped_map_keeps_the_law(folder: Path) -> None:
    """What our own maps declare they carry comes back, and no legacy document changes twice."""
    plans = load_system(folder).maps
    assert plans
    for name, plan in plans.items():
        for seed in range(12):
            assert check_canonical(plan, canonical_sample(plan, seed, CONTEXT), CONTEXT) == (), (name, seed)
            assert check_legacy(plan, legacy_sample(plan, seed, CONTEXT), CONTEXT) == (), (name, seed)


@pytest.mark.parametrize("folder", SYSTEMS, ids=lambda folder: folder.name)
def test_every_shipped_map_translates_invented_documents(folder: Path) -> None:
    """Each direction of each map does its work on at least one of the documents it is tried with."""
    for name, plan in load_system(folder).maps.items():
        if plan.goes(Way.TO_CANONICAL):
            samples = [plan.to_canonical(legacy_sample(plan, seed, CONTEXT), CONTEXT) for seed in range(12)]
            assert any(made.element is not None and len(made.element) for made in samples), name
        if plan.goes(Way.TO_LEGACY):
            samples = [plan.to_legacy(canonical_sample(plan, seed, CONTEXT), CONTEXT) for seed in range(12)]
            assert any(made.element is not None and len(made.element) for made in samples), name
