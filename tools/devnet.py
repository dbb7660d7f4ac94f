"""A local chain with the suite of examples/suite.toml on it: `make devnet`, or `python tools/devnet.py --port 8545`.

Starts anvil, deploys by the command an issuer uses, prints an account for every role, and stays up until Ctrl-C. The
chain is forgotten then, and so is its deployment file.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path

from anvil import ACCOUNTS, CHAIN_ID, anvil, end_on_sigterm, key
from rich.console import Console
from rich.table import Column, Table
from web3 import Web3
from web3.types import RPCEndpoint

from stockade import opening
from stockade.chain import KeySigner
from stockade.deploy import DAY, Plan
from stockade.errors import StockadeError
from stockade.market import calendar
from stockade.market.state import read_state
from stockade.plan import read_plan
from stockade.records import Role
from stockade.suite import Deployment, Suite

ROOT = Path(__file__).resolve().parent.parent
PLAN = ROOT / "examples" / "suite.toml"
# Accounts with a part to play that no plan names; examples/investors.csv has records for investors and platform.
OTHERS = {0: "deployer", 16: "relay", 20: "investor", 21: "investor", 28: "platform"}
# Two keys that hold nothing and only sign records and acknowledgements.
REPORTER, GATEWAY = 58, 59
# Blocks on top of another until anvil calls it final, and some more: what is deployed is final at once.
FINALITY = 70

console = Console()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=8545)
    parser.add_argument(
        "--deployment",
        type=Path,
        default=ROOT / "deployments" / f"{CHAIN_ID}.json",
        help="where the deployment is recorded while the chain lives; default deployments/31337.json",
    )
    options = parser.parse_args()
    end_on_sigterm()
    try:
        run(options.port, options.deployment.resolve())
    except KeyboardInterrupt:
        console.print("\nThe chain has ended, its deployment file is removed.")
    except StockadeError as error:
        sys.exit(str(error))


def run(port: int, deployment: Path) -> None:
    plan = read_plan(PLAN)
    periods = plan.profile.clocks
    past = max(periods.notice_seconds, periods.objection_seconds) + DAY
    records = ROOT / "build" / f"devnet-{port}"
    shutil.rmtree(records, ignore_errors=True)
    with anvil(int(time.time()) - past, port) as chain:
        try:
            deploy(port, deployment)
            suite = Suite(chain.w3, Deployment.load(deployment))
            open_shares(suite, plan, past)
            keep_hours(suite, plan)
            order(suite.w3, "anvil_mine", FINALITY)
            show(chain.w3, plan, port, deployment, records)
            chain.process.wait()
            raise StockadeError("anvil ended: somebody stopped it. Start again with `make devnet`.")
        finally:
            for suffix in (".json", ".layout.json", ".upgrade.json"):
                deployment.with_suffix(suffix).unlink(missing_ok=True)
            shutil.rmtree(records, ignore_errors=True)


def deploy(port: int, deployment: Path) -> None:
    """By the command an issuer uses."""
    command = ["ape", "run", "deploy", "suite", "--plan", str(PLAN), "--network", "ethereum:devnet"]
    command += ["--account", "TEST::0", "--yes", "--deployment", str(deployment)]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "STOCKADE_DEVNET_PORT": str(port)}, check=False)
    if done.returncode:
        raise StockadeError("The suite could not be deployed; what the command said stands above.")


def open_shares(suite: Suite, plan: Plan, past: int) -> None:
    """What an issuer does in the month before the first trade. The chain's clock, `past` seconds behind, catches up."""
    issuer = key_of(plan, Role.ISSUER)
    tokens = [token.address for token in suite.tokens()]
    opening.begin(suite, issuer, tokens, opening.Papers.synthetic())
    order(suite.w3, "evm_increaseTime", past)
    order(suite.w3, "evm_mine")
    opening.activate(suite, issuer, tokens)


def order(w3: Web3, method: str, *parameters: int) -> None:
    """Of anvil itself."""
    w3.provider.make_request(RPCEndpoint(method), list(parameters))


def keep_hours(suite: Suite, plan: Plan) -> None:
    """What a market operator does once a year: the hours of this year and the next."""
    year = datetime.now(UTC).year
    rules = plan.profile.market
    for mic in read_state(suite).venues:
        days = calendar.build(mic, date(year, 1, 1), date(year + 1, 12, 31))
        change = calendar.change_of(suite, mic, days, rules.extended_before_minutes, rules.extended_after_minutes)
        for _, call in calendar.calls(suite, change):
            suite.send(key_of(plan, Role.MARKET_OPERATOR), call)


def key_of(plan: Plan, role: Role) -> KeySigner:
    """The key of the first account that the plan names for a role."""
    (address, *_) = plan.roles[role]
    keys = (key(index) for index in range(ACCOUNTS))
    return KeySigner(next(each for each in keys if each.address == address))


def show(w3: Web3, plan: Plan, port: int, deployment: Path, records: Path) -> None:
    """Who is who, and what to type next."""
    addresses = [key(index).address for index in range(max(OTHERS) + 1)]
    parts = {index: [part] for index, part in OTHERS.items()}
    for role, accounts in plan.roles.items():
        for account in accounts:
            number = plan.registrars.get(account) if role is Role.REGISTRAR else None
            parts.setdefault(addresses.index(account), []).append(f"{role.name} {number}" if number else role.name)
    for number, custodian in enumerate(plan.custodians, start=1):
        for account, _ in custodian.attestors:
            parts.setdefault(addresses.index(account), []).append(f"custodian {number}")

    columns = (Column(name, no_wrap=True) for name in ("part", "--account", "address", "ETH"))
    table = Table(*columns, box=None, pad_edge=False, padding=(0, 2, 0, 0))  # fits 80 columns, addresses whole
    table.title = "Accounts. Their keys are PUBLIC: send nothing of value to them."
    for index, names in sorted(parts.items()):
        balance = Web3.from_wei(w3.eth.get_balance(addresses[index]), "ether")
        table.add_row("\n".join(names), f"TEST::{index}", addresses[index], f"{balance:,.0f}")
    console.print(table)
    console.print(_next(port, deployment, addresses, records), soft_wrap=True, highlight=False)


def _next(port: int, deployment: Path, addresses: list[str], records: Path) -> str:
    """What to type in the second shell."""
    file = deployment.relative_to(ROOT) if deployment.is_relative_to(ROOT) else deployment
    rpc, suite, place = f"http://127.0.0.1:{port}", f"--deployment {file}", records.relative_to(ROOT)
    reporter, gateway = key(REPORTER), key(GATEWAY)
    export = "" if port == 8545 else f" && export STOCKADE_DEVNET_PORT={port}"
    where = f" --deployment {deployment}" if deployment.parent != ROOT / "deployments" else ""
    where = f"--network ethereum:devnet{where}"
    first, second = addresses[20], addresses[21]
    plan, deposit = "build/plan.jsonl", "build/deposit.json"
    (ROOT / deposit).parent.mkdir(exist_ok=True)
    return f"""
Ready: chain {CHAIN_ID} at http://127.0.0.1:{port}. In a second shell, from this folder:

  . tools/env.sh{export}
  ape run whitelist plan examples/investors.csv --registrar 1 --development-key --out {plan} {where}
  ape run whitelist apply {plan} {where} --account TEST::6
  ape run custody build deposit AAPLs --custodian 1 --held 100 --shares 100 --to {first} \\
      --ref FIRST --evidence README.md --out {deposit} {where}
  ape run custody sign {deposit} --append {where} --account TEST::12
  ape run custody submit {deposit} {where} --account TEST::16
  ape run holder transfer AAPLs {second} 10 {where} --account TEST::20
  ape run holder redeem AAPLs 1 5 --delivery "account 7" {where} --account TEST::20
  ape run compliance freeze {second} --basis SANCTIONS --order README.md {where} --account TEST::5
  ape run listing show {where}
  ape run listing clocks {where}
  ape run market status {where}
  ape run report verify {where}

Blocks become final {FINALITY - 6} blocks later. From there to a regulator, with two more public keys:

  export STOCKADE_STORE=sqlite:///{place}/reporter.db STOCKADE_GATEWAY_STORE=sqlite:///{place}/gateway.db
  export STOCKADE_REPORTER_KEY={reporter.key.to_0x_hex()}
  export STOCKADE_GATEWAY_KEY={gateway.key.to_0x_hex()}
  export STOCKADE_PARTY_KEY=$(python -c "import secrets; print(secrets.token_hex(32))")
  stockade-gateway reporter add reporter {reporter.address}
  stockade-gateway serve --port 8780 --rpc {rpc} {suite} &
  stockade-report follow --once --rpc {rpc} {suite}
  stockade-report destination add regulator http://127.0.0.1:8780 {gateway.address} {suite}
  stockade-report deliver --once --to regulator {suite}
  stockade-report status {suite}
  stockade verify --gateway http://127.0.0.1:8780 --rpc {rpc} {suite}

Every command explains itself with --help. Ctrl-C here ends the chain; nothing of it remains.
"""


if __name__ == "__main__":
    main()
