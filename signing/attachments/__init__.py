"""Signatures inside attachments (PDF, CMS): who signed what, reported. A report never stops a message by itself."""

from signing.attachments.examine import examine, may_be_signed
from signing.attachments.report import Coverage, Report, Signer, Standing

__all__ = ["Coverage", "Report", "Signer", "Standing", "examine", "may_be_signed"]
