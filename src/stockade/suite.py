"""A deployed suite: its addresses, its contracts, and the one way tools read from it and act on it."""

from __future__ import annotations

import json
import re
import tomllib
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from eth_utils.address import is_address, to_checksum_address
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import TxReceipt

from stockade import chain, manifest
from stockade.chain import Signer
from stockade.errors import InputError, NetworkError, Refused
from stockade.records import LOST, Control, InvestorRecord, Position

CONTRACTS = {
    "authority": "SuiteAuthority",
    "registry": "InvestorRegistry",
    "ledger": "CustodyLedger",
    "listings": "ListingRegistry",
    "market": "MarketStatus",
    "factory": "SuiteFactory",
    "reason_text": "ReasonText",
    "implementation": "ShareToken",
}

# How the authority answers a call whose caller must wait: not scheduled yet, too early, or scheduled too long ago. Once
# the time has come, the call itself goes through.
_AWAITS_DELAY = ("AccessManagerNotScheduled", "AccessManagerNotReady", "AccessManagerExpired")

_REMEDY = "let `ape run deploy suite` write the file."


@dataclass(frozen=True)
class Deployment:
    """What was deployed where: the content of `deployments/<chain-id>.json`.

    `block` is the first block of the suite (where its streams begin); `code` the keccak256 of each contract's runtime
    code; `profile_hash` the hash that stands on chain; `earlier` the implementations before the present one, and the
    hash of each one's code; `registrars` the firms' names by number: the chain knows numbers alone, so who publishes
    the file adds a name when COMPLIANCE gives a number to another firm.
    """

    chain_id: int
    block: int
    deployer: str
    profile: str
    profile_hash: str
    addresses: dict[str, str]
    code: dict[str, str] = field(default_factory=dict)
    transactions: dict[str, str] = field(default_factory=dict)
    earlier: dict[str, str] = field(default_factory=dict)
    registrars: dict[str, str] = field(default_factory=dict)

    @classmethod
    def load(cls, path: Path) -> Deployment:
        """Reads a deployment file. Raises InputError naming the file and the field."""
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            raise InputError(f"{path} does not exist: deploy a suite first (`ape run deploy suite`).") from None
        except (OSError, UnicodeDecodeError, json.JSONDecodeError) as error:
            raise InputError(f"{path} cannot be read as a deployment: {error}.") from None
        known = set(cls.__dataclass_fields__)
        if not isinstance(content, dict) or set(content) != known:
            wrong = sorted(known.symmetric_difference(content if isinstance(content, dict) else []))
            raise InputError(f"{path}: missing or unknown fields {', '.join(wrong)}; {_REMEDY}")
        kinds = {
            "chain_id": int,
            "block": int,
            **dict.fromkeys(("addresses", "code", "transactions", "earlier", "registrars"), dict),
        }
        for name, kind in kinds.items():
            if not isinstance(content[name], kind):
                raise InputError(f"{path}: field {name} is {content[name]!r}; {_REMEDY}")
        for name in CONTRACTS:
            address = content["addresses"].get(name)
            if not isinstance(address, str) or not is_address(address):
                raise InputError(f"{path}: field addresses.{name} is {address!r}, not an address; {_REMEDY}")
            code = content["code"].get(name)
            if not isinstance(code, str) or not re.fullmatch("0x[0-9a-f]{64}", code):
                raise InputError(f"{path}: field code.{name} is {code!r}, not a hash; {_REMEDY}")
        for number, firm in content["registrars"].items():
            if not re.fullmatch("[1-9][0-9]{0,4}", number) or int(number) >= LOST:
                raise InputError(f"{path}: field registrars.{number} is no registrar's number: give 1 to {LOST - 1}.")
            if not isinstance(firm, str) or not 1 <= len(firm) <= 100:
                raise InputError(f"{path}: field registrars.{number} is no name: give the firm's, 1 to 100 characters.")
        return cls(**content)

    def save(self, path: Path) -> None:
        """Writes the file whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        draft = path.with_suffix(".json.part")
        draft.write_text(json.dumps(asdict(self), indent=2, sort_keys=True) + "\n", encoding="utf-8")
        draft.replace(path)


class Suite:
    """The one object every tool starts from.

    Raises NetworkError when the chain is another than the deployment's, or an address holds no code or other code than
    was deployed.
    """

    def __init__(self, w3: Web3, deployment: Deployment) -> None:
        if (found := w3.eth.chain_id) != deployment.chain_id:
            raise NetworkError(
                f"The node is chain {found}, the suite was deployed on chain {deployment.chain_id}: choose the network "
                "of the deployment, or the deployment of the network."
            )
        self.w3 = w3
        self.deployment = deployment
        self._code: dict[str, bytes] = {}
        self._known: set[str] = set()
        for name, kind in CONTRACTS.items():
            address = chain.require_code(w3, deployment.addresses[name], kind)
            self._code[name] = w3.eth.get_code(address)
            if Web3.keccak(self._code[name]).to_0x_hex() != deployment.code.get(name):
                raise NetworkError(f"The code at {address} is not the {kind} that was deployed: check the network.")
        self.authority = self._contract("authority")
        self.registry = self._contract("registry")
        self.ledger = self._contract("ledger")
        self.listings = self._contract("listings")
        self.market = self._contract("market")
        self.factory = self._contract("factory")
        self.reason_text = self._contract("reason_text")

    def _contract(self, name: str) -> Contract:
        return contract_at(self.w3, CONTRACTS[name], self.deployment.addresses[name])

    # ---------------------------------------------------------------- tokens

    def tokens(self) -> list[Contract]:
        """Every token of the suite, in order of listing."""
        return [self.token(address) for address in self.listings.functions.tokens().call()]

    def token(self, which: str) -> Contract:
        """A token by address or symbol. Raises InputError when the suite has no such token."""
        if is_address(which):
            address = to_checksum_address(which)
            if not self.listings.functions.isListed(address).call():
                raise InputError(f"{address} is not a token of this suite.")
            return contract_at(self.w3, "ShareToken", address)
        symbols = []
        for token in self.tokens():
            symbols.append(symbol := token.functions.symbol().call())
            if symbol == which:
                return token
        known = ", ".join(symbols) or "none"
        raise InputError(f"The suite has no token {which!r}: its tokens are {known}.")

    # ---------------------------------------------------------------- reading

    def record(self, wallet: str) -> InvestorRecord:
        """A wallet's record; all zero when it has none."""
        return InvestorRecord.unpack(self.registry.functions.recordOf(wallet).call())

    @property
    def registrar_names(self) -> dict[int, str]:
        """The registrars' names by number, as far as the deployment file has them."""
        return {int(number): firm for number, firm in self.deployment.registrars.items()}

    def registrar(self, number: int) -> str:
        """A registrar for people: its number, and its name where that is known."""
        firm = self.registrar_names.get(number)
        return f"registrar {number} ({firm})" if firm else f"registrar {number}"

    def control(self, token: Contract) -> Control:
        """A token's settings and report head."""
        return Control.unpack(token.functions.control().call())

    def position(self, token: str, custodian: int) -> Position:
        """A custodian's position in a token."""
        return Position.unpack(self.ledger.functions.positionOf(token, custodian).call())

    def positions(self, token: str) -> dict[int, Position]:
        """The position of every custodian that ever spoke of the token."""
        count = self.ledger.functions.custodianCount().call()
        every = {number: self.position(token, number) for number in range(1, count + 1)}
        return {number: position for number, position in every.items() if position.sequence}

    # ---------------------------------------------------------------- acting

    def require_known_code(self, upgrading: bool = False) -> None:
        """Whether the contracts are those that this version of Stockade was built with, immutables and the hash of
        their sources aside. `upgrading` leaves out the tokens' implementation, which an upgrade replaces.

        Cheap, for before an act: tokens, wiring and roles are compared by `ape run deploy verify`. Raises NetworkError.
        """
        for name, kind in CONTRACTS.items():
            if name in self._known or (upgrading and name == "implementation"):
                continue
            built = HexBytes(manifest.contract(kind)["deployedBytecode"])
            if manifest.essence(kind, self._code[name]) != manifest.essence(kind, built):
                raise NetworkError(
                    f"The {kind} at {self.deployment.addresses[name]} is not the one that this version of Stockade was "
                    "built with, and nothing was signed: use the version that deployed the suite."
                )
            self._known.add(name)

    def send(self, signer: Signer, call: ContractFunction) -> TxReceipt:
        """Asks, signs, sends and waits. Raises Refused with the reason in the contract's own words, NetworkError when
        the suite's contracts are unknown to this version of Stockade.
        """
        self.require_known_code(upgrading=call.address in (self.factory.address, self.authority.address))
        try:
            return chain.transact(self.w3, signer, call, chain_id=self.deployment.chain_id)
        except Refused as refused:
            raise self.explain(refused) from refused

    def dry_run(self, sender: str, call: ContractFunction) -> Any:
        """What the call would return, without sending it. Raises Refused."""
        try:
            return chain.ask(lambda: call.call({"from": to_checksum_address(sender)}))
        except Refused as refused:
            raise self.explain(refused) from refused

    def explain(self, refused: Refused) -> Refused:
        """The refusal with its reason code, name and text, from the suite's `ReasonText`."""
        code = self.reason_text.functions.codeOf(refused.data).call()
        if not code:
            return refused
        reason, text = self.reason(code)
        return chain.refusal(refused.data, code, reason, text)

    def reason(self, code: int) -> tuple[str, str]:
        """A reason code's name and sentence."""
        functions = self.reason_text.functions
        return functions.name(code).call(), functions.text(code).call()

    def perform(self, signer: Signer, call: ContractFunction) -> TxReceipt | int:
        """Like `send`, for a function whose role may carry a delay. The receipt when it was done; else the second (UTC)
        from which the same call, made again, is executed: it is now scheduled, and GUARDIAN may cancel it.
        """
        try:
            return self.send(signer, call)
        except Refused as refused:
            if refused.error not in _AWAITS_DELAY:
                raise
        data = call._encode_transaction_data()
        functions = self.authority.functions
        operation = functions.hashOperation(signer.address, call.address, data).call()
        due: int = functions.getSchedule(operation).call()
        if due == 0:
            self.send(signer, functions.schedule(call.address, data, 0))
            due = functions.getSchedule(operation).call()
        return due


def contract_at(w3: Web3, name: str, address: str) -> Contract:
    """A contract of the suite at an address, by its name in the manifest."""
    return w3.eth.contract(address=to_checksum_address(address), abi=manifest.abi(name))


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file. Raises InputError naming it."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError(f"{path} does not exist.") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise InputError(f"{path} cannot be read as TOML: {error}.") from None
