"""Signatures that last: XAdES B, T and LT, enveloped and in containers."""

from signing.xades.sign import NOTHING, LongTerm, Stamper, sign_document
from signing.xades.verify import Lasting, Level, check_lasting, verify_lasting

__all__ = ["NOTHING", "Lasting", "Level", "LongTerm", "Stamper", "check_lasting", "sign_document", "verify_lasting"]
