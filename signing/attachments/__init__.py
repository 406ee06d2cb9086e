"""Signatures inside attachments (PDF, CMS): who signed what, reported. A report never stops a message by itself."""

from signing.attachments.examine import examine, is_signable
from signing.attachments.report import Coverage, Report, Signer, Standing

__all__ = ["Coverage", "Report", "Signer", "Standing", "examine", "is_signable"]
