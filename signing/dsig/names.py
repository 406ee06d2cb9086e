"""Names of XML-DSig elements."""

from __future__ import annotations

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"


def ds(local: str) -> str:
    """A name in lxml's form.

    >>> ds("Signature")
    '{http://www.w3.org/2000/09/xmldsig#}Signature'
    """
    return f"{{{NAMESPACE}}}{local}"
