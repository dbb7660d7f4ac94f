"""Canary keys: fresh keys, passphrases and keyfiles that every command is run with, and that must be seen nowhere."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import secrets as random
import shlex
import signal
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import click
import pytest
from eth_account import Account
from web3 import Web3

from stockade.ape import signer
from stockade.errors import InputError
from stockade.reporter.parties import KEY as PARTY_KEY_VARIABLE
from stockade.whitelist import COLUMNS, KEY_VARIABLE
from tests.conftest import key_of
from tests.e2e.conftest import Devnet
from tests.e2e.watched import SENDS, Node, Run, Running, Secrets, Watch
from tests.support import DAY, EXAMPLES, ROOT

# Who holds the canary keys: every role and custodian 1's signature; shares; a platform's licence; nothing.
OFFICE, INVESTOR, PLATFORM, NOBODY = "office", "investor", "platform", "nobody"
ALIASES = (OFFICE, INVESTOR, PLATFORM, NOBODY)
ROLES = ("ISSUER", "COMPLIANCE", "CUSTODY_ADMIN", "PAUSER", "REGULATOR", "GUARDIAN")

FRIEND, SUCCESSOR = key_of(40).address, key_of(41).address
REGISTRAR_KEY = random.token_bytes(32)
PARTY_KEY = random.token_bytes(32)
ZERO = "0x" + "0" * 40


# ---------------------------------------------------------------- keyfiles


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o601, 0o777, 0o644])
def test_signer__keyfile_open_to_others__refused_with_the_remedy(tmp_path, mode):
    keyfile = tmp_path / "my desk.json"
    keyfile.write_text("{}")
    keyfile.chmod(mode)

    with pytest.raises(InputError) as refused:
        signer(Unlockable(keyfile), yes=True)

    assert str(refused.value) == (
        f"Keyfile {keyfile} is open to other users of this machine, and nothing was signed: "
        f"run `chmod 600 '{keyfile}'` first."
    )


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o700])
def test_signer__keyfile_of_its_owner_alone__accepted(tmp_path, mode):
    keyfile = tmp_path / "desk.json"
    keyfile.write_text("{}")
    keyfile.chmod(mode)

    with pytest.raises(AssertionError, match="unlocked"):
        signer(Unlockable(keyfile), yes=True)


def test_signer__link_to_a_keyfile_open_to_others__refused(tmp_path):
    keyfile = tmp_path / "desk.json"
    keyfile.write_text("{}")
    keyfile.chmod(0o644)
    (link := tmp_path / "link.json").symlink_to(keyfile)

    with pytest.raises(InputError, match="open to other users"):
        signer(Unlockable(link), yes=False)


@dataclass(frozen=True)
class Unlockable:
    """As much of Ape's keyfile account as `signer` looks at."""

    keyfile_path: Path

    def set_autosign(self, enabled: bool) -> None:
        raise AssertionError("unlocked")


def test_signer__test_account_or_hardware_wallet__has_no_keyfile_and_is_accepted(accounts):
    assert signer(accounts[0], yes=True).address == accounts[0].address
    wallet = SimpleNamespace(address=accounts[1].address, alias="ledger")
    assert signer(wallet, yes=False).address == accounts[1].address


# ---------------------------------------------------------------- a person at a terminal


class Terminal:
    """A command with a terminal of its own, typed at by a person; what stood on the screen is kept."""

    def __init__(self, *command: str, **environment: str) -> None:
        spawn = "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))"
        self.process = subprocess.Popen(
            [sys.executable, "-c", spawn, *command],
            cwd=ROOT,
            env={**os.environ, **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            umask=0o022,
        )
        self.screen = b""

    def answer(self, prompt: str, typed: str) -> None:
        """Types a line when the prompt and its space are there: only then does the terminal hide what is typed."""
        self.wait_for(prompt)
        assert self.process.stdin is not None
        self.process.stdin.write(typed.encode())
        self.process.stdin.flush()

    def interrupt(self, prompt: str) -> None:
        """Presses Ctrl-C at the prompt, and again when nothing happens: Python misses one that comes just before it
        begins to wait for a line.
        """
        self.answer(prompt, CTRL_C)
        while True:
            try:
                self.process.wait(timeout=20)
                return
            except subprocess.TimeoutExpired:
                self.answer("", CTRL_C)

    def wait_for(self, prompt: str) -> None:
        assert self.process.stdout is not None
        while not self.screen.endswith(prompt.encode() + b" "):
            said = os.read(self.process.stdout.fileno(), 1_000)
            assert said, self.screen.decode()
            self.screen += said

    def end(self) -> tuple[int, str]:
        said, _ = self.process.communicate(timeout=60)
        self.screen += said
        return self.process.returncode, self.screen.decode()


CTRL_C = "\x03"


@pytest.mark.long
def test_import_and_sign__as_ape_asks__the_keyfile_must_be_closed_first_and_no_secret_is_seen(devnet, tmp_path):
    """A fresh key, imported by Ape and used by a person who makes every mistake on the way."""
    account, secret, secrets = Account.create(), random.token_hex(18), Secrets()
    secrets.add_bytes("key", account.key)
    secrets.add_text("passphrase", secret)
    w3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{devnet.port}"))
    w3.provider.make_request("anvil_setBalance", [account.address, hex(10**20)])
    environment = {"APE_DATA_FOLDER": str(tmp_path), "STOCKADE_DEVNET_PORT": str(devnet.port), "COLUMNS": "200"}
    environment |= {"HOME": str(tmp_path), "TMPDIR": str(tmp_path)}
    command = ["ape", "run", "holder", "approve", "AAPLs", FRIEND, "5", "--account", "desk"]
    command += ["--network", "ethereum:devnet", "--deployment", str(devnet.deployment)]

    def ended(terminal: Terminal, status: int, sentence: str, sent: int) -> str:
        found, said = terminal.end()
        assert secrets.find(said.encode()) == set()
        assert (found, w3.eth.get_transaction_count(account.address)) == (status, sent), said
        assert sentence in said
        assert "Traceback" not in said
        return said

    terminal = Terminal("ape", "accounts", "import", "desk", **environment)
    terminal.answer("Enter Private Key:", account.key.hex() + "\n")
    terminal.answer("Create Passphrase to encrypt account:", secret + "\n")
    terminal.answer("Repeat for confirmation:", secret + "\n")
    ended(terminal, 0, "has been added with the id 'desk'", sent=0)
    keyfile = tmp_path / "accounts" / "desk.json"
    secrets.add_keyfile("keyfile", keyfile)

    # Ape has written it for everybody to read.
    assert stat.S_IMODE(keyfile.stat().st_mode) == 0o644
    terminal = Terminal(*command, "--yes", **environment | {passphrase("desk"): secret})
    said = ended(terminal, 2, f"Keyfile {keyfile} is open to other users of this machine", sent=0)
    remedy = re.search("run `(.+)` first", said)
    assert remedy is not None
    subprocess.run(shlex.split(remedy[1]), check=True)

    terminal = begin_to_sign(command, environment)
    terminal.interrupt("Enter passphrase to unlock 'desk' []:")
    ended(terminal, 130, "Sign:", sent=0)

    terminal = begin_to_sign(command, environment)
    terminal.answer("Enter passphrase to unlock 'desk' []:", "a slip\n")
    ended(terminal, 2, "The passphrase of account desk is wrong, and nothing was signed: type it again", sent=0)

    terminal = begin_to_sign(command, environment)
    terminal.answer("Enter passphrase to unlock 'desk' []:", secret + "\n")
    terminal.interrupt("Leave 'desk' unlocked? [y/N]:")  # the key is in memory now
    ended(terminal, 130, "Sign:", sent=0)

    terminal = begin_to_sign(command, environment)
    terminal.answer("Enter passphrase to unlock 'desk' []:", secret + "\n")
    terminal.answer("Leave 'desk' unlocked? [y/N]:", "n\n")
    ended(terminal, 0, " in block ", sent=1)

    for path in tmp_path.rglob("*"):
        if path.is_file() and path != keyfile:
            assert secrets.find(path.read_bytes()) == set(), path


def begin_to_sign(command: list[str], environment: dict[str, str]) -> Terminal:
    terminal = Terminal(*command, **environment)
    terminal.answer("Do this? [y/N]:", "y\n")
    terminal.answer("Sign:  [y/N]:", "y\n")
    return terminal


# ---------------------------------------------------------------- a hostile book


def test_whitelist_plan__hostile_book__every_fault_shown_nothing_sent_and_status_2(devnet: Devnet, tmp_path):
    account = key_of(6).address
    w3 = Web3(Web3.HTTPProvider(f"http://127.0.0.1:{devnet.port}"))
    good = (EXAMPLES / "investors.csv").read_text().splitlines()
    cells = [line.split(",") for line in good[1:5]]
    cells[0][1] = "=cmd()"
    cells[1][2] = "\x1b[2J\u202eUS"
    cells[3][0] = cells[3][0].lower()
    book = tmp_path / "[red]\x1b[31m.csv"
    book.write_text("\n".join([good[0], *(",".join(row) for row in cells)]) + "\n", encoding="utf-8")
    before = w3.eth.get_transaction_count(account)

    said = devnet.run("whitelist", "plan", str(book), "--registrar", "1", "--development-key", status=2)

    for text in ("'=cmd()'", "'\\x1b[2J\\u202eUS'", f"'{cells[3][0]}'", "3 faults. Nothing was sent"):
        assert text in said
    assert all(char.isprintable() or char == "\n" for char in said)
    assert w3.eth.get_transaction_count(account) == before


# ---------------------------------------------------------------- the stage


@dataclass(frozen=True)
class World:
    """A chain behind a node, a working folder with the canaries' keyfiles, and the addresses of their owners."""

    node: Node
    watch: Watch
    folder: Path
    secrets: Secrets
    passphrases: dict[str, str]
    at: dict[str, str]

    @property
    def keyfiles(self) -> list[Path]:
        return [self.keyfile(alias) for alias in self.at]

    def keyfile(self, alias: str) -> Path:
        return self.folder / ".ape" / "accounts" / f"{alias}.json"

    def start(self, *command: str, **environment: str) -> Running:
        known = {passphrase(alias): text for alias, text in self.passphrases.items()}
        return self.watch.start(*command, **known | environment)

    def run(self, *command: str, **environment: str) -> Run:
        return self.end(self.start(*command, **environment))

    def end(self, running: Running) -> Run:
        """The end of a command, in which no secret is seen."""
        run = self.watch.end(running)
        assert self.watch.leaks(run) == {}
        assert "Traceback" not in run.said, run.said
        return run


def passphrase(alias: str) -> str:
    """The variable from which Ape takes it."""
    return f"APE_ACCOUNTS_{alias}_PASSPHRASE"


@pytest.fixture(scope="module")
def anvil() -> Iterator[str]:
    """A bare anvil."""
    command = ["anvil", "--host", "127.0.0.1", "--port", "0", "--chain-id", "31337", "--hardfork", "prague"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        listening = next(line for line in process.stdout if line.startswith("Listening on"))
        # It goes on saying what it is asked, and would wait for somebody to read it.
        reader = threading.Thread(target=process.stdout.read)
        reader.start()
        yield f"http://{listening.split()[-1]}"
    finally:
        process.kill()
        process.wait()
        reader.join()
        process.stdout.close()


@pytest.fixture(scope="module")
def world(anvil: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The project in a folder of its own, so that whatever a command writes beside it is found."""
    folder = tmp_path_factory.mktemp("keys") / "work"
    accounts = folder / ".ape" / "accounts"
    accounts.mkdir(parents=True)
    for name in (
        "ape-config.yaml",
        "contracts",
        "docs",
        "examples",
        "node_modules",
        "package.json",
        "scripts",
        "src",
        "tools",
    ):
        (folder / name).symlink_to(ROOT / name)
    (folder / "scripts").unlink()
    (folder / "scripts").mkdir()
    for script in (ROOT / "scripts").glob("*.py"):
        (folder / "scripts" / script.name).symlink_to(script)
    (folder / "scripts" / "leak.py").write_text(LEAK)

    secrets, passphrases, at = Secrets(), {}, {}
    secrets.add_bytes("registrar key", REGISTRAR_KEY)
    secrets.add_bytes("party key", PARTY_KEY)
    for alias in ALIASES:
        account, passphrases[alias] = Account.create(), random.token_hex(18)
        at[alias] = account.address
        # Few rounds, since hundreds of runs unlock it; Ape's own are tried below.
        content = Account.encrypt(account.key, passphrases[alias], kdf="pbkdf2", iterations=1_000)
        keyfile = accounts / f"{alias}.json"
        keyfile.write_text(json.dumps(content))
        keyfile.chmod(0o600)
        secrets.add_bytes(f"{alias} key", account.key)
        secrets.add_text(f"{alias} passphrase", passphrases[alias])
        secrets.add_keyfile(f"{alias} keyfile", keyfile)

    node = Node(anvil)
    for address in at.values():
        node.ask("anvil_setBalance", address, hex(10**20))
    for place in ("home", "tmp"):
        (folder / place).mkdir()
    environment = os.environ | {
        "APE_DATA_FOLDER": str(folder / ".ape"),
        "COLUMNS": "200",
        "HOME": str(folder / "home"),
        "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")]),
        "STOCKADE_DEVNET_PORT": str(node.port),
        "TMPDIR": str(folder / "tmp"),
        KEY_VARIABLE: REGISTRAR_KEY.hex(),
        PARTY_KEY_VARIABLE: PARTY_KEY.hex(),
    }
    _write_inputs(folder, at)
    watch = Watch(folder, environment, secrets)
    try:
        yield World(node, watch, folder, secrets, passphrases, at)
    finally:
        watch.close()
        node.close()


def _write_inputs(folder: Path, at: dict[str, str]) -> None:
    """A plan in which the office is everything, one that the deployer may not carry out, a book and a payout."""
    plan = (EXAMPLES / "suite.toml").read_text().replace('"listings.toml"', '"examples/listings.toml"')
    roles = re.compile(r'^([A-Z_]+) = \["0x\w+"\]', re.MULTILINE)
    plan = roles.sub(rf'\1 = ["{at[OFFICE]}"]', plan)
    for index in (6, 12):  # registrar 1, and custodian 1's attestor
        plan = plan.replace(key_of(index).address, at[OFFICE])
    (folder / "plan.toml").write_text(plan)
    (folder / "refused.toml").write_text(roles.sub(rf'\1 = ["{at[PLATFORM]}"]', plan))
    (folder / "elsewhere.toml").write_text(plan.replace("[1337, 31337]", "[1]"))

    rows = [",".join(COLUMNS)]
    for wallet, reference, kind, scopes in (
        (at[INVESTOR], "ONE", "retail", "HOLD|TRANSFER|TRADE"),
        (FRIEND, "TWO", "retail", "HOLD|TRANSFER|TRADE"),
        (SUCCESSOR, "TWO", "retail", "HOLD|TRANSFER|TRADE"),
        (at[PLATFORM], "THREE", "platform", "EXECUTE"),
    ):
        rows.append(f"{wallet},{reference},US,{kind},{scopes},2035-01-01,ACTIVE,0x{'ab' * 32}")
    (folder / "book.csv").write_text("\n".join(rows) + "\n")
    (folder / "listed.txt").write_text(f"# version: 1\n# date: 2027-01-31\n{FRIEND}\n")
    (folder / "payout.csv").write_text(f"wallet,shares\n{FRIEND},5\n")


# ---------------------------------------------------------------- the control


LEAK = """
import json, os, sqlite3, subprocess, sys, urllib.request
from pathlib import Path
import click
from ape.logging import logger

@click.command()
@click.argument("place")
@click.option("--network")
def cli(place, network):
    secret = os.environ["CANARY"]
    if place == "argv":
        subprocess.run(["true", secret], check=True)
    elif place == "output":
        print("key:", secret.upper())
    elif place == "error":
        print("key:", secret, file=sys.stderr)
    elif place == "table":
        print("│ " + secret[:30] + " │\\\\n│ " + secret[30:] + " │")
    elif place == "log":
        logger.debug("using %s", bytes.fromhex(secret))
    elif place == "file":
        Path("left").write_bytes(bytes.fromhex(secret))
    elif place == "elsewhere":
        Path(os.environ["ELSEWHERE"]).write_text(secret)
    elif place == "database":
        with sqlite3.connect("home/left.db") as database:
            database.execute("create table t (secret text)")
            database.execute("insert into t values (?)", (secret,))
    elif place == "traceback":
        raise ValueError(secret)
    elif place == "node":
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": [secret]}).encode()
        url = "http://127.0.0.1:" + os.environ["STOCKADE_DEVNET_PORT"]
        urllib.request.urlopen(urllib.request.Request(url, body, {"Content-Type": "application/json"}))
"""


@pytest.mark.parametrize(
    "place", ["argv", "output", "error", "table", "log", "file", "elsewhere", "database", "traceback", "node"]
)
def test_watch__canary_planted_in_every_place__found(world, tmp_path, place):
    """The positive control: a script that gives the key away is caught, wherever it puts it."""
    key = Account.decrypt(json.loads(world.keyfile(OFFICE).read_text()), world.passphrases[OFFICE])
    elsewhere = tmp_path / "left"
    before = len(world.node.bodies)

    run = world.watch.run("leak", "-v", "DEBUG", place, CANARY=key.hex().removeprefix("0x"), ELSEWHERE=str(elsewhere))

    leaks = world.watch.leaks(run)
    where = {
        "argv": {"argv"},
        "file": {f"file {world.folder}/left"},
        "elsewhere": {f"file {elsewhere}"},
        "database": {f"file {world.folder}/home/left.db"},
        "node": set(),
    }.get(place, {"said"})
    assert set(leaks) == where
    assert all(names == {"office key"} for names in leaks.values())
    in_files = world.watch.leaks_in_files(world.keyfiles)
    assert set(in_files) == where & {f"file {world.folder}/left", f"file {world.folder}/home/left.db"}
    assert bool(world.secrets.find(b"".join(world.node.bodies[before:]))) is (place == "node")
    del world.node.bodies[before:]
    for left in ("left", "home/left.db"):
        (world.folder / left).unlink(missing_ok=True)


def test_watch__canary_among_a_processs_arguments__found(world):
    """The same for the look at running processes, and for a keyfile's content."""
    piece = json.loads(world.keyfile(OFFICE).read_text())["crypto"]["ciphertext"]
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", "print(flush=True); input()", piece], **pipes) as process:
        process.stdout.readline()  # by now it is itself
        assert world.watch.leaks_in_processes(process.pid) == {"office keyfile"}
        assert world.watch.leaks_in_processes(os.getpid()) == {"office keyfile"}  # seen from its parent
        process.communicate(b"\n")


# ---------------------------------------------------------------- every command


@dataclass(frozen=True)
class Step:
    """A command as the `account` does it, its `arguments` to be filled in. `refused` (arguments, account) is how it is
    not done, by default by NOBODY. Without an account it signs nothing; `sends` is false where it signs a message.
    `status` is how it ends when all is well.
    """

    command: str
    arguments: str = ""
    account: str = ""
    refused: tuple[str, str] | None = None
    sends: bool = True
    online: bool = True
    status: int = 0


ORDER = "--basis COURT_ORDER --order plan.toml"
URI = "--uri https://example.org/text"
STORY = [
    Step("deploy suite", "--plan plan.toml", PLATFORM, refused=("--plan refused.toml", PLATFORM)),
    Step("deploy show"),
    Step("deploy verify"),
    # It asks for the key only where there is new code to move to, and says here that there is none.
    Step("deploy upgrade", f"--account {OFFICE} --yes", sends=False, status=2),
    Step("authority check"),
    Step("listing profile show", "us-tsv", online=False),
    Step("listing profile check", "us-tsv", online=False),
    Step("listing profile diff", "us-tsv us-tsv", online=False),
    Step("listing profile schema", online=False),
    # What lies before a first trade, and the thirty days that it takes.
    Step("listing show"),
    Step("listing add", "NVDA --file examples/listings.toml", OFFICE),
    Step("listing notice", "--answers examples/notice.toml --out notice.md"),
    Step("listing publish", f"--file plan.toml {URI}", OFFICE),
    Step("listing notify", "AAPLs --file plan.toml", OFFICE),
    Step("listing notify", "NVDAs --file plan.toml", OFFICE),
    Step("listing document set", f"AAPLs RIGHTS --file plan.toml {URI}", OFFICE),
    Step("listing document set", f"NVDAs RIGHTS --file plan.toml {URI}", OFFICE),
    Step("listing clocks"),
    Step("compliance object", "MSFTs --file plan.toml --received 2026-01-01T00:00:00Z", OFFICE),
    Step("later", "31"),
    Step("listing activate", "AAPLs", OFFICE),
    Step("listing activate", "NVDAs", OFFICE),
    Step("whitelist check", "book.csv", online=False),
    Step("whitelist plan", "book.csv --registrar 1 --out planned.jsonl"),
    Step("whitelist apply", "planned.jsonl", OFFICE),
    Step("whitelist verify", "book.csv --registrar 1"),
    Step("whitelist show", "{investor}"),
    Step("whitelist history", "{investor}"),
    Step("whitelist expiring", "--within 99999d"),
    Step("whitelist export", "records.csv --registrar 1"),
    Step("whitelist evidence", "book.csv {investor} --out proof.json"),
    Step("whitelist check-proof", "proof.json"),
    Step("custody positions"),
    Step("custody build statement", "AAPLs --custodian 1 --held 5 --evidence plan.toml --out statement.json"),
    Step(
        "custody build deposit",
        "AAPLs --custodian 1 --held 1000 --shares 1000 --to {investor} --ref A --evidence plan.toml --out deposit.json",
    ),
    Step("custody sign", "deposit.json --out signed.json", OFFICE, sends=False),
    Step("custody show", "signed.json"),
    Step("custody attach", "deposit.json --attestor {office} --signature {signature} --out attached.json"),
    Step("custody combine", "deposit.json attached.json --out whole.json"),
    Step("custody submit", "whole.json", OFFICE, refused=("deposit.json", OFFICE)),
    Step("holder balance", "{investor}"),
    Step("holder why", "AAPLs {investor} {friend} 10"),
    Step("holder transfer", "AAPLs {friend} 10", INVESTOR),
    Step("holder batch", "AAPLs payout.csv", INVESTOR),
    Step("holder approve", "AAPLs {platform} 5", INVESTOR, refused=("AAPLs {zero} 5", INVESTOR)),
    Step(
        "holder permit",
        "AAPLs {platform} 20 --out permit.json",
        INVESTOR,
        refused=("MSFT {platform} 20", INVESTOR),
        sends=False,
    ),
    Step("holder move", "AAPLs {investor} {friend} 20 --permit permit.json", PLATFORM),
    Step("holder redeem", "AAPLs 1 10 --delivery one", INVESTOR),
    Step("holder redeem", "AAPLs 1 20 --delivery two", INVESTOR),
    Step("holder redeem", "AAPLs 1 30 --delivery three", INVESTOR),
    Step("custody requests"),
    Step("custody build release", "1 --held 990 --evidence plan.toml --out release.json"),
    Step("custody build reject", "2 --held 990 --evidence plan.toml --out reject.json"),
    Step("compliance force-redemption", f"2 {{friend}} {ORDER}", OFFICE),
    Step("compliance freeze", f"{{friend}} {ORDER}", OFFICE),
    Step("compliance unfreeze", f"{{friend}} {ORDER}", OFFICE),
    Step("compliance freeze-tokens", f"AAPLs {{friend}} 1 {ORDER}", OFFICE),
    Step("compliance force", f"AAPLs {{friend}} {{investor}} 1 {ORDER}", OFFICE),
    Step("compliance recover", f"{{friend}} {{successor}} {ORDER}", OFFICE),
    Step("compliance registrar", "{platform} 3", OFFICE),
    Step("compliance pause", "AAPLs transfer", OFFICE),
    Step("compliance unpause", "AAPLs transfer", OFFICE),
    Step("compliance halt", f"AAPLs {ORDER}", OFFICE),
    Step("compliance lift", f"AAPLs {ORDER}", OFFICE),
    Step("compliance suspend", f"AAPLs {ORDER}", OFFICE),
    Step("compliance resume", f"AAPLs {ORDER}", OFFICE),
    Step("compliance regulator-suspend", f"AAPLs {ORDER}", OFFICE),
    Step("compliance regulator-suspend", f"AAPLs --lift {ORDER}", OFFICE),
    Step("compliance wind-down", f"JPMs {ORDER}", OFFICE),
    Step("compliance exemption", f"suspend 1 {ORDER}", OFFICE),
    Step("compliance exemption", f"restore 1 {ORDER}", OFFICE),
    Step("market status"),
    Step("market calendar", "--mic XNYS --from 2030-01-01 --to 2030-01-31 --apply", OFFICE),
    Step("market halt", f"AAPLs {ORDER}", OFFICE),
    Step("market resume", f"AAPLs {ORDER}", OFFICE),
    # What the file tells is older than a heartbeat may be: the tokens halt, and the fault is named.
    Step("market relay", "--file examples/news.jsonl --once", OFFICE, status=1),
    Step("listing document set", f"AAPLs terms --file plan.toml {URI}", OFFICE),
    Step("listing document list", "AAPLs"),
    Step("listing document remove", "AAPLs terms", OFFICE),
    Step("listing exemption show"),
    Step("listing exemption add", "", OFFICE),
    Step("listing exemption amend", "1 --profile article-2026-05", OFFICE),
    Step("listing exemption versions", "1"),
    Step("listing policy", "AAPLs --profile article-2026-05", OFFICE),
    Step(
        "custody add-custodian",
        "--name Third --lei 0000SYNTHETIC0000322 --attestor {friend}:key --threshold 1",
        OFFICE,
    ),
    Step("custody attestors", "1 --add {friend}:key", OFFICE),
    Step("custody terms", "NVDAs --profile us-tsv", OFFICE),
    Step("custody close", "2", OFFICE),
    Step("authority schedule grant", "PAUSER {friend}", OFFICE),
    Step("authority schedule revoke", "PAUSER {office}", OFFICE),
    Step("authority schedule map", "ListingRegistry.setHalt MARKET_OPERATOR", OFFICE),
    Step("authority schedule call", "CustodyLedger.setCustodianOpen 1 no", OFFICE),
    Step("authority rotate", "REGULATOR {office} {friend}", OFFICE),
    Step("authority acknowledge", "", OFFICE),
    Step("authority show"),
    Step("authority cancel", "1", OFFICE),
    Step("whitelist plan", "book.csv --registrar 1 --sanctions listed.txt --freeze-out hits.json --skip-refused"),
    Step("compliance freeze-list", "hits.json", OFFICE),
    Step("whitelist offer", "{investor} --to 4", OFFICE),
    Step("compliance assign-registrar", f"{{investor}} --to 4 {ORDER}", OFFICE),
    Step("report verify"),
    Step("report stream", "AAPLs"),
    Step("report holders", "AAPLs"),
    Step("report supply"),
    Step("report follow", "--once --store sqlite:///followed.db"),
    Step("report rebuild", "--compare --store sqlite:///followed.db"),
    # What needs a store that somebody follows into: here it is empty, which each says before it signs anything.
    Step("report reconcile", "--store sqlite:///empty.db", status=2),
    Step("report master", "--store sqlite:///empty.db", status=2),
    Step("report positions", "--store sqlite:///empty.db", status=2),
    Step("report quarterly", "2026Q1 --store sqlite:///empty.db", status=2),
    Step("report anchor", f"--store sqlite:///empty.db --account {OFFICE} --yes", sends=False, status=2),
    Step("report proof", "1 --store sqlite:///empty.db", status=2),
    Step("later", "6"),
    Step("authority execute", "4", OFFICE),
    Step("custody open", "2", OFFICE),
    Step("holder take-back", "3", INVESTOR),
]


@pytest.mark.long
def test_every_command__with_canary_keys__no_secret_is_seen_whatever_happens_to_it(world):
    """Each command is first tried in every way in which it fails, and nothing is sent; then it is done."""
    tried = set()
    for place, step in enumerate(STORY):
        if step.command == "later":
            world.node.ask("evm_increaseTime", int(step.arguments) * DAY)
            world.node.ask("evm_mine")
            continue
        sent = world.node.sent
        if step.command not in tried:
            tried.add(step.command)
            with ThreadPoolExecutor() as pool:
                for each in [pool.submit(way, world, step, place) for way in ways(step)]:
                    each.result()
            if step.account and step.sends:
                dies(world, step, place)
        assert world.node.sent == sent, step

        group, *rest = words(world, step)
        done = world.run(group, "-v", "DEBUG", *rest)

        assert done.status == step.status, (step, done.said)
        assert (world.node.sent > sent) is bool(step.account and step.sends), step

    with world.node.losing("eth_call"):
        fails(world.run("holder", "balance", FRIEND, "--network", "ethereum:devnet"), 1, "The node does not answer any")
    says_the_same_in_every_time_zone(world)
    assert world.watch.leaks_in_files(world.keyfiles) == {}
    assert world.secrets.find(b"".join(world.node.bodies)) == set()


def words(world: World, step: Step) -> list[str]:
    """The step as it is typed."""
    signed = world.folder / "signed.json"
    filled = step.arguments.format(
        **world.at,
        friend=FRIEND,
        successor=SUCCESSOR,
        zero=ZERO,
        signature=json.loads(signed.read_text())["signatures"][0]["signature"] if signed.exists() else "",
    )
    by = ["--account", step.account, "--yes"] if step.account else []
    where = ["--network", "ethereum:devnet"] if step.online else []
    return [*step.command.split(), *shlex.split(filled), *by, *where]


def ways(step: Step) -> Iterator[Callable[[World, Step, int], None]]:
    """The ways to fail that leave the chain as it is."""
    if step.online:
        yield is_refused_without_a_node
    if step.account:
        yield is_refused
        yield is_refused_elsewhere
        yield is_refused_with_a_wrong_passphrase


def is_refused_without_a_node(world: World, step: Step, place: int) -> None:
    fails(world.run(*words(world, step), STOCKADE_DEVNET_PORT="1"), 1, "No (supported) node found")


def is_refused(world: World, step: Step, place: int) -> None:
    """By a contract, or by what asks it, before the account is unlocked: else its passphrase would be the reason."""
    arguments, account = step.refused or (step.arguments, NOBODY)
    tried = replace(step, arguments=arguments, account=account)
    run = world.run(*words(world, tried), **{passphrase(account): "wrong"})
    assert run.status in (1, 2), run.said
    assert "Error: " in run.said
    assert "passphrase" not in run.said


def is_refused_elsewhere(world: World, step: Step, place: int) -> None:
    """With the deployment of another suite, or a plan for another chain. Again before the account is unlocked."""
    wrong = {passphrase(step.account): "wrong"}
    if step.command == "deploy suite":
        other = words(world, replace(step, arguments="--plan elsewhere.toml"))
        fails(world.run(*other, **wrong), 1, "The node is chain 31337, the plan is for 1")
        return
    # An upgrade is made by the version that has the next code, not by the one that knows what runs.
    kinds = [kind for kind in ELSEWHERE if (step.command, kind) != ("deploy upgrade", "unknown-code")]
    name = kinds[place % len(kinds)]
    file = world.folder / f"{name}.json"
    if not file.exists():
        _write_elsewhere(world)
    fails(world.run(*words(world, step), "--deployment", str(file), **wrong), 1, ELSEWHERE[name])


ELSEWHERE = {
    "other-chain": "The node is chain 31337, the suite was deployed on chain 1: choose",
    "no-code": f"No contract stands at {FRIEND} (CustodyLedger) on chain 31337",
    "other-code": "The code at {registry} is not the InvestorRegistry that was deployed",
    "unknown-code": "The InvestorRegistry at {reason_text} is not the one that this version of Stockade was built with",
}


def _write_elsewhere(world: World) -> None:
    """Deployment files that are not of this suite."""
    content = json.loads((world.folder / "deployments" / "31337.json").read_text())
    addresses, code = content["addresses"], content["code"]
    changes: dict[str, dict[str, Any]] = {
        "other-chain": {"chain_id": 1},
        "no-code": {"addresses": addresses | {"ledger": FRIEND}},
        "other-code": {"code": code | {"registry": code["ledger"]}},
        "unknown-code": {
            "addresses": addresses | {"registry": addresses["reason_text"]},
            "code": code | {"registry": code["reason_text"]},
        },
    }
    for name, change in changes.items():
        (world.folder / f"{name}.json").write_text(json.dumps(content | change))
        ELSEWHERE[name] = ELSEWHERE[name].format(**addresses)


def is_refused_with_a_wrong_passphrase(world: World, step: Step, place: int) -> None:
    run = world.run(*words(world, step), **{passphrase(step.account): "wrong"})
    fails(run, 2, f"The passphrase of account {step.account} is wrong, and nothing was signed")


def fails(run: Run, status: int, sentence: str) -> None:
    assert run.status == status, run.said
    assert f"Error: {sentence}" in run.said


def dies(world: World, step: Step, place: int) -> None:
    """The command ends while its transaction is on the way to the node: the connection breaks, Ctrl-C, kill."""
    node, command = world.node, words(world, step)
    # `whitelist apply` outlives a broken connection: it waits half an hour for its transaction.
    way = place % 3 or int(step.command == "whitelist apply")
    if way == 0:
        with node.losing(SENDS):
            fails(world.run(*command), 1, "The node does not answer any more")
        return
    number = (signal.SIGINT, signal.SIGKILL)[way - 1]
    with node.holding_on():
        running = world.start(*command)
        assert node.held.wait(60), world.end(running).said
        assert world.watch.leaks_in_processes(running.process) == set()
        os.kill(running.process, number)
        run = world.end(running)
    assert run.status == (130 if number == signal.SIGINT else -number), run.said  # Ape ends so at Ctrl-C


# Commands that show times of the chain or of files.
TIMES = (
    ("whitelist", "check", "book.csv"),
    ("whitelist", "show", FRIEND),
    ("holder", "balance", FRIEND),
    ("custody", "positions"),
    ("custody", "requests", "--all"),
    ("custody", "show", "signed.json"),
    ("listing", "show"),
    ("market", "status"),
    ("listing", "exemption", "show"),
    ("listing", "exemption", "versions", "1"),
    ("listing", "notice"),
    ("listing", "clocks", "--at", "2040-01-01T00:00:00Z"),
    ("report", "stream", "listings"),
    ("authority", "show", "--all"),
)


def says_the_same_in_every_time_zone(world: World) -> None:
    """Of three clocks, one 5:45 hours off and one that is changed twice a year, all show UTC."""
    for command in TIMES:
        where = () if command[:2] == ("whitelist", "check") else ("--network", "ethereum:devnet")
        utc, *others = (world.run(*command, *where, TZ=zone) for zone in ("UTC", "Asia/Kathmandu", "America/New_York"))
        assert utc.status == (command[1] == "clocks"), utc.said  # by then everything is overdue
        assert re.search(r"20\d\d-\d\d-\d\d", utc.said), utc.said
        assert [each.said for each in others] == [utc.said] * 2


def test_demo__a_chain_named__refuses_and_no_secret_is_seen(world):
    """It takes no account and plays on a chain of its own only."""
    fails(world.run("demo", "--network", "ethereum:devnet"), 2, "No such option: --network")


def test_story__every_command_of_every_script__has_its_step():
    """A new command needs a step above, so that no command escapes the canaries."""
    commands: set[str] = {"demo"}
    for path in (ROOT / "scripts").glob("[!_]*.py"):
        spec = importlib.util.spec_from_file_location(f"script_{path.stem}", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        commands.update(leaves(path.stem, module.cli))

    assert {step.command for step in STORY} - {"later"} | {"demo"} == commands


def leaves(name: str, command: click.Command) -> Iterator[str]:
    if isinstance(command, click.Group):
        for each, inner in command.commands.items():
            yield from leaves(f"{name} {each}", inner)
    else:
        yield name
