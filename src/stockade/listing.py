"""Listed shares: reading their identifiers, checking the digits, putting them on the suite, saying how they stand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from stdnum import cusip as cusip_number
from stdnum import isin as isin_number
from stdnum.exceptions import ValidationError
from web3.contract import Contract
from web3.contract.contract import ContractFunction
from web3.logs import DISCARD

from stockade.chain import Signer
from stockade.errors import InputError
from stockade.profiles import Profile
from stockade.records import Backing, Control, ExemptionStatus
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


@dataclass(frozen=True)
class Document:
    """A document of a token (ERC-1643). `name` is at most 32 ASCII characters, `hash` the keccak256 of its bytes."""

    name: str
    uri: str
    hash: bytes

    @classmethod
    def given(cls, name: str, uri: str, digest: bytes) -> Document:
        """A document as someone describes it. Raises InputError naming what is wrong."""
        if not name.strip() or not name.isascii() or not name.isprintable() or len(name) > 32:
            raise InputError(f"Document name {name!r} is not 1 to 32 ASCII characters: choose another.")
        if not uri.strip():
            raise InputError(f"Document {name} has no uri: say where its text can be had.")
        if len(digest) != 32 or not any(digest):
            raise InputError(f"The hash of document {name} is not 32 bytes, or is zero: take keccak256 of its bytes.")
        return cls(name, uri, digest)


def document_key(name: str) -> bytes:
    """A document's name as it stands on chain: ASCII, zero padded."""
    return name.encode("ascii", "replace").ljust(32, b"\0")


@dataclass(frozen=True)
class Exemption:
    """An exemption as it stands on chain; times in seconds UTC, hashes as 0x text."""

    number: int
    document: str
    profile: str
    valid_from: int
    valid_until: int
    status: ExemptionStatus


@dataclass(frozen=True)
class Standing:
    """How one token of the suite stands. `supply` in raw tokens, `issued` what they are in shares, `held` in shares."""

    address: ChecksumAddress
    symbol: str
    ticker: str
    isin: str
    cusip: str
    mic: str
    backing: Backing
    exemption: int
    control: Control
    supply: int
    issued: int
    held: int
    has_terms: bool


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


def document_call(suite: Suite, token: str, document: Document) -> ContractFunction:
    """The call that sets or replaces a document of a token (ISSUER)."""
    return suite.listings.functions.setDocument(token, document_key(document.name), document.uri, document.hash)


def require_profile(suite: Suite, exemption: int, profile: Profile) -> None:
    """Raises InputError unless the exemption was recorded with exactly this profile: so the policy of its tokens
    is the one whose hash stands on chain.
    """
    recorded = exemption_of(suite, exemption)
    if recorded.profile != profile.hash:
        raise InputError(
            f"Exemption {exemption} was recorded with the profile of hash {recorded.profile}, but {profile.id} has "
            f"{profile.hash}: give the profile it was recorded with, or amend the exemption first."
        )


# ---------------------------------------------------------------- reading


def exemption_of(suite: Suite, number: int) -> Exemption:
    """An exemption by its number. Raises InputError when there is none."""
    document, profile, valid_from, valid_until, status = suite.listings.functions.exemptionOf(number).call()
    if not status:
        count = suite.listings.functions.exemptionCount().call()
        raise InputError(f"The suite has no exemption {number}: it has {count}, numbered from 1.")
    return Exemption(
        number, "0x" + document.hex(), "0x" + profile.hex(), valid_from, valid_until, ExemptionStatus(status)
    )


def exemptions(suite: Suite) -> list[Exemption]:
    """Every exemption, in order."""
    count = suite.listings.functions.exemptionCount().call()
    return [exemption_of(suite, number) for number in range(1, count + 1)]


def standing(suite: Suite, token: Contract) -> Standing:
    """How a token stands now."""
    instrument, exemption, *_ = suite.listings.functions.listingOf(token.address).call()
    isin, cusip, mic, backing, ticker = instrument
    supply = token.functions.totalSupply().call()
    return Standing(
        address=token.address,
        symbol=token.functions.symbol().call(),
        ticker=_text(ticker),
        isin=_text(isin),
        cusip=_text(cusip),
        mic=_text(mic),
        backing=Backing(backing),
        exemption=exemption,
        control=suite.control(token),
        supply=supply,
        issued=token.functions.toShares(supply).call(),
        held=sum(position.held for position in suite.positions(token.address).values()),
        has_terms=bool(suite.ledger.functions.termsOf(token.address).call()[1]),
    )


def documents(suite: Suite, token: str) -> list[tuple[Document, int]]:
    """The documents of a token, each with the second (UTC) it was set."""
    functions = suite.listings.functions
    found = []
    for key in functions.getAllDocuments(token).call():
        uri, digest, since = functions.getDocument(token, key).call()
        found.append((Document(_text(key), uri, digest), since))
    return found


def _text(padded: bytes) -> str:
    return padded.rstrip(b"\0").decode("ascii", "replace")
