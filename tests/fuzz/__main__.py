"""Coverage-guided fuzzing (atheris): `python -m tests.fuzz [TARGET …] [--seconds N] [--keep DIR]`.

Without a target all are fuzzed in one run, the first byte choosing. Ends with status 0, or at the first finding with
its traceback and the input in the folder to keep. An input that takes longer than 20 s is a finding too.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["schemas", "signing"]):
    from tests.fuzz.seeds import WORDS, seeds
    from tests.fuzz.targets import TARGETS


def main(arguments: Sequence[str]) -> None:
    """Never returns: the fuzzer ends the process."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    asked.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    asked.add_argument("--seconds", type=int, default=60)
    asked.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="findings, and what was learnt")
    given = asked.parse_args(arguments)
    names = given.targets or list(TARGETS)
    if unknown := set(names) - set(TARGETS):
        asked.error(f"no such target: {', '.join(sorted(unknown))}")
    chosen = [TARGETS[name] for name in names]
    begin, words = _begin(names)
    learnt = given.keep / "-".join(given.targets or ["all"])
    learnt.mkdir(parents=True, exist_ok=True)

    def one(data: bytes) -> None:
        if data:
            chosen[data[0] % len(chosen)](data[1:])

    flags = (
        f"-max_total_time={given.seconds}", "-timeout=20", "-rss_limit_mb=3000", "-max_len=65536",
        "-print_final_stats=1", "-verbosity=0", f"-dict={words}", f"-artifact_prefix={given.keep}/",
        f"{learnt}", f"{begin}",
    )  # fmt: skip
    atheris.Setup(["fuzz", *flags], one)
    atheris.Fuzz()


def _begin(names: Sequence[str]) -> tuple[Path, Path]:
    """A folder of seeds, each behind the byte of its target; a dictionary."""
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    (folder / "seeds").mkdir()
    for number, name in enumerate(names):
        for count, seed in enumerate(seeds()[name]):
            (folder / "seeds" / f"{name}-{count}").write_bytes(bytes([number]) + seed)
    words = folder / "words"
    words.write_text("".join(f'"{word}"\n' for word in WORDS), encoding="ascii")
    return folder / "seeds", words


if __name__ == "__main__":
    main(sys.argv[1:])
