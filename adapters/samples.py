"""Runs the samples of a system folder. Each is a file with its expected result, or its expected problems, beside it.

samples/in/    <operation>-<words>.xml|json   a partner's bytes, as our door receives them, or a page that we fetched
samples/out/   <operation>-<words>.xml        a canonical message; names of the dossier stand in identities.toml
samples/reply/ <operation>-<words>.xml|json|html|txt  a partner's reply; `-http503-` in the name is its status

Beside each stands one file more: `.expected.xml` (in: canonical messages inside <expected>; out, SOAP: the content),
`.expected.json` (out, JSON: the content), `.expected.txt` (what else came of it), or `.problems` (codes, one a line).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from enum import StrEnum
from pathlib import Path

from lxml import etree

from adapters.adapter import Adapter
from adapters.dating import own_day
from adapters.look_up import read_record
from adapters.manifest import Direction, Operation
from adapters.mapping.plan import MapContext
from adapters.replies import classify
from adapters.wire.contract import Exchange, Fault, HttpRequest, SendOrder, Target
from adapters.wire.registry import inbound, outbound, read_page, render
from schemas.catalog import canonical
from schemas.problem import Problem, Refused, Stage, problem
from schemas.rules import check_rules
from schemas.xmldoc import parse

# Every sample is judged on one day: cross-field rules and dated tables must not age.
NOW = datetime(2026, 7, 20, 9, 0, tzinfo=timezone(timedelta(hours=7)))
_TYPES = {".xml": "text/xml; charset=utf-8", ".json": "application/json", ".html": "text/html", ".txt": "text/plain"}
_SOAP12 = b"http://www.w3.org/2003/05/soap-envelope"
_STATUS = re.compile(r"-http([1-5][0-9]{2})(?=-|$)")
_EXPECTED = ".expected"
_PROBLEMS = ".problems"


class Way(StrEnum):
    """Which of the three folders a sample stands in."""

    IN = "in"
    OUT = "out"
    REPLY = "reply"


@dataclass(frozen=True, slots=True)
class Sample:
    """One sample file."""

    file: Path
    way: Way
    operation: str  # "" = the file's name tells none

    @property
    def name(self) -> str:
        """Short name for people."""
        return f"{self.way.value}/{self.file.name}"

    def beside(self, ending: str) -> Path:
        """The file of that ending beside it."""
        return self.file.with_name(self.file.stem + ending)

    def expectations(self) -> tuple[Path, ...]:
        """What stands beside it: exactly one in a good folder."""
        endings = (f"{_EXPECTED}.xml", f"{_EXPECTED}.json", f"{_EXPECTED}.txt", _PROBLEMS)
        return tuple(file for ending in endings if (file := self.beside(ending)).is_file())


@dataclass(frozen=True, slots=True)
class Made:
    """What came of a sample: a result with the ending of its file, or problems."""

    ending: str = ""
    body: bytes = b""
    problems: tuple[Problem, ...] = ()
    items: tuple[etree._Element, ...] = ()  # in: the partner's items, for the law
    messages: tuple[etree._Element, ...] = ()  # in: canonical messages made of them; out: the message itself

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the problems, sorted, each once."""
        return tuple(sorted({found.code for found in self.problems}))


def find_samples(adapter: Adapter) -> Iterator[Sample]:
    """Every sample of a folder, by walking."""
    names = {name.replace("/", "_"): name for name in adapter.manifest.operations}
    for way in Way:
        for file in sorted((adapter.folder / "samples" / way.value).glob("*")):
            if file.suffix in _TYPES and not file.stem.endswith(_EXPECTED):
                yield Sample(file, way, names.get(file.stem.partition("-")[0], ""))


def run_sample(adapter: Adapter, sample: Sample) -> Made:
    """What comes of a sample now. Nothing is compared."""
    try:
        if sample.way is Way.IN:
            return _run_in(adapter, sample)
        if sample.way is Way.OUT:
            return _run_out(adapter, sample)
        return _run_reply(adapter, sample)
    except Refused as refused:
        return Made(problems=refused.problems)


def identities(adapter: Adapter) -> Mapping[str, str]:
    """The names of the samples' dossier, party → code."""
    file = adapter.folder / "samples" / "identities.toml"
    return tomllib.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}


def context(adapter: Adapter) -> MapContext:
    """What the samples' translations are told."""
    return MapContext(on=NOW.date(), identities=identities(adapter))


def _run_in(adapter: Adapter, sample: Sample) -> Made:
    body = sample.file.read_bytes()
    operation = adapter.manifest.operations[sample.operation]
    if operation.direction is Direction.POLL:
        return _run_page(adapter, sample, operation, body)
    media = "application/soap+xml" if _SOAP12 in body else _TYPES[sample.file.suffix]
    path = "" if adapter.manifest.wire == "soap" else "/" + (operation.path or operation.service or sample.operation)
    request = HttpRequest("POST", path, {}, {"content-type": media}, body, "http://lienthong.example/" + adapter.id)
    call = inbound(adapter.manifest.wire).read(adapter, request)
    if isinstance(call, tuple):
        return Made(problems=call)
    if call.problems:
        return Made(problems=call.problems)
    if call.operation.direction is not Direction.IN:
        return Made(".expected.txt", _call_text(call.operation, call.name, call.payload))
    items = _at(call.payload, call.operation.items) if call.operation.items else [call.payload]
    return _translated(adapter, call.name, call.operation, items)


def _run_page(adapter: Adapter, sample: Sample, operation: Operation, body: bytes) -> Made:
    """A page that we fetched: each item is judged by itself, as it is in life."""
    order, exchange = _answered(adapter, sample, body, status=200)
    page = read_page(order, exchange, ())
    problems = [*page.reply.problems, *(found for row in page.rows for found in row.problems)]
    items = [row.element for row in page.rows if row.element is not None and not row.problems]
    if not operation.map:
        leaves = [leaf for item in items for leaf in item.iter() if len(leaf) == 0]
        lines = [f"{etree.QName(leaf).localname} {(leaf.text or '').strip()}" for leaf in leaves]
        return Made(problems=tuple(problems)) if problems else Made(".expected.txt", _lines(lines))
    made = _translated(adapter, sample.operation, operation, items)
    return replace(made, problems=(*problems, *made.problems)) if problems else made


def _lines(lines: list[str]) -> bytes:
    return ("\n".join(lines) + "\n").encode()


def _translated(adapter: Adapter, name: str, operation: Operation, items: list[etree._Element]) -> Made:
    problems: list[Problem] = []
    messages: list[etree._Element] = []
    for item in items:
        on = own_day(operation, item) or NOW.date()
        done = adapter.maps[operation.map].to_canonical(item, MapContext(on=on, identities={}))
        found = done.problems if done.element is None else _checked(adapter, done.element)
        problems += found
        if done.element is not None and not found:
            messages.append(done.element)
        if not any(_texts(item, each.path) for each in operation.dossier):
            problems.append(problem("LT-PIPE-002", Stage.SPLIT, {"operation": name}))
    if problems:
        return Made(problems=tuple(problems), items=tuple(items))
    return Made(".expected.xml", _bundle(messages), items=tuple(items), messages=tuple(messages))


def _checked(adapter: Adapter, element: etree._Element) -> tuple[Problem, ...]:
    found = canonical().check(element, stage=Stage.VALIDATE_CANONICAL)
    return found or check_rules(element, now=NOW, waived=adapter.manifest.waived_rules)


def _run_out(adapter: Adapter, sample: Sample) -> Made:
    operation = adapter.manifest.operations[sample.operation]
    message = parse(sample.file.read_bytes())
    if problems := _checked(adapter, message):
        return Made(problems=problems)
    done = adapter.maps[operation.map].to_legacy(message, context(adapter))
    if done.element is None:
        return Made(problems=done.problems, messages=(message,))
    if operation.direction in (Direction.OUT, Direction.ASK_OUT):
        if problems := adapter.schema.check(done.element, stage=Stage.VALIDATE_OUT):
            return Made(problems=problems, messages=(message,))
        body, media = render(adapter, sample.operation, operation, done.element)
        if media.startswith("application/json"):
            return Made(".expected.json", body + b"\n", messages=(message,))
    return Made(".expected.xml", pretty(done.element), messages=(message,))


def _run_reply(adapter: Adapter, sample: Sample) -> Made:
    operation = adapter.manifest.operations[sample.operation]
    body = sample.file.read_bytes()
    status = int(found[1]) if (found := _STATUS.search(sample.file.stem)) else 200
    order, exchange = _answered(adapter, sample, body, status=status)
    reply = outbound(adapter.manifest.wire).reply(order, exchange)
    verdict = classify(operation, exchange, reply)
    lines = [f"outcome {verdict.outcome}"]
    lines += [f"code {reply.code}"] if reply.code else []
    lines += [f"again {verdict.again}"] if verdict.again else []
    lines += [f"learned {party} {code}" for party, code in verdict.learned]
    lines += [f"problem {verdict.problem_code}"] if verdict.problem_code else []
    if verdict.outcome in ("accepted", "duplicate") and reply.element is not None:
        lines += [
            line for then in operation.then if then.reply_map for line in _then(adapter, then.reply_map, reply.element)
        ]
        lines += _found(adapter, operation, reply.element)
    return Made(".expected.txt", ("\n".join(lines) + "\n").encode())


def _answered(adapter: Adapter, sample: Sample, body: bytes, *, status: int) -> tuple[SendOrder, Exchange]:
    """As if a partner had answered with these bytes."""
    exchange = Exchange(
        Fault.NONE, sent=True, status=status, headers={"content-type": _TYPES[sample.file.suffix]}, body=body,
        peer="partner.example:443", duration_ms=1, request_sha256="", request_size=0,
    )  # fmt: skip
    target = Target("mau", "http://partner.example", {})
    return SendOrder(adapter, target, sample.operation, b"", "", "", "0" * 32, 1.0), exchange


def _then(adapter: Adapter, reply_map: str, element: etree._Element) -> Iterator[str]:
    """What the message born from the reply says, leaf by leaf."""
    done = adapter.maps[reply_map].to_canonical(element, MapContext(on=NOW.date(), identities={}))
    if done.element is None:
        raise Refused(done.problems)
    for leaf in done.element.iter():
        if len(leaf) == 0:
            yield f"then {_path(leaf)} {(leaf.text or '').strip()}"


def _found(adapter: Adapter, operation: Operation, element: etree._Element) -> Iterator[str]:
    """What the reply to a look-up says of the dossier, where that is not told already."""
    rule = adapter.manifest.look_up
    if rule is None or adapter.manifest.operations[rule.operation] is not operation:
        return
    if rule.reply_map in {then.reply_map for then in operation.then}:
        return
    made, problems = read_record(adapter, rule, element, code="", on=NOW.date())
    if problems:
        raise Refused(problems)
    for leaf in made.iter() if made is not None else ():
        if len(leaf) == 0:
            yield f"found {_path(leaf)} {(leaf.text or '').strip()}"


def _path(leaf: etree._Element) -> str:
    above = [etree.QName(each).localname for each in leaf.iterancestors()]
    return "/".join([*reversed(above), etree.QName(leaf).localname])


def _call_text(operation: Operation, name: str, payload: etree._Element) -> bytes:
    lines = [f"call {name}"]
    paths = [operation.ack_path] if operation.ack_path else [each.path for each in operation.dossier]
    lines += [f"{path} {text}" for path in paths for text in _texts(payload, path)]
    return ("\n".join(lines) + "\n").encode()


def _at(element: etree._Element, path: str) -> list[etree._Element]:
    return element.findall("/".join("{*}" + step for step in path.split("/")))


def _texts(element: etree._Element, path: str) -> list[str]:
    return [text for found in _at(element, path) if (text := (found.text or "").strip())]


def _bundle(messages: list[etree._Element]) -> bytes:
    root = etree.Element("expected")
    for message in messages:
        root.append(parse(etree.tostring(message)))
    return pretty(root)


def pretty(element: etree._Element) -> bytes:
    """Indented, for people and for comparing."""
    copy = parse(etree.tostring(element))
    etree.indent(copy)
    return etree.tostring(copy, encoding="utf-8", xml_declaration=True) + b"\n"
