"""A chain of anvil's that lives as long as the program that started it: `make devnet`, `make demo`."""

from __future__ import annotations

import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from types import FrameType

from eth_account import Account
from eth_account.signers.local import LocalAccount
from web3 import Web3

from stockade.errors import StockadeError

CHAIN_ID = 31337
ACCOUNTS = 60
# Public: everybody knows these keys. The same mnemonic as in ape-config.yaml, whose accounts `TEST::n` are these.
MNEMONIC = "test test test test test test test test test test test junk"


@dataclass(frozen=True)
class Chain:
    """A running anvil."""

    process: subprocess.Popen[bytes]
    url: str
    w3: Web3


@contextmanager
def anvil(start: int, port: int = 0) -> Iterator[Chain]:
    """The chain, which answers already and is ended on the way out. Its clock begins at `start` (seconds UTC); without
    a port it takes a free one. Raises StockadeError.
    """
    for program in ("anvil", "ape"):
        if shutil.which(program) is None:
            raise StockadeError(f"{program} was not found: run `make setup`, then `. tools/env.sh` in this shell.")
    port = usable_port(port)
    command = ["anvil", "--silent", "--host", "127.0.0.1", "--port", str(port), "--chain-id", str(CHAIN_ID)]
    command += ["--timestamp", str(start)]
    command += ["--hardfork", "prague", "--mnemonic", MNEMONIC, "--accounts", str(ACCOUNTS)]
    process = subprocess.Popen(command)
    url = f"http://127.0.0.1:{port}"
    try:
        yield Chain(process, url, _wait_until_it_answers(process, url))
    finally:
        process.terminate()
        process.wait()


def usable_port(port: int = 0) -> int:
    """The port if it is free on loopback; a free one for 0. Raises StockadeError."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise StockadeError(f"Port {port} cannot be used ({error.strerror}): try `make devnet PORT=...`.") from None
        return int(probe.getsockname()[1])


def _wait_until_it_answers(process: subprocess.Popen[bytes], url: str, seconds: int = 20) -> Web3:
    w3 = Web3(Web3.HTTPProvider(url))
    for _ in range(seconds * 10):
        if w3.is_connected():
            return w3
        if process.poll() is not None:
            raise StockadeError(f"anvil could not start at {url}; what it said stands above.")
        time.sleep(0.1)
    raise StockadeError(f"anvil did not answer at {url} within {seconds} seconds: try again.")


@cache
def key(index: int) -> LocalAccount:
    """The key of one of the funded accounts, `TEST::index` for Ape."""
    Account.enable_unaudited_hdwallet_features()
    found: LocalAccount = Account.from_mnemonic(MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}")
    return found


def end_on_sigterm() -> None:
    """SIGTERM then ends the program like Ctrl-C: through its `finally` clauses."""
    signal.signal(signal.SIGTERM, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
