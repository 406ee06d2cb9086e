"""Certificates and revocation lists read from bytes and folders; what is not one is named, never skipped silently."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.x509 import ocsp
from cryptography.x509.oid import ExtensionOID

from schemas.problem import Refused, Stage, problem

_LIMIT = 64 * 1024 * 1024  # bytes of a file; national revocation lists have some megabytes
_CERTIFICATES = (".pem", ".crt", ".cer", ".der")
_LISTS = (".crl",)
# What the library makes of extensions that stand there twice, or cannot be read.
UNREADABLE = (ValueError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType)


def read_certificates(data: bytes, *, name: str) -> tuple[x509.Certificate, ...]:
    """All certificates of one file, PEM or DER. `name`: for the problem.

    Raises:
        Refused: LT-TRUST-001.
    """
    try:
        if b"-----BEGIN" in data:
            return tuple(x509.load_pem_x509_certificates(data))
        return (x509.load_der_x509_certificate(data),)
    except Exception as error:  # damaged files make the library raise many things
        raise Refused((problem("LT-TRUST-001", Stage.CONFIGURE, {"file": name}),)) from error


def read_list(data: bytes, *, name: str) -> x509.CertificateRevocationList:
    """A revocation list, PEM or DER.

    Raises:
        Refused: LT-TRUST-001.
    """
    try:
        if b"-----BEGIN" in data:
            return x509.load_pem_x509_crl(data)
        return x509.load_der_x509_crl(data)
    except Exception as error:
        raise Refused((problem("LT-TRUST-001", Stage.CONFIGURE, {"file": name}),)) from error


def read_answer(data: bytes, *, name: str) -> bytes:
    """A status answer (OCSP, DER), as it came.

    Raises:
        Refused: LT-TRUST-001.
    """
    try:
        ocsp.load_der_ocsp_response(data)
    except ValueError as error:
        raise Refused((problem("LT-TRUST-001", Stage.CONFIGURE, {"file": name}),)) from error
    return data


def certificates_in(folder: Path) -> Iterator[x509.Certificate]:
    """Of all certificate files of a folder, by name; not of folders below it."""
    for path in _files(folder, _CERTIFICATES):
        yield from read_certificates(path.read_bytes(), name=path.name)


def lists_in(folder: Path) -> Iterator[x509.CertificateRevocationList]:
    """Of all revocation lists of a folder, by name."""
    for path in _files(folder, _LISTS):
        yield read_list(path.read_bytes(), name=path.name)


def stamp_of(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Changes whenever a file of the folder does: names, sizes, times."""
    return tuple(
        (path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in _files(folder, (*_CERTIFICATES, *_LISTS))
    )


def _files(folder: Path, endings: tuple[str, ...]) -> list[Path]:
    found = [path for path in sorted(folder.iterdir()) if path.suffix.lower() in endings and path.is_file()]
    for path in found:
        if path.stat().st_size > _LIMIT:
            raise Refused((problem("LT-TRUST-001", Stage.CONFIGURE, {"file": path.name}),))
    return found


def is_in_its_days(paper: x509.Certificate, now: datetime) -> bool:
    """True between its first and its last moment."""
    return paper.not_valid_before_utc <= now <= paper.not_valid_after_utc


def is_authority(paper: x509.Certificate) -> bool:
    """True if it may issue others."""
    try:
        return paper.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (x509.ExtensionNotFound, *UNREADABLE):
        return False


def may_sign(paper: x509.Certificate, *, lists: bool = False) -> bool:
    """True if its key usage lets it sign messages (or revocation lists). A certificate without one may sign messages,
    and nothing else: who leaves it out has restricted nothing."""
    try:
        usage = paper.extensions.get_extension_for_oid(ExtensionOID.KEY_USAGE).value
    except x509.ExtensionNotFound:
        return not lists
    except UNREADABLE:
        return False
    if not isinstance(usage, x509.KeyUsage):
        return False
    return usage.crl_sign if lists else usage.digital_signature or usage.content_commitment


def der_of(paper: x509.Certificate) -> bytes:
    """Its bytes."""
    return paper.public_bytes(serialization.Encoding.DER)
