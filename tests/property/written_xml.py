"""XML as a model, and the many ways to write it down: what is signed is what is said, however it is written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from hypothesis import strategies as st

PREFIXES: Mapping[str, str] = {"p": "urn:p", "q": "urn:q?a=1", "": "urn:default"}  # "": unprefixed names
LANGUAGES = ("", "vi", "en-GB")


@dataclass(frozen=True)
class Node:
    """An element; `inside`: texts and elements in turn."""

    prefix: str
    name: str
    attributes: tuple[tuple[str, str], ...]  # name with its prefix → value; at most one of a name
    language: str  # xml:lang; "" = none
    inside: tuple[Node | str, ...]


_TEXT = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Cn"), exclude_characters="@")
    | st.sampled_from("\n\t\r<>&'\"] ếẾ\u0301"),
    max_size=10,
)
_NAMES = st.sampled_from(["a", "b", "hoSo", "ma"])


def nodes(depth: int = 3) -> st.SearchStrategy[Node]:
    """Small trees with namespaces, xml:lang, carriage returns and every sign that must be escaped."""
    attributes = st.dictionaries(st.sampled_from(["k", "l", "p:k", "q:k"]), _TEXT, max_size=3).map(
        lambda found: tuple(sorted(found.items()))
    )
    inside = st.lists(_TEXT if not depth else _TEXT | nodes(depth - 1), max_size=3).map(tuple)
    return st.builds(Node, st.sampled_from(list(PREFIXES)), _NAMES, attributes, st.sampled_from(LANGUAGES), inside)


def written(node: Node, seed: int) -> str:
    """One of the many ways to write it. The declarations stand on the root."""
    return _Pen(Random(seed)).element(node, is_root=True)


@dataclass(frozen=True)
class _Pen:
    chance: Random

    def element(self, node: Node, *, is_root: bool = False) -> str:
        name = f"{node.prefix}:{node.name}" if node.prefix else node.name
        pairs = [(key, self._value(value)) for key, value in node.attributes]
        pairs += [("xml:lang", node.language)] if node.language else []
        if is_root or self.chance.random() < 0.2:
            pairs += [(f"xmlns:{key}" if key else "xmlns", uri) for key, uri in PREFIXES.items()]
            pairs += [("xmlns:khong", "urn:khong")] if self.chance.random() < 0.3 else []
        self.chance.shuffle(pairs)
        attributes = "".join(f"{self._space(1)}{key}{self._space(0)}={self._space(0)}{self._quoted(value)}"
                             for key, value in pairs)  # fmt: skip
        inside = "".join(self.element(each) if isinstance(each, Node) else self._text(each) for each in node.inside)
        if not inside and self.chance.random() < 0.5:
            return f"<{name}{attributes}{self._space(0)}/>"
        return f"<{name}{attributes}{self._space(0)}>{inside}</{name}{self._space(0)}>"

    def _space(self, least: int) -> str:
        return "".join(self.chance.choice(" \t\n") for _ in range(least + (self.chance.random() < 0.1)))

    def _quoted(self, value: str) -> str:
        quote = self.chance.choice("'\"")
        return f"{quote}{value.replace(quote, '&#34;' if quote == chr(34) else '&#39;')}{quote}"

    def _value(self, value: str) -> str:
        """White space but blanks must be written as references, or it would become blanks."""
        return "".join(self._reference(each) if each in "\t\n\r<&" else self._maybe(each) for each in value)

    def _text(self, text: str) -> str:
        # The guard refuses a DOCTYPE wherever it stands, also in CDATA; nobody writes one there in earnest.
        if text and not any(each in text for each in ("]]>", "\r", "<!")) and self.chance.random() < 0.3:
            return f"<![CDATA[{text}]]>"
        return "".join(self._reference(each) if each in "\r<&>" else self._line(each) for each in text)

    def _line(self, sign: str) -> str:
        return "\r\n" if sign == "\n" and self.chance.random() < 0.3 else self._maybe(sign)

    def _maybe(self, sign: str) -> str:
        return self._reference(sign) if self.chance.random() < 0.1 else sign

    def _reference(self, sign: str) -> str:
        named = {"<": "&lt;", ">": "&gt;", "&": "&amp;", "'": "&apos;", '"': "&quot;"}.get(sign, "")
        return self.chance.choice(
            [f"&#{ord(sign)};", f"&#x{ord(sign):X};", f"&#x00{ord(sign):x};", named or f"&#{ord(sign)};"]
        )
