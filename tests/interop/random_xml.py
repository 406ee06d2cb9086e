"""XML documents made at random, always the same ones, each written in as many ways as XML allows for one content."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

SPACES = ("", "urn:x", "urn:y", "http://z.example/q")
TEXTS = (
    "", " ", "\n  ", "x", "Nguyễn Thị Thử", "a\rb\tc", "<&>\"'", "]]>", "\u00a0😀", "&amp;", "<![CDATA[", "<!-- -->",
    "ự",
)  # fmt: skip
_XML = "http://www.w3.org/XML/1998/namespace"


@dataclass
class Node:
    """One element, by its content."""

    space: str
    name: str
    attributes: dict[tuple[str, str], str]  # (namespace, name) → value
    unused: int  # so many namespaces are declared that nothing uses
    content: list[Node | str] = field(default_factory=list)


def documents(seed: int, count: int) -> list[Node]:
    """Roots of so many documents."""
    chance = random.Random(seed)
    return [_node(chance, 3) for _ in range(count)]


def _node(chance: random.Random, depth: int) -> Node:
    attributes = {}
    for space, name in chance.sample((("", "m"), ("", "z"), ("urn:x", "k"), ("urn:y", "k"), (_XML, "lang")), 5)[:3]:
        if chance.random() < 0.6:
            attributes[space, name] = chance.choice(TEXTS)
    made = Node(chance.choice(SPACES), chance.choice("abcd"), attributes, chance.choice((0, 0, 0, 1)))
    for _ in range(chance.randint(1, 3)):
        made.content.append(chance.choice(TEXTS))
        if depth:
            made.content.append(_node(chance, depth - 1))
    return made


def written(root: Node, *, prefixes: int, style: int) -> bytes:
    """`prefixes` chooses them and where they are declared: part of the content. `style` chooses quotes, order, CDATA,
    character references, line ends and white space in tags: part of nothing."""
    text = _Writer(random.Random(prefixes), random.Random(style)).element(root, {"": "", "xml": _XML})
    declaration = random.Random(style).choice(
        ("", "<?xml version='1.0'?>\n", '<?xml version="1.0" encoding="UTF-8" ?>')
    )
    return (declaration + text).encode()


class _Writer:
    def __init__(self, prefixes: random.Random, style: random.Random) -> None:
        self._prefixes, self._style = prefixes, style

    def element(self, node: Node, scope: dict[str, str]) -> str:
        scope, declared, used = dict(scope), {}, set()
        for number in range(node.unused):
            declared[f"u{number}"] = "urn:unused"
        prefix = self._prefix(node.space, scope, declared, used, is_attribute=False)
        name = f"{prefix}:{node.name}" if prefix else node.name
        given = [
            (f"{self._prefix(space, scope, declared, used, is_attribute=True)}:{local}" if space else local, value)
            for (space, local), value in node.attributes.items()
        ]
        given += [(f"xmlns:{short}" if short else "xmlns", uri) for short, uri in declared.items()]
        scope |= declared
        self._style.shuffle(given)
        inside = "".join(
            self._text(each) if isinstance(each, str) else self.element(each, scope) for each in node.content
        )
        attributes = "".join(f"{self._gap()}{key}{self._equals()}{self._value(value)}" for key, value in given)
        end = self._style.choice(("", "", " ", "\n"))
        return f"<{name}{attributes}{end}>{inside}</{name}{self._style.choice(('', ' '))}>"

    def _prefix(
        self, space: str, scope: dict[str, str], declared: dict[str, str], used: set[str], *, is_attribute: bool
    ) -> str:
        if space == _XML:
            return "xml"
        now = scope | declared
        known = [short for short, uri in now.items() if uri == space and (short or not is_attribute)]
        if not space and not is_attribute:
            if now[""]:  # a default namespace is undone
                declared[""] = ""
            return ""
        if known and self._prefixes.random() < 0.7:
            found = self._prefixes.choice(sorted(known))
            used.add(found)
            return found
        choices = ["p", "q", "ds"] if is_attribute else ["", "p", "q", "ds"]
        free = [short for short in choices if short not in declared and short not in used]
        short = self._prefixes.choice(free) if free else f"n{len(declared)}"
        declared[short] = space
        return short

    def _gap(self) -> str:
        return self._style.choice((" ", "  ", "\n", "\t"))

    def _equals(self) -> str:
        return self._style.choice(("=", "=", " = "))

    def _value(self, value: str) -> str:
        quote = self._style.choice("\"'")
        return quote + "".join(self._character(each, f"<&{quote}\r\n\t") for each in value) + quote

    def _text(self, value: str) -> str:
        if self._style.random() < 0.3 and "]]>" not in value and "\r" not in value:
            return f"<![CDATA[{value}]]>"
        ends = self._style.choice(("\n", "\n", "\r\n"))
        return "".join(self._character(each, "<&>\r") for each in value).replace("\n", ends)

    def _character(self, one: str, special: str) -> str:
        names = {"<": "&lt;", "&": "&amp;", ">": "&gt;", '"': "&quot;", "'": "&apos;"}
        as_reference = self._style.choice((f"&#{ord(one)};", f"&#x{ord(one):X};", f"&#x{ord(one):04x};"))
        if one in special:
            return self._style.choice((names.get(one, as_reference), as_reference))
        return as_reference if self._style.random() < 0.1 else one
