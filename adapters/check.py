"""`lienthong check`: everything that can be known about a system folder without a partner."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from adapters.adapter import Adapter
from adapters.dating import own_day
from adapters.mapping.explain import explain
from adapters.mapping.generate import canonical_sample, legacy_sample
from adapters.mapping.law import check_canonical, check_legacy
from adapters.mapping.plan import MapContext
from adapters.reply_classes import uncovered
from adapters.samples import NOW, Made, Sample, Way, context, find_samples, run_sample
from schemas.catalog import packs, verify
from schemas.problem import Place, Problem, Stage, problem

README = "README.md"
_INVENTED = 5  # documents of each side a map is tried with


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One sample's verdict. () = as expected."""

    sample: Sample
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class CheckReport:
    """What was found in one system folder."""

    system: str
    folder: tuple[Problem, ...]  # of the folder itself: contract files, maps' coverage, README
    samples: tuple[SampleResult, ...]
    lossy: tuple[str, ...]  # what the maps declare they lose, "file:line path: reason"
    written: tuple[Path, ...] = ()  # with accept: expectations written anew
    warnings: tuple[str, ...] = ()  # not wrong, and a person should look: known reply codes that no row covers

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything that is wrong."""
        return self.folder + tuple(found for each in self.samples for found in each.problems)

    @property
    def good(self) -> bool:
        """Nothing is wrong, and something was looked at."""
        return not self.problems and bool(self.samples)


def check_system(adapter: Adapter, accept: bool = False) -> CheckReport:
    """Checks one loaded system; with `accept`, what samples give now becomes what is expected."""
    samples = tuple(find_samples(adapter))
    written: list[Path] = []
    results: list[SampleResult] = []
    for sample in samples:
        if accept and sample.operation:
            written += accept_sample(adapter, sample)
        results.append(SampleResult(sample, check_sample(adapter, sample)))
    return CheckReport(
        adapter.id, (*_folder_problems(adapter, samples), *_invented(adapter)), tuple(results),
        tuple(losses(adapter)), tuple(written), tuple(map(str, uncovered(adapter.manifest))),
    )  # fmt: skip


def check_sample(adapter: Adapter, sample: Sample) -> tuple[Problem, ...]:
    """What is wrong with one sample; () = as expected."""
    if not sample.operation:
        return (_say(adapter, sample, "LT-SYS-028", sample=sample.name),)
    expected = sample.expectations()
    if len(expected) != 1:
        return (_say(adapter, sample, "LT-SYS-025", sample=sample.name, system=adapter.id),)
    made = run_sample(adapter, sample)
    if found := _compare(adapter, sample, expected[0], made):
        return found
    return _law(adapter, sample, made)


def _invented(adapter: Adapter) -> Iterator[Problem]:
    """The law over documents nobody wrote: samples show what was thought of, these what was not."""
    here = MapContext(on=NOW.date(), identities={})
    for plan in adapter.maps.values():
        for seed in range(_INVENTED):
            yield from check_canonical(plan, canonical_sample(plan, seed, here), here)
            yield from check_legacy(plan, legacy_sample(plan, seed, here), here)


def _compare(adapter: Adapter, sample: Sample, expected: Path, made: Made) -> tuple[Problem, ...]:
    if expected.suffix == ".problems":
        wanted = tuple(sorted(set(expected.read_text(encoding="utf-8").split())))
        if wanted == made.codes:
            return ()
        found = ", ".join(made.codes) or "–"
        mismatch = _say(adapter, sample, "LT-SYS-027", sample=sample.name, expected=", ".join(wanted), found=found)
        return (mismatch, *made.problems)
    if made.problems:
        mismatch = _say(adapter, sample, "LT-SYS-027", sample=sample.name, expected="–", found=", ".join(made.codes))
        return (mismatch, *made.problems)
    wanted_body = expected.read_bytes()
    if expected.name != sample.beside(made.ending).name or wanted_body != made.body:
        line = _first_difference(wanted_body, made.body)
        place = f"{expected.name}:{line}"
        return (_say(adapter, sample, "LT-SYS-026", sample=sample.name, place=place),)
    return ()


def _first_difference(one: bytes, other: bytes) -> int:
    ours, theirs = one.splitlines(), other.splitlines()
    pairs = zip(ours, theirs, strict=False)
    return next((n for n, (a, b) in enumerate(pairs, start=1) if a != b), min(len(ours), len(theirs)) + 1)


def _law(adapter: Adapter, sample: Sample, made: Made) -> tuple[Problem, ...]:
    operation = adapter.manifest.operations[sample.operation]
    plan = adapter.maps.get(operation.map)
    if plan is None or sample.way is Way.REPLY or made.problems:
        return ()
    if sample.way is Way.OUT:
        return tuple(found for message in made.messages for found in check_canonical(plan, message, context(adapter)))
    found: list[Problem] = []
    for item, message in zip(made.items, made.messages, strict=True):
        here = MapContext(on=own_day(operation, item) or NOW.date(), identities={})
        found += (*check_legacy(plan, item, here), *check_canonical(plan, message, here))
    return tuple(found)


def accept_sample(adapter: Adapter, sample: Sample) -> list[Path]:
    """Writes what the sample gives now beside it, where it differs. Returns the files written."""
    made = run_sample(adapter, sample)
    file = sample.beside(".problems" if made.problems else made.ending)
    body = "".join(f"{code}\n" for code in made.codes).encode() if made.problems else made.body
    for old in sample.expectations():
        if old != file:
            old.unlink()
    if file.is_file() and file.read_bytes() == body:
        return []
    file.write_bytes(body)
    return [file]


def _folder_problems(adapter: Adapter, samples: tuple[Sample, ...]) -> Iterator[Problem]:
    if not (adapter.folder / README).is_file():
        yield problem("LT-SYS-030", Stage.CONFIGURE, {"file": README}).at(ours=Place(adapter.id))
    for pack in packs(adapter.folder):
        yield from verify(pack)
    for plan in adapter.maps.values():
        yield from plan.coverage()
    shown = {sample.operation for sample in samples}
    for name in adapter.manifest.operations:
        if name not in shown:
            place = Place(f"{adapter.id}/samples")
            yield problem("LT-SYS-029", Stage.CONFIGURE, {"operation": name}).at(ours=place)


def losses(adapter: Adapter) -> Iterator[str]:
    """What the maps declare they lose, for people."""
    for name, plan in adapter.maps.items():
        for row in explain(plan):
            if row.lossy:
                yield f"{name}:{row.line} {row.legacy} ↔ {row.canonical}: {row.lossy}"


def _say(adapter: Adapter, sample: Sample, code: str, /, **values: object) -> Problem:
    place = Place(f"{adapter.id}/samples/{sample.name}")
    return problem(code, Stage.CONFIGURE, values).at(ours=place)
