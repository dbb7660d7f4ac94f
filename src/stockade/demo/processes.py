"""The commands of an operator as processes of their own, which end with the demo however it ends."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from stockade.errors import StockadeError

T = TypeVar("T")

# Seconds: between two looks, for what is waited for to come, and for a process to end before it is killed.
_LOOK = 0.1
_PATIENCE = 900
_LAST = 10


class Processes:
    """What was started, each with a log of its own in `folder`, and with the secrets that it needs and no others."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for name in list(self._running):
            self.end(name)

    def start(self, name: str, command: list[str], secrets: Mapping[str, str]) -> None:
        """A process that runs until it is ended."""
        with self.log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env={**os.environ, **secrets}
            )

    def end(self, name: str) -> None:
        process = self._running.pop(name)
        process.terminate()
        try:
            process.wait(_LAST)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def run(self, command: list[str], show: bool = False) -> None:
        """A command that ends by itself; with `show` it speaks to the reader. Raises StockadeError when it fails."""
        output = None if show else subprocess.PIPE
        done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=output, stderr=output, text=True, check=False)
        if done.returncode:
            said = "what it said stands above" if show else (done.stderr or done.stdout).strip().rstrip(".")
            raise StockadeError(f"`{' '.join(command[:3])}` failed: {said}.")

    def log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

    def until(self, look: Callable[[], T | None], what: str) -> T:
        """What a look at last finds. Raises StockadeError when a process ends meanwhile, or when it takes too long."""
        end = time.monotonic() + _PATIENCE
        while (found := look()) is None:
            for name, process in self._running.items():
                if process.poll() is not None:
                    raise StockadeError(f"`{name}` has ended; what it said stands in {self.log(name)}.")
            if time.monotonic() > end:
                raise StockadeError(f"{what} takes more than {_PATIENCE} seconds; see the logs in {self._folder}.")
            time.sleep(_LOOK)
        return found
