"""What holders ask back, what custodians answer, and whether what was issued is held."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from eth_typing import ChecksumAddress

from stockade.custody.attestations import DAY, build
from stockade.errors import InputError
from stockade.records import Attestation, Position, RequestStatus, SentenceKind
from stockade.suite import Suite


@dataclass(frozen=True)
class Request:
    """One redemption request. `amount` in raw tokens; from `deadline` (seconds UTC) on the holder may take back."""

    id: int
    token: ChecksumAddress
    custodian: int
    deadline: int
    status: RequestStatus
    holder: ChecksumAddress
    amount: int


@dataclass(frozen=True)
class Reserve:
    """One custodian's position in one token against what was issued on it. `issued_shares` in 18-decimal shares."""

    token: ChecksumAddress
    symbol: str
    custodian: int
    position: Position
    issued_shares: int
    under_reserved: bool


def request(suite: Suite, number: int) -> Request:
    """A request by its number. Raises InputError when there is none."""
    count = suite.ledger.functions.requestCount().call()
    if not 1 <= number <= count:
        raise InputError(
            f"There is no redemption request {number}: the suite has {count} (`ape run custody requests`)."
        )
    token, custodian, deadline, status, holder, amount = suite.ledger.functions.requestOf(number).call()
    return Request(number, token, custodian, deadline, RequestStatus(status), holder, amount)


def requests(
    suite: Suite, token: str | None = None, custodian: int | None = None, open_only: bool = True
) -> Iterator[Request]:
    """Requests in order, of one token (by address) or custodian if given. One call to the node for each request ever
    made: right for a desk's list, not for statistics, which the report streams serve.
    """
    for number in range(1, suite.ledger.functions.requestCount().call() + 1):
        each = request(suite, number)
        if token is not None and each.token != token:
            continue
        if custodian is not None and each.custodian != custodian:
            continue
        if not open_only or each.status is RequestStatus.OPEN:
            yield each


def answer(
    suite: Suite,
    kind: SentenceKind,
    number: int,
    shares_held: int,
    *,
    evidence: bytes,
    as_of: int | None = None,
    valid_for: int = DAY,
) -> Attestation:
    """RELEASE or REJECT of a request: token, custodian, holder, shares and ref are the request's.

    `shares_held` is the settled position after the answer: without the released shares, or with the rejected ones.
    Raises InputError when the request is not open.
    """
    if kind not in (SentenceKind.RELEASE, SentenceKind.REJECT):
        raise InputError(f"A request is answered by RELEASE or REJECT, not by {kind.name}.")
    asked = request(suite, number)
    if asked.status is not RequestStatus.OPEN:
        raise InputError(f"Request {number} is {asked.status.name} and cannot be answered any more.")
    return build(
        suite,
        kind,
        asked.token,
        asked.custodian,
        shares_held,
        shares=suite.token(asked.token).functions.toShares(asked.amount).call(),
        account=asked.holder,
        ref=number.to_bytes(32, "big"),
        evidence=evidence,
        as_of=as_of,
        valid_for=valid_for,
    )


def overview(suite: Suite) -> list[Reserve]:
    """Every position against what was issued on it, in order of listing."""
    rows = []
    for token in suite.tokens():
        symbol = token.functions.symbol().call()
        for custodian, position in suite.positions(token.address).items():
            issued = token.functions.toShares(position.issued).call()
            under = suite.ledger.functions.isUnderReserved(token.address, custodian).call()
            rows.append(Reserve(token.address, symbol, custodian, position, issued, under))
    return rows
