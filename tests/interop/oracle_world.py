"""Signature software that Debian, npm and PyPI bring, as the interop tests call it: files in, a verdict each out."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import mkdtemp

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from signing.algorithms import Algorithm, XmlDigest, XmlSignature, XmlTransform
from signing.keys import SigningKey, VerifyKey
from tests.foreign import NODE_MODULES, XMLSECLIBS, path_of
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


def php(*arguments: object) -> list[str]:
    """Runs dsig.php with xmlseclibs."""
    done = run("php", HERE / "php" / "dsig.php", XMLSECLIBS, *arguments)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    return done.stdout.splitlines()


Job = tuple[str, str, str, str, Path]  # method, digest, canonical form, URI or form, document


def listed(folder: Path, rows: Iterable[Sequence[object]]) -> Path:
    """A file of rows, cells parted by tabs."""
    jobs = folder / "jobs"
    jobs.write_text("".join("\t".join(map(str, row)) + "\n" for row in rows), encoding="utf-8")
    return jobs


def listed_for(certificate: Path, files: list[Path]) -> Path:
    """Each with this certificate."""
    return listed(certificate.parent, ((certificate, file) for file in files))


def _santuario_verify(certificate: Path, files: list[Path]) -> list[str]:
    return java("SantuarioTool", "verify", listed_for(certificate, files))


def _xmlseclibs_verify(certificate: Path, files: list[Path]) -> list[str]:
    return php("verify", listed_for(certificate, files))


def santuario_sign(files: Files, jobs: list[Job]) -> None:
    """Signs; URI: "" or "#id"."""
    java("SantuarioTool", "sign", files.key, files.certificate, listed(files.folder, jobs))


def xmlseclibs_sign(files: Files, jobs: list[Job]) -> None:
    """Signs; form as dsig.php says."""
    _none(php("sign", files.key, files.certificate, listed(files.folder, jobs)))


def _xmlseclibs_bus(files: Files, algorithm: Algorithm, documents: list[Path]) -> None:
    jobs = [(method(algorithm), XmlDigest.SHA256, XmlTransform.EXCLUSIVE, "whole", file) for file in documents]
    xmlseclibs_sign(files, jobs)


def _santuario_bus(files: Files, algorithm: Algorithm, documents: list[Path]) -> None:
    jobs = [(method(algorithm), XmlDigest.SHA256, XmlTransform.EXCLUSIVE, "", file) for file in documents]
    santuario_sign(files, jobs)


def method(algorithm: Algorithm) -> str:
    """As XML names it."""
    return XmlSignature[algorithm.name].value


# xmlseclibs knows RSA with PKCS#1 v1.5 alone: no ECDSA, no PSS, no EdDSA; nor Canonical XML 1.1.
RSA_ONLY = frozenset({Algorithm.RS256, Algorithm.RS384, Algorithm.RS512})
SIGNERS = (Algorithm.ES256, Algorithm.ES384, Algorithm.RS256)
ORACLES = {
    "santuario": Oracle(_santuario_verify, _santuario_bus, frozenset({*SIGNERS, Algorithm.PS256})),
    "xml-crypto": Oracle(
        lambda certificate, files: node("crypto", listed_for(certificate, files)),
        lambda files, how, documents: _none(node("crypto-sign", files.key, files.certificate, method(how), *documents)),
        frozenset({*SIGNERS, Algorithm.PS256, Algorithm.ED25519}),
        lambda document: LINE_SEPARATOR not in document,
    ),
    "xmlseclibs": Oracle(_xmlseclibs_verify, _xmlseclibs_bus, RSA_ONLY),
    "bergshamra": Oracle(
        lambda certificate, files: python(
            "bergshamra", "rust", listed_for(certificate, files), home=certificate.parent
        ),
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
