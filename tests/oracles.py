"""`make oracles`: brings the software of other makers that tests/foreign.py lists, as root on a Debian machine.

Debian's packages by apt; npm's into build/oracles/node; PyPI's into an environment of its own, build/oracles/python.
Both by locked versions and hashes. Done once; again when a lock changed. Needs nothing but the standard library.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

from tests.foreign import BUILT, packages

HERE = Path(__file__).parent / "interop"


def debian() -> list[str]:
    """Installs what is missing; gives what could not be."""
    missing = [name for name in packages() if not _is_installed(name)]
    if not missing or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return missing
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ("-qq", "-o", "DPkg::Lock::Timeout=600")
    for step in (["update"], ["install", "-y", "--no-install-recommends", *missing]):
        subprocess.run(("apt-get", *quiet, *step), env=environment, stdout=subprocess.DEVNULL, check=True)
    return []


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


def bring(name: str, lock: str, how: Callable[[Path], None]) -> bool:
    """Once for each state of the lock; False where it failed."""
    folder, state = BUILT / name, sha256((HERE / name / lock).read_bytes()).hexdigest()
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
    done = [bring("node", "package-lock.json", node), bring("python", "requirements.lock", python)]
    return 0 if not left and all(done) else 1


if __name__ == "__main__":
    raise SystemExit(main())
