"""Other makers' Python packages, called in the environment `make oracles` made for them: files in, a line each out.

oracle.py rust LIST                                 LIST: "CERT TAB FILE" a line; Bergshamra: good | bad … | error …
oracle.py rust-sign KEY CERTIFICATE METHOD FILE...  writes FILE.signed, an enveloped signature
oracle.py digidoc FILE...                           libdigidocpp: good, or what it says against the container
oracle.py digidoc-sign KEY CERTIFICATE OUT FILE...  a container of the files, signed; the key is an RSA one
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

# What a verifier without lists of authorities says of any signer, and of a signature nobody time-stamped. Whatever
# else it says is about the container.
UNTRUSTED = (
    "Signature validation",
    "Unable to verify signing certificate",
    "unable to get local issuer certificate",
    "QualifyingProperties block 'UnsignedProperties' is missing.",
)
NOBODY = "http://127.0.0.1:9/"  # where lists are fetched from


def rust(jobs: list[list[str]]) -> None:
    """Verifies."""
    import pybergshamra as library

    for certificate, name in jobs:
        file, keys = Path(name), library.KeysManager()
        keys.add_key(library.load_x509_cert_pem(Path(certificate).read_bytes()))
        try:
            # Not strict: a part may stand anywhere; where it must stand is not what is asked here.
            context = library.DsigContext(keys, strict_verification=False)
            result = library.verify(context, file.read_text(encoding="utf-8-sig"))
            print("good" if result.is_valid and result.all_reference_digests_verified else f"bad: {result.reason}")
        except Exception as error:
            print(f"error: {type(error).__name__}: {error}".replace("\n", " "))


def rust_sign(key: Path, certificate: Path, method: str, files: list[Path]) -> None:
    """Signs."""
    import pybergshamra as library

    keys = library.KeysManager()
    keys.add_key(library.load_pem_auto(key.read_bytes(), None))
    for file in files:
        signed = library.sign_enveloped(
            library.DsigContext(keys),
            file.read_text(encoding="utf-8-sig"),
            signature_method=method,
            cert_pem=certificate.read_text(encoding="ascii"),
        )
        Path(f"{file}.signed").write_text(signed, encoding="utf-8")


def digidoc(files: list[Path]) -> None:
    """Verifies."""
    library = _digidoc()
    for file in files:
        said: list[str] = []
        try:
            container = library.Container.open(str(file))  # kept: its signatures point into it
            signatures = list(container.signatures())
            said += [] if signatures else ["no signature"]
            for signature in signatures:
                said += _complaints(signature)
        except Exception as error:
            said.append(f"error: {error}".replace("\n", " / "))
        print(" / ".join(said) or "good")


def _complaints(signature: Any) -> list[str]:
    try:
        signature.validate()
    except RuntimeError as error:
        return [line for line in str(error).splitlines() if line and line not in UNTRUSTED]
    return []


def digidoc_sign(key: Path, certificate: Path, out: Path, files: list[Path]) -> None:
    """Signs. The library gives the digest that is to be signed and takes the value; the key stays with openssl."""
    library = _digidoc()
    container = library.Container.create(str(out))
    for file in files:
        container.add_data_file(str(file), "application/octet-stream")
    signer = library.ExternalSigner(_openssl("x509", "-in", certificate, "-outform", "DER"))
    signature = container.prepare_signature(signer)
    digest = bytes(signature.data_to_sign())
    value = _openssl("pkeyutl", "-sign", "-inkey", key, "-pkeyopt", "digest:sha256", given=digest)
    signature.set_signature_value(value)
    container.save()
    print(signature.signature_method())


def _openssl(*arguments: object, given: bytes = b"") -> bytes:
    return subprocess.run(("openssl", *map(str, arguments)), input=given, capture_output=True, check=True).stdout


def _digidoc() -> Any:
    """The library. It would begin with fetching Europe's trust lists; there is nobody where it asks."""
    import pydigidoc as library
    from pydigidoc import digidoc as inner

    shipped = Path(library.__file__).parent / "schema"
    home = shutil.copytree(shipped, Path(tempfile.mkdtemp(prefix="lienthong-digidoc-")) / "schema")
    settings = library.DigiDocConf(str(home))
    settings.thisown = False  # the library's from now on
    settings.set_log_level(0)
    settings.set_tsltime_out(1)
    settings.set_tslurl(NOBODY)
    library.Conf.init(settings)
    inner.initialize("lienthong")
    return library


if __name__ == "__main__":
    what, *rest = sys.argv[1:]
    paths = [Path(each) for each in rest]
    if what == "rust":
        rust([line.split("\t") for line in paths[0].read_text(encoding="utf-8").splitlines()])
    elif what == "rust-sign":
        rust_sign(paths[0], paths[1], rest[2], paths[3:])
    elif what == "digidoc":
        digidoc(paths)
    else:
        digidoc_sign(paths[0], paths[1], paths[2], paths[3:])
