"""The thirty items that a public Notice answers (R7): letter, title, and what belongs there.

In the project's own words, from second-hand readings of the order (docs/requirements.md): check them against its text.
"""

from __future__ import annotations

from typing import NamedTuple


class Item(NamedTuple):
    """One item. `hint` says what the operator writes there, beyond what the chain answers."""

    letter: str
    title: str
    hint: str


ITEMS = (
    Item("a", "Disclaimer", "The disclaimer that the order prescribes, word for word."),
    Item("b", "Use of the exemption", "Which parts of the exemption the venue relies on, and since when."),
    Item("c", "Overview", "What the venue does, in a page, for somebody who never traded a token."),
    Item("d", "Other activity", "What the operator and its affiliates do beside the venue, not under the exemption."),
    Item("e", "Participants", "Who may take part, by kind, and in which capacity each acts."),
    Item("f", "Access", "How access is asked for, given, limited and taken away, and how one objects to that."),
    Item("g", "Assets", "Every pair that trades, and the criteria by which assets come and go."),
    Item("h", "Tokenization", "How a share becomes a token and a token a share again, by whom and in which time."),
    Item("i", "Verification of rights", "How it was verified that a token carries its share's rights, and by whom."),
    Item("j", "Objections", "How issuers were told, how they can object, and what became of objections."),
    Item("k", "Issuance by affiliates", "Tokens that the operator or an affiliate issues, and the conflicts in that."),
    Item(
        "l",
        "Trading by affiliates",
        "Whether the operator or an affiliate trades here, how, and knowing what.",
    ),
    Item("m", "Differential treatment", "Where participants are treated differently: price, speed, information, fees."),
    Item("n", "Distributed ledger", "Which ledgers, how final a block is, and what happens at a fork or an outage."),
    Item("o", "Order entry", "How orders and swaps are entered, by which interfaces, and what is checked before."),
    Item("p", "Pool procedures", "How pools are made, funded, priced and closed, and who provides liquidity."),
    Item("q", "Steps off the chain", "What happens off the chain in a trade's life: custody, cash, corporate actions."),
    Item("r", "Hours", "When the venue trades, and how it behaves while the primary market is closed."),
    Item("s", "Market data", "Which trade data is public, where, how soon, and in which form (R14)."),
    Item("t", "Display", "What participants see of prices and interest, and what is kept from them."),
    Item("u", "Fees", "Every fee, rebate and incentive of the venue, its affiliates and its providers."),
    Item("v", "Disputes", "How errors, complaints and disputes are handled."),
    Item("w", "Privacy and MEV", "What others learn of an order before it trades, and how front-running is met."),
    Item("x", "Systems safeguards", "How systems are secured, tested, backed up and restored, and who holds the keys."),
    Item("y", "Clearing and settlement", "When a trade is final, and which clearing or settlement follows."),
    Item("z", "Risks", "What participants can lose, and by what."),
    Item("aa", "Service providers", "Who provides what: custodians, wallets, data, nodes; and which are affiliates."),
    Item("bb", "Oversight", "Who watches the market, with which means, or that nobody does (R21)."),
    Item("cc", "Stoppage", "How trading stops with the primary market, who resumes it, and how participants are told."),
    Item("dd", "Exclusivity", "Agreements that bind a participant, an issuer or a provider to this venue."),
)
