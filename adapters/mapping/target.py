"""Plans how the target of a scope is written: its paths as a tree in the order of the schema."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from adapters.mapping.places import Element
from adapters.mapping.program import ItemList, Node
from adapters.mapping.rules import Path, Rule
from adapters.mapping.scope import optional, tag
from schemas.shape import Shape


@dataclass(frozen=True, slots=True)
class Leaf:
    """One value to be written."""

    number: int  # of its producer
    constant: bool
    keep_empty: bool
    rule: Rule
    source: str  # where its value comes from, for people


@dataclass(frozen=True, slots=True)
class ListLeaf:
    """One list to be written."""

    items: ItemList
    rule: Rule
    source: str


@dataclass(frozen=True, slots=True)
class Target:
    """Everything a scope writes, by path."""

    leaves: Mapping[Path, Leaf]
    lists: Mapping[Path, tuple[ListLeaf, ...]]
    packers: Mapping[Path, Callable[[Element], str]]  # of embedded documents

    def tree(self, shape: Shape) -> Node:
        """The scope's element with all that is written below it."""
        return Node(tag(shape), shape.name, children=self._inside(shape, ()), nsmap=nsmap(shape))

    def _inside(self, shape: Shape, path: Path) -> tuple[Node, ...]:
        nodes: list[Node] = []
        for name in shape.attributes:
            leaf = self.leaves.get((*path, f"@{name}"))
            if leaf is not None:
                nodes.append(_leaf(leaf, name, "/".join((*path, f"@{name}")), attribute=True))
        own = self.leaves.get(path)
        if own is not None:
            nodes.append(_leaf(own, "", "/".join(path) or shape.name))
        for child in shape.children:
            nodes += self._child(child, (*path, child.name))
        return tuple(nodes)

    def _child(self, shape: Shape, path: Path) -> list[Node]:
        required = not optional(shape)
        name = "/".join(path)
        if path in self.lists:
            return [
                Node(tag(shape), name, required=required, items=each.items, rule=each.rule, source=each.source)
                for each in self.lists[path]
            ]
        inside = self._inside(shape, path)
        if not inside:
            return []
        leaf = self.leaves.get(path)
        if leaf is not None and len(inside) == 1:
            return [_leaf(leaf, tag(shape), name, required=required)]
        packer = self.packers.get(path)
        names = nsmap(shape.children[0]) if packer is not None else None
        constants = all(_constant(node) for node in inside)
        return [
            Node(
                tag(shape),
                name,
                required=required,
                constants_only=constants,
                children=inside,
                embed=packer,
                nsmap=names,
            )
        ]


def _leaf(leaf: Leaf, written: str, name: str, *, required: bool = False, attribute: bool = False) -> Node:
    return Node(
        written,
        name,
        required=required,
        leaf=leaf.number,
        attribute=attribute,
        constant=leaf.constant,
        keep_empty=leaf.keep_empty and not attribute,
        rule=leaf.rule,
        source=leaf.source,
    )


def _constant(node: Node) -> bool:
    if node.leaf >= 0:
        return node.constant
    return node.items is None and node.constants_only


def constants_only(root: Node) -> bool:
    """Whether a scope writes nothing but constants."""
    return bool(root.children) and all(_constant(node) for node in root.children)


def nsmap(shape: Shape) -> dict[str, str] | None:
    """Prefixes of a document: none if all of it is in one namespace, else `n` for the root's.

    Unqualified children under a default namespace would move into it when the text is read again.
    """
    if not shape.namespace:
        return None
    prefix = None if _one_namespace(shape, shape.namespace) else "n"
    return {prefix: shape.namespace}  # type: ignore[dict-item]  # lxml's stubs do not know the default prefix


def _one_namespace(shape: Shape, namespace: str) -> bool:
    return shape.namespace == namespace and all(_one_namespace(child, namespace) for child in shape.children)
