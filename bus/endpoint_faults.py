"""Why nothing is sent to an endpoint though something is ready for it: its configuration, as seen from here."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from adapters.registry import system_folders
from bus.compose import target_of
from bus.delivery import Delivery, Pattern, State
from bus.key_cupboard import Cupboard
from bus.settings import Settings
from schemas.problem import Problem, Refused, Stage, problem

_KEPT_S = 15.0  # a file that was mended is seen soon, and a page of fifty lines looks once


@dataclass(frozen=True, slots=True)
class EndpointFaults:
    """Thread-safe enough: what two threads find out is the same."""

    settings: Settings
    keys: Cupboard = field(default_factory=Cupboard)
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Problem | None]] = field(default_factory=dict)

    def explain(self, delivery: Delivery) -> Delivery:
        """One that is ready and says no reason gets the reason, and what to do, where its endpoint cannot be used."""
        if delivery.state is not State.READY or delivery.pattern is not Pattern.PUSH or delivery.reason:
            return delivery
        found = self._of(delivery)
        if found is None:
            return delivery
        place = f" [{found.ours.source}]" if found.ours is not None else ""
        return replace(delivery, reason=f"Chưa gửi được: {found.text_vi}{place} → {found.do_vi} ({found.code})")

    def _of(self, delivery: Delivery) -> Problem | None:
        now = self.monotonic()
        until, found = self._known.get(delivery.endpoint, (0.0, None))
        if until <= now:
            found = self._look(delivery)
            self._known[delivery.endpoint] = (now + _KEPT_S, found)
        return found

    def _look(self, delivery: Delivery) -> Problem | None:
        name = delivery.endpoint
        endpoint = self.settings.endpoints.get(name)
        values: Mapping[str, object] = {"operation": delivery.operation, "endpoint": name}
        if endpoint is None or not endpoint.address:
            return problem("LT-DLV-010", Stage.DELIVER, values)
        if endpoint.system not in {folder.name for folder in system_folders(*self.settings.systems)}:
            return problem("LT-ROUTE-002", Stage.CONFIGURE, {"endpoint": name, "system": endpoint.system})
        try:
            target_of(self.settings, name, endpoint, self.keys)
        except Refused as refused:
            return refused.problems[0]
        return None
