"""Evidence about one message, in a container that anybody can check: its format, and the check without us."""

from signing.evidence.package import Record, SealRecord
from signing.evidence.verify import Report, Standing, Statement, verify_evidence

__all__ = ["Record", "Report", "SealRecord", "Standing", "Statement", "verify_evidence"]
