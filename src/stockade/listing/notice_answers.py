"""What the chain answers of a Notice, from a suite's reports and views at one block. It answers how the suite is, and
never what the operator intends."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from eth_typing import ChecksumAddress
from web3.contract.contract import ContractFunction

from stockade import chain
from stockade.authority import span
from stockade.custody.words import utc
from stockade.listing.documents import RIGHTS, document_key
from stockade.listing.markdown import plain, table
from stockade.listing.reports import Reports
from stockade.records import (
    Backing,
    ExemptionStatus,
    InvestorClass,
    Policy,
    Role,
    Scope,
    Session,
    Status,
    to_shares,
)
from stockade.reporting.reading import text
from stockade.reporting.replay.listings import Document, Listing
from stockade.reporting.streams import source_of
from stockade.reporting.words import ascii_text, flags
from stockade.suite import CONTRACTS, Suite
from stockade.whitelist import class_name


@dataclass(frozen=True)
class Answer:
    """What the chain says of an item, as Markdown. `whole`: nothing is left for the operator. `sources`: the contracts
    that say it, each with address and block.
    """

    text: str
    whole: bool
    sources: tuple[str, ...]


@dataclass(frozen=True)
class View:
    """The suite under one exemption, at one block."""

    suite: Suite
    reports: Reports
    exemption: int

    def sources(self, *names: str) -> tuple[str, ...]:
        at = [f"{CONTRACTS[name]} {self.suite.deployment.addresses[name]}" for name in names]
        return tuple(f"{each}, block {self.reports.block}" for each in at)

    def ask(self, call: ContractFunction) -> Any:
        """A view's answer at the block."""
        return chain.read(lambda: call.call(block_identifier=self.reports.block))

    @property
    def listed(self) -> dict[ChecksumAddress, Listing]:
        """The tokens under the exemption, in order of listing."""
        every = self.reports.state.listings.listings
        return {token: each for token, each in every.items() if each.exemption == self.exemption}


def answers(view: View) -> dict[str, Answer]:
    """The chain's answers, by the item's letter."""
    return {letter: answer(view) for letter, answer in _ANSWERS.items()}


def _exemption(view: View) -> Answer:
    functions = view.suite.listings.functions
    status = ExemptionStatus(view.ask(functions.statusOf(view.exemption)))
    version, terms = view.ask(functions.termsOf(view.exemption))
    document, profile, start, end, since, *_ = terms
    said = (
        f"The suite records that it relies on the text of hash 0x{document.hex()}, from {utc(start)} until {utc(end)}, "
        f"under the rule profile of hash 0x{profile.hex()}. Version {version} of these terms holds since {utc(since)}; "
        f"the contract's status is {status.name}. Nobody else says so: the record is the issuer's own."
    )
    return Answer(said, False, view.sources("listings"))


def _overview(view: View) -> Answer:
    phases = Counter(view.reports.state.listings.phase_of(token).name for token in view.listed)
    said = ", ".join(f"{count} {name}" for name, count in sorted(phases.items())) or "none"
    text = (
        f"Tokens of listed shares on chain {view.suite.deployment.chain_id}: for each, a custodian holds a share; only "
        f"admitted wallets hold tokens. Those under exemption {view.exemption}, by phase: {said}. Every change is a "
        "numbered report on chain."
    )
    return Answer(text, True, view.sources("listings", "registry", "ledger"))


def _participants(view: View) -> Answer:
    active = [each for each in view.reports.state.registry.records.values() if each.status is Status.ACTIVE]
    current = [each for each in active if each.expires_at > view.reports.time and not each.frozen]
    counted = Counter(class_name(each.investor_class) for each in current)
    return Answer(table(("class", "wallets"), sorted(counted.items())), False, view.sources("registry"))


def _access(view: View) -> Answer:
    rows = []
    for token in view.listed:
        control = view.reports.state.tokens[token].control
        admitted = [each.name.lower() for each in InvestorClass if control.allowed_classes >> each & 1]
        rows.append((view.reports.symbol(token), ", ".join(admitted) or "nobody", flags(control.policy)))
    registrars = sorted({number for number in view.reports.state.registry.registrars.values() if number})
    names = ", ".join(plain(view.suite.registrar(number)) for number in registrars) or "none"
    said = (
        "A wallet holds a token only with a record in the registry: a class that the token admits, a scope for what it "
        "does, an expiry, and no freeze. Registrars write the records: "
        f"{names}. COMPLIANCE freezes a wallet by order, with its ground and the order's hash in the report.\n\n"
    )
    return Answer(
        said + table(("token", "classes that may receive", "policy flags"), rows), True, view.sources("registry")
    )


def _assets(view: View) -> Answer:
    rows = []
    for token, listing in view.listed.items():
        share, phase = listing.instrument, view.reports.state.listings.phase_of(token).name
        codes = (ascii_text(each) for each in (share.ticker, share.mic, share.isin, share.cusip))
        rows.append((view.reports.symbol(token), *codes, Backing(share.backing).name, phase, token))
    head = ("token", "ticker", "market", "ISIN", "CUSIP", "backing", "phase", "contract")
    return Answer(table(head, rows), True, view.sources("listings"))


def _tokenization(view: View) -> Answer:
    ledger, rows = view.reports.state.ledger, []
    for (token, custodian), position in ledger.positions.items():
        if token in view.listed:
            held, issued = to_shares(position.held), to_shares(position.issued)
            rows.append((view.reports.symbol(token), f"custodian {custodian}", held, issued, utc(position.as_of)))
    said = (
        "A token is created only on a custodian's signed deposit and destroyed only on its signed release; none is "
        "created beyond what its custodian attests to hold. A holder asks back at any time, in every phase and halt."
        "\n\n"
    )
    head = ("token", "custodian", "shares attested", "tokens issued", "attested as of")
    return Answer(said + table(head, rows), False, view.sources("ledger"))


def _rights(view: View) -> Answer:
    rows = []
    for token in view.listed:
        found = view.reports.state.listings.documents.get((token, document_key(RIGHTS)))
        rows.append((view.reports.symbol(token), *_document(found)))
    said = "Each token's document RIGHTS; without it no token is activated.\n\n"
    return Answer(said + table(("token", "where", "keccak256", "recorded"), rows), False, view.sources("listings"))


def _document(found: Document | None) -> tuple[str, str, str]:
    return (text(found.uri), "0x" + found.hash.hex(), utc(found.set_at)) if found else ("none", "", "")


def _objections(view: View) -> Answer:
    rows = []
    for token, each in view.listed.items():
        native = each.instrument.backing is Backing.ISSUER_NATIVE
        until = "issuer-sponsored" if native else utc(each.objection_until) if each.objection_until else "not told yet"
        objected = utc(each.objected_at) if each.objected_at else "no"
        rows.append((view.reports.symbol(token), until, objected, "yes" if each.barred else "no"))
    head = ("token", "issuer may object until", "objected", "barred")
    return Answer(table(head, rows), True, view.sources("listings"))


def _ledger(view: View) -> Answer:
    deployment = view.suite.deployment
    rows = [(kind, deployment.addresses[name], deployment.code[name]) for name, kind in CONTRACTS.items()]
    said = (
        f"Chain {deployment.chain_id}, from block {deployment.block} on. The tokens are proxies: UPGRADER can give "
        "them new code, scheduled at least 20 days before. The code of the other contracts stays as it is.\n\n"
    )
    return Answer(said + table(("contract", "address", "keccak256 of its code"), rows), True, view.sources("authority"))


def _pools(view: View) -> Answer:
    rows = []
    for wallet, record in view.reports.state.registry.records.items():
        if record.investor_class is InvestorClass.POOL and record.status is Status.ACTIVE:
            scopes = ", ".join(str(scope.name) for scope in Scope if scope in record.scopes)
            rows.append((wallet, scopes, utc(record.expires_at), "yes" if record.frozen else "no"))
    said = (
        "A pool takes and gives tokens only with a record of class POOL, and only from and to wallets with the scope "
        "for it; no pool receives newly created tokens. Pools with a record:\n\n"
    )
    return Answer(said + table(("pool", "scopes", "until", "frozen"), rows), True, view.sources("registry"))


def _hours(view: View) -> Answer:
    rows, functions = [], view.suite.market.functions
    for mic in sorted({each.instrument.mic for each in view.listed.values()}):
        session = Session(view.ask(functions.sessionAt(mic, view.reports.time)))
        when, then = view.ask(functions.transitionAfter(mic, view.reports.time))
        change = f"{Session(then).name} from {utc(when)}" if when else "unknown"
        rows.append((ascii_text(mic), session.name, change))
    said = "A closed market stops no transfer; the calendar of each primary market stands on chain.\n\n"
    return Answer(said + table(("market", f"at {utc(view.reports.time)}", "then"), rows), False, view.sources("market"))


def _display(view: View) -> Answer:
    names = ("registry", "ledger", "listings", "market", "authority")
    sources = [source_of(view.suite, name, view.reports.block) for name in names]
    rows = [(source.contract, source.address) for source in sources]
    rows += [(view.reports.symbol(token), token) for token in view.listed]
    said = "Whatever changes is reported by these contracts, to be read by anybody without asking or paying:\n\n"
    return Answer(said + table(("stream", "address"), rows), False, view.sources("listings"))


def _fees(view: View) -> Answer:
    said = (
        "The suite's contracts take no fee: none of their functions moves a part of an amount elsewhere. The code of "
        "each has the hash under item n. The chain itself takes gas."
    )
    return Answer(said, True, view.sources("implementation", "ledger"))


def _safeguards(view: View) -> Answer:
    rows = []
    for role in Role:
        for account, held in view.reports.state.authority.holders(role).items():
            rows.append((role.name, account, span(held.delay)))
    return Answer(table(("role", "account", "waits before it acts"), rows), False, view.sources("authority"))


def _providers(view: View) -> Answer:
    custodians = view.reports.state.ledger.custodians
    rows = [
        (f"custodian {number}", ascii_text(each.lei), f"{each.threshold} signatures", "open" if each.open else "closed")
        for number, each in custodians.items()
    ]
    return Answer(table(("provider", "LEI", "asks for", "new tokens"), rows), False, view.sources("ledger"))


def _oversight(view: View) -> Answer:
    holders = view.reports.state.authority.holders(Role.REGULATOR)
    rows = [(account,) for account in holders]
    said = "Accounts with the role REGULATOR, which acknowledge reports and lift the pause of forced transfers:\n\n"
    return Answer(said + table(("account",), rows), False, view.sources("authority"))


def _stoppage(view: View) -> Answer:
    rows = []
    for token, each in view.listed.items():
        stops = (
            "trading" if Policy.HALT_STOPS_TRADING_ONLY in view.reports.state.tokens[token].control.policy else "all"
        )
        market, by_hand = ("yes" if held else "no" for held in (each.halted_by_market, each.halted_by_hand))
        rows.append((view.reports.symbol(token), market, by_hand, f"stops {stops}"))
    quorum, age = view.reports.state.market.rules
    said = (
        "A halt on the primary market is relayed to the chain and stops the share's token in that transaction, from "
        f"the first relay that tells it. It ends when {quorum} tell its end, while their last sign of life is younger "
        f"than {span(age)}; without one, anybody may halt the token. Exits stay open.\n\n"
    )
    head = ("token", "halted by the market", "halted by hand", "a halt")
    return Answer(said + table(head, rows), False, view.sources("market", "listings"))


_ANSWERS: dict[str, Callable[[View], Answer]] = {
    "b": _exemption,
    "c": _overview,
    "e": _participants,
    "f": _access,
    "g": _assets,
    "h": _tokenization,
    "i": _rights,
    "j": _objections,
    "n": _ledger,
    "p": _pools,
    "r": _hours,
    "t": _display,
    "u": _fees,
    "x": _safeguards,
    "aa": _providers,
    "bb": _oversight,
    "cc": _stoppage,
}
