"""Containers of signed files: ASiC-E with XAdES."""

from signing.asic.container import PARTNER_LIMITS, Container, ContainerLimits, unpack
from signing.asic.signed import Checked, open_sealed, seal

__all__ = ["PARTNER_LIMITS", "Checked", "Container", "ContainerLimits", "open_sealed", "seal", "unpack"]
