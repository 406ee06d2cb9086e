"""What follows when a person settles a delivery on the partner's word: the same as after an answer that says so."""

from __future__ import annotations

from dataclasses import dataclass, replace

from bus.aftermath import Taken, aftermath
from bus.canonical import text_at
from bus.ports import Clock, Journal
from bus.records import Act, Action, Derived, WorkItem
from bus.routing import House
from schemas.xmldoc import parse


@dataclass(frozen=True, slots=True)
class OnWord:
    """Holds no state of its own."""

    journal: Journal
    house: House
    clock: Clock

    def complete(self, action: Action) -> Action:
        """The act with what is born of it, to be accepted in the same transaction: without a question about its
        status a dossier that was settled would never be heard of again.

        Raises:
            Refused: what follows cannot be made (no route): nothing is settled before that is mended.
        """
        if action.act is not Act.SETTLE:
            return action
        items = self.journal.work([action.delivery_id])
        return replace(action, derived=self._born(items[0], action)) if items else action

    def _born(self, item: WorkItem, action: Action) -> tuple[Derived, ...]:
        endpoint = self.house.routes.endpoints.get(item.delivery.endpoint)
        adapter = self.house.adapters.get(endpoint.system) if endpoint is not None else None
        if adapter is None or item.delivery.operation not in adapter.manifest.operations:
            return ()  # nobody is connected there any more
        if not item.message.body:
            return ()  # erased when its days were over: whatever should have followed is long past
        names = tuple(dict.fromkeys((*item.identities, *action.learned)))
        known = text_at(parse(item.message.body), "TrangThaiDaBiet")  # no answer came, so nothing newer is known
        return aftermath(Taken(replace(item, identities=names), adapter, None, known, self.clock.now()), self.house)
