"""Why a message is not valid, told by xmlschema. Deciding is lxml's: see `schemas.validate`."""

from __future__ import annotations

import re
from collections.abc import Iterator

from lxml import etree
from xmlschema import XMLSchema, XMLSchemaChildrenValidationError, XMLSchemaDecodeError, XMLSchemaValidationError
from xmlschema.validators import (
    XsdAttributeGroup,
    XsdElement,
    XsdEnumerationFacets,
    XsdFractionDigitsFacet,
    XsdGroup,
    XsdIdentity,
    XsdLengthFacet,
    XsdMaxExclusiveFacet,
    XsdMaxInclusiveFacet,
    XsdMaxLengthFacet,
    XsdMinExclusiveFacet,
    XsdMinInclusiveFacet,
    XsdMinLengthFacet,
    XsdPatternFacets,
    XsdTotalDigitsFacet,
)

from schemas.findings import (
    Finding,
    attribute_fault,
    limited,
    local,
    misshapen,
    missing,
    not_listed,
    plain,
    unexpected,
    unknown_root,
    wrong_type,
)

_LIMITS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((XsdMaxLengthFacet, XsdLengthFacet), "LT-SCH-008"),
    ((XsdMinLengthFacet,), "LT-SCH-009"),
    ((XsdMinInclusiveFacet, XsdMaxInclusiveFacet, XsdMinExclusiveFacet, XsdMaxExclusiveFacet), "LT-SCH-013"),
    ((XsdTotalDigitsFacet, XsdFractionDigitsFacet), "LT-SCH-018"),
)
_ELEMENT_WORDS = (
    ("nil", "LT-SCH-017"),
    ("fixed value", "LT-SCH-016"),
    ("child elements", "LT-SCH-015"),
    ("character data", "LT-SCH-014"),
)
_ATTRIBUTE = re.compile(r"^attribute ([^\s=]+)=")
_QUOTED = re.compile(r"'([^']*)'")


def explain(schema: XMLSchema, element: etree._Element) -> Iterator[Finding]:
    """Every finding in document order, lazily."""
    for error in schema.iter_errors(element, use_location_hints=False):
        yield _finding(error, schema, element)


def declared_children(schema: XMLSchema, parent: etree._Element | None, top: etree._Element) -> list[str]:
    """Clark names of the elements declared below `parent` (None: the global ones), whatever their order."""
    if parent is None:
        return [str(tag) for tag in schema.maps.elements]
    steps = [parent]
    while steps[-1] is not top and (above := steps[-1].getparent()) is not None:
        steps.append(above)
    declared = schema.maps.elements.get(str(steps.pop().tag))
    while steps and declared is not None:
        tag = steps.pop().tag
        declared = next((item for item in _elements(declared) if item.name == tag), None)
    return [str(item.name) for item in _elements(declared)] if declared is not None else []


def _elements(declared: object) -> list[XsdElement]:
    group = getattr(getattr(declared, "type", None), "content", None)
    return (
        [item for item in group.iter_elements() if isinstance(item, XsdElement)] if isinstance(group, XsdGroup) else []
    )


def _finding(error: XMLSchemaValidationError, schema: XMLSchema, top: etree._Element) -> Finding:
    node = error.elem if isinstance(error.elem, etree._Element) else top
    if isinstance(error, XMLSchemaChildrenValidationError):
        return _child(error, node)
    if isinstance(error.validator, XMLSchema):
        return unknown_root(node, [str(tag) for tag in schema.maps.elements])
    at = _ATTRIBUTE.match(error.reason or "")
    attribute = at[1] if at else ""
    return _facet(error, node, attribute) or _structure(error, node, attribute)


def _child(error: XMLSchemaChildrenValidationError, parent: etree._Element) -> Finding:
    group = error.validator
    expected = [str(tag) for tag in error.expected_tags]
    child = error.invalid_child
    declared = [str(item.name) for item in group.iter_elements() if item.name] if isinstance(group, XsdGroup) else []
    rule = local(parent.tag)
    if not isinstance(child, etree._Element):
        return missing(" | ".join(local(tag) for tag in expected) or "?", parent, rule=rule)
    twin = any(local(tag) == local(child.tag) and tag != child.tag for tag in declared)
    if expected and child.tag not in expected and child.tag in declared and not twin:
        return missing(" | ".join(local(tag) for tag in expected), parent, before=local(child.tag), rule=rule)
    return unexpected(child, declared, expected=expected, rule=rule)


def _facet(error: XMLSchemaValidationError, node: etree._Element, attribute: str) -> Finding | None:
    facet = error.validator
    kind = getattr(facet, "base_type", None) or getattr(facet, "parent", None)
    rule = str(getattr(kind, "local_name", None) or local(node.tag))
    if isinstance(facet, XsdPatternFacets):
        return misshapen(node, " | ".join(str(item) for item in facet.regexps), attribute=attribute, rule=rule)
    if isinstance(facet, XsdEnumerationFacets):
        return not_listed(node, [str(item) for item in facet.enumeration], attribute=attribute, rule=rule)
    code = next((code for kinds, code in _LIMITS if isinstance(facet, kinds)), None)
    if code is None:
        return None
    value = getattr(facet, "value", "")
    if isinstance(facet, XsdLengthFacet):
        text = (node.get(attribute) if attribute else node.text) or ""
        code = "LT-SCH-009" if len(text) < int(value) else "LT-SCH-008"
    return limited(code, node, value, attribute=attribute, rule=rule)


def _structure(error: XMLSchemaValidationError, node: etree._Element, attribute: str) -> Finding:
    reason = error.reason or ""
    quoted = _QUOTED.search(reason)
    if isinstance(error, XMLSchemaDecodeError):
        name = str(getattr(error.validator, "local_name", None) or "anySimpleType")
        return wrong_type(node, name, attribute=attribute, rule=name)
    if isinstance(error.validator, XsdAttributeGroup) and quoted:
        return attribute_fault("LT-SCH-010" if reason.startswith("missing") else "LT-SCH-011", node, quoted[1])
    if isinstance(error.validator, XsdGroup) and "character data" in reason:
        return plain("LT-SCH-014", node)
    if isinstance(error.validator, XsdIdentity):
        return plain("LT-SCH-019", node, rule=str(error.validator.local_name))
    if isinstance(error.validator, XsdElement):
        return plain(next((code for word, code in _ELEMENT_WORDS if word in reason), "LT-SCH-020"), node)
    return plain("LT-SCH-020", node, rule=type(error.validator).__name__)
