"""Enveloped XML signatures over whole documents: one strict profile, made and checked by our own code."""

from signing.dsig.sign import sign_element, sign_enveloped
from signing.dsig.verify import Verified, verify

__all__ = ["Verified", "sign_element", "sign_enveloped", "verify"]
