"""Two files as of any block, made of the stored facts: who holds what (R30, R31), and what custodians hold for it.

Each line names the report that changed it last, by its place in the chained stream and, where it was recorded, by the
record's id. Names and postal addresses come from the registrar's holder file and go into the file alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from sqlalchemy import Connection

from stockade.errors import StockadeError
from stockade.records import Position, RequestStatus, to_shares
from stockade.reporter.as_of import Facts, record_ids
from stockade.reporter.holders import HolderFile, Holding
from stockade.reporter.outputs import Attribution, Document
from stockade.reporting.entries import (
    AmountFrozen,
    Attested,
    Entry,
    Moved,
    Requested,
    RequestRecovered,
)
from stockade.reporting.reading import text
from stockade.reporting.words import kind_name, utc
from stockade.whitelist.show import class_name, country_name


@dataclass(frozen=True)
class MasterLine:
    """A wallet with shares, or, with `request`, what its holder has handed in for redemption: that stands in the
    ledger's name (`part` ESCROW). Empty text where the facts or the holder file say nothing.
    """

    symbol: str
    isin: str
    token: ChecksumAddress
    part: str
    wallet: ChecksumAddress
    shares: str
    frozen: str
    request: str
    custodian: str
    holder: str
    name: str
    address: str
    investor: str
    investor_class: str
    country: str
    status: str
    registrar: str
    last: Attribution


@dataclass(frozen=True)
class PositionLine:
    """What one custodian's last sentence says of a token: shares `held`, and `issued` against them."""

    symbol: str
    isin: str
    token: ChecksumAddress
    custodian: int
    lei: str
    held: str
    issued: str
    not_issued: str
    sentence: int
    as_of: str
    last: Attribution


# Who is behind a wallet.
People = dict[ChecksumAddress, Holding]


def master(connection: Connection, facts: Facts, holders: HolderFile | None = None) -> Document:
    """The master securityholder file. Raises StockadeError when a token's lines do not add up to its supply."""
    people = {row.wallet: row for row in holders.by_token(facts.by_isin).values()} if holders else {}
    lines: list[MasterLine] = []
    totals = []
    for token in facts.tokens:
        own = _holdings(connection, facts, token, people)
        escrow = _escrow(connection, facts, token, people)
        state = facts.state.tokens[token]
        held = sum(balance for wallet, balance in state.balances.items() if wallet != facts.ledger)
        waiting = sum(request.amount for request in _open_requests(facts, token).values())
        if held + waiting != state.supply:
            raise StockadeError(
                f"{facts.symbol(token)}: wallets hold {to_shares(held)} and redemptions {to_shares(waiting)}, which is "
                f"not the supply of {to_shares(state.supply)}: run `stockade-report reconcile`."
            )
        lines += [*own, *escrow]
        totals.append(
            {
                "token": token,
                "symbol": facts.symbol(token),
                "isin": facts.isin(token),
                "wallets": len(own),
                "inWallets": to_shares(held),
                "inEscrow": to_shares(waiting),
                "supply": to_shares(state.supply),
            }
        )
    head = facts.position | {"holderFile": holders.hash if holders else None, "totals": totals}
    return Document(
        "master securityholder file 1", MasterLine, head, tuple(lines), sum(not line.name for line in lines)
    )


def positions(connection: Connection, facts: Facts) -> Document:
    """The custodian position file. Raises StockadeError when issued amounts do not add up to a token's supply."""
    said = facts.stream("CustodyLedger").entries
    last = {
        (entry.content.attestation.token, entry.content.attestation.custodian): entry
        for entry in said
        if isinstance(entry.content, Attested)
    }
    ids = record_ids(connection, facts.ledger, [entry.seq for entry in last.values()])
    lines: list[PositionLine] = []
    totals = []
    for token in facts.tokens:
        found = {number: it for (of, number), it in facts.state.ledger.positions.items() if of == token}
        supply, issued = facts.state.tokens[token].supply, sum(position.issued for position in found.values())
        if issued != supply:
            raise StockadeError(
                f"{facts.symbol(token)}: custodians' positions have {to_shares(issued)} issued, which is not the "
                f"supply of {to_shares(supply)}: run `stockade-report reconcile`."
            )
        for number, position in sorted(found.items()):
            attribution = _attribution(facts.ledger, "CustodyLedger", last[token, number], ids)
            lines.append(_position(facts, token, number, position, attribution))
        held = sum(position.held for position in found.values())
        totals.append(
            {
                "token": token,
                "symbol": facts.symbol(token),
                "isin": facts.isin(token),
                "held": to_shares(held),
                "issued": to_shares(issued),
                "supply": to_shares(supply),
            }
        )
    return Document("custodian position file 1", PositionLine, facts.position | {"totals": totals}, tuple(lines))


# ---------------------------------------------------------------- lines


def _holdings(connection: Connection, facts: Facts, token: ChecksumAddress, people: People) -> list[MasterLine]:
    """Largest first."""
    state, stream = facts.state.tokens[token], facts.tokens[token]
    last: dict[ChecksumAddress, Entry] = {}
    for entry in stream.entries:
        match entry.content:
            case Moved() as moved if moved.source != moved.target:
                last[moved.source] = last[moved.target] = entry
            case AmountFrozen(account):
                last[account] = entry
    balances = [(-amount, wallet) for wallet, amount in state.balances.items() if amount and wallet != facts.ledger]
    ids = record_ids(connection, token, [last[wallet].seq for _, wallet in balances])
    return [
        _line(
            facts,
            token,
            wallet,
            people.get(wallet),
            _attribution(token, "ShareToken", last[wallet], ids),
            part="WALLET",
            shares=to_shares(-less),
            frozen=to_shares(min(state.frozen.get(wallet, 0), -less)),
            request="",
            custodian="",
        )
        for less, wallet in sorted(balances)
    ]


def _escrow(connection: Connection, facts: Facts, token: ChecksumAddress, people: People) -> list[MasterLine]:
    """One line for each open request, by its number."""
    last = {
        entry.content.id: entry
        for entry in facts.stream("CustodyLedger").entries
        if isinstance(entry.content, Requested | RequestRecovered)
    }
    found = _open_requests(facts, token)
    ids = record_ids(connection, facts.ledger, [last[number].seq for number in found])
    return [
        _line(
            facts,
            token,
            request.holder,
            people.get(request.holder),
            _attribution(facts.ledger, "CustodyLedger", last[number], ids),
            part="ESCROW",
            shares=to_shares(request.amount),
            frozen=to_shares(0),
            request=str(number),
            custodian=str(request.custodian),
        )
        for number, request in sorted(found.items())
    ]


def _open_requests(facts: Facts, token: ChecksumAddress) -> dict[int, Any]:
    requests = facts.state.ledger.requests.items()
    return {number: it for number, it in requests if it.token == token and it.status is RequestStatus.OPEN}


def _line(
    facts: Facts,
    token: ChecksumAddress,
    wallet: ChecksumAddress,
    person: Holding | None,
    last: Attribution,
    **amounts: str,
) -> MasterLine:
    record = facts.state.registry.records.get(wallet)
    return MasterLine(
        symbol=facts.symbol(token),
        isin=facts.isin(token),
        token=token,
        wallet=wallet,
        holder=person.holder if person else "",
        name=person.name if person else "",
        address=person.address if person else "",
        investor=f"{record.investor_id:#018x}" if record else "",
        investor_class=class_name(record.investor_class) if record else "",
        country=country_name(record.country) if record else "",
        status=("FROZEN" if record.frozen else record.status.name) if record else "",
        registrar=str(record.registrar) if record else "",
        last=last,
        **amounts,
    )


def _position(facts: Facts, token: ChecksumAddress, number: int, position: Position, last: Attribution) -> PositionLine:
    custodian = facts.state.ledger.custodians.get(number)
    spare = position.held - position.issued
    return PositionLine(
        symbol=facts.symbol(token),
        isin=facts.isin(token),
        token=token,
        custodian=number,
        lei=text(custodian.lei) if custodian else "",
        held=to_shares(position.held),
        issued=to_shares(position.issued),
        not_issued=("" if spare >= 0 else "-") + to_shares(abs(spare)),
        sentence=position.sequence,
        as_of=utc(position.as_of),
        last=last,
    )


def _attribution(stream: ChecksumAddress, contract: str, entry: Entry, ids: dict[int, str]) -> Attribution:
    return Attribution(
        stream=stream,
        sequence=entry.seq,
        kind=kind_name(contract, entry),
        block=entry.place.block,
        transaction=entry.transaction,
        time=utc(entry.timestamp),
        operator=entry.operator,
        record_id=ids.get(entry.seq, ""),
    )
