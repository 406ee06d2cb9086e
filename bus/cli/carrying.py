"""Carries out a plan before a person: a bar, what was refused and why, and how to go on if it breaks off."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import typer

from bus.bulk import Runner
from bus.cli import out
from bus.cli.words import PLAN_ACTS, PLAN_ITEM_STATES, PLAN_STATES
from bus.ports import Journal, QueueUnavailable
from bus.records import Plan, PlanAct, PlanItem, PlanItemState, PlanState

if TYPE_CHECKING:
    from bus.retake import Retaken
    from bus.settings import Settings

_SHOWN = 10  # refused items named one by one


@contextmanager
def runner_of(settings: Settings, journal: Journal, acts: frozenset[PlanAct]) -> Iterator[Runner]:
    """What carries out a plan of these acts. Systems are loaded only where something is translated."""
    from bus.clock import SystemClock
    from bus.compose import QUEUE_S, load_house, open_queue
    from bus.compose_attachments import make_inspection
    from bus.feeder import Feeder
    from bus.key_cupboard import Cupboard
    from bus.on_word import OnWord
    from bus.retake import Retaking

    logging.getLogger("lienthong").setLevel(logging.ERROR)  # said in our own words below
    queue = open_queue(settings, patience_s=QUEUE_S)
    feeder, clock = Feeder(journal, queue), SystemClock()
    runner = Runner(journal, feeder, clock, _never, time.sleep)
    try:
        if acts & {PlanAct.TAKE_AGAIN, PlanAct.SETTLE}:
            house, inspection = load_house(settings), make_inspection(settings, Cupboard(), clock)
            take_again = Retaking(journal, feeder.feed, house, clock, inspection).take_again
            runner = replace(runner, take_again=take_again, complete=OnWord(journal, house, clock).complete)
        yield runner
        _say_queue(queue.ping)
    finally:
        queue.close()


def _never(message_id: str) -> Retaken:
    raise AssertionError("the plan has no such item")


def _say_queue(ping: object) -> None:
    try:
        assert callable(ping)
        ping()
    except QueueUnavailable:
        out.warn(
            "Hàng đợi đang tắt: đã ghi, sẽ làm khi bus chạy lại / the queue is away: recorded, done when it is back"
        )


def carry_out_plan(settings: Settings, journal: Journal, plan: Plan, *, who: str, json: bool) -> None:
    """Does what is left of it.

    Raises:
        typer.Exit: with code 1 if anything was refused, or the plan was cancelled by somebody meanwhile.
    """
    refused: list[PlanItem] = []

    def told(item: PlanItem) -> None:
        if item.state is PlanItemState.REFUSED:
            refused.append(item)

    acts = acts_of(journal, plan)
    with runner_of(settings, journal, acts) as runner:
        try:
            with out.progress() as bar:
                task = bar.add_task(f"{plan.source} {short(plan)}", total=plan.tally[PlanItemState.OPEN])

                def advanced(item: PlanItem) -> None:
                    told(item)
                    bar.advance(task)

                done = runner.run(plan, who=who, told=advanced)
        except KeyboardInterrupt:
            out.warn(f"Dừng giữa chừng / broken off. → lienthong plan resume {short(plan)}")
            raise typer.Exit(1) from None
    if json:
        out.show_json({**plan_json(done), "refused": [item_json(one) for one in refused]})
    else:
        say_plan(done)
        for one in refused[:_SHOWN]:
            out.warn(f"  × {one.subject}: {one.result}")
        if refused[_SHOWN:]:
            out.warn(f"  … → lienthong plan show {short(plan)} --state refused")
    if refused or done.state is not PlanState.DONE:
        raise typer.Exit(1)


def acts_of(journal: Journal, plan: Plan) -> frozenset[PlanAct]:
    """The acts among its items."""
    found: set[PlanAct] = set()
    after = 0
    while items := journal.plan_items(plan.id, after=after):
        found.update(item.act for item in items)
        after = items[-1].number
    return frozenset(found)


def short(plan: Plan) -> str:
    """Enough of its id to name it."""
    return plan.id[:16]


def say_plan(plan: Plan) -> None:
    """One plan in a few lines."""
    vi, en, style = PLAN_STATES[plan.state]
    out.say(f"{short(plan)} · {plan.source} · {vi} / {en}", style=style)
    out.say(f"  {out.moment(plan.made_at)} · {plan.who}: {plan.why}")
    counted = [f"{plan.tally[state]} {PLAN_ITEM_STATES[state][0]}" for state in PlanItemState if plan.tally.get(state)]
    out.say(f"  {plan.total} mục / items: {', '.join(counted) or 0}")
    if plan.ended_by:
        out.say(f"  hủy bởi / cancelled by {plan.ended_by}: {plan.ended_why}")


def plan_json(plan: Plan) -> dict[str, object]:
    """For programs."""
    return {
        "plan": plan.id,
        "made_at": plan.made_at,
        "who": plan.who,
        "why": plan.why,
        "source": plan.source,
        "per_minute": plan.per_minute,
        "state": plan.state.value,
        "ended_by": plan.ended_by,
        "ended_why": plan.ended_why,
        "items": {state.value: plan.tally.get(state, 0) for state in PlanItemState},
    }


def item_json(item: PlanItem) -> dict[str, object]:
    """For programs."""
    return {
        "number": item.number,
        "subject": item.subject,
        "act": item.act.value,
        "said": PLAN_ACTS[item.act],
        "note": item.note,
        "state": item.state.value,
        "result": item.result,
        "at": item.at,
    }
