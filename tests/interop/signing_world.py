"""Outside makers of signatures, as the interop tests call them: files in, words out."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from lxml import etree

from tests.foreign import path_of
from tests.unit.signing.kit import DOSSIER, SHAPES, Pair

JAVA = Path(__file__).parent / "java" / "SignatureTool.java"


@dataclass(frozen=True)
class Files:
    """Key, certificate and public key of a pair, as PEM files."""

    folder: Path
    key: Path
    certificate: Path
    public: Path

    @classmethod
    def of(cls, pair: Pair, folder: Path) -> Files:
        """Written into the test's own folder."""
        made = cls(folder, *(folder / name for name in ("key.pem", "certificate.pem", "public.pem")))
        made.key.write_bytes(pair.pem)
        made.certificate.write_bytes(pair.certificate)
        made.public.write_bytes(pair.public)
        return made

    def write(self, documents: list[bytes], *, prefix: str = "d") -> list[Path]:
        """Each document in its own file."""
        paths = [self.folder / f"{prefix}{number}.xml" for number in range(len(documents))]
        for path, document in zip(paths, documents, strict=True):
            path.write_bytes(document)
        return paths


def run(program: str, *arguments: object) -> subprocess.CompletedProcess[str]:
    """Runs a tool of `tests/foreign.py`."""
    path = path_of(program)
    assert path is not None, program
    command = (path, *map(str, arguments))
    return subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)


@cache
def _classes() -> Path:
    folder = Path(mkdtemp(prefix="lienthong-java-"))
    done = run("javac", "-Xlint:all", "-Werror", "-d", folder, JAVA)
    assert done.returncode == 0, done.stderr
    return folder


def jdk(*arguments: object) -> str:
    """Runs our small Java program; compiled once per test process."""
    done = run("java", "-XX:TieredStopAtLevel=1", "-cp", _classes(), "SignatureTool", *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout


def jdk_verdicts(certificate: Path, files: list[Path]) -> list[str]:
    """The JDK's word on each file: good, bad, or error with a reason."""
    lines = jdk("verify-xml", certificate, *files).splitlines()
    assert len(lines) == len(files), lines
    return [line.split(" ", 1)[1] for line in lines]


def documents() -> list[bytes]:
    """Documents of every shape, and 40 made at random (always the same): namespaces, xml:lang, mixed text, CR."""
    return [DOSSIER, *SHAPES.values(), *_random_documents(random.Random(20260706), 40)]


def _random_documents(chance: random.Random, count: int) -> list[bytes]:
    return [etree.tostring(_random_element(chance, 3), encoding="utf-8") for _ in range(count)]


def _random_element(chance: random.Random, depth: int) -> etree._Element:
    names = ["a", "b", "{urn:x}a", "{urn:x}b", "{urn:y}c", "{http://y.example/z}d"]
    texts = ["", " ", "\n  ", "x", "Nguyễn Thị Thử", "a\rb\tc", "<&>\"'", "]]>", "\u00a0\u2028😀", "&amp;"]
    attributes = ["m", "z", "{urn:x}k", "{urn:y}k", "{http://www.w3.org/XML/1998/namespace}lang"]
    prefixes = [{}, {None: "urn:x"}, {None: "urn:y", "p": "urn:x"}, {"ds": "urn:x", "q": "urn:unused"}]
    made = etree.Element(chance.choice(names), nsmap=chance.choice(prefixes))
    for name in chance.sample(attributes, chance.randint(0, 3)):
        made.set(name, chance.choice(texts))
    made.text = chance.choice(texts)
    for _ in range(chance.randint(0, 3) if depth else 0):
        child = _random_element(chance, depth - 1)
        made.append(child)
        child.tail = chance.choice(texts)
    return made
