"""Templates to bytes: everything is escaped, an unknown name in a template is an error."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bus.web.console.asked import LIST, REFRESH_S
from bus.web.console.words import KINDS, STATES, VERDICTS

_WEB = Path(__file__).parents[1]
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Look:
    """What a browser gets."""

    body: bytes
    media_type: str
    headers: Mapping[str, str] = field(default_factory=lambda: _NO_HEADERS)


@dataclass(frozen=True, slots=True)
class StyleSheet:
    """The one style sheet. Its name changes with its content, so that it may be kept."""

    name: str
    look: Look


def _style() -> StyleSheet:
    body = (_WEB / "static" / "console.css").read_bytes()
    name = f"console-{hashlib.sha256(body).hexdigest()[:12]}.css"
    return StyleSheet(name, Look(body, "text/css; charset=utf-8", {"cache-control": "private, max-age=86400"}))


STYLE = _style()
_ENVIRONMENT = Environment(
    loader=FileSystemLoader(_WEB / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
)  # fmt: skip
_ENVIRONMENT.globals.update(
    LIST=LIST, STYLE=f"{LIST}/{STYLE.name}", REFRESH_S=REFRESH_S, KINDS=KINDS, STATES=STATES, VERDICTS=VERDICTS
)


def render(template: str, **values: object) -> Look:
    """One page."""
    text = _ENVIRONMENT.get_template(template).render(**values)
    return Look(text.encode(), "text/html; charset=utf-8")
