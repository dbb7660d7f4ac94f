"""Listed shares: reading their identifiers, checking the digits, putting them on the suite."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from stdnum import cusip as cusip_number
from stdnum import isin as isin_number
from stdnum.exceptions import ValidationError
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.profiles import Profile
from stockade.records import Backing
from stockade.suite import Suite, read_toml

_FIELDS = ("ticker", "name", "security", "isin", "cusip", "mic", "token_name", "token_symbol")


@dataclass(frozen=True)
class Share:
    """One listed share, as in a listings file. `mic` is the ISO 10383 code of its primary market."""

    ticker: str
    name: str
    security: str
    isin: str
    cusip: str
    mic: str
    token_name: str
    token_symbol: str
    backing: Backing = Backing.ENTITLEMENT

    def instrument(self) -> tuple[bytes, bytes, bytes, int, bytes]:
        """The `Instrument` struct of the listing registry: ASCII, zero padded."""
        return (
            self.isin.encode(),
            self.cusip.encode(),
            self.mic.encode(),
            int(self.backing),
            self.ticker.encode().ljust(12, b"\0"),
        )


def read_listings(path: Path) -> dict[str, Share]:
    """The shares of a listings file, by ticker. Raises InputError naming file, entry, field and remedy."""
    entries = read_toml(path).get("listing")
    if not isinstance(entries, list) or not entries:
        raise InputError(f"{path}: no [[listing]] entries: add one per share.")
    shares: dict[str, Share] = {}
    for number, entry in enumerate(entries, start=1):
        share = _share(entry, f"{path}, listing {number}")
        for name in ("ticker", "isin", "token_symbol"):
            value = getattr(share, name)
            if any(getattr(other, name) == value for other in shares.values()):
                raise InputError(f"{path}, listing {number}, field {name}: {value} is listed twice: remove one.")
        shares[share.ticker] = share
    return shares


def _share(entry: object, where: str) -> Share:
    if not isinstance(entry, dict):
        raise InputError(f"{where}: {entry!r} is no table: write [[listing]] and its fields below it.")
    for name in _FIELDS:
        value = entry.get(name)
        if not isinstance(value, str) or not value.isascii() or not value.strip():
            raise InputError(f"{where}, field {name}: {value!r} is not a non-empty ASCII text: correct it.")
    backing = str(entry.get("backing", "ENTITLEMENT"))
    if backing not in Backing.__members__:
        raise InputError(f"{where}, field backing: {backing!r} is unknown: use ENTITLEMENT or ISSUER_NATIVE.")
    if Backing[backing] not in (Backing.ENTITLEMENT, Backing.ISSUER_NATIVE):
        raise InputError(f"{where}, field backing: {backing} cannot be listed (R9): use ENTITLEMENT or ISSUER_NATIVE.")
    for name in entry:
        if name not in (*_FIELDS, "backing"):
            raise InputError(f"{where}: unknown field {name}: remove it, or correct its spelling.")
    share = Share(**{name: str(entry[name]) for name in _FIELDS}, backing=Backing[backing])
    _check_numbers(share, where)
    return share


def _check_numbers(share: Share, where: str) -> None:
    try:
        isin_number.validate(share.isin)
    except ValidationError as error:
        raise InputError(f"{where}, field isin: {share.isin}: {error} Look it up and correct it.") from None
    try:
        cusip_number.validate(share.cusip)
    except ValidationError as error:
        raise InputError(f"{where}, field cusip: {share.cusip}: {error} Look it up and correct it.") from None
    if share.isin[:2] in ("US", "CA") and share.isin[2:11] != share.cusip:
        raise InputError(f"{where}: isin {share.isin} does not contain cusip {share.cusip}: correct one of them.")
    if len(share.mic) != 4 or not share.mic.isalnum():
        raise InputError(f"{where}, field mic: {share.mic!r} is not a four-character market code: correct it.")
    if len(share.ticker) > 12:
        raise InputError(f"{where}, field ticker: {share.ticker!r} is longer than 12 characters: correct it.")


# ---------------------------------------------------------------- acting


def list_call(suite: Suite, share: Share, profile: Profile, exemption: int = 1) -> ContractFunction:
    """The call that creates a share's token (ISSUER)."""
    return suite.listings.functions.list(
        exemption,
        share.instrument(),
        share.token_name,
        share.token_symbol,
        profile.token.classes_mask,
        int(profile.token.policy),
    )


def list_share(suite: Suite, signer: Signer, share: Share, profile: Profile, exemption: int = 1) -> ChecksumAddress:
    """Creates a share's token (ISSUER), PENDING, under the profile's policy. Returns its address."""
    receipt = suite.send(signer, list_call(suite, share, profile, exemption))
    (report,) = suite.listings.events.Reported().process_receipt(receipt, errors=DISCARD)
    return to_checksum_address(suite.w3.codec.decode(["address"], report["args"]["data"][:32])[0])


def issuer_notice_call(suite: Suite, token: str, digest: bytes) -> ContractFunction:
    """The call that records that the issuer of a third party's token was told, and begins its period to object (R8,
    ISSUER). `digest`: keccak256 of the notice. Told again, the period begins anew; an objection stays.
    """
    return suite.listings.functions.recordIssuerNotice(token, digest)
