"""One suite played twice: in py-evm, and in the model. Every act is made in both, and everything that can be seen is
compared: return or exact revert data, the whole list of logs byte for byte, and the state word by word.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any

from eth_abi.abi import decode, encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes

from stockade.chain import decode_error
from stockade.records import ATTESTATION_FIELDS, Attestation, InvestorRecord, Kind
from tests.machines.model import Model, Vote
from tests.machines.roles import Call, Refusal
from tests.machines.world import DATA, Interface, Log, Outcome, World, error_data, interface, mapped, namespace, slot_of

MASK_160 = 2**160 - 1
REPORTING = ("ShareToken", *DATA)
BALANCES = namespace("stockade.storage.PackedBalances")
CONTROL = namespace("stockade.storage.ReportLog")
TOKEN_REPORTED = interface("ShareToken").topic("Reported")
STREAM_REPORTED = interface("CustodyLedger").topic("Reported")
OPERATIONS = {name: interface("SuiteAuthority").topic(name) for name in ("OperationScheduled", "OperationExecuted")}
RECORD_SET = interface("InvestorRegistry").topic("RecordSet")
STREAMS = (TOKEN_REPORTED, STREAM_REPORTED, RECORD_SET)
FIELDS = [kind for _, kind in ATTESTATION_FIELDS]
# The contracts' names for acts whose model is called otherwise.
FIXED = {"setRoleAdmin", "setRoleGuardian", "setGrantDelay", "setTargetAdminDelay", "setTargetClosed"} | {
    "updateAuthority",
    "execute",
}


@dataclass(frozen=True)
class Entry:
    """An entry of a token's stream, as it stands in a log."""

    token: str
    kind: Kind
    operator: str
    source: str
    to: str
    amount: int
    ref: bytes


Words = dict[tuple[Any, ...], int]


@dataclass
class Step:
    """An act: what it was, how it ended, and the words before and after it. `asked`: the reason codes views gave."""

    call: Call
    function: str
    arguments: tuple[Any, ...]
    time: int
    refusal: Refusal | None
    outcome: Outcome
    before: Words
    after: Words
    asked: dict[str, int]
    digests: Callable[[Attestation], bytes]

    @cached_property
    def entries(self) -> list[Entry]:
        return [read_entry(log) for log in self.outcome.logs if log.topics[0] == TOKEN_REPORTED]

    @property
    def attested(self) -> dict[bytes, tuple[Attestation, int, list[Vote]]]:
        """What landed, by digest: the sentence and what is issued after it, as logged, and who voted."""
        said = [log for log in self.outcome.logs if log.topics[0] == STREAM_REPORTED and log.topics[2] == 1]
        given = {"attest": [self.arguments[1]], "attestBatch": self.arguments[1]}[self.function]
        landed = {}
        for log, votes in zip(said, given, strict=True):
            fields, issued = decode(DATA["CustodyLedger"][1], decode(["address", "uint40", "bytes"], log.data)[2])
            named = (
                to_checksum_address(each) if kind == "address" else each
                for kind, each in zip(FIELDS, fields, strict=True)
            )
            sentence = Attestation.from_tuple(tuple(named))
            landed[self.digests(sentence)] = (sentence, issued, votes)
        return landed

    @property
    def operations(self) -> list[tuple[str, bytes, int]]:
        """What the authority scheduled and carried out: event, operation, the block's time."""
        names = {OPERATIONS[name]: name for name in OPERATIONS}
        told = [log for log in self.outcome.logs if log.topics[0] in names]
        return [(names[log.topics[0]], log.topics[1].to_bytes(32, "big"), self.time) for log in told]


def read_entry(log: Log) -> Entry:
    operator, source, to, amount, ref, _ = decode(["address"] * 3 + ["uint256", "bytes32", "uint40"], log.data)
    names = (to_checksum_address(each) for each in (operator, source, to))
    return Entry(log.address, Kind(log.topics[2]), *names, amount, ref)


def chained(chain: int, log: Log) -> tuple[int, int]:
    """Number and chain after a report's log, computed as the interfaces say."""
    link = chain.to_bytes(32, "big")
    if log.topics[0] == RECORD_SET:
        link += log.topics[1].to_bytes(32, "big") + log.data
        return int.from_bytes(log.data, "big") >> 168, int.from_bytes(keccak(link), "big") & MASK_160
    link += b"".join(topic.to_bytes(32, "big") for topic in log.topics[1:3])
    if log.topics[0] == TOKEN_REPORTED:
        link += log.data
    else:
        operator, time, data = decode(["address", "uint40", "bytes"], log.data)
        link += encode(["address", "uint40", "bytes32"], [operator, time, keccak(data)])
    return log.topics[1], int.from_bytes(keccak(link), "big") & MASK_160


def model_name(function: str) -> str:
    """`setRecords` is `set_records` in the model."""
    return "fixed" if function in FIXED else re.sub(r"([A-Z])", r"_\1", function).lower()


def plain(function: str, arguments: tuple[Any, ...]) -> list[Any]:
    """The model's arguments as the ABI takes them."""
    if function == "setRecords":
        rows, root = arguments
        return [[wallet for wallet, _ in rows], [record.pack() for _, record in rows], root]
    return [_plain(each) for each in arguments]


def _plain(value: Any) -> Any:
    if isinstance(value, Attestation):
        return value.as_tuple()
    if isinstance(value, Vote):
        return (value.attestor, value.signature)
    if isinstance(value, InvestorRecord):
        return value.pack()
    return [_plain(each) for each in value] if isinstance(value, list) else value


class Play:
    """`names`: the contract at each address. `wallets`: everybody who might ever hold. `seen`: how acts ended, over all
    lives.
    """

    def __init__(self, world: World, model: Model, names: dict[str, str], wallets: tuple[str, ...]) -> None:
        self.world, self.model, self.names, self.wallets = world, model, names, wallets
        self.seen: Counter[tuple[str, str]] = Counter()
        self.logs: list[Log] = []
        self.steps: list[Step] = []
        self.topics = tuple(HexBytes(topic.to_bytes(32, "big")) for topic in STREAMS)
        # Whether everything compared so far was equal.
        self.sound = True
        self._start = model
        self.chains = {address: self.head(address)[1] for address in names if names[address] in REPORTING}
        self.state = self.words()

    def stand(self) -> None:
        """From here lives start."""
        self.world.stand()
        self._start, self._first, self._chains = self.model, len(self.logs), dict(self.chains)
        self.seen.clear()

    def begin(self) -> None:
        self.world.back()
        self.model, self.chains = deepcopy(self._start), dict(self._chains)
        self.steps, self.state, self.sound = [], self.words(), True
        del self.logs[self._first :]

    def wait(self, seconds: int) -> None:
        self.model.time = self.world.time = self.model.time + seconds

    def data(self, target: str, function: str, *arguments: Any) -> bytes:
        return interface(self.names[target]).call(function, *plain(function, arguments))

    def call(self, sender: str, target: str, function: str, *arguments: Any) -> Call:
        return Call(sender, target, self.data(target, function, *arguments))

    def do(self, sender: str, target: str, function: str, *arguments: Any, asked: dict[str, int] | None = None) -> bool:
        """Makes the act in both; whether it was done. `asked`: reason codes that views gave for it beforehand."""
        call = self.call(sender, target, function, *arguments)
        before = self.state
        refusal = self.model.apply(call, model_name(function), *arguments)
        outcome = self.world.send(call)
        self.state = after = self.words()
        digests = partial(Attestation.digest, chain_id=self.model.chain_id, ledger=self.model.ledger)
        story = (call, function, arguments, self.model.time, refusal, outcome, before, after, asked or {}, digests)
        self.steps.append(Step(*story))
        ending = refusal.code.name if refusal and refusal.code else refusal.error if refusal else "done"
        self.seen[function, ending] += 1
        self.compare(refusal, outcome)
        return refusal is None

    def compare(self, refusal: Refusal | None, outcome: Outcome) -> None:
        self.sound = False
        if refusal:
            wanted = error_data(refusal.error, refusal.values)
            got = decode_error(outcome.output)
            assert outcome.reverted, f"{refusal.error}{refusal.values} expected, but it was done"
            assert outcome.output == wanted, f"{refusal.error}{refusal.values} expected, got {got}"
        else:
            assert not outcome.reverted, f"allowed, but {decode_error(outcome.output)}"
            logs = [self.encoded(*log) for log in self.model.logs]
            assert list(outcome.logs) == logs, f"expected {self.model.logs}"
        self.follow(outcome.logs)
        assert self.state == self.expected()
        self.sound = True

    def follow(self, logs: tuple[Log, ...]) -> None:
        """Carries the chains on, from what the logs say alone."""
        self.logs += logs
        for log in logs:
            if log.topics[0] in STREAMS:
                _, self.chains[log.address] = chained(self.chains[log.address], log)
        self.model.chains = self.chains

    def encoded(self, contract: str, event: str, *values: Any) -> Log:
        """The log that the model tells of."""
        known: Interface = interface(self.names[contract])
        if event == "RecordSet":
            seq, wallet, word = values
            return known.log(contract, event, (wallet, word | seq << 168))
        if event == "Reported" and self.names[contract] == "ShareToken":
            return known.log(contract, event, (*values, self.model.time))
        if event == "Reported":
            seq, kind, operator, *rest = values
            data = encode(DATA[self.names[contract]][kind], rest)
            return known.log(contract, event, (seq, kind, operator, self.model.time, data))
        return known.log(contract, event, values)

    # ---------------------------------------------------------------- the state, word by word

    def head(self, address: str) -> tuple[int, int]:
        """A stream's last number and its chain."""
        if self.names[address] == "ShareToken":
            word = self.world.word(address, CONTROL)
        else:
            word = self.world.word(address, slot_of(self.names[address], "_head"))
        return word >> 160 & 0xFFFFFFFF, word & MASK_160

    def words(self) -> Words:
        """Everything of the suite that acts change, as it lies in storage."""
        word, model = self.world.word, self.model
        registry, ledger = model.registry, model.ledger
        found: Words = {}
        for token in model.tokens:
            found[token, "control"] = word(token, CONTROL)
            found[token, "supply"] = word(token, BALANCES + 1)
            for wallet in (*self.wallets, ledger):
                found[token, wallet] = word(token, mapped(BALANCES, wallet))
            for number in model.custodians:
                found[token, number] = word(ledger, slot_of("CustodyLedger", "_positions", token, number))
        for wallet in self.wallets:
            slot = slot_of("InvestorRegistry", "_records", wallet)
            found[registry, wallet] = word(registry, slot)
            found[registry, "offer", wallet] = word(registry, slot + 1)
        for number in model.requests:
            slot = slot_of("CustodyLedger", "_requests", number)
            found[ledger, number] = word(ledger, slot) | word(ledger, slot + 1) << 256
        for address in self.chains:
            found[address, "head"] = self.head(address)[0] << 160 | self.head(address)[1]
        return found

    def expected(self) -> Words:
        """The same, as the model has it."""
        model = self.model
        registry, ledger = model.registry, model.ledger
        heads = {address: model.reports[address] << 160 | self.chains[address] for address in self.chains}
        wanted: Words = {(address, "head"): head for address, head in heads.items()}
        for token, share in model.tokens.items():
            wanted[token, "control"] = share.settings << 192 | heads[token]
            wanted[token, "supply"] = share.supply
            for wallet in (*self.wallets, ledger):
                wanted[token, wallet] = share.frozen[wallet] << 128 | share.balances[wallet]
            for number in model.custodians:
                wanted[token, number] = model.positions[token, number].pack()
        for wallet in self.wallets:
            wanted[registry, wallet] = model.records[wallet].pack()
            wanted[registry, "offer", wallet] = model.offers[wallet]
        for number, request in model.requests.items():
            first = int(request.token, 16) | request.custodian << 160 | request.deadline << 192 | request.status << 232
            wanted[ledger, number] = first | (int(request.holder, 16) | request.amount << 160) << 256
        return wanted
