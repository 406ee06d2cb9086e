"""The files an XSD is made of: found inside its own folder, read once, hashed. Nothing is ever fetched."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree

from schemas.findings import line_of
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.xmldoc import XmlLimits, parse

SOURCE = "SOURCE.toml"
_XS = "{http://www.w3.org/2001/XMLSchema}"
_LINKS = tuple(_XS + name for name in ("include", "import", "redefine", "override"))
_LIMITS = XmlLimits(size_bytes=8_388_608, namespaces=20_000)


def root_of(file: Path) -> Path:
    """The folder no schemaLocation may leave: the nearest one with a SOURCE.toml, else the file's own."""
    return next((folder for folder in list(file.parents)[:4] if (folder / SOURCE).is_file()), file.parent)


def collect(file: Path) -> Mapping[str, str]:
    """Every file `file` is made of, itself first: path relative to the pack's folder → SHA-256.

    Raises:
        Refused: a file is missing or malformed, or a schemaLocation leaves the folder; all such problems at once.
    """
    file = file.resolve()
    root, waiting, seen = root_of(file), [file], dict[str, str]()
    problems: list[Problem] = []
    while waiting:
        current = waiting.pop(0)
        name = current.relative_to(root).as_posix()
        if name in seen:
            continue
        try:
            body = current.read_bytes()
            links = list(_links(parse(body, limits=_LIMITS, stage=Stage.CONFIGURE)))
        except OSError as fault:
            problems.append(problem("LT-SCH-101", Stage.CONFIGURE, {"file": name, "reason": fault.strerror}))
            continue
        except Refused as fault:
            problems += [found.at(ours=Place(name)) for found in fault.problems]
            continue
        seen[name] = hashlib.sha256(body).hexdigest()
        for location, line in links:
            target = _inside(location, current, root)
            if target is None:
                values = {"file": name, "location": location}
                problems.append(problem("LT-SCH-102", Stage.CONFIGURE, values).at(ours=Place(name, line)))
            else:
                waiting.append(target)
    if problems:
        raise Refused(tuple(problems))
    return seen


def _links(root: etree._Element) -> Iterator[tuple[str, int]]:
    for link in root.iter(*_LINKS):
        location = link.get("schemaLocation")
        if location:
            yield location, line_of(link)


def _inside(location: str, file: Path, root: Path) -> Path | None:
    parts = urlsplit(location)
    if parts.scheme or parts.netloc or location.startswith(("/", "\\")):
        return None
    target = (file.parent / unquote(parts.path)).resolve()
    return target if target.is_relative_to(root.resolve()) else None
