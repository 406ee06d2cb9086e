"""What an XSD says an element looks like. Values, made by xmlschema introspection; no message is looked at."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from xmlschema import XMLSchema, XsdElement, XsdType
from xmlschema.names import XSD_NAMESPACE
from xmlschema.validators import XsdComplexType, XsdGroup, XsdSimpleType

_MAX_DEPTH = 32  # a schema that refers to itself is unfolded no further


class Scalar(StrEnum):
    """What the text of an element is."""

    STRING = "string"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"
    BASE64 = "base64"


_PRIMITIVES = {
    "decimal": Scalar.DECIMAL,
    "float": Scalar.DECIMAL,
    "double": Scalar.DECIMAL,
    "boolean": Scalar.BOOLEAN,
    "date": Scalar.DATE,
    "dateTime": Scalar.DATETIME,
    "base64Binary": Scalar.BASE64,
}


@dataclass(frozen=True, slots=True)
class Shape:
    """One element as declared, with everything below it."""

    name: str  # local name
    namespace: str  # "" = none
    min_occurs: int  # 0 where the element may be absent, also because a choice or an optional group holds it
    max_occurs: int | None  # None = unbounded
    scalar: Scalar | None  # None: it holds elements (or nothing)
    children: tuple[Shape, ...]  # in schema order; cut where a type contains itself
    attributes: tuple[str, ...]  # local names
    choice: bool  # stands in an xs:choice: its absence alone is no fault

    def child(self, name: str) -> Shape | None:
        """The child of that local name."""
        return next((shape for shape in self.children if shape.name == name), None)

    def find(self, path: str) -> Shape | None:
        """The shape at "a/b/c" below this one; "" is this one."""
        shape: Shape | None = self
        for step in filter(None, path.split("/")):
            shape = shape.child(step) if shape is not None else None
        return shape


def shape_of(schema: XMLSchema, name: str) -> Shape:
    """The shape of a global element, or of a global complexType, by local name.

    Raises:
        KeyError: the schema has neither.
    """
    for element in schema.maps.elements.values():
        if isinstance(element, XsdElement) and element.local_name == name and _ours(element.target_namespace):
            return _element(element, 1, 1, choice=False, above=())
    for kind in schema.maps.types.values():
        if isinstance(kind, XsdComplexType) and kind.local_name == name and _ours(kind.target_namespace):
            return _shape(name, kind.target_namespace, kind, 1, 1, choice=False, above=())
    raise KeyError(name)


def _ours(namespace: str) -> bool:
    """Not of the language schemas are written in: it has elements called field, key, group … of its own."""
    return namespace != XSD_NAMESPACE


def _element(element: XsdElement, least: int, most: int | None, *, choice: bool, above: tuple[XsdType, ...]) -> Shape:
    namespace = element.target_namespace if element.qualified or element.ref is not None or element.is_global() else ""
    return _shape(element.local_name, namespace, element.type, least, most, choice=choice, above=above)


def _shape(
    name: str,
    namespace: str,
    kind: XsdType,
    least: int,
    most: int | None,
    *,
    choice: bool,
    above: tuple[XsdType, ...],
) -> Shape:
    children: tuple[Shape, ...] = ()
    recurses = len(above) >= _MAX_DEPTH or any(kind is other for other in above)
    if isinstance(kind, XsdComplexType) and isinstance(kind.content, XsdGroup) and not recurses:
        children = _merged(_children(kind.content, 1, 1, choice=False, above=(*above, kind)))
    attributes = tuple(key.rpartition("}")[2] for key in getattr(kind, "attributes", ()) if key is not None)
    return Shape(
        name=name,
        namespace=namespace,
        min_occurs=least,
        max_occurs=most,
        scalar=_scalar(kind),
        children=children,
        attributes=attributes,
        choice=choice,
    )


def _children(
    group: XsdGroup, least: int, most: int | None, *, choice: bool, above: tuple[XsdType, ...]
) -> list[Shape]:
    least, most = least * group.min_occurs, _times(most, group.max_occurs)
    inside = choice or (group.model == "choice" and len(group) > 1)
    found: list[Shape] = []
    for item in group:
        if isinstance(item, XsdGroup):
            found += _children(item, least, most, choice=inside, above=above)
        elif isinstance(item, XsdElement):
            low = 0 if inside else least * item.min_occurs
            found.append(_element(item, low, _times(most, item.max_occurs), choice=inside, above=above))
    return found


def _merged(shapes: list[Shape]) -> tuple[Shape, ...]:
    """An element that stands at two places of a content model is one child here; the first declaration describes it."""
    by_name: dict[tuple[str, str], Shape] = {}
    for shape in shapes:
        first = by_name.get((shape.namespace, shape.name))
        if first is None:
            by_name[shape.namespace, shape.name] = shape
            continue
        together = None if first.max_occurs is None or shape.max_occurs is None else first.max_occurs + shape.max_occurs
        if first.choice and shape.choice:  # one or the other branch, not both
            together = max(first.max_occurs, shape.max_occurs) if first.max_occurs and shape.max_occurs else together
        by_name[shape.namespace, shape.name] = Shape(
            name=first.name,
            namespace=first.namespace,
            min_occurs=first.min_occurs + shape.min_occurs,
            max_occurs=together,
            scalar=first.scalar,
            children=first.children,
            attributes=first.attributes,
            choice=first.choice and shape.choice,
        )
    return tuple(by_name.values())


def _scalar(kind: XsdType) -> Scalar | None:
    simple = kind if isinstance(kind, XsdSimpleType) else getattr(kind, "content", None)
    if not isinstance(simple, XsdSimpleType):
        return None
    root: XsdSimpleType | None = simple
    while root is not None:
        local = root.local_name or ""
        if local == "integer":
            return Scalar.INTEGER
        if local in _PRIMITIVES and root.name and root.name.startswith("{http://www.w3.org/2001/XMLSchema}"):
            return _PRIMITIVES[local]
        root = root.base_type if isinstance(root.base_type, XsdSimpleType) else None
    return Scalar.STRING


def _times(left: int | None, right: int | None) -> int | None:
    if left == 0 or right == 0:
        return 0
    return None if left is None or right is None else left * right
