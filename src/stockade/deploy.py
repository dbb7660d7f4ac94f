"""From nothing to a wired suite, handed over: the deployer ends with nothing.

The contracts name each other as immutables, so their addresses are computed from the deployer's nonce before the first
is created. The deployer holds ADMIN only until `hand_over`; what a suite starts with (registrars, custodians, the first
listings) is written in between, under roles it grants itself and gives back.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.abi import function_abi_to_4byte_selector
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from hexbytes import HexBytes
from web3 import Web3
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.types import Nonce, TxParams, TxReceipt
from web3.utils import get_create_address

from stockade import chain, manifest
from stockade.chain import Signer
from stockade.errors import InputError, NetworkError, StockadeError
from stockade.listing import Document, Share, document_call, list_share
from stockade.profiles import Profile
from stockade.records import Role
from stockade.suite import CONTRACTS, Deployment, Suite

DAY = 86_400

# Seconds a holder of the role waits between scheduling and acting: the least that the authority grants (docs/roles.md).
DELAYS = {Role.ADMIN: 20 * DAY, Role.UPGRADER: 20 * DAY, Role.KEY_ADMIN: DAY, Role.CUSTODY_ADMIN: 2 * DAY}

# Roles whose keys KEY_ADMIN rotates; ADMIN grants the others.
OPERATIONAL = (Role.ISSUER, Role.COMPLIANCE, Role.REGISTRAR, Role.CUSTODY_ADMIN, Role.MARKET_OPERATOR, Role.PAUSER)

# Which role may call which `restricted` function. REGULATOR_SUSPENDS is added where the profile says so.
FUNCTIONS: dict[str, dict[Role, tuple[str, ...]]] = {
    "registry": {
        Role.REGISTRAR: ("setRecords", "offerRecords"),
        Role.COMPLIANCE: ("freeze", "unfreeze", "setRegistrar", "assignRecords", "recover"),
    },
    "ledger": {
        Role.CUSTODY_ADMIN: ("addCustodian", "setCustodianOpen", "setAttestors", "setTerms"),
        Role.COMPLIANCE: ("forceRedemption", "recoverRequests"),
    },
    "listings": {
        Role.ISSUER: (
            "addExemption",
            "amendExemption",
            "publishNotice",
            "list",
            "recordIssuerNotice",
            "activate",
            "setDocument",
            "removeDocument",
        ),
        Role.COMPLIANCE: ("recordObjection", "suspend", "resume", "windDown", "setHalt", "setExemptionStatus"),
    },
    "market": {
        Role.ISSUER: ("setRules",),
        Role.MARKET_OPERATOR: ("setHours", "setDays", "relay", "relayVenue", "heartbeat"),
    },
    "factory": {Role.UPGRADER: ("upgrade",)},
}

REGULATOR_SUSPENDS = {"listings": {Role.REGULATOR: ("setRegulatorSuspension",)}}

# Deployment order; each entry's constructor arguments are made from the addresses of all.
_CONSTRUCTORS: dict[str, Callable[[dict[str, str]], tuple[object, ...]]] = {
    "authority": lambda at: (),
    "reason_text": lambda at: (),
    "registry": lambda at: (at["authority"],),
    "ledger": lambda at: (at["authority"], at["registry"], at["listings"], at["market"]),
    "listings": lambda at: (at["authority"], at["factory"], at["market"]),
    "market": lambda at: (at["authority"], at["listings"]),
    "implementation": lambda at: (
        tuple(at[name] for name in ("authority", "registry", "ledger", "listings", "factory", "reason_text")),
    ),
    "factory": lambda at: (at["authority"], at["listings"], at["implementation"]),
}

# What the deployer lends itself to write the suite's first entries; `settle` takes it back.
BORROWED = (Role.ISSUER, Role.COMPLIANCE, Role.CUSTODY_ADMIN)

# Upper bounds of the gas a deployment takes, for asking beforehand whether the deployer can pay. A test holds them
# against the real figures.
_GAS = {"suite": 24_000_000, "registrar": 150_000, "custodian": 500_000, "share": 650_000, "document": 250_000}

Progress = Callable[[str], None]


@dataclass(frozen=True)
class Custodian:
    """A custodian to start with. `attestors`: address and "key" or "contract"."""

    name: str
    lei: str
    threshold: int
    attestors: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Plan:
    """What a suite starts with. `roles` names the accounts of each role; `registrars` maps account to number.

    `shares` are listed, with `documents` (ticker and document). `chain_ids` are the only chains the plan
    may be deployed on; empty means any. `stockade.plan` reads all of it from a file.
    """

    profile: Profile
    roles: dict[Role, tuple[str, ...]]
    registrars: dict[str, int]
    custodians: tuple[Custodian, ...]
    shares: tuple[Share, ...] = ()
    documents: tuple[tuple[str, Document], ...] = ()
    chain_ids: tuple[int, ...] = ()
    registrar_names: dict[str, str] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """How often `deploy` says what it is doing."""
        return len(_CONSTRUCTORS) + 3 + len(self.registrars) + len(self.custodians) + len(self.shares)

    @property
    def gas(self) -> int:
        """Gas that the whole deployment takes at most."""
        counts = {
            "suite": 1,
            "registrar": len(self.registrars),
            "custodian": len(self.custodians),
            "share": len(self.shares),
            "document": len(self.documents),
        }
        return sum(_GAS[name] * count for name, count in counts.items())


def deploy(w3: Web3, signer: Signer, plan: Plan, progress: Progress = lambda step: None) -> Suite:
    """The whole plan: a suite with its shares listed, handed over. The deployer ends with no role.

    The shares are PENDING: the periods of `stockade.opening` begin with the issuer's own records.

    Raises InputError or NetworkError, before anything is sent, for what `check` finds.
    """
    check(w3, signer.address, plan)
    suite = deploy_suite(w3, signer, plan, progress)
    for share in plan.shares:
        progress(f"listing {share.ticker}")
        token = list_share(suite, signer, share, plan.profile)
        suite.send(signer, suite.ledger.functions.setTerms(token, plan.profile.custody.terms))
        for ticker, document in plan.documents:
            if ticker == share.ticker:
                suite.send(signer, document_call(suite, token, document))
    hand_over(suite, signer, plan, progress)
    if kept := roles_of(suite, signer.address):
        names = ", ".join(role.name for role in kept)
        raise StockadeError(f"The deployer {signer.address} still holds {names}: do not use this suite, deploy again.")
    return suite


def check(w3: Web3, deployer: str, plan: Plan) -> None:
    """What can be known before anything is sent: the chain, the clock, the wallets that must exist, the money.

    Raises InputError for the plan, NetworkError for the chain or the deployer's funds.
    """
    _check_roles(plan, deployer)
    if plan.chain_ids and (found := w3.eth.chain_id) not in plan.chain_ids:
        allowed = ", ".join(str(number) for number in plan.chain_ids)
        raise NetworkError(
            f"The node is chain {found}, the plan is for {allowed}: choose another --network, or name it in chain_ids."
        )
    for custodian in plan.custodians:
        for account, kind in custodian.attestors:
            if kind == "contract":
                chain.require_code(w3, account, f"attestor of {custodian.name}, kind contract")
    now = w3.eth.get_block("latest")["timestamp"]
    _, end = plan.profile.period
    if now >= end:
        raise InputError(
            f"Profile {plan.profile.id} ended {_date(end)}, and the chain's clock says {_date(now)}: choose another."
        )
    if (balance := w3.eth.get_balance(to_checksum_address(deployer))) < (needed := cost(w3, plan)):
        raise NetworkError(
            f"The deployer {deployer} has {in_ether(balance)} and may need {in_ether(needed)} ({plan.gas:,} gas): "
            "send it more first."
        )


def check_file(w3: Web3, path: Path, replace: bool) -> None:
    """Whether the deployment may be recorded in the file: nothing that still stands is forgotten unless told so.

    Raises InputError.
    """
    folder = path.parent
    if folder.exists() and not os.access(folder, os.W_OK):
        raise InputError(f"{folder} cannot be written to: the deployment could not be recorded.")
    if replace or not path.exists():
        return
    if any(state != "no code" for state in code_states(w3, Deployment.load(path)).values()):
        raise InputError(
            f"{path} records a suite that stands on this chain: use it (`ape run deploy show`), or give --replace "
            "to record another in its place."
        )


def code_states(w3: Web3, deployment: Deployment) -> dict[str, str]:
    """What stands at each address of a deployment: "as deployed", "other code" or "no code"."""
    states = {}
    for name in CONTRACTS:
        code = w3.eth.get_code(to_checksum_address(deployment.addresses[name]))
        unchanged = Web3.keccak(code).to_0x_hex() == deployment.code.get(name)
        states[name] = "no code" if not code else "as deployed" if unchanged else "other code"
    return states


def cost(w3: Web3, plan: Plan) -> int:
    """Wei that the deployment costs at most, at the present fee."""
    return plan.gas * int(chain.fees(w3)["maxFeePerGas"])


def in_ether(wei: int) -> str:
    """An amount of the chain's coin, for people."""
    return f"{Web3.from_wei(wei, 'ether'):,.6f} ETH"


def roles_of(suite: Suite, account: str) -> list[Role]:
    """The roles an account holds."""
    return [role for role in Role if suite.authority.functions.hasRole(role, account).call()[0]]


def _date(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _check_roles(plan: Plan, deployer: str) -> None:
    if (admins := len(plan.roles.get(Role.ADMIN, ()))) != 1:
        raise InputError(
            f"The suite plan names {admins} accounts for ADMIN: name one, the multisig that shall hold it. It may "
            "grant the role to others, after its delay."
        )
    for role, accounts in plan.roles.items():
        if deployer in accounts:
            raise InputError(
                f"The deployer {deployer} may hold no role, but the plan names it {role.name}: name another."
            )


def deploy_suite(w3: Web3, signer: Signer, plan: Plan, progress: Progress = lambda step: None) -> Suite:
    """Deploys and wires a suite; the deployer still holds ADMIN, ISSUER, COMPLIANCE and CUSTODY_ADMIN.

    Call `hand_over` when the first listings are in; `deploy` does both. Raises InputError for a plan without one
    ADMIN.
    """
    _check_roles(plan, signer.address)
    nonce = w3.eth.get_transaction_count(signer.address)
    addresses = {"deployer": str(signer.address)}
    for step, name in enumerate(_CONSTRUCTORS):
        addresses[name] = to_checksum_address(get_create_address(signer.address, Nonce(nonce + step)))

    transactions: dict[str, str] = {}
    receipts = []
    for name, arguments in _CONSTRUCTORS.items():
        progress(f"deploying {CONTRACTS[name]}")
        receipt = _create(w3, signer, CONTRACTS[name], arguments(addresses))
        if receipt["contractAddress"] != addresses[name]:
            raise NetworkError(
                f"{CONTRACTS[name]} was created at {receipt['contractAddress']} instead of {addresses[name]}: another "
                "transaction of the deployer came between. Deploy again, with an account that does nothing else."
            )
        transactions[name] = HexBytes(receipt["transactionHash"]).to_0x_hex()
        receipts.append(receipt)

    del addresses["deployer"]
    deployment = Deployment(
        chain_id=w3.eth.chain_id,
        block=receipts[0]["blockNumber"],
        deployer=str(signer.address),
        profile=plan.profile.id,
        profile_hash=plan.profile.hash,
        addresses=addresses,
        code={
            name: Web3.keccak(w3.eth.get_code(to_checksum_address(at))).to_0x_hex() for name, at in addresses.items()
        },
        transactions=transactions,
        registrars={
            str(number): plan.registrar_names[account]
            for account, number in plan.registrars.items()
            if account in plan.registrar_names
        },
    )
    suite = Suite(w3, deployment)
    progress("granting roles")
    _multicall(suite, signer, _role_calls(suite, plan, signer.address) + _function_calls(suite, plan.profile))
    _bootstrap(suite, signer, plan, progress)
    return suite


def hand_over(suite: Suite, signer: Signer, plan: Plan, progress: Progress = lambda step: None) -> None:
    """Settles the authority: the plan's admin holds ADMIN with its delay, KEY_ADMIN the operational keys, the deployer
    nothing.
    """
    progress("handing over")
    (admin,) = plan.roles[Role.ADMIN]
    suite.send(signer, suite.authority.functions.settle(admin))


def _role_calls(suite: Suite, plan: Plan, deployer: ChecksumAddress) -> list[ContractFunction]:
    functions = suite.authority.functions
    calls = [functions.labelRole(role, role.name) for role in Role if role is not Role.ADMIN]
    calls += [functions.grantRole(role, deployer, 0) for role in BORROWED]
    for role, accounts in plan.roles.items():
        if role is not Role.ADMIN:
            calls += [functions.grantRole(role, account, DELAYS.get(role, 0)) for account in accounts]
    return calls


def function_roles(profile: Profile) -> dict[str, dict[Role, tuple[str, ...]]]:
    """Which role may call which `restricted` function of which contract, in a suite under the profile."""
    table = {name: dict(roles) for name, roles in FUNCTIONS.items()}
    if profile.regulator.may_suspend:
        for name, roles in REGULATOR_SUSPENDS.items():
            table[name] |= roles
    return table


def selectors(contract: Contract, names: tuple[str, ...]) -> list[bytes]:
    """The four-byte selectors of a contract's functions."""
    return [function_abi_to_4byte_selector(contract.get_function_by_name(name).abi) for name in names]


def _function_calls(suite: Suite, profile: Profile) -> list[ContractFunction]:
    """Maps every restricted function to its role."""
    calls = []
    for name, roles in function_roles(profile).items():
        contract: Contract = getattr(suite, name)
        for role, names in roles.items():
            chosen = selectors(contract, names)
            calls.append(suite.authority.functions.setTargetFunctionRole(contract.address, chosen, role))
    return calls


def _bootstrap(suite: Suite, signer: Signer, plan: Plan, progress: Progress) -> None:
    """Registrars, custodians and the exemption."""
    for account, number in plan.registrars.items():
        progress(f"registrar {number}")
        suite.send(signer, suite.registry.functions.setRegistrar(to_checksum_address(account), number))
    for custodian in plan.custodians:
        progress(f"custodian {custodian.name}")
        attestors = [
            (to_checksum_address(account), {"key": 1, "contract": 2}[kind]) for account, kind in custodian.attestors
        ]
        call = suite.ledger.functions.addCustodian(
            custodian.lei.encode(), keccak(text=custodian.name), attestors, custodian.threshold
        )
        suite.send(signer, call)
    progress("exemption")
    profile = plan.profile
    suite.send(signer, suite.listings.functions.addExemption(profile.terms()))
    suite.send(signer, suite.market.functions.setRules(profile.market.rules))


def _create(w3: Web3, signer: Signer, name: str, arguments: tuple[object, ...]) -> TxReceipt:
    entry = manifest.contract(name)
    factory = w3.eth.contract(abi=entry["abi"], bytecode=entry["bytecode"])
    data = factory.constructor(*arguments).data_in_transaction
    return chain.send(w3, signer, TxParams(data=data))


def _multicall(suite: Suite, signer: Signer, calls: list[ContractFunction]) -> None:
    """Several calls to the authority in one transaction."""
    data = [HexBytes(call._encode_transaction_data()) for call in calls]
    suite.send(signer, suite.authority.functions.multicall(data))
