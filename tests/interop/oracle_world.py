"""Signature software that Debian, npm and PyPI bring, as the interop tests call it: files in, a verdict each out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from signing.algorithms import Algorithm, XmlSignature
from signing.keys import SigningKey, VerifyKey
from tests.foreign import NODE_MODULES, path_of
from tests.interop.signing_world import Files, run
from tests.unit.signing.kit import Pair, pair_of

HERE = Path(__file__).parent
_JARS = ("xmlsec", "wss4j", "slf4j-api", "slf4j-nop", "commons-logging", "commons-codec", "bcprov")
_CLASSES = ":".join(f"/usr/share/java/{name}.jar" for name in _JARS)
# What the XML parser of npm's packages takes for an end of line, as only XML 1.1 does; no fault of the signatures.
LINE_SEPARATOR = "\u2028".encode()


@cache
def _compiled(name: str) -> Path:
    folder = Path(mkdtemp(prefix="lienthong-java-"))
    done = run("javac", "-Xlint:all,-path", "-Werror", "-cp", _CLASSES, "-d", folder, HERE / "java" / f"{name}.java")
    assert done.returncode == 0, done.stderr
    return folder


def java(name: str, *arguments: object) -> list[str]:
    """Runs one of our small Java programs with Debian's libraries; compiled once per test process."""
    done = run("java", "-XX:TieredStopAtLevel=1", "-cp", f"{_compiled(name)}:{_CLASSES}", name, *arguments)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def node(*arguments: object) -> list[str]:
    """Runs tool.cjs."""
    environment = {**os.environ, "NODE_PATH": str(NODE_MODULES)}
    return _lines((path_of("node"), HERE / "node" / "tool.cjs", *arguments), environment)


def python(tool: str, *arguments: object, home: Path) -> list[str]:
    """Runs oracle.py with the package of one tool; `home`: where it may leave its own files."""
    return _lines((path_of(tool), HERE / "python" / "oracle.py", *arguments), {**os.environ, "HOME": str(home)})


def _lines(command: Sequence[object], environment: dict[str, str]) -> list[str]:
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@dataclass(frozen=True)
class Oracle:
    """Somebody else's verifier and signer of XML signatures."""

    verify: Callable[[Path, list[Path]], list[str]]  # certificate, documents → "good…" or another word each
    sign: Callable[[Files, Algorithm, list[Path]], None]  # writes FILE.signed
    algorithms: frozenset[Algorithm]
    takes: Callable[[bytes], bool] = lambda document: True  # documents its XML parser reads rightly


def _santuario_verify(certificate: Path, files: list[Path]) -> list[str]:
    jobs = certificate.parent / "jobs"
    jobs.write_text("".join(f"{certificate}\t{file}\n" for file in files), encoding="ascii")
    return java("SantuarioTool", "verify", jobs)


def santuario_sign(files: Files, jobs: list[tuple[str, str, str, str, Path]]) -> None:
    """Signs: method, digest, canonical form, URI ("" or "#id") and document each."""
    listed = files.folder / "jobs"
    listed.write_text("".join("\t".join(map(str, job)) + "\n" for job in jobs), encoding="ascii")
    java("SantuarioTool", "sign", files.key, files.certificate, listed)


def _santuario_bus(files: Files, algorithm: Algorithm, documents: list[Path]) -> None:
    exclusive, digest = "http://www.w3.org/2001/10/xml-exc-c14n#", "http://www.w3.org/2001/04/xmlenc#sha256"
    santuario_sign(files, [(method(algorithm), digest, exclusive, "", file) for file in documents])


def method(algorithm: Algorithm) -> str:
    """As XML names it."""
    return XmlSignature[algorithm.name].value


SIGNERS = (Algorithm.ES256, Algorithm.ES384, Algorithm.RS256)
ORACLES = {
    "santuario": Oracle(_santuario_verify, _santuario_bus, frozenset({*SIGNERS, Algorithm.PS256})),
    "xml-crypto": Oracle(
        lambda certificate, files: node("crypto", certificate, *files),
        lambda files, how, documents: _none(node("crypto-sign", files.key, files.certificate, method(how), *documents)),
        frozenset({*SIGNERS, Algorithm.PS256, Algorithm.ED25519}),
        lambda document: LINE_SEPARATOR not in document,
    ),
    "bergshamra": Oracle(
        lambda certificate, files: python("bergshamra", "rust", certificate, *files, home=certificate.parent),
        lambda files, how, documents: _none(
            python("bergshamra", "rust-sign", files.key, files.certificate, method(how), *documents, home=files.folder)
        ),
        frozenset({*SIGNERS, Algorithm.PS256, Algorithm.ED25519}),
    ),
}


def _none(lines: list[str]) -> None:
    assert lines == [], lines


@cache
def pair_for(algorithm: Algorithm) -> Pair:
    """A key that can do it; another than the tests' usual one."""
    if algorithm is Algorithm.ED25519:
        return pair_of(ed25519.Ed25519PrivateKey.generate())
    if algorithm in (Algorithm.ES256, Algorithm.ES384):
        return pair_of(ec.generate_private_key(ec.SECP256R1() if algorithm is Algorithm.ES256 else ec.SECP384R1()))
    return pair_of(rsa.generate_private_key(65537, 2048))


def signing_key(algorithm: Algorithm) -> SigningKey:
    """Loaded for signing by this algorithm."""
    pair = pair_for(algorithm)
    return SigningKey.from_pem(pair.pem, key_id="bus", certificate=pair.certificate, algorithm=algorithm)


def trusted(algorithm: Algorithm) -> dict[str, VerifyKey]:
    """A trust set of this one certificate."""
    return {"bus": VerifyKey.from_pem(pair_for(algorithm).certificate, key_id="bus", algorithm=algorithm)}
