"""Everybody who is asked about the samples: each once, for all it can read, files in and verdicts out."""

from __future__ import annotations

import base64
import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from schemas import xmldoc
from schemas.problem import Refused
from signing.algorithms import Algorithm
from signing.asic import Checked, open_sealed
from signing.dsig import Verified, verify
from signing.encoding import to_base64url
from signing.jws import verify_detached
from signing.keys import VerifyKey
from signing.policy import BUS, BUS_SOAP, PARTNER_LEGACY
from signing.stamp import check
from signing.trust import TrustRules, TrustStore
from signing.wss import MemoryReplays, Required, verify_soap
from signing.wss.names import SOAP_11, SOAP_12, WSA, WSU
from signing.xades import Lasting, verify_lasting
from tests.interop.oracle_world import LINE_SEPARATOR, RSA_ONLY, java, listed, node, php, python
from tests.interop.samples import FILES, Kind, Sample, authority, holder_of, issuer
from tests.interop.signing_world import jdk, run

XML = frozenset({Kind.ENVELOPED, Kind.DETACHED, Kind.ENVELOPING, Kind.SOAP, Kind.XADES})
EVERY = frozenset(Algorithm) - {Algorithm.RS1}
NO_PSS = EVERY - {Algorithm.ED25519, Algorithm.PS256}  # xmlsec1 knows PSS from 1.3 on
Asked = Sequence[tuple[Sample, Path]]  # each with its file; what is beside it stands in FILE.beside


@dataclass(frozen=True)
class Verifier:
    """Somebody who verifies, and what it can read."""

    title: str  # as the pages name it
    reads: frozenset[Kind]
    verdicts: Callable[[Asked, Path], list[bool]]
    tools: tuple[str, ...] = ()  # of tests/foreign.py
    algorithms: frozenset[Algorithm] = EVERY
    judges_signer: bool = True  # False: it believes whatever certificate lies inside, or none
    skips: Callable[[Sample], bool] = lambda sample: False  # what it reads wrongly, good as it is

    def wants(self, sample: Sample) -> bool:
        """Is it asked?"""
        is_strange = sample.what == "stranger" and not self.judges_signer
        return (
            sample.kind in self.reads
            and sample.algorithm in self.algorithms
            and not is_strange
            and not self.skips(sample)
        )


def certificate(folder: Path, algorithm: Algorithm) -> Path:
    """Of our key for it."""
    path = folder / f"{algorithm}.pem"
    if not path.exists():
        path.write_bytes(holder_of(algorithm).pem)
    return path


def _rows(asked: Asked, folder: Path) -> Path:
    return listed(
        folder,
        (
            (certificate(folder, sample.algorithm), path, *((f"{path}.beside",) if sample.beside else ()))
            for sample, path in asked
        ),
    )


def _good(lines: list[str]) -> list[bool]:
    return [line[:4] == "good" for line in lines]


def _each(verdict: Callable[[Sample, Path, Path], bool]) -> Callable[[Asked, Path], list[bool]]:
    """A process for each file: two at a time."""

    def verdicts(asked: Asked, folder: Path) -> list[bool]:
        for sample, _ in asked:
            certificate(folder, sample.algorithm)
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda one: verdict(*one, folder), asked))

    return verdicts


_SOAP_PARTS = [f"{SOAP_11}:Body", f"{SOAP_12}:Body", f"{WSU}:Timestamp"]
_SOAP_PARTS += [f"{WSA}:{name}" for name in ("Action", "To", "MessageID", "ReplyTo", "RelatesTo")]
_IDS = {
    Kind.DETACHED: ["urn:y:MaHoSo", "urn:y:ChuHoSo"], Kind.ENVELOPING: ["http://www.w3.org/2000/09/xmldsig#:Object"],
    Kind.XADES: ["http://uri.etsi.org/01903/v1.3.2#:SignedProperties"], Kind.SOAP: _SOAP_PARTS,
}  # fmt: skip
_IDS[Kind.ASIC] = _IDS[Kind.XADES]


def _xmlsec1(sample: Sample, path: Path, folder: Path) -> bool:
    key = "--pubkey-cert-pem" if sample.kind is Kind.SOAP else "--pubkey-cert-pem:bus"
    words: list[object] = ["--verify", key, certificate(folder, sample.algorithm)]
    for name in _IDS.get(sample.kind, ()):
        words += ["--id-attr:Id", name]
    if sample.kind is Kind.ASIC:
        path, maps = _laid_out(path)
        words += ["--enabled-reference-uris", "empty,same-doc,remote", *maps]
    done = run("xmlsec1", *words, path)
    assert "failed to load" not in done.stderr, done.stderr
    return done.returncode == 0


def _laid_out(container: Path) -> tuple[Path, list[object]]:
    """The signature's file, and where xmlsec1 finds the others."""
    folder = container.with_suffix(".d")
    folder.mkdir()
    maps: list[object] = []
    with zipfile.ZipFile(io.BytesIO(container.read_bytes())) as archive:
        (folder / "signature.xml").write_bytes(archive.read("META-INF/signatures0.xml"))
        for number, name in enumerate(FILES):
            (folder / str(number)).write_bytes(archive.read(name))
            maps += [f"--url-map:{name}", folder / str(number)]  # it takes percents out of what it looks for
    return folder / "signature.xml", maps


def _openssl(sample: Sample, path: Path, folder: Path) -> bool:
    if sample.kind is Kind.TOKEN:
        words = (
            "-token_in",
            "-in",
            path,
            "-data",
            f"{path}.beside",
            "-CAfile",
            authority(is_strange=False).folder / "chain.pem",
        )
        return "Verification: OK" in (done := run("openssl", "ts", "-verify", *words)).stdout + done.stderr
    first, _, value = sample.data.decode().split(".")
    raw = base64.urlsafe_b64decode(value + "==")
    if sample.algorithm is Algorithm.ES256:
        raw = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    public = holder_of(sample.algorithm).key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    for end, data in {"key": public, "value": raw, "input": f"{first}.{to_base64url(sample.beside)}".encode()}.items():
        Path(f"{path}.{end}").write_bytes(data)
    words = ("-verify", f"{path}.key", "-signature", f"{path}.value", f"{path}.input")
    return run("openssl", "dgst", "-sha256", *words).returncode == 0


def ours(sample: Sample) -> bool:
    """Our own word."""
    how = {"key_id": "bus", "algorithm": sample.algorithm}
    keys = {"bus": VerifyKey.from_pem(holder_of(sample.algorithm).pem, **how)}
    now, store = datetime.now(UTC), TrustStore.of((issuer().paper,), purpose="test", rules=TrustRules(revocation=False))
    try:
        if sample.kind is Kind.SOAP:
            verify_soap(
                xmldoc.parse(sample.data), keys, BUS_SOAP, required=Required(), replays=MemoryReplays(), now=now
            )
        elif sample.kind is Kind.TOKEN:
            check(sample.data, sample.beside, authority(is_strange=False).trusted())
        elif sample.kind is Kind.JWS:
            return verify_detached(sample.beside, sample.data.decode(), keys) == ()
        elif sample.kind is Kind.ASIC:
            return isinstance(open_sealed(sample.data, store, None, now=now), Checked)
        elif sample.kind is Kind.XADES:
            return isinstance(verify_lasting(sample.data, store, None, now=now), Lasting)
        else:
            policy = BUS if sample.kind is Kind.ENVELOPED else PARTNER_LEGACY
            return isinstance(verify(sample.data, keys, policy), Verified)
    except Refused:
        return False
    return True


def _few(sample: Sample) -> bool:
    """A process each: every kind and every change, but by one algorithm, and not every shape."""
    is_further = sample.name.isdigit() and int(sample.name) >= 20
    return is_further or (sample.algorithm is not Algorithm.ES256 and bool(sample.what or sample.name))


VERIFIERS: Mapping[str, Verifier] = {
    "lienthong": Verifier("lienthong", frozenset(Kind), lambda asked, folder: [ours(sample) for sample, _ in asked]),
    "xmlsec1": Verifier("xmlsec1", XML | {Kind.ASIC}, _each(_xmlsec1), ("xmlsec1",), NO_PSS, skips=_few),
    "jdk": Verifier(
        "JDK", XML | {Kind.JWS}, lambda asked, folder: _good(jdk("verify", _rows(asked, folder)).splitlines()),
        ("java", "javac"),
    ),
    "santuario": Verifier(
        "Apache Santuario", XML, lambda asked, folder: _good(java("SantuarioTool", "verify", _rows(asked, folder))),
        ("java", "javac", "santuario"), EVERY - {Algorithm.ED25519},
    ),
    "wss4j": Verifier(
        "Apache WSS4J", frozenset({Kind.SOAP}),
        lambda asked, folder: _good(java("Wss4jTool", "verify", "x", _rows(asked, folder))), ("java", "javac", "wss4j"),
    ),
    "xml-crypto": Verifier(
        "xml-crypto", XML, lambda asked, folder: _good(node("crypto", _rows(asked, folder))), ("xml-crypto",),
        EVERY - {Algorithm.RS384}, skips=lambda sample: LINE_SEPARATOR in sample.data,
    ),
    "xmlseclibs": Verifier(
        # It takes the Signature out before it looks for what is referred to: nothing inside is found.
        "xmlseclibs", XML - {Kind.ENVELOPING, Kind.XADES},
        lambda asked, folder: _good(php("verify", _rows(asked, folder))), ("php", "xmlseclibs"), RSA_ONLY,
    ),
    "libdigidocpp": Verifier(
        "libdigidocpp", frozenset({Kind.ASIC}),
        lambda asked, folder: _good(python("libdigidocpp", "digidoc", *(path for _, path in asked), home=folder)),
        ("libdigidocpp",), judges_signer=False,
    ),
    "xadesjs": Verifier(
        "xadesjs", frozenset({Kind.XADES}), lambda asked, folder: _good(node("xades", *(path for _, path in asked))),
        ("xadesjs",), judges_signer=False, skips=lambda sample: sample.name == "ds means something else",
    ),
    "bergshamra": Verifier(
        "Bergshamra", XML,
        lambda asked, folder: _good(python("bergshamra", "rust", _rows(asked, folder), home=folder)), ("bergshamra",),
    ),
    "node": Verifier(
        "Node.js", frozenset({Kind.JWS}), lambda asked, folder: _good(node("jws", _rows(asked, folder))), ("node",),
    ),
    "openssl": Verifier("openssl", frozenset({Kind.JWS, Kind.TOKEN}), _each(_openssl), ("openssl",)),
}  # fmt: skip
