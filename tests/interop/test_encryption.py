"""What we encrypt other makers' software reads, and the other way round."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

import pytest
from joserfc import jwe
from joserfc.jwk import ECKey, RSAKey

from schemas.xmldoc import c14n, parse
from signing.encryption import ReadingKey, RecipientKey, decrypt_jwe, decrypt_xml, encrypt_jwe, encrypt_xml
from tests.interop.signing_world import Files, run
from tests.unit.signing.kit import DOSSIER, p256, rsa2048

SCRIPT = Path(__file__).parent / "node" / "jwe.js"
OAEP = [
    word
    for option in ("rsa_padding_mode:oaep", "rsa_oaep_md:sha256", "rsa_mgf1_md:sha256")
    for word in ("-pkeyopt", option)
]
PAIRS = pytest.mark.parametrize("pair", [rsa2048, p256], ids=["RSA-OAEP-256", "ECDH-ES+A256KW"])


@pytest.mark.foreign("node")
@PAIRS
def test_node_reads_our_jwe(pair, tmp_path: Path) -> None:
    """Node's own cryptography, by the letter of the standard, finds the text."""
    files = Files.of(pair(), tmp_path)
    (tmp_path / "jwe").write_bytes(encrypt_jwe(DOSSIER, RecipientKey.from_pem(pair().certificate, key_id="H99")))
    done = run("node", SCRIPT, "decrypt", files.key, tmp_path / "jwe")
    assert (done.returncode, done.stdout) == (0, DOSSIER.decode()), done.stderr


@pytest.mark.foreign("node")
@PAIRS
def test_we_read_nodes_jwe(pair, tmp_path: Path) -> None:
    """And the other way round."""
    files = Files.of(pair(), tmp_path)
    (tmp_path / "text").write_bytes(DOSSIER)
    done = run("node", SCRIPT, "encrypt", files.public, tmp_path / "text")
    assert done.returncode == 0, done.stderr
    reading = ReadingKey.from_pem(pair().pem, key_id="H99")
    assert decrypt_jwe(done.stdout.encode(), {"H99": reading}) == DOSSIER


@PAIRS
def test_another_library_reads_our_jwe(pair) -> None:
    """By its plain face, without our registry."""
    token = encrypt_jwe(DOSSIER, RecipientKey.from_pem(pair().certificate, key_id="H99"))
    key = (RSAKey if pair is rsa2048 else ECKey).import_key(pair().pem.decode())
    names = ["RSA-OAEP-256", "ECDH-ES+A256KW", "A256GCM"]
    assert jwe.decrypt_compact(token.decode(), key, algorithms=names).plaintext == DOSSIER


@pytest.mark.foreign("xmlsec1", "openssl")
def test_xmlsec1_and_openssl_read_our_xml(tmp_path: Path) -> None:
    """openssl unwraps the key, xmlsec1 decrypts the content with it: the document stands there as it was."""
    files = Files.of(rsa2048(), tmp_path)
    sealed = encrypt_xml(DOSSIER, RecipientKey.from_pem(rsa2048().certificate, key_id="H99"))
    wrapped = base64.b64decode(re.findall(rb"<xenc:CipherValue>([^<]+)<", sealed)[0])
    (tmp_path / "wrapped").write_bytes(wrapped)
    done = run(
        "openssl", "pkeyutl", "-decrypt", "-inkey", files.key, *OAEP, "-in", tmp_path / "wrapped", "-out",
        tmp_path / "key",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "key").stat().st_size == 32
    plain = re.sub(rb"<xenc:EncryptedKey>.*</xenc:EncryptedKey>", b"<ds:KeyName>k</ds:KeyName>", sealed)
    (tmp_path / "sealed.xml").write_bytes(plain)
    done = run("xmlsec1", "--decrypt", "--aeskey:k", tmp_path / "key", tmp_path / "sealed.xml")
    assert done.returncode == 0, done.stderr
    assert c14n(parse(done.stdout.encode())) == c14n(parse(DOSSIER))


@pytest.mark.foreign("xmlsec1", "openssl")
def test_we_read_what_xmlsec1_and_openssl_encrypt(tmp_path: Path) -> None:
    """xmlsec1 encrypts the document with a key, openssl wraps the key: we read it."""
    files = Files.of(rsa2048(), tmp_path)
    (tmp_path / "key").write_bytes(os.urandom(32))
    (tmp_path / "plain.xml").write_bytes(DOSSIER)
    shape = encrypt_xml(b"<a/>", RecipientKey.from_pem(rsa2048().certificate, key_id="H99"))
    values = re.findall(rb"<xenc:CipherValue>[^<]+<", shape)
    template = re.sub(rb"<xenc:EncryptedKey>.*</xenc:EncryptedKey>", b"<ds:KeyName>k</ds:KeyName>", shape)
    (tmp_path / "template.xml").write_bytes(template.replace(values[1], b"<xenc:CipherValue><"))
    done = run(
        "xmlsec1", "--encrypt", "--aeskey:k", tmp_path / "key", "--xml-data", tmp_path / "plain.xml",
        "--node-xpath", "/*", tmp_path / "template.xml",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    data = re.findall(r"<xenc:CipherValue>([^<]+)<", done.stdout)[0]
    wrap = run(
        "openssl", "pkeyutl", "-encrypt", "-pubin", "-inkey", files.public, *OAEP, "-in", tmp_path / "key", "-out",
        tmp_path / "wrapped",
    )  # fmt: skip
    assert wrap.returncode == 0, wrap.stderr
    wrapped = base64.b64encode((tmp_path / "wrapped").read_bytes())
    sealed = shape.replace(values[0], b"<xenc:CipherValue>" + wrapped + b"<")
    sealed = sealed.replace(values[1], b"<xenc:CipherValue>" + data.encode() + b"<")
    reading = ReadingKey.from_pem(rsa2048().pem, key_id="H99")
    assert DOSSIER in decrypt_xml(sealed, {"H99": reading})
