"""One loaded system folder. One class: a new system is a folder, not a subclass."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from adapters.manifest import Manifest
from adapters.mapping.plan import MapPlan
from schemas.codes import CodeTables
from schemas.validate import Schema


@dataclass(frozen=True, slots=True)
class Adapter:
    """A system, ready for use: manifest, compiled schema, compiled maps, tables. Immutable, thread-safe."""

    folder: Path
    manifest: Manifest
    schema: Schema  # the partner's own contract
    maps: Mapping[str, MapPlan]  # by file name under maps/
    tables: CodeTables  # the folder's cross-walks over the shared tables
    profile: str  # digest over manifest, maps, tables and schemas: what "as then" means

    @property
    def id(self) -> str:
        """The folder's name, as in routes."""
        return self.manifest.id

    @property
    def party(self) -> str:
        """The partner's name in the identity table."""
        return self.manifest.party or self.manifest.id
