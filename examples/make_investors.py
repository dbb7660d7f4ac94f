"""Write `investors.csv`, a synthetic book of 250 investors: the same bytes on every run. Nobody in it exists.

Every choice is the hash of a label, so that neither a random generator nor a Python version changes the book.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import TypeVar

from eth_account import Account
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak

T = TypeVar("T")
HEADER = "wallet,investor_ref,country,class,scopes,expires_at,status,evidence"
# Public knowledge, the default of every development chain: the first rows use it so that demos can sign for them.
DEV_MNEMONIC = "test test test test test test test test test test test junk"
FIRST_EXPIRY, DAYS = datetime(2027, 3, 1, tzinfo=UTC), 1400  # so the last possible expiry is 2030-12-30
HOLDER, TRADER, PROVIDER = "HOLD|TRANSFER", "HOLD|TRANSFER|TRADE", "HOLD|TRANSFER|TRADE|LIQUIDITY"
PLATFORM = "HOLD|TRADE|EXECUTE"
# No pool: a pool is a contract, and whether one stands at a wallet is different on every chain.
# Repetition is weight. Class: how often it is drawn, and the scopes one of its investors may get.
CLASSES = {
    "retail": (60, [TRADER] * 8 + [HOLDER, "HOLD"]),
    "accredited": (18, [TRADER] * 8 + [PROVIDER, HOLDER]),
    "institution": (6, [TRADER, PROVIDER]),
    "qualified_purchaser": (5, [TRADER, PROVIDER]),
    "qib": (5, [PROVIDER]),
    "broker_dealer": (3, [TRADER, TRADER + "|EXECUTE"]),
    "custodian": (2, [HOLDER]),
    "platform": (4, [PLATFORM]),
    "treasury": (2, [HOLDER]),
}
US_ONLY = {"broker_dealer", "custodian", "platform"}  # a venue under the order is a US person (R3)
COUNTRIES = "US " * 24 + "CA CA GB GB DE FR SG CH JP NL IE LU IT ES PT SE NO DK FI BE AT PL CZ EE HK KR AU NZ AE BR MX"
WALLETS = [1] * 24 + [2] * 3 + [3, 4]
REVOKED = {11, 60, 91, 122, 153, 184, 215, 246}  # investor numbers

# Development wallets 20, 21, 22, ... in order: investor number, class, scopes. Investor 1 has two.
DEV = [(1, "retail", TRADER), (2, "retail", TRADER), (3, "accredited", TRADER), (4, "qualified_purchaser", PROVIDER),
       (5, "qib", PROVIDER), (6, "institution", PROVIDER), (7, "broker_dealer", TRADER), (8, "custodian", HOLDER),
       (9, "platform", PLATFORM), (10, "treasury", HOLDER), (1, "retail", TRADER), (11, "retail", TRADER),
       (12, "retail", "HOLD"), (13, "retail", HOLDER),
       *[(number, "accredited" if number % 2 else "retail", TRADER) for number in range(14, 30)]]  # fmt: skip


def draw(options: Sequence[T], label: str) -> T:
    return options[int.from_bytes(keccak(text=label)) % len(options)]


def row(wallet: str, number: int, class_: str, scopes: str) -> str:
    """Country, expiry, status and evidence follow from the investor's number, so all wallets of one investor agree."""
    country = "US" if class_ in US_ONLY else draw(COUNTRIES.split(), f"country {number}")
    # Development wallets (investors below 30) expire late, so that a demo may move the clock by a year or two.
    days = draw(range(1100 if number < 30 else 0, DAYS), f"expiry {number}")
    expires_at = (FIRST_EXPIRY + timedelta(days)).strftime("%Y-%m-%dT%H:%M:%SZ")
    status = "REVOKED" if number in REVOKED else "ACTIVE"
    evidence = "0x" + keccak(text=f"synthetic evidence {number}").hex()
    return f"{wallet},SYNTHETIC-{number:04d},{country},{class_},{scopes},{expires_at},{status},{evidence}"


def rows() -> Iterator[str]:
    Account.enable_unaudited_hdwallet_features()
    for index, (number, class_, scopes) in enumerate(DEV, start=20):
        wallet = Account.from_mnemonic(DEV_MNEMONIC, account_path=f"m/44'/60'/0'/0/{index}").address
        yield row(wallet, number, class_, scopes)
    serial, weighted = count(), [name for name, (weight, _) in CLASSES.items() for _ in range(weight)]
    for number in range(30, 251):
        class_ = draw(weighted, f"class {number}")
        scopes = draw(CLASSES[class_][1], f"scopes {number}")
        for _ in range(draw(WALLETS, f"wallets {number}")):  # bare hashes: nobody has a key for these
            wallet = to_checksum_address(keccak(b"stockade synthetic wallet %d" % next(serial))[12:])
            yield row(wallet, number, class_, scopes)


if __name__ == "__main__":
    Path(__file__).with_name("investors.csv").write_text("\n".join([HEADER, *rows()]) + "\n", newline="\n")
