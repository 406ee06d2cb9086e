"""What a partner that fetches is given: the heads of its lanes in its own form."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace

from lxml import etree

from adapters.adapter import Adapter
from adapters.manifest import AnswerKind
from adapters.wire.answer import declared, reply_element, wording
from adapters.wire.contract import Call, Said
from bus.outgoing import translate_out
from bus.records import Decision, NextStep, Settlement, WorkItem
from schemas.problem import Problem, Stage


def offered_reply(adapter: Adapter, call: Call, offered: tuple[WorkItem, ...]) -> tuple[Said, tuple[Settlement, ...]]:
    """The answer with its items, and what must be parked because it cannot be said in the partner's form.

    A full page says there may be more; the next page may then be empty.
    """
    made: list[etree._Element] = []
    unfit: list[Settlement] = []
    for item in offered:
        element, problems = translate_out(item, adapter, item.delivery.operation)
        if element is not None and not (problems := _misfit(adapter, call, element)):
            made.append(element)
            continue
        cause, *others = problems
        decision = Decision(NextStep.PARK, cause.text_vi, problem=cause, counts=False, others=tuple(others))
        unfit.append(Settlement(None, b"", "", item.delivery.id, "", decision))
    values = {"more": "1" if len(offered) >= call.operation.limit else "0", "count": str(len(made))}
    said = Said(AnswerKind.ACCEPTED, values=values)
    return replace(said, payload=_filled(adapter, call, said, made)), tuple(unfit)


def _misfit(adapter: Adapter, call: Call, element: etree._Element) -> tuple[Problem, ...]:
    """What the partner's schema has against this item: one bad item must not spoil the page for the others."""
    said = Said(AnswerKind.ACCEPTED, values={"more": "0", "count": "1"})
    return adapter.schema.check(_filled(adapter, call, said, [deepcopy(element)]), stage=Stage.VALIDATE_OUT)


def _filled(adapter: Adapter, call: Call, said: Said, made: list[etree._Element]) -> etree._Element:
    """The reply element with its declared fields, and the items at their place in the schema's order."""
    shape = adapter.schema.shape(call.operation.reply_element)
    answer = declared(adapter, call.operation, AnswerKind.ACCEPTED)
    root = reply_element(shape, answer.fields if answer is not None else {}, wording(said))
    *steps, _ = call.operation.items.split("/")
    parent, inside = root, shape
    for step in steps:
        inner = inside.child(step)
        if inner is None:
            raise KeyError(call.operation.items)
        found = parent.find("{*}" + step)
        tag = f"{{{inner.namespace}}}{step}" if inner.namespace else step
        parent, inside = (found if found is not None else etree.SubElement(parent, tag)), inner
    order = {child.name: number for number, child in enumerate(inside.children)}
    parent[:] = sorted([*parent, *made], key=lambda child: order[etree.QName(child).localname])
    return root
