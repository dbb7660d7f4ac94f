"""A token, from its entries alone: balances, frozen amounts, supply, settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from eth_typing import ChecksumAddress

from stockade.records import Control, Kind
from stockade.reporting.entries import AmountFrozen, Entry, Moved, SettingsChanged, Upgraded


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
