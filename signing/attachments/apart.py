"""Reads a hostile file in a process of its own: a loop, a bomb or a crash there costs a bounded time and nothing else.

The child gets the bytes on its standard input, says facts as JSON, has a bounded memory and processor time, no
settings and no secrets.
"""

from __future__ import annotations

import json
import resource
import struct
import subprocess
import sys
from typing import Any  # facts are JSON

MEMORY_BYTES, SECONDS, ANSWER_BYTES = 1_500_000_000, 20, 8_000_000
_MODULE = "signing.attachments.apart"


class Unreadable(Exception):
    """The file could not be read within the bounds; the text says why."""


class Hindered(Exception):
    """It was not the file: no process could be started, or it got no time here. Another try may go well."""


def facts_apart(kind: str, data: bytes, content: bytes | None, *, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """The facts of `signing.attachments.facts`.

    Raises:
        Unreadable: damaged, hostile, or it took too much of memory or processor.
        Hindered: nothing was learnt of it.
    """
    head = json.dumps({"kind": kind, "beside": content is not None, "seconds": seconds}).encode()
    given = b"".join(struct.pack(">I", len(part)) + part for part in (head, data, content or b""))
    command = (sys.executable, "-I", "-c", f"import sys; sys.path[:] = {sys.path!r}; "
               f"from {_MODULE} import serve; serve()")  # fmt: skip
    try:
        done = subprocess.run(command, input=given, capture_output=True, timeout=seconds + 10, check=False, env={})
    except subprocess.TimeoutExpired as error:  # what spins meets the bound on its processor time before
        raise Hindered(f"> {seconds + 10:g} s") from error
    except OSError as error:
        raise Hindered(type(error).__name__) from error
    if done.returncode or len(done.stdout) > ANSWER_BYTES:
        raise Unreadable("killed by its bounds" if done.returncode < 0 else "it broke")
    try:
        said = json.loads(done.stdout)
    except ValueError as error:
        raise Unreadable("it broke") from error
    if "error" in said:
        raise Unreadable(said["error"])
    facts: list[dict[str, Any]] = said["facts"]
    return facts


def serve() -> None:
    """The child's whole life."""
    head, data, content = _parts(sys.stdin.buffer.read())
    asked = json.loads(head)
    seconds = max(1, int(asked["seconds"]))
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_FSIZE, (ANSWER_BYTES, ANSWER_BYTES))
    try:
        from signing.attachments.facts import cms_facts, pdf_facts

        if asked["kind"] == "pdf":
            said: dict[str, Any] = {"facts": pdf_facts(data)}
        else:
            said = {"facts": cms_facts(data, content if asked["beside"] else None)}
    except BaseException as error:  # hostile bytes: the libraries have many ways to say no
        said = {"error": f"{type(error).__name__}: {ascii(str(error))[1:-1][:100]}"}
    text = json.dumps(said)
    if len(text) > ANSWER_BYTES:  # whoever asked holds the answer in memory
        text = json.dumps({"error": "too much in it"})
    sys.stdout.write(text)


def _parts(given: bytes) -> list[bytes]:
    parts, at = [], 0
    for _ in range(3):
        (size,) = struct.unpack_from(">I", given, at)
        parts.append(given[at + 4 : at + 4 + size])
        at += 4 + size
    return parts
