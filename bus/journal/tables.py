"""The tables of the journal. Drawn in docs/adr/0002-journal.md.

Times are microseconds since the epoch, UTC (`…_us`): exact, ordered and the same everywhere. Tables that will be
partitioned carry `month` ("YYYY-MM" of the message) in their primary key. Codes are compared byte by byte.
"""

from __future__ import annotations

import sqlalchemy as sa
from sqlalchemy import BigInteger, Column, ForeignKeyConstraint, Index, Integer, LargeBinary, String, Table, Text

metadata = sa.MetaData()

_Code = String().with_variant(String(collation="C"), "postgresql")
_Month = String(7)
_Sha = String(64)
BY_MONTH = "LIST (month)"


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _code(name: str, *, key: bool = False) -> Column[str]:
    return Column(name, _Code, primary_key=key, nullable=False)


def _month() -> Column[str]:
    return Column("month", _Month, primary_key=True)


def _number(name: str, *, key: bool = False) -> Column[int]:
    return Column(name, Integer, primary_key=key, nullable=False, autoincrement=False)


def _us(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _of_message() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["message_id", "month"], ["messages.id", "messages.month"])


def _of_delivery() -> ForeignKeyConstraint:
    return ForeignKeyConstraint(["delivery_id", "month"], ["deliveries.id", "deliveries.month"])


messages = Table(
    "messages",
    metadata,
    _code("id", key=True),
    _month(),
    _text("verdict"),  # accepted | rejected | asked
    _text("kind"),
    _text("sender"),  # JSON [agency, name, system]
    _text("receiver"),  # the same, or ""
    _text("operation"),
    _text("business_ids"),  # JSON [[party, code], …]
    _us("received_us"),
    Column("sha256", _Sha, nullable=False),  # of the body as received, also where it was cut or blanked
    _code("order_key"),  # the dossier; "" = none
    _code("correlation"),
    _code("caused_by"),
    _text("profile"),
    _text("facts"),  # JSON object
    _text("party"),  # who called
    _text("media_type"),
    Index("messages_by_dossier", "order_key", "kind", "id"),
    Index("messages_by_cause", "caused_by"),
    Index("messages_by_kind", "kind", "id"),
    Index("messages_by_verdict", "verdict", "id"),
    postgresql_partition_by=BY_MONTH,
)

bodies = Table(
    "bodies",
    metadata,
    _code("message_id", key=True),
    _code("role", key=True),  # raw | canonical | content@E | signature@E | reply:N@E | content#K@E (before a replay)
    _month(),
    _text("media_type"),
    Column("sha256", _Sha, nullable=False),  # of the bytes kept here
    _number("size"),
    _text("coding"),  # "zlib" or "" (as it is); locked: see bus.journal.vault; erased: see bus.journal.bodies
    Column("data", LargeBinary, nullable=False),
    _text("profile"),  # what the content was made with
    _of_message(),
    postgresql_partition_by=BY_MONTH,
)

problems = Table(
    "problems",
    metadata,
    _code("message_id", key=True),
    _number("number", key=True),
    _month(),
    _text("code"),
    _text("data"),  # JSON, as Problem.as_json
    _of_message(),
    Index("problems_by_code", "code", "message_id"),
    postgresql_partition_by=BY_MONTH,
)

dossiers = Table("dossiers", metadata, _code("id", key=True), _us("created_us"), sqlite_with_rowid=False)

identities = Table(
    "identities",
    metadata,
    _code("code", key=True),  # first in the key: people look for a code without knowing whose it is
    _code("party", key=True),
    _code("dossier"),
    _us("at_us"),
    Index("identities_by_dossier", "dossier", "party"),
    sqlite_with_rowid=False,
)

counters = Table(
    "counters", metadata, _code("name", key=True), Column("last", BigInteger, nullable=False), sqlite_with_rowid=False
)

idempotency = Table(
    "idempotency",
    metadata,
    _code("key", key=True),  # digest of party, operation and key
    Column("content_sha256", _Sha, nullable=False),
    _code("message_id"),
    _code("dossier"),
    _us("at_us"),
    sqlite_with_rowid=False,
)

lanes = Table(
    "lanes", metadata, _code("lane", key=True), Column("last_seq", BigInteger, nullable=False), sqlite_with_rowid=False
)

deliveries = Table(
    "deliveries",
    metadata,
    _code("id", key=True),
    _month(),
    _code("message_id"),
    _code("dossier"),
    _code("endpoint"),
    _text("operation"),
    _text("pattern"),
    _text("unclear"),
    _number("priority"),
    _code("lane"),
    Column("lane_seq", BigInteger, nullable=False),
    _number("open"),  # 1 in its lane; 2 beside it (parked, others may pass); 0 delivered or cancelled
    _text("state"),  # as stored; SENDING and HELD are derived
    _text("reason"),
    _text("problem_code"),
    _text("problem"),  # JSON, as Problem.as_json; "" = none
    _number("attempts_used"),
    _number("manual_used"),
    _number("crashes"),
    _us("created_us"),
    _us("next_us", nullable=True),
    _code("held_behind"),  # delivery of another lane it waits for; "" = none
    _us("offered_us", nullable=True),  # pull: on offer until then
    _text("token"),  # of the intent granted last
    _us("lease_us", nullable=True),  # of the intent granted last, while it has no result
    _number("last_number"),  # of the last intent or attempt
    _text("doubts"),  # numbers of intents that left no result, "3,4"
    _number("replays"),
    _number("taken"),  # 1 once the receiver had it
    _text("last_outcome"),  # "" = none
    Column("after_parking", Text, nullable=False, server_default="hold"),  # hold | skip | supersede
    Column("replaces", Text, nullable=False, server_default=""),  # kind of which a later one tells all; "" = none
    _us("since_us", nullable=True),  # when it first could be sent, or was released last; the deadline counts from it
    Column("used_before", Integer, nullable=False, server_default="0"),  # of attempts_used, before its last release
    Column("asked_by", Text, nullable=False, server_default=""),  # who asked for the next attempt; "" = nobody
    Column("more_problems", Text, nullable=False, server_default=""),  # JSON list: those beside `problem`; "" = none
    _of_message(),
    Index("deliveries_by_message", "message_id"),
    Index("deliveries_by_state", "state", "message_id"),
    postgresql_partition_by=BY_MONTH,
)

# Literals, not parameters: a partial index is only used where the query repeats its condition word for word.
IS_OPEN = deliveries.c.open == sa.literal_column("1")
IS_TAKEN = deliveries.c.taken == sa.literal_column("1")
IS_PULL = deliveries.c.pattern == sa.literal_column("'pull'")
IS_HELD_BEHIND = deliveries.c.held_behind != sa.literal_column("''")
HAS_PROBLEM = deliveries.c.problem_code != sa.literal_column("''")


def _partial(name: str, where: sa.ColumnElement[bool], *columns: Column[str] | Column[int]) -> Index:
    return Index(name, *columns, sqlite_where=where, postgresql_where=where)


_d = deliveries.c
_partial("deliveries_open", IS_OPEN, _d.lane, _d.lane_seq)
_partial("deliveries_taken", IS_TAKEN, _d.dossier, _d.endpoint, _d.operation)
_partial("deliveries_on_offer", sa.and_(IS_PULL, IS_OPEN), _d.endpoint, _d.lane, _d.lane_seq)
_partial("deliveries_held_behind", IS_HELD_BEHIND, _d.held_behind)
_partial("deliveries_with_problem", HAS_PROBLEM, _d.problem_code, _d.message_id)
# What could be sent, by when: the watch asks for the first of each endpoint.
MAY_BE_DUE = sa.and_(
    IS_OPEN, _d.pattern == sa.literal_column("'push'"), _d.state != sa.literal_column("'parked'"),
    _d.held_behind == sa.literal_column("''"),
)  # fmt: skip
_partial("deliveries_due", MAY_BE_DUE, _d.endpoint, _d.next_us, _d.created_us)
_partial("deliveries_since", MAY_BE_DUE, _d.endpoint, _d.id)
Index("deliveries_in_lane", _d.lane, _d.lane_seq, _d.month, unique=True)

intents = Table(
    "intents",
    metadata,
    _code("delivery_id", key=True),
    _number("number", key=True),
    _month(),
    _text("token"),
    _text("worker"),
    _us("granted_us"),
    _us("lease_us"),
    _of_delivery(),
    postgresql_partition_by=BY_MONTH,
)

attempts = Table(
    "attempts",
    metadata,
    _code("delivery_id", key=True),
    _number("number", key=True),
    _month(),
    _text("by"),
    _text("worker"),
    _text("token"),
    _us("started_us"),
    Column("duration_ms", BigInteger, nullable=False),
    _text("outcome"),
    _number("status"),
    _text("code"),
    _text("text"),
    _text("problem_code"),
    Column("request_sha256", _Sha, nullable=False),
    _number("request_size"),
    Column("reply_sha256", _Sha, nullable=False),
    _number("reply_size"),
    _text("peer"),
    _number("applied"),  # 1 = the token held and the delivery changed
    _text("state_after"),
    _text("feed"),  # JSON of what it freed or bore: a repeated settlement gets the same answer
    Column("asked", Integer, nullable=False, server_default="0"),  # 1 = a question about it, its content was not sent
    _of_delivery(),
    postgresql_partition_by=BY_MONTH,
)

actions = Table(
    "actions",
    metadata,
    _code("id", key=True),
    _month(),
    _code("delivery_id"),
    _code("message_id"),
    _text("act"),
    _text("who"),
    _text("why"),
    _number("as_then"),
    _number("done"),
    _text("reason"),
    _us("at_us"),
    Index("actions_by_message", "message_id"),
    postgresql_partition_by=BY_MONTH,
)

generations = Table("generations", metadata, _number("number", key=True), _us("at_us"))

entries = Table(
    "entries",
    metadata,
    _code("writer", key=True),
    _number("number", key=True),
    _month(),
    _text("kind"),
    _code("subject"),  # id of the message or delivery
    _us("at_us"),
    _text("text"),  # exactly what is hashed
    Column("previous", _Sha, nullable=False),
    Column("hash", _Sha, nullable=False),
    Index("entries_by_subject", "subject"),
    postgresql_partition_by=BY_MONTH,
)

writers = Table(
    "writers",
    metadata,
    _code("writer", key=True),
    _number("number"),  # of its last entry: a chain cut short is seen
    Column("hash", _Sha, nullable=False),
    _us("at_us"),
    Column("tally", Text, nullable=False, server_default=""),  # JSON: deliveries accepted, and now in each state, by it
)
