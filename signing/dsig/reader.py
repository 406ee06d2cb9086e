"""Small strict looks at elements inside a Signature. Each refuses what it was not told to expect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

from lxml import etree

from schemas.problem import Refused, Stage, problem
from signing.dsig.names import NAMESPACE, ds
from signing.encoding import from_base64
from signing.policy import Policy

_SPACE = " \t\r\n"


@dataclass(frozen=True, slots=True)
class Reader:
    """Looks by one policy."""

    policy: Policy
    stage: Stage

    def outside(self, found: str) -> NoReturn:
        """Refuses: not of this structure."""
        values = {"policy": self.policy.name, "found": ascii(found)}
        raise Refused((problem("LT-SIGN-032", self.stage, values),))

    def forbidden(self, found: str) -> NoReturn:
        """Refuses: not one of the policy's algorithms."""
        raise Refused((problem("LT-SIGN-033", self.stage, {"found": ascii(found), "expected": self.policy.name}),))

    def children(
        self, element: etree._Element, *, attributes: tuple[str, ...] = (), namespace: str = NAMESPACE
    ) -> list[etree._Element]:
        """Child elements, after a look that there is nothing else but white space and known attributes."""
        self.attributes(element, attributes)
        children, inside = list(element), f"{{{namespace}}}"
        if not _blank(element.text):
            self.outside(f"{local(element)}/text()")
        for child in children:
            if not _blank(child.tail):
                self.outside(f"{local(element)}/text()")
            if not str(child.tag).startswith(inside):
                self.outside(f"{local(element)}/{child.tag!s}")
        return children

    def attributes(self, element: etree._Element, known: tuple[str, ...]) -> None:
        """A look that there are no attributes but these."""
        for name in element.keys():  # noqa: SIM118 - lxml elements iterate over children
            if name not in known:
                self.outside(f"{local(element)}/@{name!s}")

    def exactly(self, element: etree._Element, *names: str, attributes: tuple[str, ...] = ()) -> list[etree._Element]:
        """The children, which are these and no others, in this order."""
        children = self.children(element, attributes=attributes)
        if [child.tag for child in children] != [ds(name) for name in names]:
            self.outside(f"{local(element)}/({', '.join(local(child) for child in children[:8])})")
        return children

    def text(self, element: etree._Element, *, attributes: tuple[str, ...] = ()) -> str:
        """The text of an element without children."""
        self.attributes(element, attributes)
        if len(element):
            self.outside(local(element))
        return element.text or ""

    def binary(self, element: etree._Element, limit: int, *, attributes: tuple[str, ...] = ()) -> bytes:
        """The bytes of an element with base64 and nothing else."""
        text = self.text(element, attributes=attributes)
        value = from_base64(text) if len(text) <= limit else None
        if not value:
            raise Refused((problem("LT-SIGN-038", self.stage, {"found": local(element)}),))
        return value


def local(element: etree._Element) -> str:
    """The name without its namespace."""
    return str(element.tag).rpartition("}")[2]


def _blank(text: str | None) -> bool:
    return not text or not text.strip(_SPACE)
