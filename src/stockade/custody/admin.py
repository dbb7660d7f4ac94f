"""CUSTODY_ADMIN's acts as calls, checked as far as a reader can: they wait two days before they are executed, which is
too long to learn of a mistake. `Suite.perform` schedules and, once due, executes them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from eth_typing import ChecksumAddress
from eth_utils.crypto import keccak
from stdnum import lei as lei_number
from stdnum.exceptions import ValidationError
from web3.contract import Contract
from web3.contract.contract import ContractFunction

from stockade.custody.words import parse_address, utc
from stockade.errors import InputError, Refused
from stockade.records import AttestorKind
from stockade.suite import Suite

Attestor = tuple[ChecksumAddress, AttestorKind]


@dataclass(frozen=True)
class Custodian:
    """A custodian's entry. Its name is not on chain, only the hash of it."""

    number: int
    lei: str
    threshold: int
    attestors: int
    open: bool


def custodians(suite: Suite) -> list[Custodian]:
    """All custodians, by number."""
    count = suite.ledger.functions.custodianCount().call()
    return [custodian(suite, number) for number in range(1, count + 1)]


def custodian(suite: Suite, number: int) -> Custodian:
    """One custodian. Raises InputError when there is none."""
    lei, threshold, attestors, is_open, _ = suite.ledger.functions.custodianOf(number).call()
    if threshold == 0:
        count = suite.ledger.functions.custodianCount().call()
        raise InputError(f"There is no custodian {number}: the suite has {count} (`ape run custody positions`).")
    return Custodian(number, lei.decode("ascii", "replace"), threshold, attestors, is_open)


def parse_attestor(text: str) -> Attestor:
    """`ADDRESS:key` for one key, `ADDRESS:contract` for an ERC-1271 wallet such as a Safe."""
    address, _, kind = text.partition(":")
    if kind.upper() not in AttestorKind.__members__:
        raise InputError(
            f"attestor {text!r}: write ADDRESS:key, or ADDRESS:contract for a Safe or another ERC-1271 wallet."
        )
    return parse_address(address, "attestor"), AttestorKind[kind.upper()]


def add_custodian(suite: Suite, name: str, lei: str, attestors: Sequence[Attestor], threshold: int) -> ContractFunction:
    """A new custodian, open at once. `name` is its legal name, exactly; only its hash stands on chain."""
    try:
        checked = lei_number.validate(lei)
    except ValidationError as error:
        raise InputError(f"lei: {lei!r}: {error} Look it up and correct it.") from None
    if len(checked) != 20:
        raise InputError(f"lei: {lei!r} has {len(checked)} characters instead of 20: look it up and correct it.")
    if not name.strip():
        raise InputError("name: it is empty: give the custodian's legal name.")
    _check_set(suite, attestors, len(attestors), threshold)
    return suite.ledger.functions.addCustodian(checked.encode(), keccak(text=name), _structs(attestors), threshold)


def change_attestors(
    suite: Suite,
    number: int,
    removed: Sequence[ChecksumAddress],
    added: Sequence[Attestor],
    threshold: int | None = None,
) -> ContractFunction:
    """Another set of attestors, removals first, in one step: k of n holds throughout. No `threshold`: it stays."""
    entry = custodian(suite, number)
    for address in removed:
        if not suite.ledger.functions.attestorKindOf(number, address).call():
            raise InputError(f"remove: {address} is no attestor of custodian {number}: leave it out.")
    for address, _ in added:
        if address not in removed and suite.ledger.functions.attestorKindOf(number, address).call():
            raise InputError(f"add: {address} is an attestor of custodian {number} already: leave it out.")
    after = threshold or entry.threshold
    _check_set(suite, added, entry.attestors - len(set(removed)) + len(added), after)
    if not removed and not added and after == entry.threshold:
        raise InputError("Nothing would change: name attestors to add or remove, or another threshold.")
    return suite.ledger.functions.setAttestors(number, list(removed), _structs(added), after)


def set_open(suite: Suite, number: int, is_open: bool) -> ContractFunction:
    """Opens or closes a custodian to new deposits; its answers to redemptions are never closed."""
    if custodian(suite, number).open == is_open:
        raise InputError(f"Custodian {number} is {'open' if is_open else 'closed'} already: nothing to do.")
    return suite.ledger.functions.setCustodianOpen(number, is_open)


def change_terms(
    suite: Suite, token: Contract, cap: int | None = None, max_age: int | None = None, period: int | None = None
) -> ContractFunction:
    """A token's custody terms; what is not given stays. `cap` in 18-decimal shares, `max_age` in business days,
    `period` in seconds.
    """
    current = suite.ledger.functions.termsOf(token.address).call()
    terms = tuple(old if new is None else new for old, new in zip(current, (cap, max_age, period), strict=True))
    if terms == tuple(current):
        raise InputError("Nothing would change: these are the token's terms already.")
    if not terms[1] or not terms[2]:
        raise InputError("The token has no terms yet: give the cap, the maximum age and the redemption period.")
    if terms[0] >= 1 << 96 or terms[1] > 366 or terms[2] >= 1 << 32:
        raise InputError(
            "The terms are too large: the cap takes 96 bits of 18-decimal shares, an age is at most 366 business days, "
            "a period takes 32 bits of seconds."
        )
    return suite.ledger.functions.setTerms(token.address, terms)


def rehearse(suite: Suite, sender: ChecksumAddress, call: ContractFunction) -> tuple[bool, str]:
    """Whether `Suite.perform` would send anything now, and what would follow, in words. Raises Refused. Whether a call
    still to be scheduled will be accepted when it is executed, no node can tell.
    """
    data = call._encode_transaction_data()
    functions = suite.authority.functions
    try:
        suite.dry_run(sender, call)
    except Refused as refused:
        if refused.error == "AccessManagerNotReady":
            due = functions.getSchedule(functions.hashOperation(sender, call.address, data).call()).call()
            return False, f"It is scheduled already: run the same command again from {utc(due)} on."
        if refused.error not in ("AccessManagerNotScheduled", "AccessManagerExpired"):
            raise
    else:
        return True, "It would be done now."
    suite.dry_run(sender, functions.schedule(call.address, data, 0))
    _, delay = functions.canCall(sender, call.address, data[:10]).call()
    return True, f"It would be scheduled, to be executed {delay // 3_600} hours later by the same command."


def _check_set(suite: Suite, added: Sequence[Attestor], count: int, threshold: int) -> None:
    addresses = [address for address, _ in added]
    for address, kind in added:
        if addresses.count(address) > 1:
            raise InputError(f"attestor {address} is named twice: an attestor has one vote.")
        if kind is AttestorKind.CONTRACT:
            _require_contract(suite, address)
    if not 1 <= threshold <= count <= 255:
        raise InputError(f"threshold: {threshold} of {count} attestors is impossible: between 1 and {count} must sign.")


def _require_contract(suite: Suite, address: ChecksumAddress) -> None:
    if not suite.w3.eth.get_code(address):
        raise InputError(
            f"attestor {address}:contract has no code on chain {suite.deployment.chain_id}: check the address and the "
            "network, or add it as a key."
        )


def _structs(attestors: Sequence[Attestor]) -> list[tuple[str, int]]:
    return [(address, int(kind)) for address, kind in attestors]


__all__ = [
    "Custodian",
    "add_custodian",
    "change_attestors",
    "change_terms",
    "custodian",
    "custodians",
    "parse_attestor",
    "rehearse",
    "set_open",
]
