"""What is said of an attachment's signatures: values, and their words in Vietnamese and English."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from schemas.problem import Problem


class Coverage(StrEnum):
    """How much of the file a signature is over."""

    WHOLE = "whole"  # every byte of it
    EARLIER = "earlier"  # the file was added to afterwards: what is shown may be something else
    PART = "part"  # bytes stand outside that no revision explains
    BESIDE = "beside"  # the content lies in another file, which was not given


class Standing(StrEnum):
    """Whether the signer's certificate is to be believed."""

    TRUSTED = "trusted"
    CLAIMED = "claimed"  # only if the time the signer states is believed: nobody stamped it
    UNTRUSTED = "untrusted"


@dataclass(frozen=True, slots=True)
class Signer:
    """One signature."""

    name: str  # of the PDF field; "" = CMS
    subject: str  # of the certificate; may name a person
    agency: str  # organisation of the subject; "" = it names none
    serial: str  # of the certificate, hex
    certificate_sha256: str
    intact: bool  # the signature is over exactly these bytes, by this certificate's key
    coverage: Coverage
    digest: str  # algorithm, "sha256"
    claimed_at: datetime | None  # as the signer states; proves nothing
    stamped_at: datetime | None  # as a believed authority states
    authority: str  # who stamped it; "" = nobody we believe
    judged_at: datetime  # the moment its certificate was judged at
    standing: Standing
    revocation: str  # "good" of the whole path, or "unknown" where nothing good was found
    problems: tuple[Problem, ...]

    @property
    def good(self) -> bool:
        """Nothing is wrong with it."""
        return not self.problems


@dataclass(frozen=True, slots=True)
class Report:
    """What was found in one attachment."""

    kind: str  # "pdf" | "cms" | "other"
    sha256: str  # of the attachment
    signers: tuple[Signer, ...]
    problems: tuple[Problem, ...]  # of the attachment as a whole; those of signatures stand with them

    @property
    def signed(self) -> bool:
        """There is a signature in it, whatever it is worth."""
        return bool(self.signers)

    @property
    def good(self) -> bool:
        """Signed, every signature is good or was followed only by another good one, and one covers the whole file."""
        last = any(each.good and each.coverage is Coverage.WHOLE for each in self.signers)
        return last and not self.problems and all(each.intact for each in self.signers)

    @property
    def all_problems(self) -> tuple[Problem, ...]:
        """In order."""
        return (*self.problems, *(found for each in self.signers for found in each.problems))

    def as_json(self) -> dict[str, object]:
        """For programs and for the record."""
        return {
            "kind": self.kind,
            "sha256": self.sha256,
            "signed": self.signed,
            "good": self.good,
            "signers": [_signer_json(each) for each in self.signers],
            "reasons": [found.as_json() for found in self.all_problems],
        }

    def line(self) -> tuple[str, str]:
        """One line for an officer: Vietnamese, English."""
        if not self.signed and self.all_problems:
            return "không đọc được chữ ký", "its signatures cannot be read"
        if not self.signed:
            return "không có chữ ký số", "no signature"
        names = ", ".join(each.subject for each in self.signers)
        if self.good:
            return f"chữ ký đúng, phủ cả tệp, bởi {names}", f"good signature over the whole file, by {names}"
        return f"chữ ký có vấn đề, bởi {names}", f"doubtful signature, by {names}"


def _signer_json(signer: Signer) -> dict[str, object]:
    return {
        "name": signer.name, "subject": signer.subject, "organisation": signer.agency, "serial": signer.serial,
        "certificate_sha256": signer.certificate_sha256,
        "intact": signer.intact, "coverage": signer.coverage.value, "digest": signer.digest,
        "claimed_at": _moment(signer.claimed_at), "stamped_at": _moment(signer.stamped_at),
        "authority": signer.authority, "judged_at": _moment(signer.judged_at), "standing": signer.standing.value,
        "revocation": signer.revocation, "good": signer.good,
    }  # fmt: skip


def _moment(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
