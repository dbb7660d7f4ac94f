"""A chain with many reports, made as fast as anvil makes them: admissions, mints, transfers alone and in batches.

    python benchmarks/reporter_chain.py    makes it, says how long that took, and what one reading of it takes

The same script each time: every stream has entries, most of them the two kinds that a listed share has most of. Nothing
here is measured but the floor: reading the range by `read_chunks` and `decode`, nothing checked, nothing stored.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import HTTPProvider, Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import RPCEndpoint
from whitelist_plan import REGISTRAR, ROOT, anvil, signer, stage

from stockade import custody, opening
from stockade.chain import TRANSACTION_GAS_LIMIT, KeySigner
from stockade.deploy import DAY
from stockade.plan import read_plan
from stockade.records import SHARE, InvestorClass, InvestorRecord, Scope, SentenceKind, Status
from stockade.reporting.decode import decode
from stockade.reporting.reading import read_chunks
from stockade.reporting.streams import REPORTING, heads_of, source_of
from stockade.suite import Deployment, Suite

REPORTS = 200_000

# Accounts of examples/suite.toml.
ISSUER, REGISTRARS, DESK, RELAY, HOLDER = 4, 6, 12, 16, 20

# Rows of one transaction, below the gas that one may have, receivers new to the token included.
RECORDS, TRANSFERS = 600, 400

# How far behind its head anvil calls a block final: two epochs.
FINAL = 64

# Transactions of a block: three of those fit into mainnet's 60 million gas.
BLOCK = 3

# Of a million reports, what they are: the rest are whitelist records.
ALONE, MINTS, MOVED = 5_000, 250, 350_000


@dataclass(frozen=True)
class Bench:
    """A chain and what is on it. `reports` is what the contracts say they reported, up to `block`."""

    url: str
    deployment: Path
    block: int
    reports: int
    seconds: float


@contextmanager
def chain(folder: Path, reports: int = REPORTS) -> Iterator[Bench]:
    """The chain, ended with the block; its deployment file lies in `folder`."""
    clocks = read_plan(ROOT / "examples" / "suite.toml").profile.clocks
    past = max(clocks.notice_seconds, clocks.objection_seconds) + DAY
    started = time.perf_counter()
    with anvil(int(time.time()) - past) as url:
        suite = stage(url)
        suite.deployment.save(folder / "deployment.json")
        tokens = [token.address for token in suite.tokens()]
        opening.begin(suite, signer(ISSUER), tokens, opening.Papers.synthetic())
        request(suite.w3, "evm_increaseTime", past)
        request(suite.w3, "evm_mine")
        opening.activate(suite, signer(ISSUER), tokens)
        Writer(suite).write(reports)
        block = suite.w3.eth.block_number
        yield Bench(url, folder / "deployment.json", block, count(suite, block), time.perf_counter() - started)


def request(w3: Web3, method: str, *parameters: object) -> None:
    w3.provider.make_request(RPCEndpoint(method), list(parameters))


def count(suite: Suite, block: int) -> int:
    """How many reports the contracts say there are."""
    sources = [source_of(suite, name, block) for name in (*REPORTING, *(token.address for token in suite.tokens()))]
    return sum(head.sequence for head in heads_of(suite, sources, block))


# ---------------------------------------------------------------- writing


class Writer:
    """Sends without asking first and without waiting; nonces are counted here. The count of reports shows in the end
    whether all went through.
    """

    def __init__(self, suite: Suite) -> None:
        self.suite = suite
        self.w3 = suite.w3
        self.tokens = suite.tokens()
        self.expires = read_plan(ROOT / "examples" / "suite.toml").profile.period[1]
        self.nonces: dict[ChecksumAddress, int] = {}
        self.sent = 0

    def write(self, reports: int) -> None:
        """So many reports or a few more. Reports that stand alone come first, while anvil has little state to keep for
        each block; the batches then fill blocks of mainnet's size.
        """
        each = reports / 1_000_000
        alone, mints, moved = (int(share * each) for share in (ALONE, MINTS, MOVED))
        wallets = wallets_of(reports - alone - moved)
        holder, receivers = signer(HOLDER), wallets[:RECORDS]
        self.admit([holder.address, signer(RELAY).address])
        self.admit(receivers)
        for place in range(max(mints, len(self.tokens))):
            self.mint(self.tokens[place % len(self.tokens)], holder.address)
        tokens = cycle(self.tokens)
        for receiver in islice(cycle(receivers), alone):
            self.send(holder, next(tokens).functions.transfer(receiver, SHARE // 1_000), 200_000)
        request(self.w3, "evm_setAutomine", False)
        for some in runs(wallets[RECORDS:], RECORDS):
            self.admit(some)
        for some in runs(list(islice(cycle(receivers), moved)), TRANSFERS):
            self.send(holder, next(tokens).functions.batchTransfer(some, [SHARE // 1_000] * len(some)))
        request(self.w3, "evm_mine")
        request(self.w3, "evm_setAutomine", True)
        request(self.w3, "anvil_mine", hex(FINAL + 1))

    def admit(self, wallets: Sequence[ChecksumAddress]) -> None:
        words = [
            InvestorRecord(
                int.from_bytes(keccak(text=wallet)[:8], "big"),
                self.expires,
                REGISTRAR,
                840,
                InvestorClass.RETAIL,
                Scope.HOLD | Scope.TRANSFER | Scope.TRADE,
                Status.ACTIVE,
            ).pack()
            for wallet in wallets
        ]
        call = self.suite.registry.functions.setRecords(wallets, words, keccak(b"evidence"))
        self.send(signer(REGISTRARS), call)

    def mint(self, token: Contract, to: ChecksumAddress) -> None:
        """1,000 shares, on a custodian's signature. Waits, for the sentence says what was held before."""
        held = self.suite.position(token.address, 1).held
        sentence = custody.build(
            self.suite,
            SentenceKind.DEPOSIT,
            token.address,
            1,
            held + 1_000 * SHARE,
            shares=1_000 * SHARE,
            account=to,
            ref=keccak(b"deposit"),
            evidence=keccak(b"slip"),
        )
        custody.submit(self.suite, signer(RELAY), custody.sign(custody.document(self.suite, sentence), signer(DESK)))
        self.nonces.pop(signer(RELAY).address, None)

    def send(self, by: KeySigner, call: ContractFunction, gas: int = TRANSACTION_GAS_LIMIT) -> None:
        """And mines a block after so many; while blocks are mined by themselves, one more that is empty."""
        self.put(by, call, gas)
        self.sent += 1
        if self.sent % BLOCK == 0:
            request(self.w3, "evm_mine")

    def put(self, by: KeySigner, call: ContractFunction, gas: int) -> None:
        nonce = self.nonces.get(by.address)
        if nonce is None:
            nonce = self.w3.eth.get_transaction_count(by.address)
        self.nonces[by.address] = nonce + 1
        raw = by.sign_transaction(
            {
                "to": call.address,
                "data": HexBytes(call._encode_transaction_data()),
                "value": Web3.to_wei(0, "wei"),
                "gas": gas,
                "nonce": nonce,  # type: ignore[typeddict-item]
                "maxFeePerGas": Web3.to_wei(100, "gwei"),
                "maxPriorityFeePerGas": Web3.to_wei(0, "wei"),
                "chainId": self.suite.deployment.chain_id,
            }
        )
        self.w3.eth.send_raw_transaction(raw)


def wallets_of(count: int) -> list[ChecksumAddress]:
    """The same for everybody who asks; those whom all tokens' transfers go to come first."""
    return [to_checksum_address(keccak(b"wallet %d" % number)[12:]) for number in range(count)]


def runs(items: Sequence[ChecksumAddress], size: int) -> Iterator[Sequence[ChecksumAddress]]:
    return (items[start : start + size] for start in range(0, len(items), size))


# ---------------------------------------------------------------- the floor


def floor(url: str, deployment: Path, reports: int) -> dict[str, float]:
    """Seconds and peak memory (resident, megabytes) of reading all streams' logs and decoding them."""
    suite = Suite(Web3(HTTPProvider(url)), Deployment.load(deployment))
    block = suite.w3.eth.block_number
    sources = [source_of(suite, name, block) for name in (*REPORTING, *(token.address for token in suite.tokens()))]
    contracts = {source.address: source.contract for source in sources}
    found = 0
    started = time.perf_counter()
    for logs in read_chunks(suite.w3, list(contracts), suite.deployment.block, block, expected=reports):
        for log in logs:
            decode(contracts[log["address"]], log)
            found += 1
    seconds = time.perf_counter() - started
    assert found == reports, f"{found} logs, {reports} reports"
    return {"s": round(seconds, 2), "mb": peak()}


def peak() -> float:
    """This process's peak of resident memory, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10)


if __name__ == "__main__":
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as place, chain(Path(place), int(sys.argv[1]) if sys.argv[1:] else REPORTS) as made:
        print(f"{made.reports} reports in {made.block} blocks, made in {made.seconds:.0f} s")
        print(json.dumps(floor(made.url, made.deployment, made.reports)))
