"""Every sample of every built-in system is a test, found by walking; and every folder as a whole."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest

from adapters.adapter import Adapter
from adapters.check import check_sample, check_system
from adapters.mapping.plan import MapPlan
from adapters.registry import built_in, load_system
from adapters.samples import Sample, Way, find_samples
from schemas.catalog import packs, verify
from schemas.problem import Problem

FOLDERS = sorted(file.parent for file in built_in().glob("*/adapter.toml"))
load = cache(load_system)
SAMPLES = [(folder, sample) for folder in FOLDERS for sample in find_samples(load(folder))]
MAPS = [(folder, name) for folder in FOLDERS for name in load(folder).maps]


def told(problems: tuple[Problem, ...]) -> str:
    return "\n".join(f"{p.code} {p.text_en} [{p.ours}] [{p.theirs}]" for p in problems)


@pytest.mark.parametrize(("folder", "sample"), SAMPLES, ids=[f"{f.name}/{s.name}" for f, s in SAMPLES])
def test_a_sample_gives_what_is_expected(folder: Path, sample: Sample) -> None:
    """What stands beside a sample is what comes of it, and its map keeps the law on it."""
    problems = check_sample(load(folder), sample)

    assert not problems, told(problems)


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_a_folder_is_good(folder: Path) -> None:
    """`lienthong check` finds nothing: contract files untouched, maps cover all, each operation has a sample."""
    report = check_system(load(folder))

    assert report.good, told(report.problems)


@pytest.mark.parametrize("folder", FOLDERS, ids=[folder.name for folder in FOLDERS])
def test_contract_files_carry_their_hashes(folder: Path) -> None:
    """Each pack of a system says whence its files are, and they are the ones it says."""
    found = list(packs(folder))

    assert found
    for pack in found:
        assert not verify(pack), told(verify(pack))


@pytest.mark.parametrize(("folder", "name"), MAPS, ids=[f"{f.name}/{n}" for f, n in MAPS])
def test_each_map_is_shown_by_a_sample(folder: Path, name: str) -> None:
    """No map is carried along unused: an operation or a reply rule that has a sample names it."""
    adapter = load(folder)
    shown = {sample.operation for _, sample in SAMPLES if _ == folder}
    operations = [adapter.manifest.operations[each] for each in shown if each]
    used = {operation.map for operation in operations}
    used |= {then.reply_map for operation in operations for then in operation.then}
    rule = adapter.manifest.look_up
    used |= {rule.reply_map} if rule is not None and rule.operation in shown else set()

    assert isinstance(adapter.maps[name], MapPlan)
    assert name in used


def test_the_systems_have_samples_both_good_and_bad() -> None:
    """There is something to check at all, and refusals are shown as well as successes."""
    names = [folder.name for folder in FOLDERS]
    bad = [sample for _, sample in SAMPLES if sample.beside(".problems").is_file()]
    replies = [sample for _, sample in SAMPLES if sample.way is Way.REPLY]

    assert {"cong_dvcqg", "gplx_dlms", "mat_tien_json", "mot_cua_cmon", "mot_cua_rest"} <= set(names)
    assert len(SAMPLES) >= 100
    assert len(bad) >= 30
    assert len(replies) >= 30


@pytest.mark.parametrize(("folder", "sample"), SAMPLES, ids=[f"{f.name}/{s.name}" for f, s in SAMPLES])
def test_a_sample_holds_no_secret(folder: Path, sample: Sample) -> None:
    """Demo passwords are the word placeholder, nothing else."""
    body = sample.file.read_bytes()

    assert body
    assert body.count(b"<password>") == body.count(b"<password>placeholder</password>")


def adapters() -> list[Adapter]:
    return [load(folder) for folder in FOLDERS]


def test_every_opening_operation_names_its_dossier() -> None:
    """A message that may open a dossier has a duplicate key: a repeated call opens nothing twice."""
    opening = [o for adapter in adapters() for o in adapter.manifest.operations.values() if o.creates]

    assert opening
    assert all(operation.key for operation in opening)


def test_no_reply_table_takes_an_unknown_answer_for_success() -> None:
    """The last line of each table is never a success, and no success line is without a condition."""
    tables = [o.replies for adapter in adapters() for o in adapter.manifest.operations.values() if o.replies]

    assert tables
    for table in tables:
        assert table[-1].outcome not in ("accepted", "duplicate")
        for rule in table:
            if rule.outcome in ("accepted", "duplicate"):
                assert rule.code or rule.code_pattern or rule.text_contains
