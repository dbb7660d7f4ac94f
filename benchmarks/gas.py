"""Measure what the suite's operations cost, on anvil, and keep the figures in snapshots/gas.json.

Configuration: profile us-tsv as shipped, behind the proxy, executor check on, no partial freeze on the parties; solc
0.8.37, legacy pipeline, 200 runs, evm prague; `anvil --hardfork prague`; fixed genesis time, keys and nonces. One
transaction an operation, so that accounts and slots are cold. Gas is exact: the same tree gives the same figures.

Units: gas used by the transaction, intrinsic cost included; `_each` is a batch of 100 divided by 100, rounded up.
"""

from __future__ import annotations

import argparse
import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

from eth_account import Account
from eth_account.signers.local import LocalAccount
from eth_utils.crypto import keccak
from rich.console import Console
from rich.table import Table
from web3 import HTTPProvider, Web3
from web3.types import RPCEndpoint, RPCResponse

from stockade import opening, profiles
from stockade.chain import TRANSACTION_GAS_LIMIT, KeySigner
from stockade.deploy import Custodian, Plan, deploy_suite, hand_over
from stockade.listing import list_share, read_listings
from stockade.records import (
    SHARE,
    Attestation,
    Basis,
    Interruption,
    InvestorClass,
    InvestorRecord,
    Role,
    Scope,
    SentenceKind,
    Status,
)

ROOT = Path(__file__).resolve().parent.parent
SNAPSHOT = ROOT / "snapshots" / "gas.json"

GENESIS = 1_790_000_000  # 2026-09-21, some days after the profile's first
BLOCK = 12  # seconds between two transactions

# What an operation may cost (docs/decisions.md says which obligation costs the difference where one is above).
CEILINGS = {
    "transfer_existing": 57_800,
    "transfer_new": 74_900,
    "transfer_from_platform": 66_500,
    "whitelist_batch_100_each": 25_500,
    "attested_mint_repeat": 96_000,
    "attested_mint_repeat_2of3": 107_500,
    "forced_transfer": 66_000,
    "freeze": 48_000,
    "batch_transfer_100_each": 16_500,
    "list_one_more": 400_000,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when the snapshot is stale")
    parser.add_argument("--snapshot", type=Path, default=SNAPSHOT, help="the file to write or to check")
    given = parser.parse_args()
    with anvil() as w3:
        figures = measure(w3)
    show(figures)
    text = json.dumps(figures, indent=2) + "\n"
    committed = given.snapshot.read_text(encoding="utf-8") if given.snapshot.exists() else ""
    if given.check and text != committed:
        sys.exit(f"{given.snapshot.name} is stale: run `make gas` and commit it.")
    if not given.check:
        given.snapshot.parent.mkdir(exist_ok=True)
        given.snapshot.write_text(text, encoding="utf-8")


class Clockwork(HTTPProvider):
    """Gives every transaction a block time of its own, so that no figure depends on the wall clock."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self._times = count(GENESIS + BLOCK, BLOCK)

    def skip(self, seconds: int) -> None:
        """Lets so much time pass: an empty block shows it."""
        later = next(self._times) + seconds
        self._times = count(later + BLOCK, BLOCK)
        super().make_request(RPCEndpoint("evm_setNextBlockTimestamp"), [later])
        super().make_request(RPCEndpoint("evm_mine"), [])

    def make_request(self, method: RPCEndpoint, params: Any) -> RPCResponse:
        if method == "eth_sendRawTransaction":
            super().make_request(RPCEndpoint("evm_setNextBlockTimestamp"), [next(self._times)])
        return super().make_request(method, params)


@contextmanager
def anvil() -> Iterator[Web3]:
    """A fresh chain, ended with the block."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = ["anvil", "--hardfork", "prague", "--port", str(port), "--accounts", "1", "--timestamp", str(GENESIS)]
    # Ready once it says so: nothing is polled.
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith("Listening on"):
                    break
            yield Web3(Clockwork(f"http://127.0.0.1:{port}"))
        finally:
            process.kill()


def key(name: str) -> LocalAccount:
    """A key whose address has no zero byte, so that calldata does not depend on luck."""
    for attempt in count():
        account: LocalAccount = Account.from_key(keccak(text=f"{name} {attempt}"))
        if b"\0" not in bytes.fromhex(account.address[2:]):
            return account
    raise AssertionError("unreachable")


class Bench:
    """A deployed suite with its people, and the gas of each thing they do."""

    def __init__(self, w3: Web3) -> None:
        self.w3 = w3
        self.deployer = self.person("deployer")
        self.people = {role: self.person(role.name.lower()) for role in Role}
        self.desks = [self.person(f"desk {number}") for number in range(3)]
        self.relay = self.person("relay")
        profile = profiles.load("us-tsv")
        plan = Plan(
            profile=profile,
            roles={role: (signer.address,) for role, signer in self.people.items()},
            registrars={self.people[Role.REGISTRAR].address: 1},
            custodians=(
                Custodian("One", "5493001KJTIIGC8Y1R12", 1, ((self.desks[0].address, "key"),)),
                Custodian("Three", "529900T8BM49AURSDO55", 2, tuple((desk.address, "key") for desk in self.desks)),
            ),
        )
        self.suite = deploy_suite(w3, self.deployer, plan)
        shares = read_listings(ROOT / "examples" / "listings.toml")
        self.address = list_share(self.suite, self.deployer, shares["AAPL"], profile)
        self.one_more = shares["MSFT"]
        self.profile = profile
        self.act(self.deployer, self.suite.ledger.functions.setTerms(self.address, profile.custody.terms))
        opening.begin(self.suite, self.deployer, [self.address], opening.Papers.synthetic())
        clock = w3.provider
        assert isinstance(clock, Clockwork)
        clock.skip(profile.clocks.notice_seconds)
        opening.activate(self.suite, self.deployer, [self.address])
        hand_over(self.suite, self.deployer, plan)
        self.token = self.suite.token(self.address)

    def person(self, name: str) -> KeySigner:
        signer = KeySigner(key(name))
        self.w3.provider.make_request(RPCEndpoint("anvil_setBalance"), [signer.address, hex(10**20)])
        return signer

    def act(self, signer: KeySigner, call: Any) -> int:
        gas = self.suite.send(signer, call)["gasUsed"]
        assert gas <= TRANSACTION_GAS_LIMIT, f"{call.fn_name} took {gas} gas, above EIP-7825's limit"
        return gas

    def record(self, number: int, scopes: Scope, investor_class: InvestorClass = InvestorClass.RETAIL) -> int:
        investor = int.from_bytes(keccak(text=f"investor {number}")[:8], "big")
        expires = self.profile.period[1]
        return InvestorRecord(investor, expires, 1, 840, investor_class, scopes, Status.ACTIVE).pack()

    def admit(self, wallets: list[str], words: list[int]) -> int:
        call = self.suite.registry.functions.setRecords(wallets, words, keccak(text="evidence"))
        return self.act(self.people[Role.REGISTRAR], call)

    def deposit(self, custodian: int, account: str, desks: list[KeySigner]) -> int:
        position = self.suite.position(self.address, custodian)
        now = self.w3.eth.get_block("latest")["timestamp"]
        sentence = Attestation(
            token=self.address,
            custodian=custodian,
            kind=SentenceKind.DEPOSIT,
            sequence=position.sequence + 1,
            shares_held=position.held + 1_000 * SHARE,
            shares=1_000 * SHARE,
            account=self.w3.to_checksum_address(account),
            ref=keccak(text="deposit"),
            evidence=keccak(text="statement"),
            as_of=now,
            valid_until=now + 86_400,
        )
        message = sentence.message(self.suite.deployment.chain_id, self.suite.ledger.address)
        votes = [(desk.address, desk.sign_message(message)) for desk in sorted(desks, key=lambda d: int(d.address, 16))]
        return self.act(self.relay, self.suite.ledger.functions.attest(sentence.as_tuple(), votes))


def measure(w3: Web3) -> dict[str, int]:
    """Every operation once, in an order that puts each in the state its name says."""
    bench = Bench(w3)
    free = Scope.HOLD | Scope.TRANSFER | Scope.TRADE
    alice, bob, carol = (bench.person(name) for name in ("alice", "bob", "carol"))
    platform = bench.person("platform")
    crowd = [key(f"crowd {number}").address for number in range(100)]
    order = keccak(text="order")
    functions = bench.token.functions
    figures: dict[str, int] = {}

    bench.admit(
        [alice.address, bob.address, carol.address, platform.address],
        [bench.record(number, free) for number in range(3)]
        + [bench.record(3, Scope.HOLD | Scope.TRADE | Scope.EXECUTE, InvestorClass.PLATFORM)],
    )
    bench.deposit(1, alice.address, bench.desks[:1])
    bench.deposit(1, bob.address, bench.desks[:1])
    bench.deposit(2, alice.address, bench.desks[:2])

    figures["transfer_existing"] = bench.act(alice, functions.transfer(bob.address, SHARE))
    figures["transfer_new"] = bench.act(alice, functions.transfer(carol.address, SHARE))
    bench.act(alice, functions.approve(platform.address, 100 * SHARE))
    figures["transfer_from_platform"] = bench.act(platform, functions.transferFrom(alice.address, bob.address, SHARE))
    whole = bench.admit(crowd, [bench.record(10 + number, free) for number in range(100)])
    figures["whitelist_batch_100_each"] = -(-whole // 100)
    figures["attested_mint_repeat"] = bench.deposit(1, alice.address, bench.desks[:1])
    figures["attested_mint_repeat_2of3"] = bench.deposit(2, alice.address, bench.desks[:2])
    compliance = bench.people[Role.COMPLIANCE]
    forced = functions.forcedTransferWithOrder(alice.address, bob.address, SHARE, Basis.COURT_ORDER, order)
    figures["forced_transfer"] = bench.act(compliance, forced)
    frozen = bench.suite.registry.functions.freeze(carol.address, Basis.SANCTIONS, order)
    figures["freeze"] = bench.act(compliance, frozen)
    bench.act(alice, functions.batchTransfer(crowd, [SHARE] * 100))
    whole = bench.act(alice, functions.batchTransfer(crowd, [SHARE] * 100))
    figures["batch_transfer_100_each"] = -(-whole // 100)

    share, profile = bench.one_more, bench.profile
    one_more = bench.suite.listings.functions.list(
        1,
        share.instrument(),
        share.token_name,
        share.token_symbol,
        profile.token.classes_mask,
        int(profile.token.policy),
    )
    figures["list_one_more"] = bench.act(bench.people[Role.ISSUER], one_more)

    operator, market = bench.people[Role.MARKET_OPERATOR], bench.suite.market.functions
    now = bench.w3.eth.get_block("latest")["timestamp"]
    bench.act(operator, market.heartbeat(b"XNAS", now))
    figures["heartbeat"] = bench.act(operator, market.heartbeat(b"XNAS", now + 1))
    halt = (1, Interruption.ASSET_HALTED, b"T1".ljust(8, b"\0"), now)
    figures["relay_halt"] = bench.act(operator, market.relay(bench.address, halt))
    resume = (2, Interruption.NONE, bytes(8), now)
    figures["relay_resume"] = bench.act(operator, market.relay(bench.address, resume))

    redeem = bench.suite.ledger.functions.requestRedemption(bench.address, 1, SHARE, keccak(text="delivery"))
    figures["redemption_request"] = bench.act(alice, redeem)
    figures["permit_first"] = permit(bench, bob, platform)
    return figures


def permit(bench: Bench, owner: KeySigner, spender: KeySigner) -> int:
    """A first ERC-2612 permit, allowance zero before."""
    functions = bench.token.functions
    deadline = GENESIS + 10**7
    domain = {
        "name": functions.name().call(),
        "version": "1",
        "chainId": bench.suite.deployment.chain_id,
        "verifyingContract": bench.address,
    }
    kinds = {"owner": "address", "spender": "address", "value": "uint256", "nonce": "uint256", "deadline": "uint256"}
    types = {"Permit": [{"name": name, "type": kind} for name, kind in kinds.items()]}
    values = {"owner": owner.address, "spender": spender.address, "value": SHARE, "nonce": 0, "deadline": deadline}
    signed = owner.account.sign_typed_data(domain, types, values)
    signature = signed.v, signed.r.to_bytes(32, "big"), signed.s.to_bytes(32, "big")
    return bench.act(spender, functions.permit(owner.address, spender.address, SHARE, deadline, *signature))


def show(figures: dict[str, int]) -> None:
    table = Table(title="Gas, one transaction an operation", title_justify="left")
    table.add_column("operation")
    for name in ("gas", "ceiling", "room"):
        table.add_column(name, justify="right")
    for name, gas in figures.items():
        ceiling = CEILINGS.get(name)
        room = "" if ceiling is None else f"[{'green' if gas <= ceiling else 'red'}]{ceiling - gas:,}[/]"
        table.add_row(name, f"{gas:,}", "" if ceiling is None else f"{ceiling:,}", room)
    Console().print(table)


if __name__ == "__main__":
    main()
