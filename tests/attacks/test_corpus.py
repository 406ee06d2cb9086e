"""The attack corpus: no attack is taken, no control is refused, and nothing is raised but a typed refusal."""

from __future__ import annotations

from collections import Counter

import pytest

from tests.attacks import (
    algorithm,
    containers,
    content,
    controls,
    documents,
    doors_json,
    doors_soap,
    lasting,
    locked_json,
    locked_soap,
    moment,
    parser,
    proof,
    soap_structure,
    trusting,
    uncovered,
    web,
    wrapping_soap,
)
from tests.attacks.corpus import TAKEN, Case, Category, fits, outcome_of

MODULES = (
    parser, soap_structure, wrapping_soap, content, moment, documents, algorithm, trusting, lasting, containers, uncovered,
    proof, web, doors_json, doors_soap, locked_json, locked_soap, controls,
)  # fmt: skip
CASES = [case for module in MODULES for case in module.CASES]


@pytest.mark.parametrize("case", CASES, ids=[f"{case.category}: {case.name}" for case in CASES])
def test_every_attack_ends_where_it_should(case: Case) -> None:
    """At the step that is there for it; a control is taken."""
    outcome = outcome_of(case.send)
    assert fits(outcome, case.expected), f"{outcome}, not {' | '.join(case.expected)}"


def test_corpus_is_large_and_every_category_is_there() -> None:
    """Its table is printed; what is in it cannot silently go."""
    counts = Counter(case.category for case in CASES)
    controls = counts.pop(Category.CONTROL)
    print("\n" + "\n".join(f"{counts[each]:5} {each}" for each in Category), f"\n{controls:5} controls")
    assert counts.total() >= 200
    assert controls >= 20
    assert all(counts[each] >= 3 for each in set(Category) - {Category.CONTROL}), counts
    assert len({(case.category, case.name) for case in CASES}) == len(CASES)


def test_only_controls_may_be_taken() -> None:
    """An attack that is expected to be taken would be no attack."""
    assert all((TAKEN in case.expected) == (case.category is Category.CONTROL) for case in CASES)
