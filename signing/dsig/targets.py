"""What the references of a signature point at: elements of the one parse, told by ids nobody else has."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.dsig.structure import Reference, Signature
from signing.policy import Form, Policy

_WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
# Whatever any reader might take for an id. The name must be one element's alone under all of them.
_ID_NAMES = (
    "Id", "ID", "id", "AssertionID", f"{{{_WSU}}}Id", "{http://www.w3.org/XML/1998/namespace}id",
)  # fmt: skip


_ANY_ATTRIBUTE = etree.XPath("descendant-or-self::*/@*/..")  # several times faster than by a predicate
_PLAIN_NAME = re.compile(r"[^()/#% ]+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Target:
    """One reference with what it points at."""

    reference: Reference
    element: etree._Element
    form: Form


def targets_of(signature: Signature, root: etree._Element, policy: Policy, *, stage: Stage) -> tuple[Target, ...]:
    """One for each reference inside the document, in order.

    Raises:
        Refused: nothing there, more than one there, outside the document, or in a place the policy does not take.
    """
    wanted = {_id_of(reference) for reference in signature.references} - {None}
    ids = _index(root, frozenset(name for name in wanted if name), policy) if wanted else {}
    found: list[Target] = []
    for reference in signature.references:
        if reference.step is None:
            continue
        element = _element(reference, root, ids, policy, stage=stage)
        if any(element is target.element for target in found):
            raise _refused(f"{reference.uri} × 2", stage)
        found.append(Target(reference, element, _form(element, reference, signature, policy, stage=stage)))
    return tuple(found)


def _element(
    reference: Reference,
    root: etree._Element,
    ids: Mapping[str, list[tuple[str, etree._Element]]],
    policy: Policy,
    *,
    stage: Stage,
) -> etree._Element:
    if reference.uri == "":
        return root
    name = _id_of(reference)
    if name is None or not policy.signed_by_id:
        raise _refused(str(reference.uri), stage)
    owners = ids.get(name, [])
    if len(owners) != 1 or owners[0][0] not in policy.id_attributes:
        raise _refused(f"{reference.uri} × {len(owners)}", stage)
    return owners[0][1]


def _form(element: etree._Element, reference: Reference, signature: Signature, policy: Policy, *, stage: Stage) -> Form:
    if element is signature.element or element in signature.element.iterancestors():
        form = Form.ENVELOPED
    elif signature.element in element.iterancestors():
        form = Form.ENVELOPING
        # SignedInfo and SignatureValue cannot be covered by themselves; KeyInfo is a hint and stays one.
        if not any(element is each or each in element.iterancestors() for each in signature.objects):
            raise _refused(str(reference.uri), stage)
    else:
        form = Form.DETACHED
    if form not in policy.forms or (form is Form.ENVELOPED) is not reference.enveloped:
        raise _refused(f"{reference.uri!r} ({form})", stage)
    return form


def _id_of(reference: Reference) -> str | None:
    """The id of a bare-name fragment; None = another kind of URI. XPointers are never followed."""
    uri = reference.uri or ""
    name = uri[1:]
    return name if uri.startswith("#") and _PLAIN_NAME.fullmatch(name) else None


def _index(root: etree._Element, wanted: frozenset[str], policy: Policy) -> dict[str, list[tuple[str, etree._Element]]]:
    """Who has each of these ids, under whatever attribute."""
    names = tuple(dict.fromkeys((*_ID_NAMES, *policy.id_attributes)))
    owners: dict[str, list[tuple[str, etree._Element]]] = {}
    for element in cast("list[etree._Element]", _ANY_ATTRIBUTE(root)):
        for name in names:
            value = element.get(name)
            if value is not None and value in wanted:
                owners.setdefault(str(value), []).append((name, element))
    return owners


def _refused(found: str, stage: Stage) -> Refused:
    return Refused((problem("LT-SIGN-034", stage, {"found": ascii(found)}),))
