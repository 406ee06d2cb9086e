"""Names of XML-DSig elements, and of the few others that stand inside signatures."""

from __future__ import annotations

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_NAMESPACE = "http://www.w3.org/2001/10/xml-exc-c14n#"
PSS_NAMESPACE = "http://www.w3.org/2007/05/xmldsig-more#"


def ds(local: str) -> str:
    """The name in Clark notation.

    >>> ds("Signature")
    '{http://www.w3.org/2000/09/xmldsig#}Signature'
    """
    return f"{{{NAMESPACE}}}{local}"
