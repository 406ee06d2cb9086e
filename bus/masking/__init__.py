"""Covers citizens' data in what operators see: texts, codes, bodies. Pure; what is not declared harmless is covered."""

from bus.masking.body import MaskedBody, mask_body
from bus.masking.text import COVER, mask_code, mask_text

__all__ = ["COVER", "MaskedBody", "mask_body", "mask_code", "mask_text"]
