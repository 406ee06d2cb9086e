"""Small PDF and CMS files, signed by pyHanko and by openssl's library: what attachments look like."""

from __future__ import annotations

from io import BytesIO

from asn1crypto import keys as asn1_keys
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.serialization import pkcs7
from pyhanko.pdf_utils import generic
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko.sign.timestamps import TimeStamper
from pyhanko_certvalidator.registry import SimpleCertificateStore

from tests.unit.signing.issuer import Holder, Issuer


def plain_pdf(text: str = "Giay phep H99") -> bytes:
    """One page with a line of text."""
    stream = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(stream), stream),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    out, places = b"%PDF-1.7\n", []
    for number, each in enumerate(objects, start=1):
        places.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (number, each)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    start = len(out)
    head = b"xref\n0 %d\n0000000000 65535 f \n%s" % (len(objects) + 1, table)
    trailer = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % (len(objects) + 1, start)
    return out + head + trailer


def signed_pdf(
    pdf: bytes, holder: Holder, *issuers: Issuer, name: str = "Ky", stamper: TimeStamper | None = None,
    digest: str = "sha256",
) -> bytes:  # fmt: skip
    """With one more signature."""
    store = SimpleCertificateStore()
    store.register_multiple([asn1_x509.Certificate.load(each.der) for each in issuers])
    der = holder.key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer = signers.SimpleSigner(asn1_x509.Certificate.load(holder.der), asn1_keys.PrivateKeyInfo.load(der), store)
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    fields.append_signature_field(writer, fields.SigFieldSpec(name))
    meta = signers.PdfSignatureMetadata(field_name=name, md_algorithm=digest)
    out = signers.sign_pdf(writer, meta, signer=signer, timestamper=stamper, existing_fields_only=True)
    return bytes(out.getvalue())


def shadowed(pdf: bytes) -> bytes:
    """Another text put over the signed one by an incremental update: every viewer shows the new one."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    page[generic.NameObject("/Contents")] = writer.add_object(
        generic.StreamObject(stream_data=b"BT /F1 24 Tf 72 720 Td (Bi thay) Tj ET")
    )
    writer.mark_update(writer.root["/Pages"]["/Kids"].raw_get(0))
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


def signed_cms(content: bytes, holder: Holder, *issuers: Issuer, beside: bool = False, pem: bool = False) -> bytes:
    """CMS around its content (.p7m) or beside it (.p7s)."""
    builder = pkcs7.PKCS7SignatureBuilder().set_data(content).add_signer(holder.paper, holder.key, hashes.SHA256())
    for each in issuers:
        builder = builder.add_certificate(x509.load_der_x509_certificate(each.der))
    options = [pkcs7.PKCS7Options.Binary, *([pkcs7.PKCS7Options.DetachedSignature] if beside else [])]
    form = serialization.Encoding.PEM if pem else serialization.Encoding.DER
    return builder.sign(form, options)
