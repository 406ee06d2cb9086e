"""XML signatures by strict policies, made and checked by our own code."""

from signing.dsig.choosing import Keys
from signing.dsig.sign import sign_element, sign_enveloped
from signing.dsig.verify import Covered, CoveredFile, Verified, check, verify

__all__ = ["Covered", "CoveredFile", "Keys", "Verified", "check", "sign_element", "sign_enveloped", "verify"]
