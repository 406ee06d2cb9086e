"""Reads a Signature element strictly: exactly the children, attributes and text of the profile, nothing beside.

Whatever is not expected is refused, so that no place is left where something unsigned could hide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.dsig.names import NAMESPACE, ds
from signing.encoding import from_base64
from signing.policy import Policy

_SPACE = " \t\r\n"
_PREFIX = f"{{{NAMESPACE}}}"


@dataclass(frozen=True, slots=True)
class Reference:
    """What the signature says it covers."""

    uri: str | None  # None = no URI attribute
    transforms: tuple[str, ...]
    digest_method: str
    digest: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """The parts of one Signature. `key_name` and `certificate` are hints and not signed."""

    signed_info: etree._Element
    canonical: str
    method: str
    references: tuple[Reference, ...]
    value: bytes
    key_name: str | None
    certificate: bytes | None  # DER


@dataclass(frozen=True, slots=True)
class _Reader:
    policy: Policy
    stage: Stage

    def outside(self, found: str) -> NoReturn:
        values = {"policy": self.policy.name, "found": ascii(found)}
        raise Refused((problem("LT-SIGN-032", self.stage, values),))

    def children(self, element: etree._Element, *, attributes: tuple[str, ...] = ()) -> list[etree._Element]:
        """Child elements, after a look that there is nothing else but white space and known attributes."""
        self.attributes(element, attributes)
        children = list(element)
        if not _blank(element.text) or not all(_blank(child.tail) for child in children):
            self.outside(f"{_local(element)}/text()")
        for child in children:
            if not str(child.tag).startswith(_PREFIX):
                self.outside(f"{_local(element)}/{child.tag!s}")
        return children

    def attributes(self, element: etree._Element, known: tuple[str, ...]) -> None:
        """A look that there are no attributes but these."""
        for name in element.keys():  # noqa: SIM118 - lxml elements iterate over children
            if name not in known:
                self.outside(f"{_local(element)}/@{name!s}")

    def exactly(self, element: etree._Element, *names: str, attributes: tuple[str, ...] = ()) -> list[etree._Element]:
        """The children, which are these and no others, in this order."""
        children = self.children(element, attributes=attributes)
        if [child.tag for child in children] != [ds(name) for name in names]:
            self.outside(f"{_local(element)}/({', '.join(_local(child) for child in children[:8])})")
        return children

    def text(self, element: etree._Element, *, attributes: tuple[str, ...] = ()) -> str:
        """The text of an element without children."""
        self.attributes(element, attributes)
        if len(element):
            self.outside(_local(element))
        return element.text or ""

    def binary(self, element: etree._Element, limit: int, *, attributes: tuple[str, ...] = ()) -> bytes:
        text = self.text(element, attributes=attributes)
        value = from_base64(text) if len(text) <= limit else None
        if not value:
            raise Refused((problem("LT-SIGN-038", self.stage, {"found": _local(element)}),))
        return value

    def algorithm(self, element: etree._Element) -> str:
        """The Algorithm of a method or transform that has no parameters."""
        self.exactly(element, attributes=("Algorithm",))
        return str(element.get("Algorithm", ""))


def read(element: etree._Element, policy: Policy, *, stage: Stage) -> Signature:
    """The Signature as a value.

    Raises:
        Refused: anything outside the profile's structure (LT-SIGN-032, 034, 038).
    """
    reader = _Reader(policy, stage)
    children = reader.children(element, attributes=("Id",))
    names = [_local(child) for child in children]
    if names not in (["SignedInfo", "SignatureValue"], ["SignedInfo", "SignatureValue", "KeyInfo"]):
        reader.outside(f"Signature/({', '.join(names[:8])})")
    signed_info, value = children[:2]
    key_name, certificate = _key_info(children[2], reader) if len(children) > 2 else (None, None)
    parts = reader.children(signed_info, attributes=("Id",))
    if [_local(part) for part in parts[:2]] != ["CanonicalizationMethod", "SignatureMethod"]:
        reader.outside("SignedInfo")
    return Signature(
        signed_info=signed_info,
        canonical=reader.algorithm(parts[0]),
        method=reader.algorithm(parts[1]),
        references=_references(parts[2:], reader),
        value=reader.binary(value, policy.value_limit, attributes=("Id",)),
        key_name=key_name,
        certificate=certificate,
    )


def _references(elements: list[etree._Element], reader: _Reader) -> tuple[Reference, ...]:
    if len(elements) != reader.policy.references:
        raise Refused((problem("LT-SIGN-034", reader.stage, {"found": f"{len(elements)} × Reference"}),))
    return tuple(_reference(element, reader) for element in elements)


def _reference(element: etree._Element, reader: _Reader) -> Reference:
    if element.tag != ds("Reference"):
        reader.outside(f"SignedInfo/{_local(element)}")
    parts = reader.exactly(element, "Transforms", "DigestMethod", "DigestValue", attributes=("Id", "URI"))
    transforms = reader.children(parts[0])
    if len(transforms) != len(reader.policy.transforms) or any(t.tag != ds("Transform") for t in transforms):
        reader.outside(f"Transforms/({', '.join(_local(t) for t in transforms[:8])})")
    uri = element.get("URI")
    return Reference(
        uri=str(uri) if uri is not None else None,
        transforms=tuple(reader.algorithm(transform) for transform in transforms),
        digest_method=reader.algorithm(parts[1]),
        digest=reader.binary(parts[2], reader.policy.value_limit),
    )


def _key_info(element: etree._Element, reader: _Reader) -> tuple[str | None, bytes | None]:
    """At most one KeyName and one X509Certificate; KeyValue, RetrievalMethod and the like are refused."""
    children = {_local(child): child for child in reader.children(element, attributes=("Id",))}
    if len(children) != len(element) or not set(children) <= {"KeyName", "X509Data"}:
        reader.outside(f"KeyInfo/({', '.join(_local(child) for child in list(element)[:8])})")
    name = reader.text(children["KeyName"]) if "KeyName" in children else None
    if name is not None and len(name) > reader.policy.value_limit:
        reader.outside("KeyName")
    if "X509Data" not in children:
        return name, None
    (paper,) = reader.exactly(children["X509Data"], "X509Certificate")
    return name, reader.binary(paper, reader.policy.certificate_limit)


def _local(element: etree._Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _blank(text: str | None) -> bool:
    return not text or not text.strip(_SPACE)
