"""Names of XML-DSig elements, and of the few others that stand inside signatures."""

from __future__ import annotations

NAMESPACE = "http://www.w3.org/2000/09/xmldsig#"
EXCLUSIVE_NAMESPACE = "http://www.w3.org/2001/10/xml-exc-c14n#"
PSS_NAMESPACE = "http://www.w3.org/2007/05/xmldsig-more#"

# Of WS-Security, where a signature's hints point at a token.
_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_OASIS}-wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}-wssecurity-utility-1.0.xsd"
WSSE11 = "http://docs.oasis-open.org/wss/oasis-wss-wssecurity-secext-1.1.xsd"
X509V3 = f"{_OASIS}-x509-token-profile-1.0#X509v3"


def ds(local: str) -> str:
    """The name in Clark notation.

    >>> ds("Signature")
    '{http://www.w3.org/2000/09/xmldsig#}Signature'
    """
    return f"{{{NAMESPACE}}}{local}"
