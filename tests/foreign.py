"""Tools of other makers that some tests need: where they are, and which Debian packages bring them.

`python3 -m tests.foreign` prints the packages, for `.ci/run`; it needs nothing but the standard library.
"""

from __future__ import annotations

import glob
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Tool:
    """One tool: its program under any of these names, and a command that succeeds only if it can do its work."""

    programs: tuple[str, ...]
    packages: tuple[str, ...]  # Debian
    probe: tuple[str, ...] = ()  # arguments; () = being there is enough
    folders: tuple[str, ...] = ()  # looked at after PATH; may hold *


TOOLS = {
    "php": Tool(("php",), ("php-cli", "php-soap"), ("-r", 'exit(extension_loaded("soap") ? 0 : 1);')),
    "perl": Tool(("perl",), ("libsoap-lite-perl",), ("-MSOAP::Lite", "-e", "1")),
    "java": Tool(("java",), ("default-jdk-headless",)),
    "javac": Tool(("javac",), ("default-jdk-headless",)),
    "xmlsec1": Tool(("xmlsec1",), ("xmlsec1",)),
    "chromium": Tool(("chromium", "chromium-browser", "google-chrome"), ("chromium",)),
    "postgresql": Tool(("postgres",), ("postgresql",), ("--version",), ("/usr/lib/postgresql/*/bin",)),
    "gcc": Tool(("gcc",), ("gcc", "libc6-dev")),
    "softhsm2-util": Tool(("softhsm2-util",), ("softhsm2",)),
    "openssl": Tool(("openssl",), ("openssl",)),
}


@cache
def path_of(name: str) -> str | None:
    """The program of a tool that is there and can do its work; None = absent.

    Raises:
        KeyError: no such tool in the table.
    """
    tool = TOOLS[name]
    folders = [folder for pattern in tool.folders for folder in sorted(glob.glob(pattern), reverse=True)]
    for program in tool.programs:
        found = shutil.which(program) or next(filter(None, (shutil.which(program, path=f) for f in folders)), None)
        if found and (not tool.probe or _works(found, tool.probe)):
            return found
    return None


def _works(program: str, probe: tuple[str, ...]) -> bool:
    try:
        return subprocess.run((program, *probe), capture_output=True, timeout=60, check=False).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


if __name__ == "__main__":
    print(*sorted({package for tool in TOOLS.values() for package in tool.packages}))
