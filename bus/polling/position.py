"""Where a poll stands, and where it goes after a page. Pure: a position and a page in, the next position out.

A walk reads pages from one mark on. Where the list is sorted by the mark ("up"), the mark goes up with each first page
and the walk begins anew from there, so that nothing can shift between two pages. Rows that share one moment over a
page's edge, and lists in any order, are read page by page; then the mark goes up only after a walk of several pages in
which nothing new was met: rows may have moved between its pages.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from enum import StrEnum

from adapters.poll_rule import PollRule, span_s
from bus.polling.scale import Scale

_SEEN = 1000  # rows remembered one by one; those forgotten are known by their keys all the same
_AGAIN = 3  # a page that shifts may look like the one before, once or twice


class Go(StrEnum):
    """What follows a page."""

    ON = "on"  # ask for the next one
    OVER = "over"  # that was all there is now
    STUCK = "stuck"  # the partner gives the same page again although another one was asked for


@dataclass(frozen=True, slots=True)
class Position:
    """The checkpoint of a poll."""

    mark: str = ""  # everything up to here was read; in the partner's form
    since: str = ""  # what the present walk asks from
    high: str = ""  # highest mark met in the present walk
    page: int = 0  # pages of the present walk that were read
    fresh: bool = False  # the present walk met something new
    most: int = 0  # rows of the largest page it ever gave
    cursor: str = ""
    seen: tuple[str, ...] = ()  # digests of the newest rows that were dealt with
    left: tuple[str, ...] = ()  # those of them that could not be taken
    owed: tuple[tuple[str, str], ...] = ()  # (id, verdict) that the partner must still be told

    def text(self) -> str:
        """As the journal keeps it."""
        given = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(given, ensure_ascii=False, separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Position:
        """From `text`; "" = the beginning."""
        given = json.loads(text) if text else {}
        owed = tuple((str(one), str(verdict)) for one, verdict in given.pop("owed", ()))
        lists = {name: tuple(map(str, given.get(name, ()))) for name in ("seen", "left")}
        return cls(**{**given, **lists, "owed": owed})

    def with_seen(self, digests: tuple[str, ...], *, page: int) -> Position:
        """These were dealt with. Nothing is written where they stand among the newer ones anyway."""
        if set(digests) <= set(self.seen[-_SEEN // 2 :]):
            return self
        known = dict.fromkeys((*(one for one in self.seen if one not in digests), *digests))
        return replace(self, seen=tuple(known)[-max(_SEEN, 2 * page) :])


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a page showed."""

    marks: tuple[str, ...]  # of its rows, where they have one
    digests: tuple[str, ...]
    new: int = 0  # rows that were not known
    cursor: str = ""
    more: bool | None = None  # as the partner says; None = it does not
    again: int = 0  # how often in a row the very rows of the page before came


def begun(position: Position, rule: PollRule) -> Position:
    """The position a run begins from: a walk that was broken off goes on, a new one looks back a little."""
    mark = position.mark or rule.start
    if position.page:
        return replace(position, mark=mark, since=position.since or mark)
    since = Scale(rule).back(mark, span_s(rule.overlap)) if mark else ""
    return replace(position, mark=mark, since=since, high="", fresh=False)


def onward(position: Position, sheet: Sheet, rule: PollRule, *, now: datetime) -> tuple[Position, Go]:
    """Where to go after a page whose rows have all been dealt with."""
    position = position.with_seen(sheet.digests, page=rule.page)
    position = replace(position, most=max(position.most, len(sheet.digests)))
    full = sheet.more if sheet.more is not None else _may_be_full(position, sheet, rule)
    if rule.cursor:
        return _by_cursor(position, sheet, full=full)
    if not rule.watermark:
        return _by_page(position, sheet, rule, full=full)
    return _by_mark(position, sheet, rule, full=full, now=now)


def _may_be_full(position: Position, sheet: Sheet, rule: PollRule) -> bool:
    """A partner may give fewer than were asked for: the end is a page without anything new, and, where pages can be
    named, smaller than the largest it ever gave."""
    limit = min(rule.page, position.most) if paged(rule) else rule.page
    return sheet.new > 0 or len(sheet.digests) >= max(limit, 1)


def _by_cursor(position: Position, sheet: Sheet, *, full: bool) -> tuple[Position, Go]:
    if not sheet.cursor or sheet.cursor == position.cursor:
        return position, Go.STUCK if full and sheet.more and not sheet.new else Go.OVER
    return replace(position, cursor=sheet.cursor), Go.ON if full else Go.OVER


def _by_page(position: Position, sheet: Sheet, rule: PollRule, *, full: bool) -> tuple[Position, Go]:
    """A list without marks: what was acknowledged leaves it, so the first page is always the next one."""
    if not full:
        return replace(position, page=0), Go.OVER
    if rule.ack and sheet.new:
        return replace(position, page=0), Go.ON
    if not paged(rule):
        return position, Go.OVER
    if position.page and sheet.again >= _AGAIN:
        return replace(position, page=0), Go.STUCK
    return replace(position, page=position.page + 1), Go.ON


def _by_mark(position: Position, sheet: Sheet, rule: PollRule, *, full: bool, now: datetime) -> tuple[Position, Go]:
    scale = Scale(rule)
    top = scale.highest(sheet.marks, until=now)
    since, fresh = position.since, position.fresh or sheet.new > 0
    high = scale.highest((position.high, top))
    rises = rule.order == "up" and bool(top) and scale.above(top, since)
    if rises and position.page == 0 and full:
        mark = scale.highest((position.mark, top))
        return replace(position, mark=mark, since=top, high="", fresh=False), Go.ON
    if full and position.page and sheet.again >= _AGAIN:  # the mark stays: nobody knows what follows
        return replace(position, page=0, since=position.mark, high="", fresh=False), Go.STUCK
    if full and paged(rule) and not rises:
        return replace(position, page=position.page + 1, high=high, fresh=fresh), Go.ON
    if full and not paged(rule) and not rises:
        return replace(position, page=0, high="", fresh=False), Go.STUCK
    if position.page and fresh:
        return replace(position, page=0, high=high, fresh=False), Go.ON
    mark = scale.highest((position.mark, high))
    go = Go.ON if full else Go.OVER
    return replace(position, mark=mark, since=mark, high="", page=0, fresh=False), go


def paged(rule: PollRule) -> bool:
    """The partner is told which page is meant."""
    return any("{page}" in text or "{offset}" in text for text in rule.ask.values())
