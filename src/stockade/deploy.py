"""From nothing to a wired suite, handed over: the deployer ends with nothing.

The contracts name each other as immutables, so their addresses are computed from the deployer's nonce before the first
is created. The deployer holds ADMIN only until `hand_over`; what a suite starts with (registrars, custodians, the first
listings) is written in between, under roles it grants itself and gives back.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

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
from stockade.errors import InputError, NetworkError
from stockade.profiles import Profile
from stockade.records import Role
from stockade.suite import CONTRACTS, Deployment, Suite

DAY = 86_400

# Seconds a holder of the role waits between scheduling and executing (docs/roles.md).
DELAYS = {Role.ADMIN: 20 * DAY, Role.UPGRADER: 20 * DAY, Role.KEY_ADMIN: DAY, Role.CUSTODY_ADMIN: 2 * DAY}

# Roles whose keys KEY_ADMIN rotates; ADMIN grants the others.
OPERATIONAL = (Role.ISSUER, Role.COMPLIANCE, Role.REGISTRAR, Role.CUSTODY_ADMIN, Role.MARKET_OPERATOR, Role.PAUSER)

# Which role may call which `restricted` function.
FUNCTIONS: dict[str, dict[Role, tuple[str, ...]]] = {
    "registry": {
        Role.REGISTRAR: ("setRecords",),
        Role.COMPLIANCE: ("freeze", "unfreeze", "setRegistrar", "recover"),
    },
    "ledger": {
        Role.CUSTODY_ADMIN: ("addCustodian", "setCustodianOpen", "setAttestors", "setTerms"),
        Role.COMPLIANCE: ("forceRedemption", "recoverRequests"),
    },
    "listings": {
        Role.ISSUER: ("addExemption", "amendExemption", "list", "activate", "setDocument", "removeDocument"),
        Role.COMPLIANCE: ("suspend", "resume", "windDown", "setHalt", "setExemptionStatus"),
    },
    "factory": {Role.UPGRADER: ("upgrade",)},
}

# Deployment order; each entry's constructor arguments are made from the addresses of all.
_CONSTRUCTORS: dict[str, Callable[[dict[str, str]], tuple[object, ...]]] = {
    "authority": lambda at: (at["deployer"],),
    "reason_text": lambda at: (),
    "registry": lambda at: (at["authority"],),
    "ledger": lambda at: (at["authority"], at["registry"], at["listings"]),
    "listings": lambda at: (at["authority"], at["factory"]),
    "implementation": lambda at: (
        tuple(at[name] for name in ("authority", "registry", "ledger", "listings", "factory", "reason_text")),
    ),
    "factory": lambda at: (at["authority"], at["listings"], at["implementation"]),
}

# What the deployer lends itself to write the suite's first entries, until `hand_over`.
BORROWED = (Role.ISSUER, Role.COMPLIANCE, Role.CUSTODY_ADMIN)

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
    """What a suite starts with. `roles` names the accounts of each role; `registrars` maps account to number."""

    profile: Profile
    roles: dict[Role, tuple[str, ...]]
    registrars: dict[str, int]
    custodians: tuple[Custodian, ...]


def deploy_suite(w3: Web3, signer: Signer, plan: Plan, progress: Progress = lambda step: None) -> Suite:
    """Deploys and wires a suite; the deployer still holds ADMIN, ISSUER, COMPLIANCE and CUSTODY_ADMIN.

    Call `hand_over` when the first listings are in. Raises InputError for a plan without an ADMIN.
    """
    if not plan.roles.get(Role.ADMIN):
        raise InputError("The suite plan names no ADMIN: add the multisig that shall hold it.")
    for role, accounts in plan.roles.items():
        if signer.address in accounts:
            raise InputError(
                f"The deployer {signer.address} may hold no role, but the plan names it {role.name}: name another."
            )
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
    )
    suite = Suite(w3, deployment)
    progress("granting roles")
    _multicall(suite, signer, _role_calls(suite, plan, signer.address) + _function_calls(suite))
    _bootstrap(suite, signer, plan, progress)
    return suite


def hand_over(suite: Suite, signer: Signer, plan: Plan, progress: Progress = lambda step: None) -> None:
    """Gives operational roles to KEY_ADMIN, ADMIN to the plan's admins with its delay, and the deployer keeps nothing."""
    progress("handing over")
    functions = suite.authority.functions
    calls = [functions.revokeRole(role, signer.address) for role in BORROWED]
    calls += [functions.setRoleAdmin(role, Role.KEY_ADMIN) for role in OPERATIONAL]
    calls += [functions.grantRole(Role.ADMIN, admin, DELAYS[Role.ADMIN]) for admin in plan.roles[Role.ADMIN]]
    calls.append(functions.renounceRole(Role.ADMIN, signer.address))
    _multicall(suite, signer, calls)


def _role_calls(suite: Suite, plan: Plan, deployer: ChecksumAddress) -> list[ContractFunction]:
    functions = suite.authority.functions
    calls = [functions.labelRole(role, role.name) for role in Role if role is not Role.ADMIN]
    calls += [functions.setRoleGuardian(role, Role.GUARDIAN) for role in Role if role is not Role.ADMIN]
    calls += [functions.grantRole(role, deployer, 0) for role in BORROWED]
    for role, accounts in plan.roles.items():
        if role is not Role.ADMIN:
            calls += [functions.grantRole(role, account, DELAYS.get(role, 0)) for account in accounts]
    return calls


def _function_calls(suite: Suite) -> list[ContractFunction]:
    """Maps every restricted function to its role."""
    calls = []
    for name, roles in FUNCTIONS.items():
        contract: Contract = getattr(suite, name)
        for role, names in roles.items():
            selectors = [function_abi_to_4byte_selector(contract.get_function_by_name(each).abi) for each in names]
            calls.append(suite.authority.functions.setTargetFunctionRole(contract.address, selectors, role))
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
    call = suite.listings.functions.addExemption(profile.document, profile.hash, *profile.period)
    suite.send(signer, call)


def _create(w3: Web3, signer: Signer, name: str, arguments: tuple[object, ...]) -> TxReceipt:
    entry = manifest.contract(name)
    factory = w3.eth.contract(abi=entry["abi"], bytecode=entry["bytecode"])
    data = factory.constructor(*arguments).data_in_transaction
    return chain.send(w3, signer, TxParams(data=data))


def _multicall(suite: Suite, signer: Signer, calls: list[ContractFunction]) -> None:
    """Several calls to the authority in one transaction."""
    data = [HexBytes(call._encode_transaction_data()) for call in calls]
    suite.send(signer, suite.authority.functions.multicall(data))
