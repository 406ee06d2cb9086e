"""From the settings of endpoints to their retry policies, with receiving hours and holidays."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import replace

from adapters.adapter import Adapter
from adapters.manifest import Direction
from bus.holidays import load_holidays
from bus.notation import read_notation
from bus.policies import OWN, Policies
from bus.retry import RetryPolicy
from bus.settings import Settings
from bus.windows import ALWAYS, Holidays, read_windows
from schemas.plain_words import reasons
from schemas.problem import Problem, Stage, problem


def load_policies(settings: Settings) -> Mapping[str, Policies]:
    """Of every endpoint.

    Raises:
        Refused: the table of holidays is wrong.
    """
    needed = any(endpoint.windows for endpoint in settings.endpoints.values())
    holidays = load_holidays(settings.folder) if needed else Holidays()
    found: dict[str, Policies] = {}
    for name, endpoint in settings.endpoints.items():
        windows = read_windows(endpoint.windows).with_holidays(holidays) if endpoint.windows else ALWAYS
        read = {of: replace(read_notation(text), windows=windows) for of, text in endpoint.retry.items()}
        own = read.pop(OWN) if OWN in read else RetryPolicy(windows=windows)
        found[name] = Policies(own, read)
    return found


def check_names(settings: Settings, adapters: Mapping[str, Adapter]) -> Iterator[Problem]:
    """Each line is for an operation of the endpoint's system that we call, or for a kind such an operation takes."""
    for name, endpoint in settings.endpoints.items():
        adapter = adapters.get(endpoint.system)
        if adapter is None:
            continue
        called = {n: o for n, o in adapter.manifest.operations.items() if o.direction is Direction.OUT}
        known = sorted({OWN, *called, *(operation.kind for operation in called.values() if operation.kind)})
        for of in endpoint.retry:
            if of not in known:
                near = difflib.get_close_matches(of, known, n=1)
                values = {"place": f"endpoints.{name}.retry.{of}", "nearest": near[0] if near else ", ".join(known)}
                yield problem("LT-CONF-004", Stage.CONFIGURE, values)


def check_secured(settings: Settings, adapters: Mapping[str, Adapter]) -> Iterator[Problem]:
    """WS-Security is for SOAP."""
    for name, endpoint in settings.endpoints.items():
        adapter = adapters.get(endpoint.system)
        if endpoint.security and adapter is not None and adapter.manifest.wire != "soap":
            said = reasons(f"{endpoint.system}: không phải / is not SOAP")
            values = {"place": f"endpoints.{name}.security", **said}
            yield problem("LT-CONF-002", Stage.CONFIGURE, values)
