"""Reads a Signature element strictly: the children, attributes and text the policy allows, nothing beside.

Whatever is not expected is refused, so that no place is left where something unsigned could hide.
"""

from __future__ import annotations

from dataclasses import dataclass

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.algorithms import Algorithm, XmlDigest, XmlTransform
from signing.dsig.key_info import Hints, read_hints
from signing.dsig.method import digest_of, method_of
from signing.dsig.names import EXCLUSIVE_NAMESPACE, ds
from signing.dsig.reader import Reader, local
from signing.policy import Form, Policy


@dataclass(frozen=True, slots=True)
class Step:
    """One transform or canonical form with its PrefixList."""

    name: XmlTransform
    prefixes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Reference:
    """What the signature says it covers."""

    uri: str | None  # None = no URI attribute
    kind: str  # its Type attribute; "" = none
    name: str  # its own Id; "" = none
    enveloped: bool  # the signature is taken out first
    step: Step | None  # the canonical form of what is referred to; None = the bytes of a file
    digest_method: XmlDigest
    digest: bytes


@dataclass(frozen=True, slots=True)
class Signature:
    """The parts of one Signature. `hints` are not signed."""

    element: etree._Element
    signed_info: etree._Element
    canonical: Step
    method: Algorithm
    references: tuple[Reference, ...]
    value: bytes
    value_element: etree._Element
    hints: Hints
    objects: tuple[etree._Element, ...]


def read(element: etree._Element, policy: Policy, *, stage: Stage) -> Signature:
    """The Signature as a value.

    Raises:
        Refused: anything outside the policy's structure (LT-SIGN-032, 033, 034, 038).
    """
    reader = Reader(policy, stage)
    children = reader.children(element, attributes=("Id",))
    names = [local(child) for child in children]
    has_hints = names[2:3] == ["KeyInfo"]
    objects = children[3 if has_hints else 2 :]
    if names[:2] != ["SignedInfo", "SignatureValue"] or any(local(each) != "Object" for each in objects):
        reader.outside(f"Signature/({', '.join(names[:8])})")
    if objects and Form.ENVELOPING not in policy.forms:
        reader.outside("Object")
    signed_info, value = children[:2]
    parts = reader.children(signed_info, attributes=("Id",))
    if [local(part) for part in parts[:2]] != ["CanonicalizationMethod", "SignatureMethod"]:
        reader.outside("SignedInfo")
    return Signature(
        element=element,
        signed_info=signed_info,
        canonical=_step(parts[0], reader),
        method=method_of(parts[1], reader),
        references=_references(parts[2:], reader),
        value=reader.binary(value, policy.value_limit, attributes=("Id",)),
        value_element=value,
        hints=read_hints(children[2], reader) if has_hints else Hints(),
        objects=tuple(objects),
    )


def _references(elements: list[etree._Element], reader: Reader) -> tuple[Reference, ...]:
    if not 1 <= len(elements) <= reader.policy.references:
        raise Refused((problem("LT-SIGN-034", reader.stage, {"found": f"{len(elements)} × Reference"}),))
    return tuple(_reference(element, reader) for element in elements)


def _reference(element: etree._Element, reader: Reader) -> Reference:
    if element.tag != ds("Reference"):
        reader.outside(f"SignedInfo/{local(element)}")
    typed = ("Type",) if Form.ENVELOPING in reader.policy.forms else ()
    parts = reader.children(element, attributes=("Id", "URI", *typed))
    names = [local(part) for part in parts]
    if names not in (["Transforms", "DigestMethod", "DigestValue"], ["DigestMethod", "DigestValue"]):
        reader.outside(f"Reference/({', '.join(names[:8])})")
    steps = _steps(parts[0], reader) if len(parts) > 2 else []
    enveloped = bool(steps) and steps[0].name is XmlTransform.ENVELOPED
    forms = steps[1 if enveloped else 0 :]
    misplaced = next((step for step in forms if step.name is XmlTransform.ENVELOPED), None)
    if misplaced is not None:
        reader.forbidden(misplaced.name)
    if len(forms) > 1:
        reader.outside(f"Transforms/({', '.join(step.name for step in steps)})")
    uri = element.get("URI")
    is_file = Form.EXTERNAL in reader.policy.forms and bool(uri) and not str(uri).startswith("#")
    if is_file and len(parts) > 2:
        reader.outside("Transforms")
    return Reference(
        uri=str(uri) if uri is not None else None,
        name=str(element.get("Id", "")),
        kind=str(element.get("Type", "")),
        enveloped=enveloped,
        step=None if is_file else forms[0] if forms else _usual(reader),
        digest_method=digest_of(parts[-2], reader),
        digest=reader.binary(parts[-1], reader.policy.value_limit),
    )


def _usual(reader: Reader) -> Step:
    """A node-set without a form at its end is digested by inclusive Canonical XML 1.0."""
    if XmlTransform.INCLUSIVE not in reader.policy.canonical:
        reader.outside("Transforms")
    return Step(XmlTransform.INCLUSIVE)


def _steps(element: etree._Element, reader: Reader) -> list[Step]:
    children = reader.children(element)
    if not 1 <= len(children) <= reader.policy.transforms or any(t.tag != ds("Transform") for t in children):
        reader.outside(f"Transforms/({', '.join(local(child) for child in children[:8])})")
    return [_step(child, reader) for child in children]


def _step(element: etree._Element, reader: Reader) -> Step:
    """A Transform or CanonicalizationMethod."""
    name = str(element.get("Algorithm", ""))
    if name not in reader.policy.canonical and name != XmlTransform.ENVELOPED:
        reader.forbidden(name)
    step = XmlTransform(name)
    if step is XmlTransform.ENVELOPED and element.tag != ds("Transform"):
        reader.forbidden(name)
    if not step.startswith(EXCLUSIVE_NAMESPACE) or not len(element):
        reader.exactly(element, attributes=("Algorithm",))
        return Step(step)
    return Step(step, _prefixes(element, reader))


def _prefixes(element: etree._Element, reader: Reader) -> tuple[str, ...]:
    """The PrefixList of an InclusiveNamespaces child."""
    (child,) = reader.children(element, attributes=("Algorithm",), namespace=EXCLUSIVE_NAMESPACE)[:1]
    if len(element) != 1 or local(child) != "InclusiveNamespaces":
        reader.outside(f"Transform/{local(child)}")
    reader.text(child, attributes=("PrefixList",))
    prefixes = str(child.get("PrefixList", "")).split()
    if len(prefixes) > reader.policy.prefixes:
        reader.outside("InclusiveNamespaces/@PrefixList")
    return tuple(prefixes)
