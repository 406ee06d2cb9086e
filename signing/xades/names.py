"""Names of XAdES."""

from __future__ import annotations

XADES = "http://uri.etsi.org/01903/v1.3.2#"
SIGNED_PROPERTIES = "http://uri.etsi.org/01903#SignedProperties"


def xades(local: str) -> str:
    """In Clark notation."""
    return f"{{{XADES}}}{local}"
