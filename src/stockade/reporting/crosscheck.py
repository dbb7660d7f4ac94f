"""What streams must say of each other: sums that agree, every custody movement explained by the ledger. No chain."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from eth_typing import ChecksumAddress

from stockade.records import ZERO_ADDRESS, Kind, Phase, RequestStatus, SentenceKind
from stockade.reporting.entries import (
    Attested,
    Entry,
    Moved,
    Request,
    Requested,
    RequestForced,
    RequestRecovered,
    TakenBack,
)
from stockade.reporting.rebuild import State
from stockade.reporting.replay.token import TokenState
from stockade.reporting.streams import Stream, chains_of

MAX_UNTIL = 2**32 - 1


class Check(NamedTuple):
    """Two values that must be equal."""

    subject: str
    key: str
    rebuilt: Any
    found: Any


class Movement(NamedTuple):
    """A movement of a token as its stream and the ledger's must both tell it. `ref` as in the token's report."""

    kind: Kind
    source: ChecksumAddress
    target: ChecksumAddress
    amount: int
    ref: bytes


def crosscheck(state: State, streams: Sequence[Stream], chain_id: int) -> Iterator[Check]:
    """Every check between the streams of one suite."""
    (ledger,) = (stream for stream in streams if stream.source.contract == "CustodyLedger")
    told = _told_by(ledger.entries, chain_id, ledger.source.address)
    yield from _marks(state, streams, chain_id)
    for stream in streams:
        if stream.source.contract == "ShareToken":
            token, name = stream.source.address, stream.source.name
            yield from _sums(state, token, name, ledger.source.address)
            yield from _follows_listing(state, token, name)
            own = Counter(_own_movements(stream.entries, ledger.source.address))
            yield from _explained(own, told.get(token, Counter()), name)


def _marks(state: State, streams: Sequence[Stream], chain_id: int) -> Iterator[Check]:
    """What the regulator acknowledged is what the stream says. Another contract's stream cannot be compared."""
    for stream in streams:
        if mark := state.authority.marks.get(stream.source.address):
            chains = chains_of(stream.source, chain_id, stream.entries)
            after = {entry.seq: chain for entry, chain in zip(stream.entries, chains[1:], strict=True)}
            key = f"{stream.source.name} {mark.sequence}"
            yield Check("regulator's mark", key, after.get(mark.sequence), mark.chain)


def _sums(state: State, token: ChecksumAddress, name: str, ledger: ChecksumAddress) -> Iterator[Check]:
    """Sum of balances = supply = sum of issued; what the ledger holds = sum of open requests."""
    own = state.tokens.get(token, TokenState())
    positions = [position for (of, _), position in state.ledger.positions.items() if of == token]
    requests = [request for request in state.ledger.requests.values() if request.token == token]
    waiting = sum(request.amount for request in requests if request.status is RequestStatus.OPEN)
    yield Check("sum of balances = supply", name, sum(own.balances.values()), own.supply)
    yield Check("sum of issued = supply", name, sum(position.issued for position in positions), own.supply)
    yield Check("escrow = open requests", name, own.balances.get(ledger, 0), waiting)


def _follows_listing(state: State, token: ChecksumAddress, name: str) -> Iterator[Check]:
    """Phase, halt and end of the exemption are pushed into the token at every change; before the first, it is PENDING
    and knows no end."""
    listing = state.listings.listings.get(token)
    if listing is None or token not in state.tokens:
        return
    settings = state.tokens[token].control
    exemption = state.listings.exemptions.get(listing.exemption)
    until = min(exemption.terms[-1].valid_until, MAX_UNTIL) if exemption and exemption.terms else 0
    if listing.phase is Phase.PENDING and settings.active_until == 0:
        until = 0
    told = (state.listings.phase_of(token), listing.halted, until)
    yield Check("token follows its listing", name, (settings.phase, settings.halted, settings.active_until), told)


def _own_movements(entries: Iterable[Entry], ledger: ChecksumAddress) -> Iterator[Movement]:
    """The movements of a token that need an entry of the ledger beside them."""
    for entry in entries:
        if isinstance(moved := entry.content, Moved):
            by_ledger = moved.kind in (Kind.MINT, Kind.BURN, Kind.ESCROW, Kind.GIVE_BACK)
            if by_ledger or (moved.kind is Kind.FORCE and moved.source == ledger):
                yield Movement(moved.kind, moved.source, moved.target, moved.amount, moved.ref)


def _told_by(
    entries: Iterable[Entry], chain_id: int, ledger: ChecksumAddress
) -> dict[ChecksumAddress, Counter[Movement]]:
    """The movements that the ledger's entries ask for, by token."""
    told: dict[ChecksumAddress, Counter[Movement]] = {}
    requests: dict[int, Request] = {}
    issued: Counter[tuple[ChecksumAddress, int]] = Counter()

    def tell(token: ChecksumAddress, *movement: Any) -> None:
        told.setdefault(token, Counter())[Movement(*movement)] += 1

    for entry in entries:
        match entry.content:
            case Attested(sentence, after):
                position = (sentence.token, sentence.custodian)
                change, issued[position] = after - issued[position], after
                if sentence.kind is SentenceKind.DEPOSIT:
                    digest = sentence.digest(chain_id, ledger)
                    tell(sentence.token, Kind.MINT, ZERO_ADDRESS, sentence.account, change, digest)
                elif sentence.kind is SentenceKind.RELEASE:
                    digest = sentence.digest(chain_id, ledger)
                    tell(sentence.token, Kind.BURN, ledger, ZERO_ADDRESS, -change, digest)
                elif sentence.kind is SentenceKind.REJECT:
                    request = requests.get(int.from_bytes(sentence.ref, "big"))
                    amount = request.amount if request else 0
                    tell(sentence.token, Kind.GIVE_BACK, ledger, sentence.account, amount, sentence.ref)
            case Requested(number, request):
                requests[number] = request
                tell(request.token, Kind.ESCROW, request.holder, ledger, request.amount, _id(number))
            case TakenBack(number) if request := requests.get(number):
                tell(request.token, Kind.GIVE_BACK, ledger, request.holder, request.amount, _id(number))
            case RequestForced(number, receiver, ref) if request := requests.get(number):
                tell(request.token, Kind.FORCE, ledger, receiver, request.amount, ref)
            case RequestRecovered(number, holder) if request := requests.get(number):
                requests[number] = request._replace(holder=holder)
    return told


def _id(number: int) -> bytes:
    return number.to_bytes(32, "big")


def _explained(own: Counter[Movement], told: Counter[Movement], name: str) -> Iterator[Check]:
    """Each movement once in both streams: the ref of a MINT or BURN is the digest of an attestation, that of an ESCROW
    or GIVE_BACK a request."""
    for movement in sorted(own | told):
        key = f"{name} {movement.kind.name} 0x{movement.ref.hex()}"
        if own[movement] == told[movement]:
            yield Check("custody movement = ledger entry", key, own[movement], told[movement])
        else:
            mine, theirs = (f"{count} x {movement.amount}" for count in (own[movement], told[movement]))
            yield Check("custody movement = ledger entry", key, mine, theirs)
