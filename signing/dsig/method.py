"""Which algorithm a SignatureMethod or DigestMethod names, its parameters read strictly."""

from __future__ import annotations

from lxml import etree

from signing.algorithms import MGF1, RECIPES, RSA_PSS, Algorithm, XmlDigest, XmlSignature
from signing.dsig.names import PSS_NAMESPACE, ds
from signing.dsig.reader import Reader, local

_BY_NAME = {method.value: Algorithm[method.name] for method in XmlSignature}
_SALT = {Algorithm.PS256: "32", Algorithm.PS384: "48", Algorithm.PS512: "64"}


def method_of(element: etree._Element, reader: Reader) -> Algorithm:
    """The signature algorithm.

    Raises:
        Refused: not one of the policy's, or with parameters beyond it (HMACOutputLength and the like).
    """
    name = str(element.get("Algorithm", ""))
    algorithm = _pss(element, reader) if name == RSA_PSS else _BY_NAME.get(name)
    if algorithm is None or algorithm not in reader.policy.algorithms:
        reader.forbidden(name)
    if name != RSA_PSS:
        reader.exactly(element, attributes=("Algorithm",))
    return algorithm


def digest_of(element: etree._Element, reader: Reader) -> XmlDigest:
    """The digest algorithm.

    Raises:
        Refused: not one of the policy's, or with parameters.
    """
    name = str(element.get("Algorithm", ""))
    if name not in reader.policy.digests:
        reader.forbidden(name)
    reader.exactly(element, attributes=("Algorithm",))
    return XmlDigest(name)


def _pss(element: etree._Element, reader: Reader) -> Algorithm:
    """RSASSA-PSS with its parameters written out. They must be the usual ones: MGF1 with the same digest, a salt as
    long as the digest, trailer 1."""
    children = reader.children(element, attributes=("Algorithm",), namespace=PSS_NAMESPACE)
    if len(children) > 1 or any(local(child) != "RSAPSSParams" for child in children):
        reader.outside("SignatureMethod")
    digest, salt, trailer, mask = XmlDigest.SHA256, "", "1", ""
    for child in children[0] if children else ():  # none: all as usual, with SHA-256
        if child.tag == ds("DigestMethod"):
            digest = digest_of(child, reader)
        elif child.tag == f"{{{PSS_NAMESPACE}}}MaskGenerationFunction":
            mask = _mask(child, reader)
        elif child.tag == f"{{{PSS_NAMESPACE}}}SaltLength":
            salt = reader.text(child).strip()
        elif child.tag == f"{{{PSS_NAMESPACE}}}TrailerField":
            trailer = reader.text(child).strip()
        else:
            reader.outside(f"RSAPSSParams/{local(child)}")
    for algorithm, usual in _SALT.items():
        fits = salt in ("", usual) and trailer == "1" and mask in ("", digest.hash_name)
        if fits and RECIPES[algorithm].hash_name == digest.hash_name:
            return algorithm
    reader.outside("RSAPSSParams")


def _mask(element: etree._Element, reader: Reader) -> str:
    if element.get("Algorithm") != MGF1:
        reader.forbidden(str(element.get("Algorithm")))
    children = reader.children(element, attributes=("Algorithm",))
    if not children:
        return ""
    if len(children) > 1 or children[0].tag != ds("DigestMethod"):
        reader.outside("MaskGenerationFunction")
    return digest_of(children[0], reader).hash_name
