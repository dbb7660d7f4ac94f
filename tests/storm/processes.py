"""The real processes of a storm, which are killed at any instant and started again, and the trap that kills them."""

from __future__ import annotations

import os
import subprocess
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

# What one command may take that ends by itself (seconds).
PATIENCE = 120


class Process:
    """A command that runs for ever. What it says goes to `FOLDER/NAME.log`."""

    def __init__(self, name: str, command: Sequence[str], environment: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self._command = list(command)
        self._environment = {**os.environ, **environment}
        self.log = folder / f"{name}.log"
        self._running: subprocess.Popen[bytes] | None = None
        self._struck = False

    def start(self) -> None:
        self._struck = False
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command, env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def strike(self) -> None:
        """SIGKILL, at once."""
        assert self._running is not None
        if self._running.poll() is None:
            self._struck = True
            self._running.kill()

    def bury(self) -> None:
        """Kills it unless that is done. Fails when it ended by itself before, or said what nobody should see."""
        assert self._running is not None
        self.strike()
        status = self._running.wait()
        assert self._struck, f"{self.name} ended by itself with status {status}:\n{self.said()}"
        assert "Traceback" not in self.said(), self.said()

    def stop(self) -> None:
        """However it is."""
        if self._running:
            self._running.kill()
            self._running.wait()

    def said(self) -> str:
        return self.log.read_text(errors="replace")[-4_000:] if self.log.exists() else ""


class Trap:
    """Kills a process so many seconds after the `count`th request of it, or to it, passed a proxy."""

    def __init__(self, process: Process, count: int, delay: float) -> None:
        self._process = process
        self._left = count
        self._delay = delay
        self._counting = threading.Lock()
        self.sprung = threading.Event()

    def passed(self) -> None:
        with self._counting:
            self._left -= 1
            if self._left == 0:
                threading.Timer(self._delay, self._spring).start()

    def _spring(self) -> None:
        self._process.strike()
        self.sprung.set()


def run(command: Sequence[str], environment: Mapping[str, str], status: int = 0) -> str:
    """A command that ends by itself: what it printed."""
    done = subprocess.run(
        list(command),
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    said = done.stdout + done.stderr
    assert done.returncode == status, f"{' '.join(command)}\n{said}"
    assert "Traceback" not in said, said
    return said
