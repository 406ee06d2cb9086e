"""Shapes: what an XSD says an element looks like."""

from pathlib import Path

import pytest

from schemas.shape import Scalar, Shape
from schemas.validate import Schema

XSD = """<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns="urn:t" targetNamespace="urn:t">
  <xs:element name="Goc"><xs:complexType><xs:sequence>
    <xs:element name="a" type="xs:int"/>
    <xs:element name="b" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
    <xs:sequence minOccurs="0" maxOccurs="3"><xs:element name="c" type="xs:dateTime" maxOccurs="2"/></xs:sequence>
    <xs:choice><xs:element name="d" type="xs:date"/>
      <xs:sequence><xs:element name="e" type="xs:base64Binary"/><xs:element ref="Chung"/></xs:sequence></xs:choice>
    <xs:element name="f" type="nhanh"/>
    <xs:group ref="nhom"/>
  </xs:sequence><xs:attribute name="k"/></xs:complexType></xs:element>
  <xs:element name="Chung" type="xs:boolean"/>
  <xs:group name="nhom"><xs:sequence><xs:element name="g" type="tien"/></xs:sequence></xs:group>
  <xs:complexType name="nhanh"><xs:sequence>
    <xs:element name="ten" type="xs:string"/><xs:element name="con" type="nhanh" minOccurs="0"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="tien"><xs:simpleContent><xs:extension base="xs:decimal">
    <xs:attribute name="don_vi"/></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="mo"><xs:complexContent><xs:extension base="nhanh"><xs:sequence>
    <xs:element name="them" type="xs:long"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
</xs:schema>"""


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Schema:
    file: Path = tmp_path_factory.mktemp("shape") / "a.xsd"
    file.write_text(XSD, encoding="utf-8")
    return Schema.load(file)


@pytest.fixture(scope="module")
def root(schema: Schema) -> Shape:
    return schema.shape("Goc")


def test_children_stand_in_schema_order(root: Shape) -> None:
    """Groups, sequences and choices are unfolded, in order."""
    assert [child.name for child in root.children] == ["a", "b", "c", "d", "e", "Chung", "f", "g"]


@pytest.mark.parametrize(
    ("name", "least", "most", "scalar", "choice"),
    [
        ("a", 1, 1, Scalar.INTEGER, False),
        ("b", 0, None, Scalar.STRING, False),
        ("c", 0, 6, Scalar.DATETIME, False),
        ("d", 0, 1, Scalar.DATE, True),
        ("e", 0, 1, Scalar.BASE64, True),
        ("Chung", 0, 1, Scalar.BOOLEAN, True),
        ("f", 1, 1, None, False),
        ("g", 1, 1, Scalar.DECIMAL, False),
    ],
)
def test_occurrences_and_scalars(
    root: Shape, name: str, least: int, most: int | None, scalar: Scalar | None, choice: bool
) -> None:
    """Occurrences multiply through groups; a branch of a choice is never required by itself."""
    child = root.child(name)
    assert child is not None
    assert (child.min_occurs, child.max_occurs, child.scalar, child.choice) == (least, most, scalar, choice)


def test_namespaces_follow_the_form(root: Shape) -> None:
    """A local element of an unqualified schema has no namespace, a global one has."""
    assert (root.namespace, root.children[0].namespace) == ("urn:t", "")
    chung = root.child("Chung")
    assert chung is not None
    assert chung.namespace == "urn:t"


def test_attributes(root: Shape) -> None:
    """Attributes are known by local name."""
    assert root.attributes == ("k",)
    money = root.child("g")
    assert money is not None
    assert money.attributes == ("don_vi",)


def test_paths(root: Shape) -> None:
    """A path goes down by local names; what is not there is None."""
    assert root.find("") is root
    found = root.find("f/ten")
    assert found is not None
    assert found.scalar is Scalar.STRING
    assert root.find("f/khong/co") is None


def test_type_within_itself_is_cut(root: Shape) -> None:
    """A type that contains itself is unfolded once."""
    inner = root.find("f/con")
    assert inner is not None
    assert inner.children == ()


def test_global_type_has_a_shape_with_its_base(schema: Schema) -> None:
    """A complexType is found by name, with what it extends."""
    assert [child.name for child in schema.shape("mo").children] == ["ten", "con", "them"]


def test_unknown_name_is_a_key_error(schema: Schema) -> None:
    """What the schema does not have is a KeyError."""
    with pytest.raises(KeyError):
        schema.shape("KhongCo")
