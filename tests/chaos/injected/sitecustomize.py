"""Found by every Python that is started with this folder on its path: puts the bug of CHAOS_BUG into the bus."""

from __future__ import annotations

import os
import sys

if "bus.cli" in sys.orig_argv and os.environ.get("CHAOS_BUG"):
    from tests.chaos.bugs import BUGS

    BUGS[os.environ["CHAOS_BUG"]].put_in()
