"""A process that accepts, in an order of its own, what other processes accept too. Begins when it is told to.

Arguments: address of the journal, seed, how many messages. Prints, for each: key, status, message id, lane, delivery,
predecessor.
"""

from __future__ import annotations

import json
import os
import random
import sys

from bus.journal import open_journal
from tests.contract.journal_world import acceptance, item, numbered

DOSSIERS = 5
AT_ONCE = 40


def main(url: str, seed: int, many: int) -> None:
    """Waves of several at once, so that commits of several processes interleave."""
    journal = open_journal(url)
    journal.ping()
    numbers = list(range(many))
    random.Random(seed).shuffle(numbers)
    os.write(1, b"ready\n")
    sys.stdin.readline()
    for start in range(0, many, AT_ONCE):
        futures = {
            number: journal.accept(
                acceptance(
                    item(
                        f"TN{number % DOSSIERS}", idempotency_key=f"k{number}", content_sha256="c",
                        identities=(numbered("cong"),),
                    )
                )
            )
            for number in numbers[start : start + AT_ONCE]
        }  # fmt: skip
        for number, future in futures.items():
            result = future.result(60)[0]
            fed = [(one.lane, one.delivery_id, one.predecessor) for one in result.feed] or [("", "", "")]
            said = [number, result.status.value, result.message_id, *fed[0]]
            os.write(1, (json.dumps(said) + "\n").encode())
    journal.close()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
