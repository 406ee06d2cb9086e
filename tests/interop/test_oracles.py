"""XML signatures of the profile of the bus, both ways, with Apache Santuario, xml-crypto and Bergshamra."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing.algorithms import Algorithm
from signing.dsig import Verified, verify
from tests.interop.oracle_world import ORACLES, pair_for, trusted
from tests.interop.signing_world import Files, documents
from tests.unit.signing.forge import canonical

pytestmark = pytest.mark.slow
EACH = [
    pytest.param(name, algorithm, marks=pytest.mark.foreign(*("java", "javac") * (name == "santuario"), name))
    for name, oracle in ORACLES.items()
    for algorithm in sorted(oracle.algorithms)
]


@pytest.mark.parametrize(("name", "algorithm"), EACH)
def test_we_take_the_oracles_and_refuse_what_was_changed(name: str, algorithm: Algorithm, tmp_path: Path) -> None:
    """We verify what it signs, believe exactly the document it was given, and see every change."""
    oracle = ORACLES[name]
    files = Files.of(pair_for(algorithm), tmp_path)
    given = [document for document in documents() if oracle.takes(document)]
    paths = files.write([canonical(document) for document in given])
    oracle.sign(files, algorithm, paths)
    refused = 0
    for document, path in zip(given, paths, strict=True):
        signed = Path(f"{path}.signed").read_bytes()
        result = verify(signed, trusted(algorithm))
        assert isinstance(result, Verified), (document, result)
        assert result.covered == canonical(document)
        for old, new in ((b"Nguy", b"nguy"), (b"urn:x", b"urn:z"), (b"lang=", b"long="), (b"&amp;", b"&lt;")):
            if old in signed:
                changed = verify(signed.replace(old, new, 1), trusted(algorithm))
                assert isinstance(changed, tuple), (document, old)
                refused += 1
    assert refused > 20
