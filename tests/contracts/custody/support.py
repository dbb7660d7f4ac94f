"""What the custody tests share beside `tests.contracts.support`: the ledger's reports and some numbers."""

from __future__ import annotations

from enum import IntEnum
from typing import Any

from ape.api import ReceiptAPI
from ape.contracts import ContractInstance

from tests.contracts.support import report
from tests.support import SHARE

MAX_96 = 2**96 - 1
DELIVERY = b"\x55" * 32

# What each of the two holders of the `holders` fixture starts with; two of them make the supply.
START = 100 * SHARE


class Report(IntEnum):
    """Kinds of the ledger's report stream."""

    ATTESTATION = 1
    REQUEST = 2
    TAKE_BACK = 3
    FORCED = 4
    REQUEST_RECOVERED = 5
    CUSTODIAN = 6
    ATTESTORS = 7
    TERMS = 8


# The data of each kind, as ICustodyLedger documents it.
DATA = {
    Report.ATTESTATION: [
        "(address,uint32,uint8,uint32,uint256,uint256,address,bytes32,bytes32,uint40,uint40)",
        "uint256",
    ],
    Report.REQUEST: ["uint256", "(address,uint32,uint40,uint8,address,uint96)", "bytes32"],
    Report.TAKE_BACK: ["uint256"],
    Report.FORCED: ["uint256", "address", "bytes32"],
    Report.REQUEST_RECOVERED: ["uint256", "address", "bytes32"],
    Report.CUSTODIAN: ["uint32", "bytes20", "bytes32", "bool"],
    Report.ATTESTORS: ["uint32", "address[]", "(address,uint8)[]", "uint8"],
    Report.TERMS: ["address", "(uint96,uint32,uint32)"],
}


def said(
    ledger: ContractInstance, receipt: ReceiptAPI, kind: Report, *values: Any, step: int = 1, operator: Any = None
) -> Any:
    """The `step`-th record that the ledger is expected to report; by default under the transaction's sender."""
    return report(ledger, receipt, kind, operator or receipt.sender, DATA[kind], list(values), step)


def request_ref(request_id: int) -> bytes:
    """How reports and attestations name a request."""
    return request_id.to_bytes(32, "big")


def number(account: Any) -> int:
    """An address as the errors carry it in a number."""
    return int(str(getattr(account, "address", account)), 16)
