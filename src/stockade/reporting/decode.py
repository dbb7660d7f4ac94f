"""From logs to entries. Never raises: what served the logs is not trusted.

A log that is no entry becomes `Unreadable`; an entry whose data is not what its kind says has no content.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from eth_abi.abi import decode as abi_decode
from eth_abi.exceptions import DecodingError
from eth_typing import ChecksumAddress
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from web3.types import LogReceipt

from stockade.records import (
    ZERO_ADDRESS,
    Attestation,
    AttestorKind,
    Backing,
    Control,
    ExemptionStatus,
    Interruption,
    InvestorRecord,
    Kind,
    Phase,
    RequestStatus,
    Role,
)
from stockade.reporting.entries import (
    RECORD_BITS,
    Acknowledged,
    AmountFrozen,
    Anchored,
    Attested,
    AttestorsSet,
    AuthorityKind,
    BatchWritten,
    Canceled,
    Content,
    CustodianSet,
    DaysSet,
    DocumentSet,
    Entry,
    Executed,
    ExemptionSet,
    ExemptionTerms,
    FreezeChanged,
    FunctionMapped,
    HaltSet,
    HeartbeatHeard,
    HoursSet,
    Instrument,
    Interrupted,
    IssuerNotified,
    LedgerKind,
    Listed,
    ListingsKind,
    MarketHaltSet,
    MarketKind,
    Moved,
    News,
    NoticePublished,
    Objected,
    PhaseSet,
    Place,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    RegistryKind,
    RegulatorSuspension,
    RelayRules,
    RelayRulesSet,
    Request,
    Requested,
    RequestForced,
    RequestRecovered,
    RoleSet,
    Scheduled,
    SettingsChanged,
    Settled,
    TakenBack,
    Terms,
    TermsAdded,
    TermsSet,
    Unreadable,
    Upgraded,
    VenueInterrupted,
    Voted,
)

TOKEN_REPORTED = keccak(text="Reported(uint32,uint8,address,address,address,uint256,bytes32,uint40)")
STREAM_REPORTED = keccak(text="Reported(uint32,uint8,address,uint40,bytes)")
RECORD_SET = keccak(text="RecordSet(address,uint256)")

_WORD = 32

# What a hostile log may make the decoders raise.
_MALFORMED = (KeyError, IndexError, TypeError, ValueError, AttributeError, OverflowError, DecodingError)


def decode(contract: str, log: LogReceipt) -> Entry | Unreadable:
    """The entry in a log of a `contract` of the suite."""
    seq = place = None
    try:
        place = Place(int(log["blockNumber"]), int(log["logIndex"]))
        topics = [bytes(topic) for topic in log["topics"]]
        data, transaction = bytes(log["data"]), "0x" + bytes(log["transactionHash"]).hex()
        if any(len(topic) != _WORD for topic in topics) or len(transaction) != 2 + 2 * _WORD:
            return Unreadable(None, place)
        if topics[0] == RECORD_SET and contract == "InvestorRegistry" and len(topics) == 2:
            word = int.from_bytes(data, "big")
            seq = word >> RECORD_BITS if len(data) == _WORD else None
            return _record_entry(topics[1], data, place, transaction)
        seq, kind = int.from_bytes(topics[1], "big"), int.from_bytes(topics[2], "big")
        if len(topics) != 3:
            return Unreadable(seq, place)
        if topics[0] == TOKEN_REPORTED and contract == "ShareToken":
            return _token_entry(seq, kind, data, place, transaction)
        if topics[0] == STREAM_REPORTED and contract in _LAYOUTS:
            return _stream_entry(contract, seq, kind, data, place, transaction)
    except _MALFORMED:
        pass
    return Unreadable(seq, place)


def _token_entry(seq: int, kind: int, data: bytes, place: Place, transaction: str) -> Entry:
    types = ["address", "address", "address", "uint256", "bytes32", "uint40"]
    operator, source, target, amount, ref, timestamp = abi_decode(types, data)
    _require_length(data, len(types))
    content = _attempt(lambda: _token_content(Kind(kind), _address(source), _address(target), amount, ref))
    return Entry(seq, kind, _address(operator), timestamp, content, place, transaction, _numbers(seq, kind) + data)


def _token_content(
    kind: Kind, source: ChecksumAddress, target: ChecksumAddress, amount: int, ref: bytes
) -> Moved | AmountFrozen | SettingsChanged | Upgraded:
    if kind is Kind.CONTROL:
        Control.unpack(amount << 192)  # Raises ValueError for a phase that does not exist.
        return SettingsChanged(amount)
    if kind is Kind.UPGRADE:
        return Upgraded(target)
    if kind is Kind.FREEZE:
        return AmountFrozen(source, amount, ref)
    return Moved(kind, source, target, amount, ref)


def _record_entry(topic: bytes, data: bytes, place: Place, transaction: str) -> Entry:
    """By hand, and without eth-abi: of records there are a hundred thousand."""
    if len(topic) != _WORD or len(data) != _WORD or any(topic[:12]):
        raise ValueError("no address, or no word")
    wallet, word = _address(topic[12:]), int.from_bytes(data, "big")
    content = _attempt(lambda: RecordWritten(wallet, _record(word)))
    return Entry(word >> RECORD_BITS, RegistryKind.RECORD, ZERO_ADDRESS, 0, content, place, transaction, topic + data)


def _stream_entry(contract: str, seq: int, kind: int, data: bytes, place: Place, transaction: str) -> Entry:
    operator, timestamp, change = abi_decode(["address", "uint40", "bytes"], data)
    # Operator, time, where the change is, and how long.
    _require_length(data, 4 + -(-len(change) // _WORD))
    tail = _numbers(seq, kind) + data[: 2 * _WORD] + keccak(change)
    content = _attempt(lambda: _stream_content(contract, kind, change))
    return Entry(seq, kind, _address(operator), timestamp, content, place, transaction, tail)


def _numbers(seq: int, kind: int) -> bytes:
    """As in `abi.encode`. Beside them the data itself is hashed: the decoder has seen that its words are padded so."""
    if seq >> 32 or kind >> 8:
        raise ValueError("no uint32, or no uint8")
    return seq.to_bytes(_WORD, "big") + kind.to_bytes(_WORD, "big")


def _require_length(data: bytes, words: int) -> None:
    """What a contract emits has one form: the chain does not cover gaps and tails, which the decoder overlooks."""
    if len(data) != words * _WORD:
        raise ValueError("gaps or a tail in the data")


def _stream_content(contract: str, kind: int, change: bytes) -> Content:
    types, build = _LAYOUTS[contract][kind]
    return build(*abi_decode(types, change))


def _attempt(build: Callable[[], Content]) -> Content | None:
    try:
        return build()
    except _MALFORMED:
        return None


# ---------------------------------------------------------------- layouts


# Most reports are of accounts that earlier ones are of too, and the checksum takes longer than the rest of an entry.
@lru_cache(16_384)
def _address(value: str | bytes) -> ChecksumAddress:
    return to_checksum_address(value)


def _record(word: int) -> InvestorRecord:
    return InvestorRecord.unpack(word & (1 << RECORD_BITS) - 1)


def _attestation(values: tuple[Any, ...]) -> Attestation:
    token, *middle, account, ref, evidence, as_of, valid_until = values
    return Attestation.from_tuple((_address(token), *middle, _address(account), ref, evidence, as_of, valid_until))


def _request(values: tuple[Any, ...]) -> Request:
    token, custodian, deadline, status, holder, amount = values
    return Request(_address(token), custodian, deadline, RequestStatus(status), _address(holder), amount)


def _news(values: tuple[Any, ...]) -> News:
    sequence, interruption, code, as_of = values
    return News(sequence, Interruption(interruption), code, as_of)


def _instrument(values: tuple[Any, ...]) -> Instrument:
    isin, cusip, mic, backing, ticker = values
    return Instrument(isin, cusip, mic, Backing(backing), ticker)


_Layout = tuple[tuple[str, ...], Callable[..., Content]]

_ATTESTATION = "(address,uint32,uint8,uint32,uint256,uint256,address,bytes32,bytes32,uint40,uint40)"
_REQUEST = "(address,uint32,uint40,uint8,address,uint96)"
_EXEMPTION_TERMS = "(bytes32,bytes32,uint40,uint40,uint40,uint32,uint32)"
_NEWS = "(uint32,uint8,bytes8,uint40)"
_INSTRUMENT = "(bytes12,bytes9,bytes4,uint8,bytes12)"

_FREEZE: _Layout = (
    ("address", "uint256", "bytes32"),
    lambda wallet, word, ref: FreezeChanged(_address(wallet), _record(word), ref),
)

_LAYOUTS: dict[str, dict[int, _Layout]] = {
    "InvestorRegistry": {
        RegistryKind.BATCH: (("uint16", "uint32", "bytes32"), BatchWritten),
        RegistryKind.FREEZE: _FREEZE,
        RegistryKind.UNFREEZE: _FREEZE,
        RegistryKind.RECOVERY: (
            ("address", "address", "uint256", "bytes32"),
            lambda lost, new, word, ref: Recovered(_address(lost), _address(new), _record(word), ref),
        ),
        RegistryKind.REGISTRAR: (
            ("address", "uint16"),
            lambda account, number: RegistrarSet(_address(account), number),
        ),
        RegistryKind.OFFER: (("address", "uint16"), lambda wallet, to: RecordOffered(_address(wallet), to)),
        RegistryKind.ASSIGNMENT: (
            ("address", "uint256", "bytes32"),
            lambda wallet, word, ref: RecordAssigned(_address(wallet), _record(word), ref),
        ),
    },
    "CustodyLedger": {
        LedgerKind.ATTESTATION: (
            (_ATTESTATION, "uint256"),
            lambda values, issued: Attested(_attestation(values), issued),
        ),
        LedgerKind.REQUEST: (
            ("uint256", _REQUEST, "bytes32"),
            lambda number, values, ref: Requested(number, _request(values), ref),
        ),
        LedgerKind.TAKE_BACK: (("uint256",), TakenBack),
        LedgerKind.FORCED: (
            ("uint256", "address", "bytes32"),
            lambda number, receiver, ref: RequestForced(number, _address(receiver), ref),
        ),
        LedgerKind.REQUEST_RECOVERED: (
            ("uint256", "address", "bytes32"),
            lambda number, holder, ref: RequestRecovered(number, _address(holder), ref),
        ),
        LedgerKind.CUSTODIAN: (("uint32", "bytes20", "bytes32", "bool"), CustodianSet),
        LedgerKind.ATTESTORS: (
            ("uint32", "address[]", "(address,uint8)[]", "uint8"),
            lambda custodian, removed, added, threshold: AttestorsSet(
                custodian,
                tuple(_address(account) for account in removed),
                tuple((_address(account), AttestorKind(kind)) for account, kind in added),
                threshold,
            ),
        ),
        LedgerKind.TERMS: (
            ("address", "(uint96,uint32,uint32)"),
            lambda token, values: TermsSet(_address(token), Terms(*values)),
        ),
    },
    "ListingRegistry": {
        ListingsKind.EXEMPTION: (
            ("uint32", "uint8", "bytes32"),
            lambda number, status, ref: ExemptionSet(number, ExemptionStatus(status), ref),
        ),
        ListingsKind.LISTING: (
            ("address", _INSTRUMENT, "uint32"),
            lambda token, values, exemption: Listed(_address(token), _instrument(values), exemption),
        ),
        ListingsKind.PHASE: (
            ("address", "uint8", "bytes32"),
            lambda token, phase, ref: PhaseSet(_address(token), Phase(phase), ref),
        ),
        ListingsKind.HALT: (
            ("address", "bool", "bytes32"),
            lambda token, halted, ref: HaltSet(_address(token), halted, ref),
        ),
        # The uri is a string on chain, encoded like bytes; nothing there proves that it is UTF-8.
        ListingsKind.DOCUMENT: (
            ("address", "bytes32", "bytes", "bytes32"),
            lambda token, name, uri, digest: DocumentSet(_address(token), name, uri, digest),
        ),
        ListingsKind.REGULATOR_SUSPENSION: (
            ("address", "bool", "bytes32"),
            lambda token, suspended, ref: RegulatorSuspension(_address(token), suspended, ref),
        ),
        ListingsKind.TERMS: (
            ("uint32", "uint32", _EXEMPTION_TERMS),
            lambda number, version, values: TermsAdded(number, version, ExemptionTerms(*values)),
        ),
        ListingsKind.NOTICE: (("uint32", "bytes32", "bytes", "uint40"), NoticePublished),
        ListingsKind.ISSUER_NOTICE: (
            ("address", "bytes32", "uint40"),
            lambda token, digest, until: IssuerNotified(_address(token), digest, until),
        ),
        ListingsKind.OBJECTION: (
            ("address", "bytes32", "uint40"),
            lambda token, digest, received: Objected(_address(token), digest, received),
        ),
        ListingsKind.MARKET_HALT: (
            ("address", "bool", "bytes32"),
            lambda token, halted, code: MarketHaltSet(_address(token), halted, code),
        ),
    },
    "MarketStatus": {
        MarketKind.HOURS: (("bytes4", "uint256"), HoursSet),
        MarketKind.DAYS: (
            ("bytes4", "uint32", "uint256[]"),
            lambda mic, first, words: DaysSet(mic, first, tuple(words)),
        ),
        MarketKind.RULES: (("(uint8,uint32)",), lambda values: RelayRulesSet(RelayRules(*values))),
        MarketKind.INTERRUPTION: (
            ("address", _NEWS),
            lambda token, values: Interrupted(_address(token), _news(values)),
        ),
        MarketKind.VENUE: (("bytes4", _NEWS), lambda mic, values: VenueInterrupted(mic, _news(values))),
        MarketKind.HEARTBEAT: (("bytes4", "uint40"), HeartbeatHeard),
        MarketKind.VOTE: (("bytes32", "uint256"), Voted),
    },
    "SuiteAuthority": {
        AuthorityKind.ROLE: (
            ("uint64", "address", "bool", "uint32", "uint48"),
            lambda role, account, member, delay, since: RoleSet(Role(role), _address(account), member, delay, since),
        ),
        AuthorityKind.FUNCTION: (
            ("address", "bytes4", "uint64"),
            lambda target, selector, role: FunctionMapped(_address(target), selector, Role(role)),
        ),
        AuthorityKind.SETTLED: (("address",), lambda admin: Settled(_address(admin))),
        AuthorityKind.ACKNOWLEDGED: (
            ("address", "uint32", "uint160"),
            lambda stream, sequence, chain: Acknowledged(_address(stream), sequence, chain),
        ),
        AuthorityKind.SCHEDULED: (
            ("bytes32", "uint32", "uint48", "address", "bytes"),
            lambda operation, nonce, ready, target, data: Scheduled(operation, nonce, ready, _address(target), data),
        ),
        AuthorityKind.CANCELED: (("bytes32", "uint32"), Canceled),
        AuthorityKind.EXECUTED: (("bytes32", "uint32"), Executed),
        AuthorityKind.ANCHORED: (("uint32", "bytes32", "uint32", "uint64"), Anchored),
    },
}
