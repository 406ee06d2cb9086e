"""Signs the files of a container (XAdES over all of them), and checks one: who, when, and that nothing is left over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import quote

from schemas.problem import Problem, Refused, Stage, problem
from signing.asic import listing
from signing.asic.container import DIRECTORY, LIMITS, MANIFEST, Container, ContainerLimits, pack, unpack
from signing.dsig.write import write_file_reference
from signing.keys import SigningKey
from signing.policy import XADES, Policy
from signing.trust import Evidence, TrustStore
from signing.xades.sign import NOTHING, LongTerm, Stamper, new_mark, sign_references
from signing.xades.verify import Lasting, verify_lasting

_NAMESPACE = "http://uri.etsi.org/02918/v1.2.1#"


@dataclass(frozen=True, slots=True)
class Checked:
    """A container that holds what its signatures say."""

    container: Container
    signatures: Mapping[str, Lasting]  # by file name; each covers every file

    @property
    def uncovered(self) -> tuple[str, ...]:
        """Names of what lies in META-INF/ and is neither a signature nor the list of files: nobody signed it."""
        return tuple(sorted(set(self.container.other) - {DIRECTORY + MANIFEST}))


def seal(
    files: Mapping[str, tuple[str, bytes]],
    key: SigningKey,
    *,
    now: datetime,
    stamper: Stamper | None = None,
    keep: LongTerm = NOTHING,
) -> bytes:
    """A container of these files (name → media type and bytes), signed by one signature over all of them.

    Raises:
        Refused: the key has no certificate.
    """
    mark = new_mark()
    references, kinds = [], []
    for number, (name, (kind, data)) in enumerate(files.items()):
        references.append(write_file_reference(quote(name, safe="/-_.~"), data, name=f"{mark}-r{number}"))
        kinds.append((f"{mark}-r{number}", kind))
    signature = sign_references(references, key, mark, now=now, stamper=stamper, keep=keep, kinds=kinds)
    document = b"".join(
        (
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            f'<asic:XAdESSignatures xmlns:asic="{_NAMESPACE}">'.encode("ascii"),
            signature,
            b"</asic:XAdESSignatures>",
        )
    )
    return pack(files, {"signatures0.xml": document})


def open_sealed(
    data: bytes,
    signers: TrustStore,
    authorities: TrustStore | None,
    *,
    now: datetime,
    evidence: Evidence = Evidence(),  # noqa: B008 - immutable
    limits: ContainerLimits = LIMITS,
    policy: Policy = XADES,
    stage: Stage = Stage.RECEIVE,
) -> Checked | tuple[Problem, ...]:
    """Checks every signature of a container; each must cover every file, and what no signature covers may contradict
    none. Else: why not."""
    try:
        container = unpack(data, limits=limits, stage=stage)
        if not container.signatures:
            raise Refused((problem("LT-SIGN-030", stage),))
        found: dict[str, Lasting] = {}
        for name, document in container.signatures.items():
            lasting = verify_lasting(
                document,
                signers,
                authorities,
                now=now,
                evidence=evidence,
                files=container.files,
                policy=policy,
                stage=stage,
            )
            if not isinstance(lasting, Lasting):
                return lasting
            left = sorted(set(container.files) - {file.name for file in lasting.verified.files})
            if left:
                raise Refused((problem("LT-ASIC-004", stage, {"found": ascii(", ".join(left))[:200]}),))
            surplus = listing.surplus_of(lasting)
            if surplus:
                raise Refused((problem("LT-ASIC-005", stage, {"found": f"{ascii(name)[:80]}: {surplus}"}),))
            found[name] = lasting
        fault = listing.fault_of(container, found, stage=stage)
        if fault:
            raise Refused((problem("LT-ASIC-005", stage, {"found": fault}),))
    except Refused as refused:
        return refused.problems
    return Checked(container, found)
