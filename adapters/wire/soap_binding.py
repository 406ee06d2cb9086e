"""What a partner's WSDL says about calling it: SOAP version and soapAction of each operation. zeep reads the WSDL.

Only files inside the system folder are opened; a location on the network, or outside the folder, is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import MappingProxyType
from typing import Any  # zeep is untyped where it matters here
from urllib.parse import unquote, urlparse

from zeep.exceptions import Error as ZeepError
from zeep.settings import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings.soap import Soap12Binding, SoapBinding

from adapters.wire.soap_envelope import Version
from schemas.problem import Refused, Stage, problem


@dataclass(frozen=True, slots=True)
class Binding:
    """How a partner is called."""

    version: Version
    actions: Mapping[str, str]  # operation → soapAction


@lru_cache(maxsize=256)
def load_binding(folder: Path, wsdl: str, *, prefer_12: bool) -> Binding:
    """The binding of a WSDL inside a system folder: SOAP 1.1 where it offers both, unless 1.2 is preferred.

    Raises:
        Refused: the file is not a usable WSDL, or it points outside the folder.
    """
    file = (folder / wsdl).resolve()
    try:
        settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, forbid_external=True)
        transport: Any = _FolderOnly(folder.resolve(), wsdl)
        document = Document(str(file), transport, settings=settings)
    except Refused:
        raise
    except (ZeepError, OSError, ValueError, LookupError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise Refused((problem("LT-WIRE-042", Stage.CONFIGURE, {"file": wsdl, "reason": reason}),)) from error
    found: dict[Version, dict[str, str]] = {}
    for service in document.services.values():
        for port in service.ports.values():
            if isinstance(port.binding, SoapBinding):
                version = Version.SOAP12 if isinstance(port.binding, Soap12Binding) else Version.SOAP11
                actions = found.setdefault(version, {})
                operations: Any = port.binding._operations
                for operation in operations.values():
                    actions.setdefault(operation.name, operation.soapaction or "")
    wanted = (Version.SOAP12, Version.SOAP11) if prefer_12 else (Version.SOAP11, Version.SOAP12)
    for version in wanted:
        if version in found:
            return Binding(version, MappingProxyType(found[version]))
    reason = "no SOAP port"
    raise Refused((problem("LT-WIRE-042", Stage.CONFIGURE, {"file": wsdl, "reason": reason}),))


class _FolderOnly:
    """The transport zeep loads documents with: the folder's files and nothing else."""

    def __init__(self, folder: Path, wsdl: str) -> None:
        self._folder = folder
        self._wsdl = wsdl

    def load(self, url: str) -> bytes:
        """The bytes of a file inside the folder."""
        parts = urlparse(str(url))
        path = Path(unquote(parts.path)).resolve()
        if parts.scheme not in ("", "file") or parts.netloc or not path.is_relative_to(self._folder):
            values = {"file": self._wsdl, "location": url}
            raise Refused((problem("LT-WIRE-041", Stage.CONFIGURE, values),))
        return path.read_bytes()
