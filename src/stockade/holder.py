"""What a holder, and a platform acting for one, does with shares: why a transfer would be refused, a batch from a file,
a permit signed off chain, a redemption. Amounts are 18-decimal shares at the border, raw tokens inside.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from eth_account.messages import SignableMessage, encode_typed_data
from eth_typing import ChecksumAddress
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD
from web3.types import TxReceipt

from stockade.chain import Signer
from stockade.custody.typed import check_signature, parse_field, parse_signature, plain_field, read_json, write_json
from stockade.custody.words import parse_address, parse_amount
from stockade.errors import InputError
from stockade.records import Kind
from stockade.suite import Suite

# A row to a new holder costs about 35,000 gas (measured), and a transaction may ask for 16.7 million (EIP-7825).
MOST_ROWS = 400

_REQUEST = 2  # the ledger's report of a redemption request

_PERMIT_KEYS = {"types", "primaryType", "domain", "message", "signature"}
_PERMIT_FIELDS = (
    ("owner", "address"),
    ("spender", "address"),
    ("value", "uint256"),
    ("nonce", "uint256"),
    ("deadline", "uint256"),
)


# ---------------------------------------------------------------- why not


@dataclass(frozen=True)
class Restriction:
    """The token's own answer to "may this move?": code 0 when it may."""

    code: int
    reason: str
    text: str


def why(
    suite: Suite,
    token: Contract,
    sender: ChecksumAddress,
    receiver: ChecksumAddress,
    amount: int,
    spender: ChecksumAddress | None = None,
    permitted: bool = False,
) -> Restriction:
    """Asks the token about a transfer by the holder, or by a spender (ERC-1404), balance and allowance included; with
    `permitted`, as if the allowance sufficed.
    """
    functions = token.functions
    if permitted:
        code = functions.restrictionOf(Kind.TRANSFER, spender or sender, sender, receiver, amount).call()
    elif spender is None:
        code = functions.detectTransferRestriction(sender, receiver, amount).call()
    else:
        code = functions.detectTransferRestrictionFrom(spender, sender, receiver, amount).call()
    return Restriction(code, *suite.reason(code))


def to_tokens(token: Contract, shares: int) -> int:
    """Raw tokens for shares (both 18 decimals), by the token's own multiplier."""
    return int(token.functions.toTokens(shares).call())


# ---------------------------------------------------------------- batches


@dataclass(frozen=True)
class Row:
    """One transfer of a batch file; `line` is the file's line, `shares` in 18-decimal units."""

    line: int
    wallet: ChecksumAddress
    shares: int


def read_batch(path: Path) -> list[Row]:
    """The rows of a CSV with columns `wallet` and `shares`. Raises InputError with one sentence for every bad row."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            if sorted(reader.fieldnames or []) != ["shares", "wallet"]:
                raise InputError(f"{path}: the columns must be wallet and shares: correct the first line.")
            lines = [(reader.line_num, entry) for entry in reader]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as CSV: {error}.") from None
    rows: dict[ChecksumAddress, Row] = {}
    problems = []
    for line, entry in lines:
        try:
            row = _row(line, entry, f"{path}, line {line}")
            if row.wallet in rows:
                first = rows[row.wallet].line
                raise InputError(f"{path}, line {line}: {row.wallet} is in line {first} already: put the two together.")
        except InputError as problem:
            problems.append(str(problem))
        else:
            rows[row.wallet] = row
    if problems:
        raise InputError("\n".join(problems))
    if not 1 <= len(rows) <= MOST_ROWS:
        raise InputError(f"{path} has {len(rows)} rows: a batch takes 1 to {MOST_ROWS}, split the file.")
    return list(rows.values())


def _row(line: int, entry: dict[str | Any, str | Any], where: str) -> Row:
    if None in entry or None in entry.values():
        raise InputError(f"{where}: it has not two columns: write wallet,shares.")
    wallet = parse_address(entry["wallet"], f"{where}, field wallet")
    shares = parse_amount(entry["shares"], f"{where}, field shares")
    if not shares:
        raise InputError(f"{where}, field shares: it is zero: remove the line.")
    return Row(line, wallet, shares)


def batch(token: Contract, rows: list[Row]) -> ContractFunction:
    """The call that transfers all rows or none."""
    return token.functions.batchTransfer([row.wallet for row in rows], [to_tokens(token, row.shares) for row in rows])


# ---------------------------------------------------------------- permits


@dataclass(frozen=True)
class Permit:
    """An allowance signed off chain (ERC-2612). `value` in raw tokens, `deadline` in seconds UTC; `name` and `version`
    are the token's EIP-712 domain.
    """

    name: str
    version: str
    chain_id: int
    token: ChecksumAddress
    owner: ChecksumAddress
    spender: ChecksumAddress
    value: int
    nonce: int
    deadline: int
    signature: bytes = b""

    def typed_data(self) -> dict[str, Any]:
        """What wallets show and sign."""
        return {
            "types": {
                "EIP712Domain": [
                    {"name": "name", "type": "string"},
                    {"name": "version", "type": "string"},
                    {"name": "chainId", "type": "uint256"},
                    {"name": "verifyingContract", "type": "address"},
                ],
                "Permit": [{"name": name, "type": kind} for name, kind in _PERMIT_FIELDS],
            },
            "primaryType": "Permit",
            "domain": {
                "name": self.name,
                "version": self.version,
                "chainId": self.chain_id,
                "verifyingContract": self.token,
            },
            "message": {name: getattr(self, name) for name, _ in _PERMIT_FIELDS},
        }

    def message(self) -> SignableMessage:
        """What eth-account signs."""
        return encode_typed_data(full_message=self.typed_data())

    def write(self, path: Path) -> None:
        """Writes the typed data with one more key, `signature`."""
        typed = self.typed_data()
        typed["message"] = {name: plain_field(kind, getattr(self, name)) for name, kind in _PERMIT_FIELDS}
        write_json(path, typed | {"signature": "0x" + self.signature.hex()})

    @classmethod
    def read(cls, path: Path) -> Permit:
        """Reads and checks a permit. Raises InputError naming the file, the field and the remedy."""
        content = read_json(path, "a permit")
        if not isinstance(content, dict) or set(content) != _PERMIT_KEYS:
            wrong = sorted(_PERMIT_KEYS.symmetric_difference(content if isinstance(content, dict) else []))
            raise InputError(f"{path}: missing or unknown keys {', '.join(wrong)}; have the owner sign a permit again.")
        domain, message = content["domain"], content["message"]
        if not isinstance(domain, dict) or not isinstance(message, dict):
            raise InputError(f"{path}: field domain or message is no EIP-712 data; have the owner sign a permit again.")
        values = {
            name: parse_field(kind, message.get(name), f"{path}, field message.{name}") for name, kind in _PERMIT_FIELDS
        }
        permit = cls(
            name=str(domain.get("name")),
            version=str(domain.get("version")),
            chain_id=parse_field("uint256", domain.get("chainId"), f"{path}, field domain.chainId"),
            token=parse_address(domain.get("verifyingContract"), f"{path}, field domain.verifyingContract"),
            **values,
            signature=parse_signature(content["signature"], f"{path}, field signature"),
        )
        expected = permit.typed_data()
        if content["types"] != expected["types"] or content["primaryType"] != expected["primaryType"]:
            raise InputError(f"{path}, field types: not those of an ERC-2612 permit; have the owner sign one again.")
        check_signature(permit.message(), permit.signature, permit.owner, f"{path}, field signature")
        return permit


def sign_permit(token: Contract, owner: Signer, spender: ChecksumAddress, value: int, deadline: int) -> Permit:
    """The owner's signature under an allowance of `value` raw tokens; it costs nothing until somebody submits it."""
    _, name, version, chain_id, address, _, _ = token.functions.eip712Domain().call()
    nonce = token.functions.nonces(owner.address).call()
    permit = Permit(name, version, chain_id, address, owner.address, spender, value, nonce, deadline)
    return replace(permit, signature=owner.sign_message(permit.message()))


def permit_call(suite: Suite, permit: Permit) -> ContractFunction | None:
    """The call that sets the allowance; anybody may send it. None when somebody has sent this very permit before and
    its allowance stands. Raises InputError when it is for another chain, or its nonce was used for something else.
    """
    if permit.chain_id != suite.deployment.chain_id:
        raise InputError(
            f"The permit is for chain {permit.chain_id}, this is chain {suite.deployment.chain_id}: choose its network."
        )
    functions = suite.token(permit.token).functions
    if functions.nonces(permit.owner).call() != permit.nonce:
        if functions.allowance(permit.owner, permit.spender).call() >= permit.value:
            return None
        raise InputError("The permit was used or replaced: ask its owner for a new one.")
    value = permit.signature
    return functions.permit(
        permit.owner, permit.spender, permit.value, permit.deadline, value[64], value[:32], value[32:64]
    )


# ---------------------------------------------------------------- redemption


def redeem(suite: Suite, signer: Signer, token: Contract, custodian: int, amount: int, delivery_ref: bytes) -> int:
    """Escrows raw tokens and asks the custodian to deliver the shares. Returns the request's number."""
    call = redemption_call(suite, token, custodian, amount, delivery_ref)
    return request_number(suite, suite.send(signer, call))


def redemption_call(
    suite: Suite, token: Contract, custodian: int, amount: int, delivery_ref: bytes
) -> ContractFunction:
    """The call behind `redeem`."""
    return suite.ledger.functions.requestRedemption(token.address, custodian, amount, delivery_ref)


def request_number(suite: Suite, receipt: TxReceipt) -> int:
    """The number of the request that a transaction made."""
    reports = suite.ledger.events.Reported().process_receipt(receipt, errors=DISCARD)
    (data,) = (report["args"]["data"] for report in reports if report["args"]["kind"] == _REQUEST)
    return int.from_bytes(data[:32], "big")
