"""Comparing what the reports say with what the contracts say, all at one block.

    result = verify(suite)
    result.streams                 each stream: entries, gaps, whether the chain matches, every fault by name
    result.rebuilt_state_matches   whether the state rebuilt from the reports is the contracts' state

A mapping on chain cannot be listed: what no report ever named is compared by its sum alone, the total supply.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass
from functools import partial
from typing import Any, Literal

from eth_typing import ChecksumAddress
from web3.contract.contract import ContractFunction

from stockade import chain
from stockade.errors import NetworkError, Refused
from stockade.records import Control, InvestorRecord, Position, Status
from stockade.reporting.crosscheck import Check, crosscheck
from stockade.reporting.reading import Progress, ask_many, no_progress, plain_contract, text
from stockade.reporting.rebuild import Contradiction, State, rebuild
from stockade.reporting.streams import Fault, Stream, read_streams
from stockade.suite import Suite


@dataclass(frozen=True)
class StreamResult:
    """How one stream fared. `records`: entries found, each number once; `gaps`: numbers that are missing."""

    name: str
    contract: str
    address: ChecksumAddress
    records: int
    gaps: int
    chain_matches: bool
    faults: tuple[Fault, ...]


@dataclass(frozen=True)
class Difference:
    """`found` is what stands on chain or, in a check between streams, what the other stream says."""

    subject: str
    key: str
    rebuilt: str
    found: str


@dataclass(frozen=True)
class Verification:
    """The result at one block. `compared`: how many of each subject."""

    block: int
    block_hash: str
    streams: tuple[StreamResult, ...]
    compared: dict[str, int]
    differences: tuple[Difference, ...]
    contradictions: tuple[Contradiction, ...]

    @property
    def streams_match(self) -> bool:
        """Every stream is complete, in order and unaltered."""
        return all(stream.chain_matches and not stream.gaps and not stream.faults for stream in self.streams)

    @property
    def rebuilt_state_matches(self) -> bool:
        """The entries agree with each other, and what they say with the contracts."""
        return not self.differences and not self.contradictions

    @property
    def ok(self) -> bool:
        return self.streams_match and self.rebuilt_state_matches


def verify(suite: Suite, block: int | Literal["latest"] = "latest", progress: Progress = no_progress) -> Verification:
    """Reads every stream up to a block, rebuilds the state and compares it with the contracts at that block.

    What is wrong with the reports is in the result. Raises NetworkError when the node fails, holds no state of that
    block or changed its chain meanwhile.
    """
    number, digest = _block(suite, block)
    result = compare(suite, read_streams(suite, number, progress), number, digest, progress)
    if _block(suite, number) != (number, digest):
        raise NetworkError(f"Block {number} was replaced while it was read (a reorganisation): run it again.")
    return result


def compare(
    suite: Suite, streams: Sequence[Stream], block: int, block_hash: str = "", progress: Progress = no_progress
) -> Verification:
    """The state rebuilt from the given streams, against the contracts at a block."""
    state = rebuild(streams)
    questions = list(_Questions(suite, state, block).all())
    answers = ask_many(suite.w3, [question.read for question in questions], progress)
    pairs = [
        (each.subject, each.key, each.rebuilt, each.value(answer), each.show)
        for each, answer in zip(questions, answers, strict=True)
    ]
    checks = [*_recoveries(suite, state, block), *crosscheck(state, streams, suite.deployment.chain_id)]
    pairs += [(*check, _show) for check in checks]

    compared: dict[str, int] = {}
    differences = []
    for subject, key, rebuilt, found, show in pairs:
        compared[subject] = compared.get(subject, 0) + 1
        if rebuilt != found:
            differences.append(Difference(subject, key, show(rebuilt), show(found)))
    results = tuple(
        StreamResult(
            name=stream.source.name,
            contract=stream.source.contract,
            address=stream.source.address,
            records=len(stream.entries),
            gaps=stream.gaps,
            chain_matches=stream.chain_matches,
            faults=stream.faults,
        )
        for stream in streams
    )
    return Verification(block, block_hash, results, compared, tuple(differences), tuple(state.contradictions))


def _block(suite: Suite, block: int | Literal["latest"]) -> tuple[int, str]:
    def question() -> tuple[int, str]:
        found = suite.w3.eth.get_block(block)
        return int(found["number"]), found["hash"].to_0x_hex()

    return chain.read(question)


# ---------------------------------------------------------------- what is asked of the contracts


def _show(value: Any) -> str:
    """ABI values for people: bytes in hex, the rest as it is."""
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, tuple | list):
        return "(" + ", ".join(map(_show, value)) + ")"
    return str(value)


def _show_word(unpack: Callable[[int], Any]) -> Callable[[Any], str]:
    """A packed word in words; a word that holds an unknown value in hex."""

    def show(word: int) -> str:
        try:
            return str(unpack(word))
        except ValueError:
            return hex(word)

    return show


def _same(answer: Any) -> Any:
    return answer


def _delay(access: tuple[int, int, int, int]) -> int | None:
    """The delay a role is held with once a change announced has come into force; None for who does not hold it."""
    since, current, pending, effect = access
    if not since:
        return None
    return pending if effect else current


@dataclass(frozen=True)
class Question:
    """One value that was rebuilt, and how to read it from the chain. `value` makes the answer comparable."""

    subject: str
    key: str
    rebuilt: Any
    read: Callable[[], Any]
    value: Callable[[Any], Any] = _same
    show: Callable[[Any], str] = _show


def _recoveries(suite: Suite, state: State, block: int) -> Iterator[Check]:
    """Asked one by one, for the registry refuses where a recovery can no longer be used: the lost wallet was written
    anew or frozen, or its replacement is unfit. Then nothing is compared, for nothing follows from such a recovery.
    """
    for lost, recovery in state.registry.recoveries.items():
        call = suite.registry.functions.recoveryOf(lost)
        try:
            found = tuple(chain.read(partial(call.call, block_identifier=block)))
        except Refused as refused:
            record = state.registry.records[lost]
            unused = record.frozen or record.status is not Status.REVOKED
            if unused or refused.error == "RegistryReplacementUnfit":
                continue
            found = (refused.error,)
        yield Check("recovery", lost, (recovery.replacement, recovery.ref), found)


class _Questions:
    """Everything that was rebuilt, one question each: as many as there are entries at most."""

    def __init__(self, suite: Suite, state: State, block: int) -> None:
        self.suite = suite
        self.state = state
        self.block = block
        self.registry = plain_contract(suite.w3, "InvestorRegistry", suite.registry.address)
        self.ledger = plain_contract(suite.w3, "CustodyLedger", suite.ledger.address)
        self.listings = plain_contract(suite.w3, "ListingRegistry", suite.listings.address)
        self.market = plain_contract(suite.w3, "MarketStatus", suite.market.address)
        self.authority = plain_contract(suite.w3, "SuiteAuthority", suite.authority.address)

    def all(self) -> Iterator[Question]:
        yield from self._registry()
        yield from self._ledger()
        yield from self._listings()
        yield from self._market()
        yield from self._authority()
        for token in self.state.tokens:
            yield from self._token(token)

    def _at(self, call: ContractFunction) -> Callable[[], Any]:
        return lambda: call.call(block_identifier=self.block)

    def _registry(self) -> Iterator[Question]:
        functions, state = self.registry.functions, self.state.registry
        show = _show_word(InvestorRecord.unpack)
        for wallet, record in state.records.items():
            yield Question("record", wallet, record.pack(), self._at(functions.recordOf(wallet)), show=show)
        for account, number in state.registrars.items():
            yield Question("registrar", account, number, self._at(functions.registrarOf(account)))
        for wallet, number in state.offers.items():
            yield Question("offer", wallet, number, self._at(functions.offeredTo(wallet)))

    def _ledger(self) -> Iterator[Question]:
        functions, state = self.ledger.functions, self.state.ledger
        yield Question("number of custodians", "ledger", len(state.custodians), self._at(functions.custodianCount()))
        yield Question("number of requests", "ledger", len(state.requests), self._at(functions.requestCount()))
        for number, custodian in state.custodians.items():
            attestors = sum(1 for kind in custodian.attestors.values() if kind)
            whole = (custodian.lei, custodian.threshold, attestors, custodian.open, custodian.name_hash)
            yield Question("custodian", str(number), whole, self._at(functions.custodianOf(number)))
            for account, kind in custodian.attestors.items():
                key = f"{account} of custodian {number}"
                yield Question("attestor", key, int(kind), self._at(functions.attestorKindOf(number, account)))
        for (token, number), position in state.positions.items():
            key = f"{token}, custodian {number}"
            read = self._at(functions.positionOf(token, number))
            yield Question("position", key, position.pack(), read, show=_show_word(Position.unpack))
        for token, terms in state.terms.items():
            yield Question("terms", token, terms, self._at(functions.termsOf(token)))
        for number, request in state.requests.items():
            yield Question("request", str(number), request, self._at(functions.requestOf(number)))

    def _listings(self) -> Iterator[Question]:
        functions, state = self.listings.functions, self.state.listings
        yield Question("tokens", "listings", list(state.listings), self._at(functions.tokens()), list)
        count = self._at(functions.exemptionCount())
        yield Question("number of exemptions", "listings", len(state.exemptions), count)
        for number, exemption in state.exemptions.items():
            whole = (exemption.status, len(exemption.terms), exemption.notice_until, exemption.notice)
            yield Question("exemption", str(number), whole, self._at(functions.exemptionOf(number)), tuple)
            for version, terms in enumerate(exemption.terms, start=1):
                read = self._at(functions.termsAt(number, version))
                yield Question("exemption's terms", f"{number}, version {version}", terms, read, tuple)
        for token, listing in state.listings.items():
            whole = astuple(listing)
            yield Question("listing", token, whole, self._at(functions.listingOf(token)), tuple)
            yield Question("phase", token, state.phase_of(token), self._at(functions.phaseOf(token)))
            names = sorted(name for (of, name), document in state.documents.items() if of == token and document)
            yield Question("names of documents", token, names, self._at(functions.getAllDocuments(token)), sorted)
        for (token, name), document in state.documents.items():
            content = (document.uri, document.hash, document.set_at) if document else (b"", bytes(32), 0)
            key = f"{token} 0x{name.hex()}"
            yield Question("document", key, content, self._at(functions.getDocument(token, name)), tuple)

    def _market(self) -> Iterator[Question]:
        functions, state = self.market.functions, self.state.market
        yield Question("relay rules", "market", state.rules, self._at(functions.rules()), tuple)
        for mic, hours in state.hours.items():
            yield Question("hours", text(mic), hours, self._at(functions.hoursOf(mic)))
        for (mic, word), days in state.days.items():
            yield Question("days", f"{text(mic)} word {word}", days, self._at(functions.daysOf(mic, word)))
        for token, news in state.news.items():
            yield Question("news", token, news, self._at(functions.stateOf(token)), tuple)
        for mic, news in state.venues.items():
            yield Question("market's news", text(mic), news, self._at(functions.venueStateOf(mic)), tuple)
        for mic, as_of in state.heartbeats.items():
            yield Question("heartbeat", text(mic), as_of, self._at(functions.heartbeatOf(mic)), lambda found: found[0])

    def _authority(self) -> Iterator[Question]:
        functions, state = self.authority.functions, self.state.authority
        yield Question("settled", "authority", state.settled, self._at(functions.settled()))
        for (role, account), held in state.members.items():
            read = self._at(functions.getAccess(role, account))
            delay = held.delay if held else None
            yield Question("role", f"{role.name} of {account}", delay, read, _delay)
        for (target, selector), role in state.functions.items():
            read = self._at(functions.getTargetFunctionRole(target, selector))
            yield Question("function's role", f"0x{selector.hex()} of {target}", role, read)
        for stream, mark in state.marks.items():
            yield Question("acknowledged", stream, mark, self._at(functions.acknowledged(stream)), tuple)
        for day, anchor in state.anchors.items():
            told = (anchor.root, anchor.count, anchor.last_sequence)
            yield Question("anchor", f"day {day}", told, self._at(functions.anchorOf(day)), tuple)
        last = (state.last_anchor.day, state.last_anchor.last_sequence)
        yield Question("last anchor", "authority", last, self._at(functions.lastAnchor()), tuple)
        for operation, schedule in state.schedules.items():
            key = f"0x{operation.hex()}"
            yield Question("times scheduled", key, schedule.nonce, self._at(functions.getNonce(operation)))
            if not schedule.ready_at:
                yield Question("made or canceled", key, 0, self._at(functions.getSchedule(operation)))

    def _token(self, token: ChecksumAddress) -> Iterator[Question]:
        functions = plain_contract(self.suite.w3, "ShareToken", token).functions
        state = self.state.tokens[token]
        yield Question("supply", token, state.supply, self._at(functions.totalSupply()))
        show = _show_word(lambda settings: Control.unpack(settings << 192))
        yield Question("settings", token, state.settings, self._at(functions.control()), lambda word: word >> 192, show)
        yield Question("implementation", token, state.implementation, self._at(functions.implementation()))
        for account in dict.fromkeys([*state.balances, *state.frozen]):
            key = f"{account} of {token}"
            balance, frozen = state.balances.get(account, 0), state.frozen.get(account, 0)
            yield Question("balance", key, balance, self._at(functions.balanceOf(account)))
            yield Question("frozen amount", key, frozen, self._at(functions.getFrozenTokens(account)))
