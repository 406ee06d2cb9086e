"""A partner that demands encryption gets it, and reads what it gets with its own key."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bus.delivery import State
from bus.encrypting import lock_of
from bus.journal import SqlJournal
from bus.queue import RedisQueue
from bus.sections import PartnerEncryption
from bus.settings import Settings
from signing.encryption import ReadingKey, decrypt_xml
from tests.integration.worker.bench import (
    Partner,
    accept,
    make_tools,
    make_worker,
    until_state,
    working,
)  # fmt: skip
from tests.unit.signing.kit import rsa2048


def test_a_partner_reads_what_was_encrypted_for_it(
    journal: SqlJournal, queue: RedisQueue, there: Partner, tmp_path: Path
) -> None:
    """Nothing of the dossier's code is on the wire in the clear; the partner opens it and takes it; the bytes kept as
    sent are those that were sent."""
    (tmp_path / "partner.pem").write_bytes(rsa2048().certificate)
    rule = PartnerEncryption(form="xml", key="file:partner.pem", key_id="H99")
    seen: list[bytes] = []
    keys = {"H99": ReadingKey.from_pem(rsa2048().pem, key_id="H99")}

    def opened(body: bytes) -> bytes:
        seen.append(body)
        return decrypt_xml(body, keys)

    there.opened = opened
    tools = make_tools(there.address)
    line = replace(tools.lines["e"], lock=lock_of(Settings(folder=tmp_path), rule, wire="soap"))
    ids = accept(journal, "D-KIN")
    with working(make_worker(journal, queue, replace(tools, lines={"e": line}))):
        until_state(journal, ids, State.DELIVERED)
    assert there.codes() == ["D-KIN"]
    assert b"D-KIN" not in seen[0]
    kept = journal.body(ids[0].partition(":")[0], "content")
    assert kept is not None
    assert kept.body in seen[0]  # a SOAP wire puts its envelope around it
