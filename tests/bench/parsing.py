"""What a refusal costs: time against reading and hashing the same bytes, memory against the body limit.

Time: reading a file and refusing it, over reading it and SHA-256; best of several, in time of this process, so that
a busy machine does not count. Memory: the growth of a fresh process from before the body is read, body included.
Bodies are large, because of a small one only constants remain.
"""

from __future__ import annotations

import hashlib
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from schemas import jsondoc, xmldoc
from schemas.catalog import canonical
from schemas.problem import Refused, Stage
from schemas.rules import check_rules

MIB = 1_048_576
LIMIT_BYTES = xmldoc.XmlLimits().size_bytes
TIME_GOAL, MEMORY_GOAL_MIB = 3.0, LIMIT_BYTES / MIB + 16
ROUNDS = 9
Case = tuple[str, str, Callable[[], bytes]]  # name, "xml" or "json", body


def _record(number: int) -> bytes:
    return f"<So{number % 9}>Nguyễn Thị Thử Nghiệm {number}</So{number % 9}>".encode()


def _doc(inside: bytes, *, head: bytes = b"", tail: bytes = b"</r>") -> bytes:
    return head + b"<r>" + inside + tail


def _text() -> bytes:
    return ("Hồ sơ thử nghiệm, " * 420_000).encode()[:9_900_000].decode("utf-8", "ignore").encode()


GUARDED: tuple[Case, ...] = (
    ("body over the limit", "xml", lambda: _doc(b"x" * 2 * LIMIT_BYTES)),
    ("DOCTYPE before 10 MB", "xml", lambda: _doc(_text(), head=b"<!DOCTYPE r SYSTEM 'x'>")),
    ("DOCTYPE after 10 MB", "xml", lambda: _doc(_text(), tail=b"<!DOCTYPE r></r>")),
    (
        "entity bomb",
        "xml",
        lambda: _doc(_text()[:1_000_000], head=b"<!DOCTYPE r [<!ENTITY a 'aa'><!ENTITY b '&a;&a;'>]>"),
    ),
    ("UTF-16 DOCTYPE", "xml", lambda: ("\ufeff<!DOCTYPE r><r>" + "x" * 2_500_000 + "</r>").encode("utf-16-le")),
    ("too many tags", "xml", lambda: _doc(b"<b/>" * 2_400_000)),
    ("too many attributes", "xml", lambda: _doc(b'<b c="" d=""/>' * 150_000 + b"QUJD" * 2_000_000)),
    ("too many namespaces", "xml", lambda: _doc(b'<b xmlns:c="u"/>' * 100_000 + b"QUJD" * 2_000_000)),
    ("depth bomb", "xml", lambda: b"<aaaaaaaa>" * 190_000),
    ("charset not allowed", "xml", lambda: _doc(_text(), head=b'<?xml version="1.0" encoding="utf-7"?>')),
    ("body over the limit", "json", lambda: b'"' + b"x" * 2 * LIMIT_BYTES + b'"'),
    ("depth bomb", "json", lambda: b'{"a":[' * 120_000),
    ("too many values", "json", lambda: b"[" + b"0," * 5_000_000 + b"0]"),
    ("too many strings", "json", lambda: b"[" + b'"a",' * 2_500_000 + b"0]"),
    (
        "cut off",
        "json",
        lambda: (
            b"[" + b'{"a":"' + b"x" * 1000 + b'"},' * 1 + b'{"b":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"},' * 90_000
        ),
    ),
    ("UTF-16", "json", lambda: ('{"a":"' + "x" * 5_000_000 + '"}').encode("utf-16")),
)
# What only a parser can see costs what parsing costs, because the fault may be the last byte; for information.
PARSED: tuple[Case, ...] = (
    ("namespaces after 8 MB of x", "xml", lambda: _doc(b"x" * 8_000_000 + b'<b xmlns:c="u"/>' * 100_000)),
    ("wrong last tag, 10 MB base64", "xml", lambda: _doc(b"QUJD" * 2_450_000, tail=b"</x>")),
    ("wrong byte at the end of 10 MB", "xml", lambda: _doc(_text(), tail=b"\xff</r>")),
    ("wrong last tag, 99,000 elements", "xml", lambda: _doc(b"".join(map(_record, range(99_000))), tail=b"</x>")),
    ("a level too deep, 99,000 elements", "xml", lambda: _doc(b"<b>x</b>" * 98_000 + b"<c>" * 70 + b"</c>" * 70)),
    ("wrong byte at the end of 10 MB", "json", lambda: b'{"a":"' + _text() + b'\xff"}'),
    ("NaN at the end of 10 MB", "json", lambda: b'{"a":"' + _text() + b'","b":NaN}'),
    (
        "doubled name after 60,000 objects",
        "json",
        lambda: b"[" + b'{"a":"xxxxxxxxxxxxxxxxxxxx","b":1},' * 60_000 + b'{"c":1,"c":2}]',
    ),
)


def refuse(kind: str, body: bytes) -> str:
    """The code of the refusal; a body that is read is a mistake of the bench."""
    try:
        xmldoc.parse(body) if kind == "xml" else jsondoc.loads(body)
    except Refused as refused:
        return refused.problems[0].code
    raise AssertionError("the body was not refused")


def rows() -> list[tuple[str, float, str, str, bool]]:
    """Time and memory of each refusal, then what parsing itself costs."""
    found: list[tuple[str, float, str, str, bool]] = []
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "body"
        for cases, timed in ((GUARDED, True), (PARSED, False)):
            for name, kind, make in cases:
                file.write_bytes(make())
                label = f"parsing: {kind}: {name}"
                ratio = _ratio(kind, file)
                goal = f"<= {TIME_GOAL:g}" if timed else ""
                found.append((f"{label}: time over read + SHA-256", ratio, "x", goal, ratio <= TIME_GOAL))
                grown = _grown_mib(kind, file)
                goal = f"<= {MEMORY_GOAL_MIB:g}"
                found.append((f"{label}: peak memory with body", grown, "MiB", goal, grown <= MEMORY_GOAL_MIB))
    return found + list(_sound())


def _sound() -> Iterator[tuple[str, float, str, str, bool]]:
    """What a sound message costs, for information."""
    inside = b"<NguonGoc>don_vi</NguonGoc><ThuTuc><Ma>9.999001</Ma></ThuTuc><TrangThai>4</TrangThai>"
    extra = "<TruongKhac><Ten>Ghi chú</Ten><GiaTri>Hồ sơ thử nghiệm</GiaTri></TruongKhac>".encode() * 40
    body = b'<HoSo xmlns="urn:lienthong:canonical:1">' + inside + extra + b"</HoSo>"
    root, schema = xmldoc.parse(body), canonical()
    assert schema.check(root, stage=Stage.VALIDATE_CANONICAL) == ()
    turns = 200
    for name, work in (
        ("parse", lambda: xmldoc.parse(body)),
        ("validate", lambda: schema.check(root, stage=Stage.VALIDATE_CANONICAL)),
        ("rules", lambda: check_rules(root, now=datetime.now(UTC))),
    ):
        spent = min(_seconds(lambda work=work: [work() for _ in range(turns)]) for _ in range(3))  # type: ignore[misc]
        yield f"parsing: a sound dossier of {len(body)} bytes: {name}", spent / turns * 1e6, "us", "", True


def _ratio(kind: str, file: Path) -> float:
    """Turn by turn, so that a busy machine is busy for both."""
    work, measure = float("inf"), float("inf")
    for _ in range(ROUNDS):
        work = min(work, _seconds(lambda: refuse(kind, file.read_bytes())))
        measure = min(measure, _seconds(lambda: hashlib.sha256(file.read_bytes()).digest()))
    return work / measure


def _seconds(work: Callable[[], object]) -> float:
    start = time.process_time()
    work()
    return time.process_time() - start


def _grown_mib(kind: str, file: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.parsing", kind, str(file)], capture_output=True, text=True, check=True
    )
    return float(done.stdout)


def _child(kind: str, file: Path) -> float:
    for small in (b"<", b"<r></x>", b'{"a":NaN}'):  # texts and parsers are loaded before anything is measured
        refuse("json" if small.startswith(b"{") else "xml", small)
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")  # the peak begins anew
    before = _status_kib("VmRSS")
    refuse(kind, file.read_bytes())
    peak = max(_status_kib("VmHWM"), before)
    return (peak - before) / 1024


def _status_kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return int(line.split()[1])
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


if __name__ == "__main__":
    print(_child(sys.argv[1], Path(sys.argv[2])))
