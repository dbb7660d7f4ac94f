"""The embedded chain's head, taken further in py-evm itself: transactions without blocks and signatures, 2 ms each.

Ape's way costs 10 to 20 ms a transaction, and a machine makes thousands. The contracts, the code that runs them and the
state they start from are the same; a life's changes stay in a journal and are thrown away, so Ape's chain never sees
them. Gas is not looked at, but no transaction gets more than one may have. The encoding of calls, logs and errors is
made here from the ABIs in the manifest.
"""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

from eth.vm.spoof import SpoofTransaction
from eth_abi.abi import decode, encode
from eth_utils.abi import event_abi_to_log_topic, function_abi_to_4byte_selector
from eth_utils.address import to_canonical_address, to_checksum_address
from eth_utils.crypto import keccak

from stockade import manifest
from stockade.chain import TRANSACTION_GAS_LIMIT
from stockade.records import ZERO_ADDRESS as NOBODY
from tests.machines.roles import Call

EXEMPTION_TERMS = "(bytes32,bytes32,uint40,uint40,uint40,uint32,uint32)"
NEWS = "(uint32,uint8,bytes8,uint40)"
ATTESTATION = "(address,uint32,uint8,uint32,uint256,uint256,address,bytes32,bytes32,uint40,uint40)"
REQUEST = "(address,uint32,uint40,uint8,address,uint96)"

# The data of each kind of report, as the interfaces document it.
DATA: dict[str, dict[int, list[str]]] = {
    "InvestorRegistry": {
        1: ["uint16", "uint32", "bytes32"],
        3: ["address", "uint256", "bytes32"],
        4: ["address", "uint256", "bytes32"],
        5: ["address", "address", "uint256", "bytes32"],
        6: ["address", "uint16"],
        7: ["address", "uint16"],
        8: ["address", "uint256", "bytes32"],
    },
    "CustodyLedger": {
        1: [ATTESTATION, "uint256"],
        2: ["uint256", REQUEST, "bytes32"],
        3: ["uint256"],
        4: ["uint256", "address", "bytes32"],
        5: ["uint256", "address", "bytes32"],
        6: ["uint32", "bytes20", "bytes32", "bool"],
        7: ["uint32", "address[]", "(address,uint8)[]", "uint8"],
        8: ["address", "(uint96,uint32,uint32)"],
    },
    "ListingRegistry": {
        1: ["uint32", "uint8", "bytes32"],
        3: ["address", "uint8", "bytes32"],
        4: ["address", "bool", "bytes32"],
        5: ["address", "bytes32", "string", "bytes32"],
        6: ["address", "bool", "bytes32"],
        7: ["uint32", "uint32", EXEMPTION_TERMS],
        8: ["uint32", "bytes32", "string", "uint40"],
        9: ["address", "bytes32", "uint40"],
        10: ["address", "bytes32", "uint40"],
        11: ["address", "bool", "bytes32"],
    },
    "MarketStatus": {
        3: ["(uint8,uint32)"],
        4: ["address", NEWS],
        5: ["bytes4", NEWS],
        6: ["bytes4", "uint40"],
        7: ["bytes32", "uint256"],
    },
    "SuiteAuthority": {
        1: ["uint64", "address", "bool", "uint32", "uint48"],
        2: ["address", "bytes4", "uint64"],
        3: ["address"],
        4: ["address", "uint32", "uint160"],
        5: ["bytes32", "uint32", "uint48", "address", "bytes"],
        6: ["bytes32", "uint32"],
        7: ["bytes32", "uint32"],
        8: ["uint32", "bytes32", "uint32", "uint64"],
    },
}


class Log(NamedTuple):
    address: str
    topics: tuple[int, ...]
    data: bytes


class Outcome(NamedTuple):
    """`output`: what was returned, or the revert data."""

    reverted: bool
    output: bytes
    logs: tuple[Log, ...] = ()


class Interface:
    """A contract's functions and events by name. None that the machines use is overloaded."""

    def __init__(self, contract: str) -> None:
        abi = manifest.abi(contract)
        self.functions = {item["name"]: item for item in abi if item["type"] == "function"}
        self.events = {item["name"]: item for item in abi if item["type"] == "event"}

    def selector(self, function: str) -> bytes:
        return function_abi_to_4byte_selector(self.functions[function])

    def call(self, function: str, *arguments: Any) -> bytes:
        return self.selector(function) + encode(types(self.functions[function]["inputs"]), arguments)

    def topic(self, event: str) -> int:
        return int.from_bytes(event_abi_to_log_topic(self.events[event]), "big")

    def answer(self, function: str, output: bytes) -> Any:
        """What a view returned; a single value bare. Addresses come with their checksum."""
        kinds = types(self.functions[function]["outputs"])
        values = [_checksummed(value, kind) for value, kind in zip(decode(kinds, output), kinds, strict=True)]
        return values[0] if len(values) == 1 else tuple(values)

    def log(self, address: str, event: str, values: tuple[Any, ...]) -> Log:
        item = self.events[event]
        pairs = list(zip(item["inputs"], values, strict=True))
        topics = [encode(types([field]), [value]) for field, value in pairs if field["indexed"]]
        plain = [(field, value) for field, value in pairs if not field["indexed"]]
        data = encode(types([field for field, _ in plain]), [value for _, value in plain])
        return Log(address, (self.topic(event), *(int.from_bytes(each, "big") for each in topics)), data)


def types(items: list[dict[str, Any]]) -> list[str]:
    return [_type(item) for item in items]


def _type(item: dict[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_type(part) for part in item["components"])
    return f"({inner}){item['type'].removeprefix('tuple')}"


def _checksummed(value: Any, kind: str) -> Any:
    return to_checksum_address(value) if kind == "address" else value


@lru_cache
def interface(contract: str) -> Interface:
    return Interface(contract)


def sample(contract: str, function: str) -> bytes:
    """A call with the smallest arguments that make sense to an ABI decoder: ones, and one item in each list."""
    known = interface(contract)
    return known.call(function, *(_sample(kind) for kind in types(known.functions[function]["inputs"])))


def _sample(kind: str) -> Any:
    if kind.endswith("[]"):
        return [_sample(kind[:-2])]
    if kind.startswith("("):
        return tuple(_sample(part) for part in kind[1:-1].split(","))
    if kind.startswith("bytes"):
        return b"\x01" * int(kind[5:] or 0)
    return {"string": "x", "bool": True, "address": "0x" + "11" * 20}.get(kind, 1)


@lru_cache
def _errors() -> dict[str, tuple[bytes, list[str]]]:
    """Selector and types by name. What two contracts inherit alike is one error."""
    return {item["name"]: (selector, types(item["inputs"])) for selector, item in manifest.declared_errors().items()}


def error_data(name: str, values: tuple[Any, ...]) -> bytes:
    """The revert data of a custom error."""
    selector, kinds = _errors()[name]
    return selector + encode(kinds, values)


@cache
def slot_of(contract: str, variable: str, *keys: str | int) -> int:
    """Where a variable lies, or a mapping's value under these keys, as the manifest's storage layout has it."""
    layout = manifest.contract(contract)["storageLayout"]["storage"]
    slot = next(int(item["slot"]) for item in layout if item["label"] == variable)
    return mapped(slot, *keys)


def mapped(slot: int, *keys: str | int) -> int:
    for key in keys:
        kind = "address" if isinstance(key, str) else "uint256"
        slot = int.from_bytes(keccak(encode([kind, "uint256"], [key, slot])), "big")
    return slot


@lru_cache
def namespace(name: str) -> int:
    """ERC-7201: where a namespace's storage begins."""
    inner = int.from_bytes(keccak(text=name), "big") - 1
    return int.from_bytes(keccak(inner.to_bytes(32, "big")), "big") & ~0xFF


class World:
    """`back` undoes everything since it was made, or since `stand` was called; time is the next transaction's."""

    def __init__(self, backend: Any) -> None:
        self._chain = backend
        self._state = backend.get_vm().state
        self._context = self._state.execution_context
        # Gas is free, so that anyone can be asked for a view.
        self._context._base_fee_per_gas = 0
        # As on mainnet, these are not empty: py-evm cannot go back over accounts that were touched and cleared away.
        for account in (
            self._context.coinbase,
            to_canonical_address(NOBODY),
            *self._state.computation_class.get_precompiles(),
        ):
            self._state.set_balance(account, 1)
        self.stand()

    def stand(self) -> None:
        """From here lives start."""
        self._start = (self._state.snapshot(), self.time)

    def back(self) -> None:
        point, self.time = self._start
        self._state.revert(point)
        self._start = (self._state.snapshot(), self.time)

    @property
    def time(self) -> int:
        return int(self._context.timestamp)

    @time.setter
    def time(self, second: int) -> None:
        self._context._timestamp = second

    def send(self, call: Call) -> Outcome:
        return self._run(call)

    def ask(self, call: Call, time: int | None = None) -> Outcome:
        """What would happen, now or at another time."""
        now, point = self.time, self._state.snapshot()
        self.time = now if time is None else time
        outcome = self._run(call)
        self._state.revert(point)
        self.time = now
        return outcome

    def ask_in_turn(self, *calls: tuple[Call, int]) -> list[Outcome]:
        """What would happen one after the other, each at its time."""
        now, point = self.time, self._state.snapshot()
        outcomes = []
        for call, self.time in calls:
            outcomes.append(self._run(call))
        self._state.revert(point)
        self.time = now
        return outcomes

    def view(self, contract: str, address: str, function: str, *arguments: Any, sender: str | None = None) -> Any:
        """A view's answer, asked by nobody unless told by whom. Views never revert."""
        known = interface(contract)
        outcome = self.ask(Call(sender or NOBODY, address, known.call(function, *arguments)))
        assert not outcome.reverted, (function, arguments, outcome.output.hex())
        return known.answer(function, outcome.output)

    def word(self, address: str, slot: int) -> int:
        return int(self._state.get_storage(to_canonical_address(address), slot))

    def _run(self, call: Call) -> Outcome:
        sender = to_canonical_address(call.sender)
        transaction = self._chain.create_unsigned_transaction(
            nonce=self._state.get_nonce(sender),
            gas_price=0,
            gas=TRANSACTION_GAS_LIMIT,
            to=to_canonical_address(call.target),
            value=0,
            data=call.data,
        )
        done = self._state.apply_transaction(SpoofTransaction(transaction, from_=sender))
        logs = (Log(to_checksum_address(address), topics, data) for address, topics, data in done.get_log_entries())
        return Outcome(done.is_error, done.output, () if done.is_error else tuple(logs))
