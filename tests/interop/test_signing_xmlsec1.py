"""XML signatures, both ways, with xmlsec1."""

from __future__ import annotations

from pathlib import Path

import pytest

from signing.dsig import Verified, verify
from tests.interop.signing_world import Files, documents, run
from tests.unit.signing.forge import PARTS, TEMPLATE, canonical
from tests.unit.signing.kit import p256, rsa2048

pytestmark = pytest.mark.foreign("xmlsec1")
PAIRS = pytest.mark.parametrize("pair", [p256, rsa2048], ids=["ES256", "RS256"])
RSA = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
BOTH = "<ds:KeyInfo><ds:KeyName>bus</ds:KeyName><ds:X509Data/></ds:KeyInfo>"


@PAIRS
@pytest.mark.parametrize("key_info", ["<ds:KeyInfo><ds:KeyName/></ds:KeyInfo>", BOTH, ""], ids=["name", "both", "none"])
def test_we_take_what_xmlsec1_signs(pair, key_info: str, tmp_path: Path) -> None:
    """We verify xmlsec1's signatures, and believe exactly the document it signed."""
    files = Files.of(pair(), tmp_path)
    parts = {**PARTS, "key_info": key_info, **({"method": RSA} if pair is rsa2048 else {})}
    empty = TEMPLATE.format(ns="http://www.w3.org/2000/09/xmldsig#", digest="", value="", **parts).encode()
    for number, document in enumerate(documents()[:12]):
        document = canonical(document) if document.rstrip().endswith(b"/>") else document
        at = document.rindex(b"</")
        template, signed = tmp_path / f"t{number}.xml", tmp_path / f"s{number}.xml"
        template.write_bytes(document[:at] + b"\n" + empty + b"\n" + document[at:])
        keys = f"{files.key},{files.certificate}"
        done = run("xmlsec1", "--sign", "--privkey-pem:bus", keys, "--output", signed, template)
        assert done.returncode == 0, done.stderr
        result = verify(signed.read_bytes(), pair().trusted())
        assert isinstance(result, Verified), (document, result)
        assert result.covered == canonical(document[:at] + b"\n\n" + document[at:])
