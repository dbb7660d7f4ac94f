"""Letting another registrar have records: what an offer would do, tried as a whole, then sent.

    wallets = read_wallets(["leaving.txt"])
    offer = prepare_offer(suite, signer.address, wallets, to=2)   # compared and tried, nothing sent
    send_offer(suite, signer, offer)

The other registrar takes a record over with an ordinary row of its book. What COMPLIANCE assigns without asking either
is `stockade.compliance.assign_registrar`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from web3.contract.contract import ContractFunction

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.records import LOST
from stockade.suite import Suite
from stockade.whitelist.apply import registrar_number
from stockade.whitelist.cells import parse_wallet
from stockade.whitelist.state import read_whitelist

# Wallets in one transaction, at about 30,000 gas each.
PER_CALL = 200

# Wallets that a refusal names; of the others it says how many there are.
_NAMED = 3


@dataclass(frozen=True)
class Offer:
    """What would be offered. `to` zero withdraws; `unchanged` wallets are offered like that already."""

    registrar: int
    to: int
    wallets: tuple[ChecksumAddress, ...]
    unchanged: int
    calls: tuple[ContractFunction, ...]


def read_wallets(words: Sequence[str]) -> list[ChecksumAddress]:
    """Wallets as a person names them: addresses, or one file with an address on each line (`#` begins a comment).

    Raises InputError naming the line.
    """
    if len(words) == 1 and not words[0].startswith("0x"):
        path = Path(words[0])
        found = _in_file(path)
        if not found:
            raise InputError(f"{path} names no wallet: write one address on each line.")
    else:
        found = [(word, parse_wallet(word)) for word in words]
    wallets = [wallet for _, wallet in found]
    for place, (where, wallet) in enumerate(found):
        if wallet in wallets[:place]:
            raise InputError(f"{where} is named twice: remove one.")
    return wallets


def _in_file(path: Path) -> list[tuple[str, ChecksumAddress]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise InputError(f"{path} is no wallet (0x and 40 hex digits), and no file: {error.strerror}.") from None
    except UnicodeDecodeError:
        raise InputError(f"{path} is not UTF-8: save it as plain text, one address on each line.") from None
    found = []
    for number, line in enumerate(lines, start=1):
        if text := line.partition("#")[0].strip():
            try:
                found.append((f"{path}, line {number}: {text[:50]}", parse_wallet(text[:50])))
            except InputError as error:
                raise InputError(f"{path}, line {number}: {error}") from None
    return found


def prepare_offer(suite: Suite, account: ChecksumAddress, wallets: Sequence[ChecksumAddress], to: int) -> Offer:
    """Compares with the chain and tries every call as `account`; sends nothing. `to` zero withdraws.

    Raises InputError for an account that may not write, for `to` when it is its own number or none, and for wallets
    whose records are not its own; Refused when the registry refuses for any other reason.
    """
    number = registrar_number(suite, account)
    if to == number or not 0 <= to < LOST:
        raise InputError(
            f"Records of {suite.registrar(number)} cannot be offered to registrar {to}: name another registrar's "
            "number, or 0 to withdraw."
        )
    state = read_whitelist(suite)
    owners = {wallet: record.registrar for wallet, record in state.records.items()}
    foreign = [(wallet, owner) for wallet in wallets if (owner := owners.get(wallet, 0)) != number]
    if foreign:
        raise InputError(
            f"{owners_in_words(suite, foreign)}: {suite.registrar(number)} can offer its own records alone."
        )

    open_ = [wallet for wallet in wallets if state.offers.get(wallet, 0) != to]
    offer = suite.registry.functions.offerRecords
    calls = tuple(offer(open_[at : at + PER_CALL], to) for at in range(0, len(open_), PER_CALL))
    for call in calls:
        suite.dry_run(account, call)
    return Offer(number, to, tuple(open_), len(wallets) - len(open_), calls)


def send_offer(
    suite: Suite, signer: Signer, offer: Offer, progress: Callable[[ContractFunction], None] = lambda call: None
) -> int:
    """Sends what `prepare_offer` made, call by call; the gas it used."""
    gas = 0
    for call in offer.calls:
        gas += suite.send(signer, call)["gasUsed"]
        progress(call)
    return gas


def owners_in_words(suite: Suite, wallets: Sequence[tuple[ChecksumAddress, int]]) -> str:
    """Whose the records of some wallets are, by wallet and registrar's number; of many, the first."""
    said = []
    for wallet, owner in wallets[:_NAMED]:
        whose = {0: "has no record", LOST: "was declared lost"}.get(owner, f"belongs to {suite.registrar(owner)}")
        said.append(f"{wallet} {whose}")
    more = [f"and so on, {len(wallets)} in all"] if len(wallets) > _NAMED else []
    return ", ".join(said + more)
