"""Reads a partner's WSDL 1.1 or XSD: which files it is made of, which operations it has. Nothing is fetched."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from lxml import etree

from schemas.problem import Place, Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse, to_bytes

_WSDL = "{http://schemas.xmlsoap.org/wsdl/}"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_SOAP = ("{http://schemas.xmlsoap.org/wsdl/soap/}", "{http://schemas.xmlsoap.org/wsdl/soap12/}")
_LIMITS = XmlLimits(namespaces=20_000)


@dataclass(frozen=True, slots=True)
class FoundOperation:
    """One operation of a contract."""

    name: str
    element: str  # local name of the request element
    reply_element: str  # "" = one way
    soap_action: str


@dataclass(frozen=True, slots=True)
class Contract:
    """What a contract says. File names are relative to its folder, the contract itself first."""

    parts: Mapping[str, bytes]
    wsdl: str  # "" = an XSD alone
    schema: str  # the main XSD among `parts`
    namespace: str
    operations: tuple[FoundOperation, ...]


def read_contract(file: Path) -> Contract:
    """The contract in a file and in the files beside it that it reaches.

    Raises:
        Refused: it cannot be read, is neither WSDL 1.1 nor XSD, or reaches a file that is not beside it.
    """
    body = file.read_bytes()
    root = parse(body, limits=_LIMITS, stage=Stage.CONFIGURE)
    if root.tag == f"{_XS}schema":
        files = {file.name: body, **_reached(file, root)}
        return Contract(files, "", file.name, root.get("targetNamespace", ""), tuple(_by_elements(root)))
    if root.tag != f"{_WSDL}definitions":
        raise _refused(file.name, f"<{etree.QName(root).localname}>: not WSDL 1.1, not XSD")
    return _wsdl(file, body, root)


def _wsdl(file: Path, body: bytes, root: etree._Element) -> Contract:
    files = {file.name: body, **_reached(file, root)}
    operations = tuple(_operations(root))
    if not operations:
        raise _refused(file.name, "no operation with a document/literal element")
    written = _inline_schemas(root)
    for name, schema in written.items():
        files.setdefault(name, to_bytes(schema))
    schema_name, namespace = _main(files, operations[0].element)
    if not schema_name:
        raise _refused(file.name, f"no schema declares {operations[0].element}")
    return Contract(files, file.name, schema_name, namespace, operations)


def _main(files: Mapping[str, bytes], element: str) -> tuple[str, str]:
    """The file that declares the first operation's element, and its namespace."""
    for name, body in files.items():
        root = parse(body, limits=_LIMITS, stage=Stage.CONFIGURE)
        declared = {each.get("name") for each in root.findall(f"{_XS}element")}
        if root.tag == f"{_XS}schema" and element in declared:
            return name, root.get("targetNamespace", "")
    return "", ""


def _operations(root: etree._Element) -> Iterator[FoundOperation]:
    messages = {message.get("name", ""): _element_of(message) for message in root.findall(f"{_WSDL}message")}
    actions = _actions(root)
    seen: set[str] = set()
    for operation in root.iterfind(f"{_WSDL}portType/{_WSDL}operation"):
        name = operation.get("name", "")
        element = messages.get(_message(operation, "input"), "")
        if name in seen or not element:
            continue
        seen.add(name)
        yield FoundOperation(name, element, messages.get(_message(operation, "output"), ""), actions.get(name, ""))


def _message(operation: etree._Element, side: str) -> str:
    found = operation.find(_WSDL + side)
    return _local(found.get("message", "")) if found is not None else ""


def _element_of(message: etree._Element) -> str:
    part = message.find(f"{_WSDL}part")
    return _local(part.get("element", "")) if part is not None else ""


def _actions(root: etree._Element) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for operation in root.iterfind(f"{_WSDL}binding/{_WSDL}operation"):
        for space in _SOAP:
            bound = operation.find(f"{space}operation")
            if bound is not None and bound.get("soapAction"):
                found.setdefault(operation.get("name", ""), bound.get("soapAction", ""))
    return found


def _by_elements(root: etree._Element) -> Iterator[FoundOperation]:
    """An XSD alone: each element with a …Response beside it, else every global element."""
    names = [each.get("name", "") for each in root.findall(f"{_XS}element")]
    pairs = [name for name in names if f"{name}Response" in names]
    for name in pairs or names:
        yield FoundOperation(name, name, f"{name}Response" if pairs else "", "")


def _inline_schemas(root: etree._Element) -> Mapping[str, etree._Element]:
    """Schemas inside the WSDL as files of their own, importing each other by name."""
    inline = [each for each in root.iterfind(f"{_WSDL}types/{_XS}schema") if _declares(each)]
    names = {each.get("targetNamespace", ""): f"types-{number}.xsd" for number, each in enumerate(inline, start=1)}
    made: dict[str, etree._Element] = {}
    for each in inline:
        # Written and read: a deep copy would lose the prefixes declared above it that only type="…" values use.
        copy = parse(to_bytes(each), limits=_LIMITS, stage=Stage.CONFIGURE)
        for link in copy.findall(f"{_XS}import"):
            target = names.get(link.get("namespace", ""))
            if target and not link.get("schemaLocation"):
                link.set("schemaLocation", target)
        made[names[each.get("targetNamespace", "")]] = copy
    return made


def _declares(schema: etree._Element) -> bool:
    return any(child.tag not in (f"{_XS}import", f"{_XS}annotation") for child in schema)


def _reached(file: Path, root: etree._Element) -> dict[str, bytes]:
    """Files beside the contract that it includes or imports, by name."""
    found: dict[str, bytes] = {}
    waiting = [(file, root)]
    while waiting:
        here, element = waiting.pop()
        for where in _links(element):
            target = (here.parent / where).resolve()
            if "://" in where or not target.is_relative_to(file.parent.resolve()) or not target.is_file():
                raise _refused(file.name, f"{where}: not beside the contract")
            name = target.relative_to(file.parent.resolve()).as_posix()
            if name not in found and target != file.resolve():
                found[name] = target.read_bytes()
                waiting.append((target, parse(found[name], limits=_LIMITS, stage=Stage.CONFIGURE)))
    return found


def _links(root: etree._Element) -> Iterator[str]:
    for link in root.iter(f"{_XS}import", f"{_XS}include", f"{_WSDL}import"):
        if where := link.get("schemaLocation") or link.get("location"):
            yield where


def _local(name: str) -> str:
    return name.rpartition(":")[2]


def _refused(name: str, reason: str) -> Refused:
    values = {"file": name, "reason": reason}
    return Refused((problem("LT-SYS-006", Stage.CONFIGURE, values).at(ours=Place(name)),))
