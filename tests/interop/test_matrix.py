"""The matrix: what we sign before everybody who can read it, us among them: good it is taken, tampered with it is not.

`pytest -s tests/interop/test_matrix.py -k table` prints who is asked what. Each verifier is started once for all its
samples (xmlsec1 and openssl once for each).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.interop.samples import Kind, Sample, samples
from tests.interop.verifiers import VERIFIERS

ROOT = Path(__file__).parents[2]
EACH = [
    pytest.param(
        name, kind, marks=[pytest.mark.foreign("openssl", *one.tools), pytest.mark.xdist_group("matrix")],
        id=f"{name}-{kind}",
    )
    for name, one in VERIFIERS.items()
    for kind in Kind
    if kind in one.reads
]  # fmt: skip
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], list[tuple[Sample, bool]]]:
    """What one says of all that it can read; asked once."""
    known: dict[str, list[tuple[Sample, bool]]] = {}

    def of(name: str) -> list[tuple[Sample, bool]]:
        if name not in known:
            folder, verifier = tmp_path_factory.mktemp(name), VERIFIERS[name]
            asked = []
            for number, sample in enumerate(each for each in samples() if verifier.wants(each)):
                path = folder / f"{number}.{'asice' if sample.kind is Kind.ASIC else 'xml'}"
                path.write_bytes(sample.data)
                Path(f"{path}.beside").write_bytes(sample.beside)
                asked.append((sample, path))
            said = verifier.verdicts(asked, folder)
            known[name] = [(sample, one) for (sample, _), one in zip(asked, said, strict=True)]
        return known[name]

    return of


@pytest.mark.parametrize(("name", "kind"), EACH)
def test_good_is_taken_and_tampered_is_refused(name: str, kind: Kind, verdicts) -> None:
    """One byte of content, a signed attribute, a digest, the value, a reference gone, parts exchanged, another method,
    another moment, a stranger's key: each is refused, and nothing else is."""
    said = [(sample, is_taken) for sample, is_taken in verdicts(name) if sample.kind is kind]
    wrong = [(each.what or "good", each.algorithm, each.name) for each, is_taken in said if is_taken == bool(each.what)]
    assert wrong == []
    assert any(not sample.what for sample, _ in said)
    assert len({sample.what for sample, _ in said if sample.what}) >= 5


def row(name: str) -> str:
    """Of the table, as docs/*/signing.md has it."""
    one = VERIFIERS[name]
    return f"| {one.title} | {' | '.join('✓' if kind in one.reads else '–' for kind in Kind)} |"


@pytest.mark.parametrize("page", ["vi", "en"])
def test_table_of_the_page_is_this_one(page: str) -> None:
    """A security officer reads there what is tried here."""
    print("\n" + "\n".join(map(row, VERIFIERS)))
    text = (ROOT / f"docs/{page}/signing.md").read_text(encoding="utf-8")
    assert [row(name) for name in VERIFIERS if row(name) not in text.splitlines()] == []
