"""The options that every act on deliveries has: one id, or filters that mean many; why, who; look first, ask, JSON."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Annotated, Any  # what was typed

import typer

from bus.bulk import MOST
from bus.cli.context import Json, Who
from bus.cli.meant import DRIP, Filters, Limit, OfKind, PerMinute, Problem, Since, To, Way, one_or_many
from bus.delivery import State
from bus.records import PlanAct

Id = Annotated[
    str,
    typer.Argument(
        help="Mã lượt giao, hay mã thông điệp có một lượt giao; bỏ trống khi lọc / delivery id, or a message with one"
    ),
]
Why = Annotated[str, typer.Option("--why", metavar="LÝ DO", help="Lý do, ghi vào nhật ký / the reason, recorded")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Không hỏi lại / do not ask")]
Dry = Annotated[bool, typer.Option("--dry-run", help="Chỉ nói sẽ làm gì / only say what would happen")]


@dataclass(frozen=True, slots=True)
class Chosen:
    """What was typed of them. The fields are the options, in the order of `--help`."""

    why: Why
    id: Id = ""
    who: Who = ""
    problem: Problem = ""
    endpoint: To = ""
    kind: OfKind = ""
    since: Since = ""
    limit: Limit = MOST
    per_minute: PerMinute = DRIP
    yes: Yes = False
    dry_run: Dry = False
    json: Json = False

    @property
    def is_many(self) -> bool:
        """Filters were given, and no id."""
        return one_or_many(self.id, self.filters(State.PARKED))

    def filters(self, in_state: State) -> Filters:
        """What is meant, where several are."""
        return Filters(self.problem, self.endpoint, self.kind, self.since, self.limit, in_state)

    def way(self, act: PlanAct, source: str) -> Way:
        """How it is to be done, where several are."""
        return Way(act, source, self.why, self.who, self.per_minute, self.yes, self.dry_run, self.json)


def on_one_or_many(command: Callable[..., None]) -> Callable[..., None]:
    """A command `(context, chosen, *, its own options)` as Typer knows commands: with all options one by one."""
    own = [one for one in inspect.signature(command, eval_str=True).parameters.values() if one.name != "chosen"]
    named = inspect.signature(Chosen, eval_str=True).parameters
    shared = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in named.values()]

    def typed(context: typer.Context, **words: Any) -> None:  # Any: see above
        chosen = Chosen(**{one.name: words.pop(one.name) for one in fields(Chosen)})
        command(context, chosen, **words)

    parameters = [own[0], *shared[:3], *own[1:], *shared[3:]]
    parameters = [own[0], *(one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in parameters[1:])]
    typed.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]  # read by Typer
    typed.__annotations__ = {one.name: one.annotation for one in parameters}
    typed.__doc__, typed.__name__ = command.__doc__, command.__name__
    return typed
