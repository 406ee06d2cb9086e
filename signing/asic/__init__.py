"""Containers of signed files: ASiC-E with XAdES."""

from signing.asic.container import Container, ContainerLimits, unpack
from signing.asic.signed import Checked, open_sealed, seal

__all__ = ["Checked", "Container", "ContainerLimits", "open_sealed", "seal", "unpack"]
