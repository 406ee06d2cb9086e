"""A process that accepts messages about dossiers that other processes work on too. Prints what it told its queue.

Arguments: address of the journal, how many.
"""

from __future__ import annotations

import json
import os
import sys

from bus.journal import open_journal
from tests.contract.journal_world import acceptance, item, numbered


def main(url: str, many: int) -> None:
    """Several at once, so that commits of several processes interleave."""
    journal = open_journal(url)
    futures = [
        journal.accept(acceptance(item(f"TN{number % 5}", identities=(numbered("cong"),)))) for number in range(many)
    ]
    for future in futures:
        result = future.result(60)[0]
        record = result.feed[0]
        os.write(1, (json.dumps([record.lane, record.delivery_id, record.predecessor]) + "\n").encode())
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
