"""Loads system folders into Adapters. Built-in and foreign folders enter by the same door."""

from __future__ import annotations

import hashlib
import importlib.util
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from types import MappingProxyType

from adapters.adapter import Adapter
from adapters.manifest import Manifest
from adapters.manifest_file import NAME, read_manifest
from adapters.mapping.compile import compile_map
from adapters.mapping.documents import XML, json_with
from adapters.mapping.kinds import Kind
from adapters.mapping.plan import Finish, MapPlan
from adapters.sanity import check_manifest
from adapters.wire.jsonxml import compact, json_to_xml, xml_to_json
from schemas.catalog import canonical
from schemas.codes import CodeTables
from schemas.problem import Place, Problem, Refused, Stage, problem
from schemas.validate import Schema

ENVIRONMENT = "LIENTHONG_SYSTEMS"
_MAPS = "*.map.xml"


class Registry:
    """Every system of one installation, by id. Immutable once loaded."""

    def __init__(self, adapters: Mapping[str, Adapter]) -> None:
        self._adapters = MappingProxyType(dict(adapters))

    @classmethod
    def load(cls, *folders: str | Path) -> Registry:
        """The built-in systems, those of LIENTHONG_SYSTEMS and those given: a folder is a system or holds systems.

        Raises:
            Refused: with the problems of every folder.
        """
        adapters: dict[str, Adapter] = {}
        problems: list[Problem] = []
        for folder in system_folders(*folders):
            try:
                adapter = load_system(folder)
            except Refused as refused:
                problems += refused.problems
                continue
            first = adapters.setdefault(adapter.id, adapter)
            if first is not adapter:
                values = {"id": adapter.id, "first": first.folder, "second": folder}
                problems.append(problem("LT-SYS-015", Stage.CONFIGURE, values).at(ours=Place(_where(folder))))
        if problems:
            raise Refused(tuple(problems))
        return cls(adapters)

    def __getitem__(self, id: str) -> Adapter:
        return self._adapters[id]

    def __iter__(self) -> Iterator[Adapter]:
        return iter(self._adapters.values())

    def __len__(self) -> int:
        return len(self._adapters)

    def __contains__(self, id: object) -> bool:
        return id in self._adapters


def system_folders(*more: str | Path) -> tuple[Path, ...]:
    """Every folder that is a system, each once: built-in ones first, then LIENTHONG_SYSTEMS, then those given."""
    listed = [part for part in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if part]
    roots = [built_in(), *(Path(each) for each in (*listed, *more))]
    found: dict[Path, None] = {}
    for root in roots:
        here = root.resolve()
        inside = [file.parent for file in sorted(here.glob(f"*/{NAME}"))]
        # A given folder without any manifest is reported by load_system, not passed over.
        found |= dict.fromkeys([here] if (here / NAME).is_file() or not inside else inside)
    return tuple(found)


def built_in() -> Path:
    """The folder of the systems we bring."""
    return Path(str(resources.files("adapters"))) / "systems"


def load_system(folder: Path) -> Adapter:
    """One system folder, ready for use.

    Raises:
        Refused: with every problem found: of the manifest, the schema, the tables, the maps, and between them.
    """
    folder = Path(folder).resolve()
    manifest = read_manifest(folder)
    schema, tables, hooks, problems = _parts(folder, manifest)
    if schema is None or tables is None or problems:
        raise Refused(tuple(problems))
    maps, problems = _maps(folder, schema, tables, hooks)
    # With a broken map, paths are still checked: all problems at once.
    problems += check_manifest(manifest, folder=folder, schema=schema, maps=maps, broken=_broken(problems))
    if problems:
        raise Refused(tuple(problems))
    profile = profile_of(folder, schema=schema, tables=tables, maps=maps)
    return Adapter(folder, manifest, schema, MappingProxyType(maps), tables, profile)


def profile_of(folder: Path, *, schema: Schema, tables: CodeTables, maps: Mapping[str, MapPlan]) -> str:
    """The digest of everything that decides what becomes of a message: what "as then" means."""
    digest = hashlib.sha256()
    for name in (NAME, "hooks.py"):
        file = folder / name
        digest.update(f"{name}\0".encode() + (file.read_bytes() if file.is_file() else b"") + b"\0")
    for part in (schema.digest, canonical().digest, tables.digest):
        digest.update(part.encode() + b"\0")
    for name in sorted(maps):
        digest.update(f"{name}\0{maps[name].digest}\0".encode())
    return digest.hexdigest()


@dataclass(frozen=True, slots=True)
class Hooks:
    """What a folder's `hooks.py` brings. The last resort: only with hooks = true."""

    kinds: Mapping[str, Kind]  # KINDS: mapping kinds of its own, by name
    finish: Mapping[str, Finish]  # FINISH: by map file, what is written into the made element after the pairs


# What may stand inside a text node of a partner's message: the maps know the rule, the wires know JSON.
_DOCUMENTS = MappingProxyType(
    {**XML, "json": json_with(json_to_xml, lambda element, shape: compact(xml_to_json(element, shape)).decode())}
)
_NO_HOOKS = Hooks({}, {})


def _parts(folder: Path, manifest: Manifest) -> tuple[Schema | None, CodeTables | None, Hooks, list[Problem]]:
    problems: list[Problem] = []
    schema: Schema | None = None
    tables: CodeTables | None = None
    file = folder / manifest.schema
    if not file.is_file():
        problems.append(_say("LT-SYS-005", folder, file=manifest.schema))
    else:
        try:
            schema = Schema.load(file)
        except Refused as refused:
            problems += refused.problems
    try:
        own = folder / "tables"
        tables = CodeTables.load(shared_tables(), *([own] if own.is_dir() else []))
    except Refused as refused:
        problems += refused.problems
    hooks = _NO_HOOKS
    if manifest.hooks != (folder / "hooks.py").is_file():
        problems.append(_say("LT-SYS-014", folder))
    elif manifest.hooks:
        try:
            hooks = load_hooks(folder / "hooks.py")
        except Exception as error:  # the folder's own code: whatever it raises is its problem, told with its file
            problems.append(_say("LT-SYS-022", folder, reason=f"{type(error).__name__}: {error}"))
    return schema, tables, hooks, problems


def load_hooks(file: Path) -> Hooks:
    """What a folder's `hooks.py` brings.

    Raises:
        AttributeError: it has no KINDS (an empty tuple where it needs none).
    """
    spec = importlib.util.spec_from_file_location(f"lienthong_hooks_{file.parent.name}", file)
    if spec is None or spec.loader is None:
        raise ImportError(str(file))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return Hooks({kind.name: kind for kind in module.KINDS}, dict(getattr(module, "FINISH", {})))


def shared_tables() -> Path:
    """The code tables every system may use."""
    return Path(str(resources.files("schemas"))) / "tables"


def _maps(folder: Path, schema: Schema, tables: CodeTables, hooks: Hooks) -> tuple[dict[str, MapPlan], list[Problem]]:
    maps: dict[str, MapPlan] = {}
    problems: list[Problem] = []
    for file in sorted((folder / "maps").glob(_MAPS)):
        try:
            maps[file.name] = compile_map(
                file, legacy=schema, canonical=canonical(), tables=tables,
                documents=_DOCUMENTS, extra_kinds=hooks.kinds, finish=hooks.finish.get(file.name),
            )  # fmt: skip
        except Refused as refused:
            problems += [each.at(ours=_in_folder(each.ours, folder, file)) for each in refused.problems]
    return maps, problems


def _broken(problems: list[Problem]) -> frozenset[str]:
    """Names of map files that did not compile."""
    return frozenset(each.ours.source.rpartition("/")[2] for each in problems if each.ours is not None)


def _in_folder(place: Place | None, folder: Path, file: Path) -> Place:
    where = f"{folder.name}/maps/{file.name}"
    return Place(where, place.line, place.path, place.quote) if place else Place(where)


def _say(code: str, folder: Path, **values: object) -> Problem:
    return problem(code, Stage.CONFIGURE, values).at(ours=Place(_where(folder)))


def _where(folder: Path) -> str:
    return f"{folder.name}/{NAME}"
