"""An entry in words, for people who read a stream."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import IntFlag

from stockade.market.calendar import date_of
from stockade.records import Basis, Control, InvestorRecord, Kind, Status, to_shares
from stockade.reporting.entries import (
    KINDS,
    Acknowledged,
    AmountFrozen,
    Anchored,
    Attested,
    AttestorsSet,
    BatchWritten,
    Canceled,
    CustodianSet,
    DaysSet,
    DocumentSet,
    Entry,
    Executed,
    ExemptionSet,
    FreezeChanged,
    FunctionMapped,
    HaltSet,
    HeartbeatHeard,
    HoursSet,
    Interrupted,
    IssuerNotified,
    Listed,
    MarketHaltSet,
    Moved,
    News,
    NoticePublished,
    Objected,
    PhaseSet,
    RecordAssigned,
    RecordOffered,
    RecordWritten,
    Recovered,
    RegistrarSet,
    RegulatorSuspension,
    RelayRulesSet,
    Requested,
    RequestForced,
    RequestRecovered,
    RoleSet,
    Scheduled,
    SettingsChanged,
    Settled,
    TakenBack,
    TermsAdded,
    TermsSet,
    Upgraded,
    VenueInterrupted,
    Voted,
)
from stockade.reporting.reading import text
from stockade.whitelist.show import class_name, country_name, scope_names


def kind_name(contract: str, entry: Entry) -> str:
    """The entry's kind by its name in the contract's interface, or its number."""
    kinds = KINDS[contract]
    return kinds(entry.kind).name if entry.kind in kinds.__members__.values() else str(entry.kind)


def sentence(entry: Entry) -> str:
    """What the entry says. Amounts of tokens are raw (18 decimals shown), times UTC."""
    match entry.content:
        case Moved(kind, source, target, amount, ref):
            sides = {Kind.MINT: f"to {target}", Kind.BURN: f"from {source}"}.get(kind, f"{source} to {target}")
            return f"{to_shares(amount)} tokens {sides}{_reference(kind, ref)}"
        case AmountFrozen(account, amount, ref):
            return f"{to_shares(amount)} tokens of {account} are frozen, {order(ref)}"
        case SettingsChanged() as settings:
            return control_words(settings.control)
        case Upgraded(implementation):
            return f"the token runs on implementation {implementation}"
        case BatchWritten(number, rows, root):
            return f"{rows} records by registrar {number}, evidence root 0x{root.hex()}"
        case RecordWritten(wallet, record):
            return f"{wallet}: {record_words(record)}"
        case FreezeChanged(wallet, record, ref):
            return f"{wallet} is {'frozen' if record.frozen else 'no longer frozen'}, {order(ref)}"
        case Recovered(lost, replacement, _, ref):
            return f"{lost} is lost, {replacement} takes over, {order(ref)}"
        case RegistrarSet(account, number):
            return f"{account} writes under number {number}" if number else f"{account} is no registrar any more"
        case RecordOffered(wallet, to):
            return f"{wallet} is offered to registrar {to}" if to else f"{wallet} is offered no longer"
        case RecordAssigned(wallet, record, ref):
            return f"{wallet} is registrar {record.registrar}'s, {order(ref)}"
        case Attested(said, issued):
            act = f" {said.kind.name} {to_shares(said.shares)} for {said.account}" if said.shares else ""
            return (
                f"custodian {said.custodian}, sentence {said.sequence} on {said.token}:{act or ' ' + said.kind.name}, "
                f"holds {to_shares(said.shares_held)} as of {utc(said.as_of)}, issued {to_shares(issued)}"
            )
        case Requested(number, request):
            return (
                f"request {number}: {request.holder} redeems {to_shares(request.amount)} of {request.token} "
                f"with custodian {request.custodian}, to be answered before {utc(request.deadline)}"
            )
        case TakenBack(number):
            return f"request {number}: taken back"
        case RequestForced(number, receiver, ref):
            return f"request {number}: forced to {receiver}, {order(ref)}"
        case RequestRecovered(number, holder, ref):
            return f"request {number}: now of {holder}, {order(ref)}"
        case CustodianSet(number, lei, _, is_open):
            return f"custodian {number}, LEI {ascii_text(lei)}: {'open' if is_open else 'closed to mint'}"
        case AttestorsSet(number, removed, added, threshold):
            came = ", ".join(f"{account} ({kind.name})" for account, kind in added) or "nobody"
            gone = ", ".join(removed) or "nobody"
            return f"custodian {number}: {came} added, {gone} removed, {threshold} must sign"
        case TermsSet(token, terms):
            return (
                f"{token}: at most {to_shares(terms.deposit_cap)} shares a deposit, position at most "
                f"{terms.max_position_age} business days old, {terms.redemption_period} s to answer a redemption"
            )
        case ExemptionSet(number, status, ref):
            return f"exemption {number} is {status.name}" + (f", {order(ref)}" if any(ref) else "")
        case TermsAdded(number, version, terms):
            return (
                f"exemption {number}, version {version} from {utc(terms.effective_from)}: "
                f"valid {utc(terms.valid_from)} until {utc(terms.valid_until)}, profile 0x{terms.profile.hex()}"
            )
        case NoticePublished(number, digest, uri, until):
            return f"exemption {number}: Notice 0x{digest.hex()} at {text(uri)}, its period ends {utc(until)}"
        case IssuerNotified(token, digest, until):
            return f"{token}: the issuer was told (0x{digest.hex()}) and may object up to {utc(until)}"
        case Objected(token, digest, received):
            return f"{token}: the issuer objected (0x{digest.hex()}), received {utc(received)}"
        case MarketHaltSet(token, halted, code):
            return f"{token} is {'halted' if halted else 'no longer halted'} by the market, code {ascii_text(code)}"
        case HoursSet(mic, hours):
            return f"market {ascii_text(mic)}: hours {hours:#x}"
        case DaysSet(mic, first, days):
            return f"market {ascii_text(mic)}: {len(days)} words of days from word {first}"
        case RelayRulesSet(rules):
            return f"{rules.quorum} relays end a halt, a heartbeat is fresh for {rules.heartbeat_age} s"
        case Interrupted(token, news):
            return f"{token}: {news_words(news)}"
        case VenueInterrupted(mic, news):
            return f"market {ascii_text(mic)}: {news_words(news)}"
        case HeartbeatHeard(mic, as_of):
            return f"market {ascii_text(mic)}: heartbeat as of {utc(as_of)}"
        case Voted(digest, votes):
            return f"{votes} relays told 0x{digest.hex()}"
        case Listed(token, instrument, exemption):
            ticker, isin = ascii_text(instrument.ticker), ascii_text(instrument.isin)
            return f"{ticker} ({isin}) is {token}, {instrument.backing.name}, exemption {exemption}"
        case PhaseSet(token, phase, ref):
            return f"{token} is {phase.name}" + (f", {order(ref)}" if any(ref) else "")
        case HaltSet(token, halted, ref):
            return f"{token} is {'halted' if halted else 'no longer halted'}, {order(ref)}"
        case RegulatorSuspension(token, suspended, ref):
            return f"{token} is {'suspended' if suspended else 'no longer suspended'} by the regulator, {order(ref)}"
        case RoleSet(role, account, member, delay, since):
            if not member:
                return f"{account} is no {role.name} any more"
            return f"{account} is {role.name}, with a delay of {delay} s from {utc(since)}"
        case FunctionMapped(target, selector, role):
            return f"function 0x{selector.hex()} of {target} is {role.name}'s"
        case Settled(admin):
            return f"handed over to {admin}"
        case Acknowledged(stream, sequence, chain):
            return f"the regulator holds {stream} up to record {sequence}, chain {chain:#042x}"
        case Scheduled(operation, nonce, ready_at, target, data):
            call = f"0x{data[:4].hex()} on {target}"
            return f"scheduled {call} from {utc(ready_at)}, operation 0x{operation.hex()} ({nonce})"
        case Canceled(operation, nonce):
            return f"canceled operation 0x{operation.hex()} ({nonce})"
        case Executed(operation, nonce):
            return f"executed operation 0x{operation.hex()} ({nonce})"
        case Anchored(day, root, count, last):
            return f"{utc_day(day)}: {count} records up to the reporter's {last}, root 0x{root.hex()}"
        case DocumentSet(token, name, uri, digest):
            what = f"{text(uri)}, hash 0x{digest.hex()}" if uri else "removed"
            return f"{token}, document {ascii_text(name)}: {what}"
        case _:
            return "unknown to this version, or not what its kind says"


def _reference(kind: Kind, ref: bytes) -> str:
    match kind:
        case Kind.MINT | Kind.BURN:
            return f", attestation 0x{ref.hex()}"
        case Kind.ESCROW | Kind.GIVE_BACK:
            return f", request {int.from_bytes(ref, 'big')}"
        case Kind.FORCE:
            return f", {order(ref)}"
    return ""


def order(ref: bytes) -> str:
    """The basis and the hash of an order; its first byte was replaced by the basis."""
    basis = str(ref[0])
    if ref[0] in Basis.__members__.values():
        basis = Basis(ref[0]).name
    return basis if not any(ref) else f"{basis} 0x..{ref[1:].hex()}"


def news_words(news: News) -> str:
    """What was relayed, in one line."""
    code = f" {ascii_text(news.code)}" if any(news.code) else ""
    return f"news {news.sequence} {news.interruption.name}{code} as of {utc(news.as_of)}"


def record_words(record: InvestorRecord) -> str:
    """A record in one line."""
    if record.status is Status.NONE:
        return "FROZEN, without a record" if record.frozen else "without a record"
    parts = [
        "FROZEN" if record.frozen else "",
        record.status.name,
        class_name(record.investor_class),
        country_name(record.country),
        scope_names(record.scopes),
        f"investor {record.investor_id}",
        f"until {utc(record.expires_at)}",
    ]
    return ", ".join(part for part in parts if part)


def control_words(control: Control) -> str:
    """A token's settings in one line."""
    parts = [
        control.phase.name,
        f"until {utc(control.active_until)}" if control.active_until else "",
        "halted" if control.halted else "",
        f"paused {flags(control.pauses)}" if control.pauses else "",
        f"policy {flags(control.policy)}",
        f"classes {control.allowed_classes:#06x}",
    ]
    return ", ".join(part for part in parts if part)


def flags(value: IntFlag) -> str:
    """The names of the flags that are set."""
    names = [flag.name or "" for flag in type(value) if flag in value]
    return " ".join(names) or "none"


def ascii_text(padded: bytes) -> str:
    """Zero padded text."""
    return text(padded.rstrip(b"\0"))


def utc_day(day: int) -> str:
    """A day since 1970-01-01 as people write it; beyond the calendar, its number."""
    try:
        return date_of(day).isoformat()
    except OverflowError:
        return f"day {day}"


def utc(seconds: int) -> str:
    """A moment as people write it; beyond the calendar, its seconds."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"second {seconds}"
