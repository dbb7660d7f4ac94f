// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev How many shares one raw token stands for, 18 decimals (ERC-8056). A token answers with its own; the ledger asks for
/// it once and converts with the same two functions. Amounts beyond 2^128 revert at some point: none exist.
type Multiplier is uint256;

using {toShares, toTokens} for Multiplier global;

uint256 constant ONE = 1e18;

/// @dev Raw tokens to shares, rounded up: what must be held is never understated.
function toShares(Multiplier multiplier, uint256 amount) pure returns (uint256) {
    return (amount * Multiplier.unwrap(multiplier) + ONE - 1) / ONE;
}

/// @dev Shares to raw tokens, rounded down: what is issued is never overstated.
function toTokens(Multiplier multiplier, uint256 shares) pure returns (uint256) {
    return shares * ONE / Multiplier.unwrap(multiplier);
}
