"""`make oracles`: brings the software of other makers that tests/foreign.py lists, as root on a Debian machine.

Debian's packages by apt, some of them only unpacked into build/oracles/debian (no root needed); npm's into
build/oracles/node; PyPI's into an environment of its own, build/oracles/python. The last two by locked versions and
hashes. Done once; again when a lock or the list changed. Needs nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import venv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tests.foreign import BUILT, TOOLS, packages

HERE = Path(__file__).parent / "interop"


def debian() -> list[str]:
    """Installs what is missing; gives what could not be."""
    missing = [name for name in packages() if not _is_installed(name)]
    if not missing or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return missing
    for step in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        _apt(*step)
    return []


def _apt(*step: str) -> None:
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    command = ("apt-get", "-qq", "-o", "DPkg::Lock::Timeout=600", *step)
    subprocess.run(command, env=environment, stdout=subprocess.DEVNULL, check=True)


def _is_installed(name: str) -> bool:
    command = ("dpkg-query", "--show", "--showformat=${db:Status-Status}", name)
    try:
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout == "installed"
    except FileNotFoundError:
        return False


def node(folder: Path) -> None:
    """npm's, by package-lock.json; their scripts are not run."""
    for name in ("package.json", "package-lock.json"):
        shutil.copy(HERE / "node" / name, folder / name)
    command = ("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
    subprocess.run(command, cwd=folder, stdout=subprocess.DEVNULL, check=True)


def python(folder: Path) -> None:
    """Python's, by requirements.lock."""
    venv.create(folder, with_pip=True, clear=True)
    lock = HERE / "python" / "requirements.lock"
    pip = (folder / "bin" / "python", "-m", "pip", "install", "--quiet", "--quiet", "--disable-pip-version-check")
    subprocess.run((*pip, "--require-hashes", "--only-binary=:all:", "-r", lock), check=True)


def unpacked(folder: Path) -> None:
    """Debian's, without installing them: what else they would bring, a server say, stays away. apt checks them."""
    if os.geteuid() == 0:
        _apt("update")
    with tempfile.TemporaryDirectory(dir=folder) as fetched:
        quiet = ("-qq", "-o", "APT::Sandbox::User=root")  # its own user could not write there
        subprocess.run(("apt-get", *quiet, "download", *_to_unpack()), cwd=fetched, check=True)
        for package in Path(fetched).glob("*.deb"):
            subprocess.run(("dpkg-deb", "--extract", package, folder), check=True)


def _to_unpack() -> list[str]:
    return sorted({name for tool in TOOLS.values() for name in tool.unpacked})


def _lock(*path: str) -> bytes:
    return HERE.joinpath(*path).read_bytes()


def bring(name: str, wanted: bytes, how: Callable[[Path], None]) -> bool:
    """Once for each state of what is wanted; False where it failed."""
    folder, state = BUILT / name, sha256(wanted).hexdigest()
    stamp = BUILT / f"{name}.done"
    if stamp.exists() and stamp.read_text(encoding="ascii") == state:
        return True
    folder.mkdir(parents=True, exist_ok=True)
    try:
        how(folder)
    except (OSError, subprocess.CalledProcessError) as error:
        print(f"không cài được / cannot be installed: {name}: {error}", file=sys.stderr)
        return False
    stamp.write_text(state, encoding="ascii")
    return True


def main() -> int:
    """Exit status 1 where something is missing."""
    left = debian()
    if left:
        print(f"thiếu gói (cần quyền root) / missing packages (needs root): {' '.join(left)}", file=sys.stderr)
    done = [
        bring("debian", "\n".join(_to_unpack()).encode("ascii"), unpacked),
        bring("node", _lock("node", "package-lock.json"), node),
        bring("python", _lock("python", "requirements.lock"), python),
    ]
    return 0 if not left and all(done) else 1


if __name__ == "__main__":
    raise SystemExit(main())
