"""A real time-stamp authority for tests: openssl answers, with certificates of the tests' own issuer."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from signing.trust import TrustRules, TrustStore
from tests.interop.signing_world import run
from tests.unit.signing.issuer import DAY, NOW, Holder, usage

CONFIG = """
[tsa]
default_tsa = here
[here]
serial = {folder}/serial
default_policy = 1.2.3.4.1
digests = sha256
accuracy = secs:1
ess_cert_id_chain = no
ess_cert_id_alg = sha256
signer_digest = sha256
"""


@dataclass
class TimeAuthority:
    """Answers queries with the clock of the machine."""

    folder: Path
    root: Holder
    signer: Holder

    @classmethod
    def made(cls, folder: Path, *, purpose: bool = True) -> TimeAuthority:
        """With keys of its own. `purpose`: its certificate is for time-stamping."""
        folder.mkdir(parents=True, exist_ok=True)
        root_key, key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        root = Holder(root_key, _paper("Gốc dấu thời gian", root_key, "Gốc dấu thời gian", root_key, authority=True))
        signer = Holder(key, _paper("Dấu thời gian", key, "Gốc dấu thời gian", root_key, purpose=purpose))
        for name, data in {
            "key.pem": signer.private, "signer.pem": signer.pem, "chain.pem": root.pem, "serial": b"01\n",
            "tsa.cnf": CONFIG.format(folder=folder).encode(),
        }.items():  # fmt: skip
            (folder / name).write_bytes(data)
        return cls(folder, root, signer)

    def answer(self, query: bytes) -> bytes:
        """DER of its response."""
        asked, said = self.folder / "query.tsq", self.folder / "answer.tsr"
        asked.write_bytes(query)
        done = run(
            "openssl", "ts", "-reply", "-config", self.folder / "tsa.cnf", "-section", "here", "-queryfile", asked,
            "-inkey", self.folder / "key.pem", "-signer", self.folder / "signer.pem",
            "-chain", self.folder / "chain.pem", "-out", said,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return said.read_bytes()

    def trusted(self) -> TrustStore:
        """Whom a receiver trusts."""
        return TrustStore.of((self.root.paper,), purpose="time", rules=TrustRules(revocation=False))


def _paper(name, key, issuer, by, *, authority: bool = False, purpose: bool = False) -> x509.Certificate:
    builder = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(NOW - 1_000 * DAY)
        .not_valid_after(NOW + 3_000 * DAY)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(by.public_key()), critical=False)
    )
    if authority:
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        builder = builder.add_extension(usage("key_cert_sign", "crl_sign"), critical=True)
    else:
        builder = builder.add_extension(usage("digital_signature"), critical=True)
        oid = ExtendedKeyUsageOID.TIME_STAMPING if purpose else ExtendedKeyUsageOID.CODE_SIGNING
        builder = builder.add_extension(x509.ExtendedKeyUsage([oid]), critical=True)
    return builder.sign(by, hashes.SHA256())
