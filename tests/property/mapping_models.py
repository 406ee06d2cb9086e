"""Random maps: two schemas, the rules between them, and documents that the rules carry whole."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path
from xml.sax.saxutils import escape

from hypothesis import strategies as st

from adapters.mapping.compile import compile_map
from adapters.mapping.plan import MapPlan
from schemas.codes import CodeTables
from schemas.validate import Schema

HANOI = timezone(timedelta(hours=7))
LETTERS = "aăâbcdđeêghiklmnoôơpqrstuưvxyáàảãạấẫộựỹ<>&"
WORDS = st.lists(st.text(LETTERS, min_size=1, max_size=6), min_size=1, max_size=4).map(" ".join)
DAYS = st.dates(min_value=date(1900, 1, 1), max_value=date(2100, 1, 1))
TIMES = st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2100, 1, 1)).map(
    lambda moment: moment.replace(microsecond=0, tzinfo=HANOI).isoformat()
)


@dataclass(frozen=True)
class Leaf:
    """One kind with the types it stands between and the canonical values it carries."""

    rule: str
    legacy: str
    canonical: str
    values: st.SearchStrategy[str]


LEAVES = (
    Leaf('kind="text"', "xs:string", "xs:string", WORDS),
    Leaf('kind="code"', "xs:string", "xs:string", st.from_regex(r"[A-Z0-9.-]{1,12}", fullmatch=True)),
    Leaf('kind="person-name" max="60"', "xs:string", "xs:string", WORDS),
    Leaf(
        'kind="digits" length="9 12"',
        "xs:string",
        "xs:string",
        st.from_regex(r"099[0-9]{6}([0-9]{3})?", fullmatch=True),
    ),
    Leaf('kind="date" format="dd/MM/yyyy"', "xs:string", "xs:date", DAYS.map(str)),
    Leaf('kind="date" format="iso"', "xs:date", "xs:date", DAYS.map(str)),
    Leaf('kind="date" format="iso-local"', "xs:dateTime", "xs:date", DAYS.map(str)),
    Leaf('kind="datetime" format="yyyyMMddHHmmss"', "xs:string", "xs:dateTime", TIMES),
    Leaf('kind="datetime" format="iso-utc"', "xs:dateTime", "xs:dateTime", TIMES),
    Leaf('kind="datetime" format="d/M/yyyy H:mm:ss"', "xs:string", "xs:dateTime", TIMES),
    Leaf('kind="integer"', "xs:long", "xs:integer", st.integers(-(10**12), 10**12).map(str)),
    Leaf(
        'kind="decimal" decimal="," thousands="."',
        "xs:string",
        "xs:decimal",
        st.integers(-(10**9), 10**9).map(lambda n: f"{n}.25"),
    ),
    Leaf('kind="flag" true="Co|1" false="Khong|0"', "xs:string", "xs:boolean", st.sampled_from(["true", "false"])),
    Leaf(
        'kind="base64"',
        "xs:base64Binary",
        "xs:base64Binary",
        st.binary(min_size=1, max_size=30).map(lambda body: base64.b64encode(body).decode()),
    ),
    Leaf('kind="table" table="mau"', "xs:int", "xs:string", st.sampled_from(["mot", "hai", "ba"])),
    Leaf('kind="phone"', "xs:string", "xs:string", st.from_regex(r"0990[0-9]{6}", fullmatch=True)),
    Leaf('kind="email"', "xs:string", "xs:string", st.from_regex(r"[a-z]{1,8}@[a-z]{1,8}\.example", fullmatch=True)),
)
TABLE = "legacy,canonical,reverse,valid_from,valid_to,note\n1,mot,yes,,,\n2,hai,yes,,,\n3,ba,yes,,,\n"

Draw = Callable[..., object]


@dataclass
class Piece:
    """What one or a few rules add to a scope: declarations of both sides, and canonical content by name."""

    rules: str
    legacy: list[str] = field(default_factory=list)
    canonical: dict[str, str] = field(default_factory=dict)  # name → declaration
    content: Callable[[Draw], dict[str, str]] = lambda _: {}  # name → XML, absent = absent


class Names:
    """Names nothing else has."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, prefix: str) -> str:
        self.count += 1
        return f"{prefix}{self.count}"


@st.composite
def models(draw: Draw) -> tuple[str, str, str, str]:
    """Legacy schema, canonical schema, rules, and one canonical document the rules carry whole."""
    names = Names()
    scope = _scope(draw, names, depth=0, constants=True)
    order = draw(st.permutations(sorted(scope.legacy)))
    assert isinstance(order, list)
    legacy = _schema("", _sequence("Cu", "\n".join(order)))
    canonical = _schema("urn:chuan", _sequence("Chuan", "\n".join(scope.canonical.values())))
    content = scope.content(draw)
    body = "".join(content.get(name, "") for name in scope.canonical)
    return legacy, canonical, scope.rules, f'<Chuan xmlns="urn:chuan">{body}</Chuan>'


def compiled(folder: Path, legacy: str, canonical: str, rules: str) -> tuple[MapPlan, Schema, Schema]:
    """The plan of a model and its two schemas."""
    schemas = []
    for name, text in (("cu", legacy), ("chuan", canonical)):
        (folder / name).mkdir()
        (folder / name / "a.xsd").write_text(text, encoding="utf-8")
        schemas.append(Schema.load(folder / name / "a.xsd"))
    (folder / "tables").mkdir()
    (folder / "tables" / "mau.csv").write_text(TABLE, encoding="utf-8")
    file = folder / "a.map.xml"
    file.write_text(
        f'<map xmlns="urn:lienthong:map:1" id="a" legacy="Cu" canonical="Chuan">\n{rules}\n</map>', encoding="utf-8"
    )
    tables = CodeTables.load(folder / "tables")
    return compile_map(file, legacy=schemas[0], canonical=schemas[1], tables=tables), schemas[0], schemas[1]


def _scope(draw: Draw, names: Names, *, depth: int, constants: bool) -> Piece:
    """A few pieces side by side; the first is a leaf, so that there is always something to carry."""
    makers = [_leaf]
    choices = [_leaf, _leaf, _switch, _zip] + ([_group, _each, _legacy_group, _canonical_group] if depth < 2 else [])
    choices += [_constants] if constants else []
    more = draw(st.lists(st.sampled_from(choices), max_size=5 if depth == 0 else 3))
    assert isinstance(more, list)
    pieces = [maker(draw, names, depth) for maker in (*makers, *more)]
    whole = Piece("\n".join(piece.rules for piece in pieces))
    for piece in pieces:
        whole.legacy += piece.legacy
        whole.canonical |= piece.canonical

    def content(pick: Draw) -> dict[str, str]:
        found: dict[str, str] = {}
        for piece in pieces:
            found |= piece.content(pick)
        return found

    whole.content = content
    return whole


def _leaf(draw: Draw, names: Names, depth: int) -> Piece:
    leaf = draw(st.sampled_from(LEAVES))
    assert isinstance(leaf, Leaf)
    old, new = names("l"), names("C")

    def content(pick: Draw) -> dict[str, str]:
        return {new: f"<{new}>{escape(str(pick(leaf.values)))}</{new}>"} if pick(st.booleans()) else {}

    return Piece(
        f'<field legacy="{old}" canonical="{new}" {leaf.rule}/>',
        [_one(old, leaf.legacy)],
        {new: _one(new, leaf.canonical)},
        content,
    )


def _constants(draw: Draw, names: Names, depth: int) -> Piece:
    old, new = names("l"), names("C")
    rules = f'<constant canonical="{new}" value="chuan"/><constant legacy="{old}" value="7"/>'
    return Piece(rules, [_one(old, "xs:int")], {new: _one(new, "xs:string")}, lambda _: {new: f"<{new}>chuan</{new}>"})


def _switch(draw: Draw, names: Names, depth: int) -> Piece:
    """A code that decides which legacy element carries a value; judged on either side."""
    code, a, b, new_code, new = names("l"), names("l"), names("l"), names("C"), names("C")
    side = draw(st.sampled_from([f'legacy="{code}"', f'canonical="{new_code}"']))
    rules = f"""<field legacy="{code}" canonical="{new_code}" kind="code"/>
    <when {side} equals="x"><field legacy="{a}" canonical="{new}"/></when>
    <when {side} not-equals="x"><field legacy="{b}" canonical="{new}"/></when>"""

    def content(pick: Draw) -> dict[str, str]:
        found = (
            {new_code: f"<{new_code}>{pick(st.sampled_from(['x', 'y']))}</{new_code}>"} if pick(st.booleans()) else {}
        )
        return found | ({new: f"<{new}>{escape(str(pick(WORDS)))}</{new}>"} if pick(st.booleans()) else {})

    texts = [_one(name, "xs:string") for name in (code, a, b)]
    return Piece(rules, texts, {name: _one(name, "xs:string") for name in (new_code, new)}, content)


def _zip(draw: Draw, names: Names, depth: int) -> Piece:
    a, b, new, one, two = names("l"), names("l"), names("C"), names("C"), names("C")
    rules = f"""<zip separator="|" canonical="{new}"><field legacy="{a}" canonical="{one}"/>
    <field legacy="{b}" canonical="{two}" kind="date" format="dd/MM/yyyy"/></zip>"""
    declared = _element(new, _one(one, "xs:string") + _one(two, "xs:date"), least=0, most="unbounded")

    def content(pick: Draw) -> dict[str, str]:
        items = []
        for _ in range(int(str(pick(st.integers(0, 3))))):
            first = pick(st.booleans())
            inside = f"<{one}>{escape(str(pick(WORDS)))}</{one}>" if first else ""
            inside += f"<{two}>{pick(DAYS)}</{two}>" if not first or pick(st.booleans()) else ""
            items.append(f"<{new}>{inside}</{new}>")
        return {new: "".join(items)}

    return Piece(rules, [_one(a, "xs:string"), _one(b, "xs:string")], {new: declared}, content)


def _group(draw: Draw, names: Names, depth: int) -> Piece:
    inner = _scope(draw, names, depth=depth + 1, constants=False)
    old, new = names("g"), names("G")
    rules = f'<group legacy="{old}" canonical="{new}">{inner.rules}</group>'
    return Piece(rules, [_element(old, "".join(inner.legacy))], {new: _block(new, inner)}, _filled(new, inner))


def _legacy_group(draw: Draw, names: Names, depth: int) -> Piece:
    inner = _scope(draw, names, depth=depth + 1, constants=False)
    old = names("g")
    rules = f'<group legacy="{old}">{inner.rules}</group>'
    return Piece(rules, [_element(old, "".join(inner.legacy))], inner.canonical, inner.content)


def _canonical_group(draw: Draw, names: Names, depth: int) -> Piece:
    inner = _scope(draw, names, depth=depth + 1, constants=False)
    new = names("G")
    rules = f'<group canonical="{new}">{inner.rules}</group>'
    return Piece(rules, inner.legacy, {new: _block(new, inner)}, _filled(new, inner))


def _each(draw: Draw, names: Names, depth: int) -> Piece:
    inner = _scope(draw, names, depth=depth + 1, constants=True)
    old, key_old, new, key = names("e"), names("l"), names("E"), names("C")
    ordered = draw(st.sampled_from(["", f' order-by="{key}"']))
    rules = f"""<each legacy="{old}" canonical="{new}"{ordered}>
    <field legacy="{key_old}" canonical="{key}" kind="integer"/>{inner.rules}</each>"""
    declared = _one(key, "xs:integer") + "".join(inner.canonical.values())
    inside = _element(old, "".join(inner.legacy) + _one(key_old, "xs:long"), least=0, most="unbounded")

    def content(pick: Draw) -> dict[str, str]:
        keys = pick(st.lists(st.integers(0, 20), max_size=3))
        assert isinstance(keys, list)
        items = []
        for number in sorted(keys) if ordered else keys:
            found = inner.content(pick)
            body = "".join(found.get(name, "") for name in inner.canonical)
            items.append(f"<{new}><{key}>{number}</{key}>{body}</{new}>")
        return {new: "".join(items)}

    return Piece(rules, [inside], {new: _element(new, declared, least=0, most="unbounded")}, content)


def _block(name: str, inner: Piece) -> str:
    return _element(name, "".join(inner.canonical.values()))


def _filled(name: str, inner: Piece) -> Callable[[Draw], dict[str, str]]:
    def content(pick: Draw) -> dict[str, str]:
        found = inner.content(pick)
        body = "".join(found.get(each, "") for each in inner.canonical)
        return {name: f"<{name}>{body}</{name}>"} if body else {}

    return content


def _one(name: str, kind: str) -> str:
    return f'<xs:element name="{name}" type="{kind}" minOccurs="0"/>'


def _element(name: str, inside: str, *, least: int = 0, most: str = "1") -> str:
    head = f'<xs:element name="{name}" minOccurs="{least}" maxOccurs="{most}">'
    return f"{head}<xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>"


def _sequence(name: str, inside: str) -> str:
    return (
        f'<xs:element name="{name}"><xs:complexType><xs:sequence>{inside}</xs:sequence></xs:complexType></xs:element>'
    )


def _schema(namespace: str, inside: str) -> str:
    target = f'targetNamespace="{namespace}" elementFormDefault="qualified"' if namespace else ""
    return f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" {target}>{inside}</xs:schema>'
