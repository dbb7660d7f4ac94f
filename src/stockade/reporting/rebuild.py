"""The state of a suite, rebuilt from its reports alone: no chain is asked, only entries are replayed.

It reads as a specification of what each entry means. Rules are absent on purpose: whether a movement was allowed was
the contracts' to judge. What cannot be, such as an answer to a request nobody made, becomes a `Contradiction`, never
an exception: the entries may come from a node that lies.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from eth_typing import ChecksumAddress

from stockade.records import (
    AttestorKind,
    Control,
    ExemptionStatus,
    InvestorRecord,
    Kind,
    Phase,
    Position,
    RequestStatus,
    SentenceKind,
)
from stockade.reporting.authority import AuthorityState, replay_authority
from stockade.reporting.entries import (
    AmountFrozen,
    Attested,
    AttestorsSet,
    BatchWritten,
    CustodianSet,
    DaysSet,
    DocumentSet,
    Entry,
    ExemptionSet,
    ExemptionTerms,
    FreezeChanged,
    HaltSet,
    HeartbeatHeard,
    HoursSet,
    Instrument,
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
    RelayRules,
    RelayRulesSet,
    Request,
    Requested,
    RequestForced,
    RequestRecovered,
    SettingsChanged,
    TakenBack,
    Terms,
    TermsAdded,
    TermsSet,
    Upgraded,
    VenueInterrupted,
    Wrong,
)
from stockade.reporting.reading import text
from stockade.reporting.streams import Stream


@dataclass(frozen=True)
class Contradiction:
    """An entry that cannot follow those before it."""

    stream: str
    sequence: int
    problem: str


@dataclass
class TokenState:
    """Raw tokens by account. Frozen may exceed the balance. `settings`: the control word's upper 64 bits.
    `implementation`: the code that the token runs on.
    """

    balances: dict[ChecksumAddress, int] = field(default_factory=lambda: defaultdict(int))
    frozen: dict[ChecksumAddress, int] = field(default_factory=lambda: defaultdict(int))
    supply: int = 0
    settings: int = 0
    implementation: ChecksumAddress | None = None

    @property
    def control(self) -> Control:
        """The settings in words; the head in it is not meant."""
        return Control.unpack(self.settings << 192)


@dataclass(frozen=True)
class Recovery:
    """Who takes over from a lost wallet, and by which order."""

    replacement: ChecksumAddress
    ref: bytes


@dataclass
class RegistryState:
    """By wallet and account. A registrar that lost its right keeps number 0, as does an offer that ended."""

    records: dict[ChecksumAddress, InvestorRecord] = field(default_factory=dict)
    registrars: dict[ChecksumAddress, int] = field(default_factory=dict)
    offers: dict[ChecksumAddress, int] = field(default_factory=dict)
    recoveries: dict[ChecksumAddress, Recovery] = field(default_factory=dict)


@dataclass(frozen=True)
class Custodian:
    """`attestors` keeps those removed, as NONE (0)."""

    lei: bytes
    name_hash: bytes
    open: bool
    threshold: int = 0
    attestors: dict[ChecksumAddress, AttestorKind | int] = field(default_factory=dict)


@dataclass
class LedgerState:
    """Positions by token and custodian number, requests by id."""

    custodians: dict[int, Custodian] = field(default_factory=dict)
    positions: dict[tuple[ChecksumAddress, int], Position] = field(default_factory=dict)
    terms: dict[ChecksumAddress, Terms] = field(default_factory=dict)
    requests: dict[int, Request] = field(default_factory=dict)


@dataclass(frozen=True)
class Exemption:
    """What was decided, and every version of its terms. `notice_until` in seconds UTC, zero without a Notice."""

    status: ExemptionStatus
    terms: tuple[ExemptionTerms, ...] = ()
    notice_until: int = 0
    notice: bytes = bytes(32)


@dataclass(frozen=True)
class Listing:
    """A token's listing; `phase` is its own, before anything outranks it. Times in seconds UTC, zero for none."""

    instrument: Instrument
    exemption: int
    phase: Phase = Phase.PENDING
    halted_by_hand: bool = False
    halted_by_market: bool = False
    suspended_by_regulator: bool = False
    objection_until: int = 0
    objected_at: int = 0

    @property
    def halted(self) -> bool:
        return self.halted_by_hand or self.halted_by_market

    @property
    def barred(self) -> bool:
        """Whether the issuer of the share objected in time."""
        return bool(self.objected_at) and (not self.objection_until or self.objected_at <= self.objection_until)


@dataclass(frozen=True)
class Document:
    """`set_at` in seconds UTC."""

    uri: bytes
    hash: bytes
    set_at: int


@dataclass
class ListingsState:
    """Listings in order of listing; documents by token and name, None for a removed one."""

    exemptions: dict[int, Exemption] = field(default_factory=dict)
    listings: dict[ChecksumAddress, Listing] = field(default_factory=dict)
    documents: dict[tuple[ChecksumAddress, bytes], Document | None] = field(default_factory=dict)

    def phase_of(self, token: ChecksumAddress) -> Phase:
        """The listing's own phase, outranked by an objection, the regulator's suspension, its exemption's status."""
        listing = self.listings[token]
        exemption = self.exemptions.get(listing.exemption)
        if exemption and exemption.status is ExemptionStatus.REVOKED:
            return Phase.WIND_DOWN
        suspended = listing.suspended_by_regulator or listing.barred
        suspended = suspended or bool(exemption and exemption.status is ExemptionStatus.SUSPENDED)
        return Phase.SUSPENDED if suspended and listing.phase is Phase.ACTIVE else listing.phase


@dataclass
class MarketState:
    """Hours and days by market (MIC as four bytes), news by share and by market, the last heartbeat of each market."""

    hours: dict[bytes, int] = field(default_factory=dict)
    days: dict[tuple[bytes, int], int] = field(default_factory=dict)
    rules: RelayRules = field(default_factory=lambda: RelayRules(0, 0))
    news: dict[ChecksumAddress, News] = field(default_factory=dict)
    venues: dict[bytes, News] = field(default_factory=dict)
    heartbeats: dict[bytes, int] = field(default_factory=dict)


@dataclass
class State:
    """Everything the reports say."""

    registry: RegistryState = field(default_factory=RegistryState)
    ledger: LedgerState = field(default_factory=LedgerState)
    listings: ListingsState = field(default_factory=ListingsState)
    market: MarketState = field(default_factory=MarketState)
    authority: AuthorityState = field(default_factory=AuthorityState)
    tokens: dict[ChecksumAddress, TokenState] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)


def rebuild(streams: Iterable[Stream]) -> State:
    """Replays every stream. Each says all about its own contract, so their order does not matter."""
    state = State()
    for stream in streams:
        entries = stream.entries
        match stream.source.contract:
            case "InvestorRegistry":
                state.registry, wrong = replay_registry(entries)
            case "CustodyLedger":
                state.ledger, wrong = replay_ledger(entries)
            case "ListingRegistry":
                state.listings, wrong = replay_listings(entries)
            case "MarketStatus":
                state.market, wrong = replay_market(entries)
            case "SuiteAuthority":
                state.authority, wrong = replay_authority(entries)
            case _:
                state.tokens[stream.source.address], wrong = replay_token(entries), []
        state.contradictions += [Contradiction(stream.source.name, *each) for each in wrong]
    return state


def replay_token(entries: Sequence[Entry]) -> TokenState:
    """Balances, frozen amounts, supply and settings. A token's entries cannot contradict; sums are `crosscheck`'s."""
    state = TokenState()
    for entry in entries:
        match entry.content:
            case Moved() as moved:
                _move(state, moved)
            case AmountFrozen(account, amount):
                state.frozen[account] = amount
            case SettingsChanged(settings):
                state.settings = settings
            case Upgraded(implementation):
                state.implementation = implementation
    return state


def _move(state: TokenState, moved: Moved) -> None:
    """MINT adds to the supply, BURN takes from it (out of the ledger's escrow); to oneself, nothing changes."""
    source, target, amount = moved.source, moved.target, moved.amount
    if source == target:
        return
    if moved.kind is Kind.MINT:
        state.supply += amount
    else:
        if moved.kind is Kind.FORCE:
            # What a force takes beyond the unfrozen part is no longer frozen.
            free = max(state.balances[source] - state.frozen[source], 0)
            state.frozen[source] -= max(amount - free, 0)
        state.balances[source] -= amount
    if moved.kind is Kind.BURN:
        state.supply -= amount
    else:
        state.balances[target] += amount


def replay_registry(entries: Iterable[Entry]) -> tuple[RegistryState, Wrong]:
    """Records, registrars, offers and recoveries. A record that changes is reported whole, an offer ends with whatever
    gives the record to another registrar.
    """
    state, wrong = RegistryState(), []
    batch, open_rows, last = BatchWritten(0, 0, b""), 0, 0
    for entry in entries:
        last = entry.seq
        if open_rows and not isinstance(entry.content, RecordWritten):
            wrong.append((entry.seq, f"{open_rows} rows of the batch before it are missing"))
            open_rows = 0
        match entry.content:
            case BatchWritten() as batch:
                open_rows = batch.rows
            case RecordWritten(wallet, record):
                if not open_rows or record.registrar != batch.registrar:
                    wrong.append((entry.seq, f"the record of {wallet} belongs to no batch of its registrar"))
                owner = state.records[wallet].registrar if wallet in state.records else 0
                if owner not in (0, record.registrar):
                    if state.offers.get(wallet) != record.registrar:
                        wrong.append((entry.seq, f"the record of {wallet} was not offered to {record.registrar}"))
                    state.offers[wallet] = 0
                state.records[wallet] = record
                open_rows = max(open_rows - 1, 0)
            case FreezeChanged(wallet, record):
                state.records[wallet] = record
            case Recovered(lost, replacement, record, ref):
                state.records[lost] = record
                state.offers[lost] = 0
                state.recoveries[lost] = Recovery(replacement, ref)
            case RegistrarSet(account, number):
                state.registrars[account] = number
            case RecordOffered(wallet, to):
                state.offers[wallet] = to
            case RecordAssigned(wallet, record):
                state.records[wallet] = record
                state.offers[wallet] = 0
    if open_rows:
        wrong.append((last, f"{open_rows} rows of the last batch are missing"))
    return state, wrong


def replay_ledger(entries: Sequence[Entry]) -> tuple[LedgerState, Wrong]:
    """Custodians, positions, terms and requests."""
    state, wrong = LedgerState(), []
    for entry in entries:
        match entry.content:
            case Attested() as said:
                problem = _attest(state, said)
            case Requested(number, request):
                state.requests[number] = request
                problem = ""
            case TakenBack(number):
                problem = _close(state, number, RequestStatus.TAKEN_BACK)
            case RequestForced(number):
                problem = _close(state, number, RequestStatus.FORCED)
            case RequestRecovered(number, holder):
                problem = _close(state, number, RequestStatus.OPEN, holder)
            case CustodianSet(number, lei, name_hash, is_open):
                known = state.custodians.get(number, Custodian(lei, name_hash, is_open))
                state.custodians[number] = replace(known, lei=lei, name_hash=name_hash, open=is_open)
                problem = ""
            case AttestorsSet() as change:
                problem = _change_attestors(state, change)
            case TermsSet(token, terms):
                state.terms[token] = terms
                problem = ""
            case _:
                problem = ""
        if problem:
            wrong.append((entry.seq, problem))
    return state, wrong


def _attest(state: LedgerState, said: Attested) -> str:
    """The sentence is the position; RELEASE and REJECT also answer a request, whose id is their ref."""
    sentence = said.attestation
    key = (sentence.token, sentence.custodian)
    before = state.positions.get(key, Position(0, 0, 0, 0)).sequence
    state.positions[key] = Position(sentence.shares_held, said.issued, sentence.sequence, sentence.as_of)
    problem = ""
    if sentence.kind is SentenceKind.RELEASE:
        problem = _close(state, int.from_bytes(sentence.ref, "big"), RequestStatus.RELEASED)
    if sentence.kind is SentenceKind.REJECT:
        problem = _close(state, int.from_bytes(sentence.ref, "big"), RequestStatus.REJECTED)
    if sentence.sequence != before + 1:
        problem = f"sentence {sentence.sequence} of custodian {sentence.custodian} follows its sentence {before}"
    return problem


def _close(state: LedgerState, number: int, status: RequestStatus, holder: ChecksumAddress | None = None) -> str:
    """An open request's new status or holder."""
    request = state.requests.get(number)
    if request is None or request.status is not RequestStatus.OPEN:
        return f"request {number} is not open"
    state.requests[number] = request._replace(status=status, holder=holder or request.holder)
    return ""


def _change_attestors(state: LedgerState, change: AttestorsSet) -> str:
    custodian = state.custodians.get(change.custodian)
    if custodian is None:
        return f"custodian {change.custodian} is unknown"
    attestors = custodian.attestors | dict.fromkeys(change.removed, 0) | dict(change.added)
    state.custodians[change.custodian] = replace(custodian, threshold=change.threshold, attestors=attestors)
    return ""


def replay_listings(entries: Sequence[Entry]) -> tuple[ListingsState, Wrong]:
    """Exemptions, listings with their own phase and halts, documents."""
    state, wrong = ListingsState(), []
    for entry in entries:
        match entry.content:
            case ExemptionSet(number, status):
                known = state.exemptions.get(number, Exemption(status))
                state.exemptions[number] = replace(known, status=status)
            case TermsAdded(number) | NoticePublished(number) if number not in state.exemptions:
                wrong.append((entry.seq, f"exemption {number} is unknown"))
            case TermsAdded(number, version, terms):
                known = state.exemptions[number]
                if version != len(known.terms) + 1:
                    wrong.append((entry.seq, f"version {version} of exemption {number} follows {len(known.terms)}"))
                state.exemptions[number] = replace(known, terms=(*known.terms, terms))
            case NoticePublished(number, digest, _, until):
                state.exemptions[number] = replace(state.exemptions[number], notice=digest, notice_until=until)
            case Listed(token, instrument, exemption):
                state.listings[token] = Listing(instrument, exemption)
            case (
                PhaseSet(token)
                | HaltSet(token)
                | MarketHaltSet(token)
                | RegulatorSuspension(token)
                | IssuerNotified(token)
                | Objected(token)
                | DocumentSet(token)
            ) if token not in state.listings:
                wrong.append((entry.seq, f"token {token} is not listed"))
            case PhaseSet(token, phase):
                state.listings[token] = replace(state.listings[token], phase=phase)
            case HaltSet(token, halted):
                state.listings[token] = replace(state.listings[token], halted_by_hand=halted)
            case MarketHaltSet(token, halted):
                state.listings[token] = replace(state.listings[token], halted_by_market=halted)
            case IssuerNotified(token, _, until):
                state.listings[token] = replace(state.listings[token], objection_until=until)
            case Objected(token, _, received):
                first = min(received, state.listings[token].objected_at or received)
                state.listings[token] = replace(state.listings[token], objected_at=first)
            case RegulatorSuspension(token, suspended):
                state.listings[token] = replace(state.listings[token], suspended_by_regulator=suspended)
            case DocumentSet(token, name, uri, digest):
                removed = not uri and not any(digest)
                state.documents[token, name] = None if removed else Document(uri, digest, entry.timestamp)
    return state, wrong


def replay_market(entries: Sequence[Entry]) -> tuple[MarketState, Wrong]:
    """Calendars, rules, news and heartbeats. Votes change nothing by themselves."""
    state, wrong = MarketState(), []
    for entry in entries:
        match entry.content:
            case HoursSet(mic, hours):
                state.hours[mic] = hours
            case DaysSet(mic, first, words):
                state.days |= {(mic, first + place): word for place, word in enumerate(words)}
            case RelayRulesSet(rules):
                state.rules = rules
            case Interrupted(token, news):
                if problem := _news_problem(state.news.get(token), news, token):
                    wrong.append((entry.seq, problem))
                state.news[token] = news
            case VenueInterrupted(mic, news):
                if problem := _news_problem(state.venues.get(mic), news, f"market {text(mic)}"):
                    wrong.append((entry.seq, problem))
                state.venues[mic] = news
            case HeartbeatHeard(mic, as_of):
                state.heartbeats[mic] = as_of
    return state, wrong


def _news_problem(last: News | None, news: News, subject: str) -> str:
    before = last.sequence if last else 0
    return "" if news.sequence == before + 1 else f"news {news.sequence} of {subject} follows {before}"
