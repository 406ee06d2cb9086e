"""Tools of other makers that some tests need: where they are, and which Debian packages bring them.

`python3 -m tests.foreign` prints the packages; `make oracles` brings them, and what comes from npm and PyPI. Needs
nothing but the standard library.
"""

from __future__ import annotations

import glob
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path

BUILT = Path(__file__).parents[1] / "build" / "oracles"  # what `make oracles` brings that is no Debian package
NODE_MODULES = BUILT / "node" / "node_modules"
PYTHON = BUILT / "python" / "bin" / "python"
UNPACKED = BUILT / "debian"  # Debian packages that are unpacked there, not installed
XMLSECLIBS = UNPACKED / "usr/share/simplesamlphp/vendor/robrichards/xmlseclibs/xmlseclibs.php"
_JARS = "/usr/share/java"


@dataclass(frozen=True)
class Tool:
    """One tool: its program under any of these names, and a command that succeeds only if it can do its work."""

    programs: tuple[str, ...]
    packages: tuple[str, ...]  # Debian
    probe: tuple[str, ...] = ()  # arguments; () = being there is enough
    folders: tuple[str, ...] = ()  # looked at after PATH; may hold *
    files: tuple[str, ...] = ()  # must be there too
    if_absent: bool = False  # packages are asked for only where no program of that name is there
    unpacked: tuple[str, ...] = ()  # Debian, unpacked by `make oracles`: installed they would bring a server along

    @property
    def comes_from(self) -> str:
        """How to get it."""
        is_made = bool(self.unpacked) or not self.packages
        return " ".join((*self.packages, *(("make oracles",) if is_made else ())))


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
    "pdfsig": Tool(("pdfsig",), ("poppler-utils",)),
    "openssl": Tool(("openssl",), ("openssl",)),
    "santuario": Tool(("java",), ("libxml-security-java", "libbcprov-java"), files=(f"{_JARS}/xmlsec.jar",)),
    "wss4j": Tool(("java",), ("libwss4j-java", "libcommons-logging-java"), files=(f"{_JARS}/wss4j.jar",)),
    "node": Tool(("node", "nodejs"), ("nodejs",), if_absent=True),
    "npm": Tool(("npm",), ("npm",), if_absent=True),
    "xml-crypto": Tool(("node", "nodejs"), (), files=(f"{NODE_MODULES}/xml-crypto/package.json",)),
    "xadesjs": Tool(("node", "nodejs"), (), files=(f"{NODE_MODULES}/xadesjs/package.json",)),
    "xmlseclibs": Tool(
        ("php",), ("php-cli", "php-xml"), ("-r", 'exit(extension_loaded("dom") ? 0 : 1);'),
        files=(str(XMLSECLIBS),), unpacked=("simplesamlphp",),
    ),
    "bergshamra": Tool((str(PYTHON),), (), ("-c", "import pybergshamra")),
    "libdigidocpp": Tool((str(PYTHON),), (), ("-c", "import pydigidoc")),
}  # fmt: skip


@cache
def path_of(name: str) -> str | None:
    """The program of a tool that is there and can do its work; None = absent.

    Raises:
        KeyError: no such tool in the table.
    """
    tool = TOOLS[name]
    if not all(Path(file).exists() for file in tool.files):
        return None
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


def packages() -> list[str]:
    """The Debian packages of all tools, and what `make oracles` itself needs."""
    asked = [tool for tool in TOOLS.values() if not (tool.if_absent and any(map(shutil.which, tool.programs)))]
    return sorted({"make", "python3-venv", *(package for tool in asked for package in tool.packages)})


if __name__ == "__main__":
    print(*packages())
