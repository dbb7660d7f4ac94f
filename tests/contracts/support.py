"""What the tests of token, registry and listings share: reason codes, exact refusals, expected reports."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import IntEnum
from typing import Any

import pytest
from ape.api import ReceiptAPI
from ape.contracts import ContractInstance
from ape.exceptions import ContractLogicError, CustomError
from eth_abi.abi import encode
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_canonical_address
from eth_utils.crypto import keccak

from stockade import manifest
from stockade.chain import decode_error, revert_data
from stockade.records import ZERO_ADDRESS, Basis, Control, Kind, order_ref
from stockade.reporting.entries import ExemptionTerms, RegistryKind
from tests.support import DAY, ROOT

NO_REF = bytes(32)
TEXT, PROFILE = b"\x77" * 32, b"\x88" * 32
# The document that a token needs before it is active.
RIGHTS = b"RIGHTS".ljust(32, b"\0")
EVIDENCE = b"\x11" * 32
ORDER = b"\x44" * 32
# What reports carry for an act under `ORDER`.
SANCTIONS = order_ref(Basis.SANCTIONS, ORDER)

# Every class of investor, bits 1-10.
ALL_CLASSES = 0x07FE

MAX_32 = 2**32 - 1
MAX_128 = 2**128 - 1
MAX_256 = 2**256 - 1


def terms(start: int, end: int, since: int = 0, **changes: Any) -> ExemptionTerms:
    """Terms of an exemption: valid from `start` until `end`, in force from `since` on (UTC); periods of 30 days."""
    good = ExemptionTerms(TEXT, PROFILE, start, end, since, 30 * DAY, 30 * DAY)
    return good._replace(**changes)


def reason_constants() -> dict[str, int]:
    """Every reason code by its name, read from the Solidity source."""
    source = (ROOT / "contracts/types/ReasonCode.sol").read_text()
    found = re.findall(r"ReasonCode internal constant (\w+) = ReasonCode\.wrap\((\d+)\);", source)
    return {name: int(number) for name, number in found}


Reason = IntEnum("Reason", reason_constants())  # type: ignore[misc]


def revert_of(act: Callable[[], Any]) -> bytes:
    """The data that the call reverts with."""
    with pytest.raises(ContractLogicError) as caught:
        act()
    data = revert_data(caught.value.__cause__ or caught.value.base_err)
    assert data is not None, caught.value
    return data


@contextmanager
def refuses(error: type[CustomError], **arguments: Any) -> Iterator[None]:
    """The block reverts with exactly this error of a contract and exactly these arguments, each of them named.

    Ape's own `reverts` lets a revert it cannot decode pass, and an argument left out or misspelt.
    """
    with pytest.raises(ContractLogicError) as caught:
        yield
    data = revert_data(caught.value.__cause__ or caught.value.base_err)
    assert data == error_data(error, **arguments), f"expected {error.__name__} {arguments}, got {decode_error(data)}"


def error_data(error: Any, **arguments: Any) -> bytes:
    """The revert data of a contract's error; accounts and contracts may stand for their addresses."""
    inputs = error.abi.model_dump()["inputs"]
    assert set(arguments) == {item["name"] for item in inputs}, f"{error.__name__} has {inputs}"
    types = [_abi_type(item) for item in inputs]
    values = [_plain(arguments[item["name"]]) for item in inputs]
    return function_abi_to_4byte_selector(error.abi.model_dump()) + encode(types, values)


def carry_out(contract: ContractInstance, data: bytes, sender: Any) -> ReceiptAPI:
    """Makes the call that its caller has scheduled with the authority."""
    return sender.transfer(contract, 0, data=data)


def _abi_type(item: dict[str, Any]) -> str:
    if not item["type"].startswith("tuple"):
        return str(item["type"])
    inner = ",".join(_abi_type(part) for part in item["components"])
    return f"({inner}){item['type'].removeprefix('tuple')}"


def _plain(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return tuple(_plain(each) for each in value)
    return getattr(value, "address", value)


def entry(
    token: ContractInstance,
    receipt: ReceiptAPI,
    kind: Kind,
    operator: Any,
    source: Any = ZERO_ADDRESS,
    to: Any = ZERO_ADDRESS,
    amount: int = 0,
    ref: bytes = NO_REF,
    step: int = 1,
) -> Any:
    """The `step`-th entry that a token is expected to report in a transaction, numbered on from the block before it."""
    head = Control.unpack(token.control(block_id=receipt.block_number - 1))
    return token.Reported(
        seq=head.sequence + step,
        kind=kind,
        operator=operator,
        **{"from": source},
        to=to,
        amount=amount,
        ref=ref,
        timestamp=receipt.timestamp,
    )


def movement(
    token: ContractInstance,
    receipt: ReceiptAPI,
    kind: Kind,
    operator: Any,
    source: Any,
    to: Any,
    amount: int,
    ref: bytes = NO_REF,
    step: int = 1,
) -> list[Any]:
    """The events of one movement."""
    moved = [token.Transfer(source, to, amount), entry(token, receipt, kind, operator, source, to, amount, ref, step)]
    return [*moved, token.ForcedTransfer(source, to, amount)] if kind is Kind.FORCE else moved


def report(
    contract: ContractInstance,
    receipt: ReceiptAPI,
    kind: int,
    operator: Any,
    types: list[str],
    values: list[Any],
    step: int = 1,
) -> Any:
    """The `step`-th record that the registry or the listing registry is expected to report in a transaction."""
    return contract.Reported(
        seq=contract.reportHead(block_id=receipt.block_number - 1).seq + step,
        kind=kind,
        operator=operator,
        timestamp=receipt.timestamp,
        data=encode(types, [_plain(value) for value in values]),
    )


def batch_events(
    registry: ContractInstance, receipt: ReceiptAPI, registrar: Any, number: int, rows: list[tuple[Any, int]]
) -> list[Any]:
    """The events of a batch of records: its head, then each row with its place in the stream above the record."""
    values = [number, len(rows), EVIDENCE]
    head = report(registry, receipt, RegistryKind.BATCH, registrar, ["uint16", "uint32", "bytes32"], values)
    seq = head.event_arguments["seq"]
    written = [registry.RecordSet(wallet, (seq + step) << 168 | word) for step, (wallet, word) in enumerate(rows, 1)]
    return [head, *written]


def poke_record(chain: Any, registry: ContractInstance, wallet: Any, word: int) -> None:
    """Writes a record into the registry's storage on the embedded chain, past every rule and without a report.

    For states that no function leads to: a wallet that holds tokens and has no record.
    """
    layout = manifest.contract("InvestorRegistry")["storageLayout"]["storage"]
    slot = next(int(item["slot"]) for item in layout if item["label"] == "_records")
    poke(chain, registry, int.from_bytes(keccak(encode(["address", "uint256"], [wallet.address, slot])), "big"), word)


def poke(chain: Any, contract: ContractInstance, slot: int, word: int) -> None:
    """Writes a word into a contract's storage on the embedded chain."""
    backend = chain.provider.evm_backend.chain
    state = backend.get_vm().state
    state.set_storage(to_canonical_address(contract.address), slot, word)
    state.lock_changes()
    state.persist()
    backend.header = backend.header.copy(state_root=state.state_root)
    chain.mine()
