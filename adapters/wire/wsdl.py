"""The WSDL of a door: the partner's own file with our address in it, or one made from the schema.

`?wsdl` gives all, `?wsdl=1.1` only what a SOAP 1.1 client understands, `?xsd=NAME` an imported file. Only files
that the WSDL (or the schema) of the folder reaches by import or include are ever served.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from urllib.parse import quote

from lxml import etree

from adapters.adapter import Adapter
from adapters.wire.contract import HttpReply, HttpRequest
from adapters.wire.paths import local_name, namespace
from adapters.wire.wsdl_made import made_wsdl
from schemas.xmldoc import parse, to_bytes

WSDL = "http://schemas.xmlsoap.org/wsdl/"
WSDL_SOAP11 = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
XSD = "http://www.w3.org/2001/XMLSchema"
_POINTERS = {
    f"{{{WSDL}}}import": "location",
    f"{{{XSD}}}import": "schemaLocation",
    f"{{{XSD}}}include": "schemaLocation",
    f"{{{XSD}}}redefine": "schemaLocation",
}
_TYPE = {"content-type": "text/xml; charset=utf-8", "cache-control": "max-age=60"}


def serve(adapter: Adapter, request: HttpRequest) -> HttpReply | None:
    """Answers `?wsdl` and `?xsd=`; None where the request asks for neither, or for a file that is not ours."""
    if adapter.manifest.whole_envelope and not adapter.manifest.wsdl:
        return None  # a made WSDL could not say what the schema wants in the header
    query = {name.lower(): value for name, value in request.query.items()}
    if "xsd" in query:
        body = _file(adapter.folder, _main(adapter), query["xsd"], request.address)
    elif "wsdl" in query:
        only_11 = query["wsdl"] in ("1.1", "soap11", "11")
        body = _described(adapter, request.address, only_11=only_11)
    else:
        return None
    return None if body is None else HttpReply(200, _TYPE, body)


def _main(adapter: Adapter) -> str:
    return adapter.manifest.wsdl or adapter.manifest.schema


def _described(adapter: Adapter, address: str, *, only_11: bool) -> bytes | None:
    if not adapter.manifest.wsdl:
        schema = quote(Path(adapter.manifest.schema).name)
        return to_bytes(made_wsdl(adapter, address, f"{address}?xsd={schema}", only_11=only_11))
    return _written(adapter.folder, adapter.manifest.wsdl, address, only_11=only_11)


@lru_cache(maxsize=64)
def _written(folder: Path, wsdl: str, address: str, *, only_11: bool) -> bytes:
    """The partner's WSDL with our address."""
    file = folder / wsdl
    root = _rewritten(folder, file, address, _names(folder, file))
    if only_11:
        _drop_soap12(root)
    for port in root.iter(f"{{{WSDL_SOAP11}}}address", f"{{{WSDL_SOAP12}}}address"):
        port.set("location", address)
    return to_bytes(root)


@lru_cache(maxsize=128)
def _file(folder: Path, main: str, name: str, address: str) -> bytes | None:
    """One file reached from the main one, its own pointers rewritten."""
    names = _names(folder, folder / main)
    wanted = next((path for path, known in names.items() if known == name), None)
    return None if wanted is None else to_bytes(_rewritten(folder, wanted, address, names))


def _names(folder: Path, main: Path) -> Mapping[Path, str]:
    """Every file reached from `main`, with the name it is served under."""
    names: dict[Path, str] = {}
    queue = [main.resolve()]
    while queue:
        path = queue.pop()
        if path in names:
            continue
        names[path] = path.name if path.name not in names.values() else f"{len(names)}-{path.name}"
        queue += [target for _, _, target in _pointers(folder, path, parse(path.read_bytes()))]
    return names


def _pointers(folder: Path, file: Path, root: etree._Element) -> Iterator[tuple[etree._Element, str, Path]]:
    for element in root.iter(*_POINTERS):
        attribute = _POINTERS[str(element.tag)]
        where = element.get(attribute, "")
        target = (file.parent / where).resolve()
        if where and "://" not in where and target.is_relative_to(folder.resolve()) and target.is_file():
            yield element, attribute, target


def _rewritten(folder: Path, file: Path, address: str, names: Mapping[Path, str]) -> etree._Element:
    root = parse(file.read_bytes())
    for element, attribute, target in list(_pointers(folder, file, root)):
        element.set(attribute, f"{address}?xsd={quote(names[target])}")
    return root


def _drop_soap12(root: etree._Element) -> None:
    """Removes SOAP 1.2 bindings and their ports, which confuse old clients."""
    for binding in root.findall(f"{{{WSDL}}}binding"):
        if any(namespace(part) == WSDL_SOAP12 and local_name(part) == "binding" for part in binding):
            root.remove(binding)
    for service in root.findall(f"{{{WSDL}}}service"):
        for port in service.findall(f"{{{WSDL}}}port"):
            if any(namespace(part) == WSDL_SOAP12 for part in port):
                service.remove(port)
