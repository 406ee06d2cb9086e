"""A process that has read everything a command needs and forks for each one: what is tried is the command, not a
thousand times the reading of the same modules.

`python -m tests.integration.cli.ready FD`: over that socket come arguments, environment and folder with the three
standard files; back go the process id and the exit code. Ends when the socket is closed.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import socket
import sys
import tempfile

# Not `bus.cli`: it looks at the environment while it is read, and that is each command's own.
_BROUGHT = (
    "alembic.command", "alembic.context", "bus.compose", "bus.compose_evidence", "bus.compose_polls", "bus.demo",
    "bus.doctor", "bus.journal.migrate", "bus.reconciling", "bus.web.run", "psycopg", "rich.progress", "rich.table",
    "signing.evidence.verify", "typer",
)  # fmt: skip


def main() -> None:
    """Forks for each command until nobody asks any more. Returns in each child too, when its command is over."""
    control = socket.socket(fileno=int(sys.argv[1]))
    for name in _BROUGHT:
        importlib.import_module(name)
    gc.freeze()
    while True:
        asked, files, _, _ = socket.recv_fds(control, 1 << 20, 3)
        if not asked:
            return
        child = os.fork()
        if not child:
            control.close()
            _become(json.loads(asked), files)
            from bus.cli.main import run

            return run()
        for file in files:
            os.close(file)
        control.send(str(child).encode())
        control.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def _become(asked: dict[str, object], files: list[int]) -> None:
    arguments, environment = asked["arguments"], asked["environment"]
    assert isinstance(arguments, list)
    assert isinstance(environment, dict)
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(str(asked["folder"]))
    sys.argv[1:] = arguments
    tempfile.tempdir = None  # it may be another by this environment


if __name__ == "__main__":
    main()
