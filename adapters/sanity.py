"""Whether a manifest makes sense: its paths stand in the schema, its names exist, its rules can be used."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterator, Mapping
from importlib.metadata import entry_points
from pathlib import Path

from adapters.manifest import Auth, Direction, LookUp, Manifest, Operation
from adapters.mapping.kinds.layout import layout
from adapters.mapping.plan import MapPlan
from adapters.mapping.values import Fault
from adapters.sanity_poll import check_polls
from adapters.wire.quirks import QUIRKS
from adapters.wire.registry import BUILT_IN, GROUP
from schemas.catalog import KINDS
from schemas.plain_words import reasons
from schemas.problem import Place, Problem, Stage, catalogue, problem
from schemas.rules import RULES
from schemas.shape import Shape
from schemas.validate import Schema

CALLED = (Direction.IN, Direction.PULL, Direction.ACK, Direction.ASK_IN)
SENT = (Direction.OUT, Direction.ASK_OUT)
FETCHED = (Direction.POLL, Direction.TELL)
OUTCOMES = ("accepted", "duplicate", "rejected", "refused", "unavailable", "throttled", "unclear", "bad-reply")
_UNCLEAR = ("ask", "repeat", "park")
_AGAIN = ("", "update", "login")
OUTBOX = "outbox_rest"
_STATUS_FROM = ("us", "them")


def check_manifest(
    manifest: Manifest, *, folder: Path, schema: Schema, maps: Mapping[str, MapPlan], broken: Collection[str] = ()
) -> tuple[Problem, ...]:
    """Every finding about one system; () = sane. `broken` are maps that are there but do not compile."""
    check = _Check(manifest, folder, schema, maps, broken)
    check.whole()
    for name, operation in manifest.operations.items():
        check.operation(name, operation)
    check_polls(check)
    return tuple(check.problems)


class _Check:
    """Walks one manifest, collecting problems."""

    def __init__(
        self, manifest: Manifest, folder: Path, schema: Schema, maps: Mapping[str, MapPlan], broken: Collection[str]
    ) -> None:
        self.manifest = manifest
        self.folder = folder
        self.schema = schema
        self.maps = maps
        self.broken = broken
        self.problems: list[Problem] = []

    def say(self, code: str, where: str, **values: object) -> None:
        place = Place(f"{self.folder.name}/adapter.toml", 0, where)
        self.problems.append(problem(code, Stage.CONFIGURE, values).at(ours=place))

    def whole(self) -> None:
        """What concerns the system as such."""
        manifest = self.manifest
        if manifest.id != self.folder.name:
            self.say("LT-SYS-009", "id", id=manifest.id, folder=self.folder.name)
        if manifest.wire not in (known := wire_names()):
            self.say("LT-SYS-011", "wire", name=manifest.wire, known=", ".join(known))
        for quirk in manifest.quirks:
            if quirk not in QUIRKS:
                self.say("LT-SYS-012", "quirks", name=quirk, nearest=nearest(quirk, QUIRKS))
        for rule in manifest.waived_rules:
            if rule not in (known_rules := [each.id for each in RULES]):
                self.say("LT-SYS-013", "waived_rules", value=rule, known=", ".join(known_rules))
        for wsdl in filter(None, [manifest.wsdl]):
            if not (self.folder / wsdl).is_file():
                self.say("LT-SYS-005", "wsdl", file=wsdl)
        called = [name for name, o in manifest.operations.items() if o.direction in CALLED]
        if called and manifest.auth is None:
            self.say("LT-SYS-017", "auth", operation=", ".join(called))
        if manifest.auth is not None and manifest.auth.kind is Auth.WSS and manifest.wire != "soap":
            self.say("LT-SYS-004", "auth.kind", key="auth.kind", **reasons('wss: chỉ / only wire = "soap"'))
        if manifest.auth is not None and manifest.auth.kind in (Auth.HEADER, Auth.JWS) and not manifest.auth.header:
            self.say("LT-SYS-004", "auth.header", key="auth.header", **reasons("phải ghi / must be given"))
        if manifest.look_up is not None:
            self._look_up(manifest.look_up)

    def _look_up(self, rule: LookUp) -> None:
        operations = self.manifest.operations
        asked = operations.get(rule.operation)
        if asked is None:
            close = nearest(rule.operation, operations)
            self.say("LT-SYS-010", "look_up.operation", name=rule.operation, nearest=close)
        elif asked.direction not in SENT:
            known = ", ".join(name for name, one in operations.items() if one.direction in SENT)
            self.say("LT-SYS-013", "look_up.operation", value=rule.operation, known=known)
        elif rule.record and (reply := self.shape(asked.reply_element, "look_up.operation")) is not None:
            self.path(reply, rule.record, "look_up.record")
        if bool(rule.record) is not bool(rule.record_element):
            self.say("LT-SYS-018", "look_up", member="record_element" if rule.record else "record")
        if rule.record_element:
            self.shape(rule.record_element, "look_up.record_element")
        if rule.reply_map and rule.reply_map not in {*self.maps, *self.broken}:
            self.say("LT-SYS-005", "look_up.reply_map", file=f"maps/{rule.reply_map}")
        plan = self.maps.get(rule.reply_map)
        root = rule.record_element or (asked.reply_element if asked else "")
        if plan is not None and plan.legacy_root != root:
            self.say("LT-SYS-023", "look_up.reply_map", map=rule.reply_map, expected=root, found=plan.legacy_root)
        if rule.status_from not in _STATUS_FROM:
            self.say("LT-SYS-013", "look_up.status_from", value=rule.status_from, known=", ".join(_STATUS_FROM))
        for name in rule.shown_by:
            if name not in operations:
                self.say("LT-SYS-010", "look_up.shown_by", name=name, nearest=nearest(name, operations))

    def operation(self, name: str, operation: Operation) -> None:
        """What concerns one operation."""
        where = f"operations.{name}"
        element = self.shape(self.manifest.element_of(name), f"{where}.element")
        if self.manifest.whole_envelope and element is not None:
            self.path(element, f"Body/{operation.element or name}", f"{where}.element")
        reply = self.shape(operation.reply_element, f"{where}.reply_element") if operation.reply_element else None
        if operation.direction in CALLED and element is not None:
            self._called(operation, element, reply, where)
        if operation.direction in (*SENT, *FETCHED):
            self._sent(name, operation, reply, where)
        self._map(operation, where)
        if reply is not None:
            answers = {**self.manifest.answers, **operation.answers} if operation.direction in CALLED else {}
            for kind, answer in answers.items():
                for path in answer.fields:
                    self.path(reply, path, f"{where}.answers.{kind.value}")

    def _called(self, operation: Operation, element: Shape, reply: Shape | None, where: str) -> None:
        auth = self.manifest.auth
        if auth is not None and auth.kind is Auth.BODY:
            self.path(element, auth.user, f"{where} [auth.user]")
            self.path(element, auth.password, f"{where} [auth.password]")
        if operation.direction is Direction.PULL and self.manifest.wire == OUTBOX:
            if auth is not None and auth.kind is Auth.BODY:  # a GET has none
                self.say("LT-SYS-013", "auth.kind", value=auth.kind.value, known="header, basic, jws")
            return
        if operation.direction is Direction.PULL:
            if reply is None:
                self.say("LT-SYS-007", f"{where}.reply_element", name="–", nearest="–")
            else:
                self.path(reply, operation.items, f"{where}.items")
            return
        item = self.path(element, operation.items, f"{where}.items")
        if item is not None:
            for name in operation.dossier:
                self.path(item, name.path, f"{where}.dossier")
            for path in operation.key:
                self.path(item, path, f"{where}.key")
            self._dated(operation, item, where)
        if operation.direction is Direction.ACK:
            self.path(element, operation.ack_path, f"{where}.ack_path")
        if operation.direction in (Direction.IN, Direction.ASK_IN) and not operation.dossier:
            self.say("LT-SYS-018", where, member="dossier")

    def _dated(self, operation: Operation, item: Shape, where: str) -> None:
        if bool(operation.dated_by) is not bool(operation.dated_format):
            self.say("LT-SYS-018", where, member="dated_format" if operation.dated_by else "dated_by")
        if operation.dated_by:
            self.path(item, operation.dated_by, f"{where}.dated_by")
        if operation.dated_format and isinstance(wrong := layout(operation.dated_format), Fault):
            self.say("LT-SYS-013", f"{where}.dated_format", value=operation.dated_format, known=str(wrong))

    def _sent(self, name: str, operation: Operation, reply: Shape | None, where: str) -> None:
        operations = self.manifest.operations
        for member, other in (("ask", operation.ask), ("after", operation.after)):
            if other and other not in operations:
                self.say("LT-SYS-010", f"{where}.{member}", name=other, nearest=nearest(other, operations))
        if operation.unclear not in _UNCLEAR:
            self.say("LT-SYS-013", f"{where}.unclear", value=operation.unclear, known=", ".join(_UNCLEAR))
        if operation.unclear == "ask" and not operation.ask:
            self.say("LT-SYS-018", where, member="ask")
        if not operation.replies:
            self.say("LT-SYS-018", where, member="replies")
        if reply is not None:
            self.path(reply, operation.reply_code, f"{where}.reply_code")
            self.path(reply, operation.reply_text, f"{where}.reply_text")
        for number, rule in enumerate(operation.replies):
            here = f"{where}.replies.{number}"
            if rule.outcome not in OUTCOMES:
                self.say("LT-SYS-013", here, value=rule.outcome, known=", ".join(OUTCOMES))
            if rule.again not in _AGAIN:
                self.say("LT-SYS-013", here, value=rule.again, known=", ".join(_AGAIN[1:]))
            if rule.problem and rule.problem not in catalogue():
                self.say("LT-SYS-013", here, value=rule.problem, known=nearest(rule.problem, catalogue()))
            if bad := _bad_pattern(rule.code_pattern):
                self.say("LT-SYS-013", here, value=rule.code_pattern, known=bad)
            for path in filter(None, (rule.present, rule.absent)):
                if reply is not None:
                    self.path(reply, path, here)
        if operation.signed and operation.signed not in {*self.maps, *self.broken}:
            self.say("LT-SYS-005", f"{where}.signed", file=f"maps/{operation.signed}")
        for number, then in enumerate(operation.then):
            here = f"{where}.then.{number}"
            if then.kind not in KINDS:
                self.say("LT-SYS-016", here, name=then.kind, nearest=nearest(then.kind, KINDS))
            if then.reply_map and then.reply_map not in {*self.maps, *self.broken}:
                self.say("LT-SYS-005", here, file=f"maps/{then.reply_map}")

    def _map(self, operation: Operation, where: str) -> None:
        if operation.direction is Direction.ACK or (operation.direction in FETCHED and not operation.map):
            return
        if operation.kind not in KINDS:
            self.say("LT-SYS-016", f"{where}.kind", name=operation.kind or "–", nearest=nearest(operation.kind, KINDS))
        plan = self.maps.get(operation.map)
        if plan is None:
            if operation.map not in self.broken:
                self.say("LT-SYS-005", f"{where}.map", file=f"maps/{operation.map or '–'}")
            return
        if plan.canonical_root != KINDS.get(operation.kind, plan.canonical_root):
            self.say("LT-SYS-023", where, map=operation.map, expected=KINDS[operation.kind], found=plan.canonical_root)
        expected = _legacy_root(self.manifest, where.partition(".")[2])
        if plan.legacy_root != expected:
            self.say("LT-SYS-023", where, map=operation.map, expected=expected, found=plan.legacy_root)

    def shape(self, name: str, where: str) -> Shape | None:
        """A global element of the partner's schema."""
        try:
            return self.schema.shape(name)
        except KeyError:
            self.say("LT-SYS-007", where, name=name, nearest="–")
            return None

    def path(self, shape: Shape, path: str, where: str) -> Shape | None:
        """What stands at a path, or a problem with the nearest name."""
        here = shape
        for step in filter(None, path.split("/")):
            found = here.child(step)
            if found is None:
                names = [child.name for child in here.children]
                self.say("LT-SYS-008", where, path=path, step=step, parent=here.name, nearest=nearest(step, names))
                return None
            here = found
        return here


def wire_names() -> list[str]:
    """The names a manifest may give as `wire`. No wire is loaded for it."""
    return sorted(point.name for point in (*BUILT_IN, *entry_points(group=GROUP)))


def _legacy_root(manifest: Manifest, name: str) -> str:
    """The element a map takes (IN) or gives (OUT, PULL, ASK)."""
    operation = manifest.operations[name]
    if operation.direction is Direction.ASK_IN or (operation.direction is Direction.POLL and not operation.items):
        return operation.reply_element
    if operation.items:
        return operation.items.rpartition("/")[2]
    return manifest.element_of(name)


def nearest(name: str, known: Collection[str] | Iterator[str]) -> str:
    """The known name most like `name`, else all of them (at most ten)."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    return close[0] if close else ", ".join(names[:10]) or "–"


def _bad_pattern(pattern: str) -> str:
    try:
        re.compile(pattern)
    except re.error as error:
        return str(error)
    return ""
