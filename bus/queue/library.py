"""The Lua functions as one library for FUNCTION LOAD; its name and theirs carry the digest of the text."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources

# In this order: a part uses local functions of those before it.
PARTS = ("keys.lua", "endpoint.lua", "lane.lua", "enqueue.lua", "claim.lua", "rebuild.lua", "admin.lua")


@dataclass(frozen=True, slots=True)
class Library:
    """One version of the functions. Old and new workers run side by side: no two versions share a name."""

    text: str  # Lua, without the first line
    version: str  # from the text

    @property
    def prefix(self) -> str:
        """What every function's name begins with."""
        return f"lt_{self.version}_"

    @property
    def source(self) -> str:
        """What is handed to FUNCTION LOAD."""
        return f"#!lua name=lienthong_{self.version}\nlocal PREFIX = '{self.prefix}'\n{self.text}"


def library_of(text: str) -> Library:
    """A library from its text."""
    return Library(text=text, version=hashlib.sha256(text.encode()).hexdigest()[:12])


@cache
def library() -> Library:
    """The library this version of lienthong uses."""
    folder = resources.files("bus.queue").joinpath("lua")
    return library_of("\n".join(folder.joinpath(part).read_text(encoding="utf-8") for part in PARTS))
