"""A token's entries: movements, freezes, settings, upgrades."""

from __future__ import annotations

from dataclasses import dataclass

from eth_typing import ChecksumAddress

from stockade.records import Control, Kind
from stockade.reporting.entries.entry import Content


@dataclass(frozen=True)
class Moved(Content):
    """Token 1-6. `amount` in raw tokens; MINT has no source, BURN no target."""

    kind: Kind
    source: ChecksumAddress
    target: ChecksumAddress
    amount: int
    ref: bytes


@dataclass(frozen=True)
class AmountFrozen(Content):
    """Token 7: the account's frozen amount from now on, raw tokens."""

    account: ChecksumAddress
    amount: int
    ref: bytes


@dataclass(frozen=True)
class SettingsChanged(Content):
    """Token 8: the upper 64 bits of the control word."""

    settings: int

    @property
    def control(self) -> Control:
        """The settings in words; the head in it is not meant."""
        return Control.unpack(self.settings << 192)


@dataclass(frozen=True)
class Upgraded(Content):
    """Token 9: the implementation from now on."""

    implementation: ChecksumAddress
