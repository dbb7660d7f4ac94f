// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A holder's balance and frozen amount in one slot, raw tokens: frozen 128 | balance 128. Frozen may exceed the
/// balance, so that it also catches what arrives later (ERC-7943).
type BalanceWord is uint256;

using {balance, frozen, unfrozen, plus, minus, withFrozenAmount} for BalanceWord global;

function balance(BalanceWord word) pure returns (uint256) {
    return uint128(BalanceWord.unwrap(word));
}

function frozen(BalanceWord word) pure returns (uint256) {
    return BalanceWord.unwrap(word) >> 128;
}

/// @dev What the holder may move: balance less frozen, never below zero.
function unfrozen(BalanceWord word) pure returns (uint256) {
    uint256 held = balance(word);
    uint256 kept = frozen(word);
    unchecked {
        return held > kept ? held - kept : 0;
    }
}

/// @dev The caller knows that the total supply, and so every balance, stays below 2^128.
function plus(BalanceWord word, uint256 amount) pure returns (BalanceWord) {
    unchecked {
        return BalanceWord.wrap(BalanceWord.unwrap(word) + amount);
    }
}

/// @dev The caller has checked that `amount` is within the balance, so the frozen half is not borrowed from.
function minus(BalanceWord word, uint256 amount) pure returns (BalanceWord) {
    unchecked {
        return BalanceWord.wrap(BalanceWord.unwrap(word) - amount);
    }
}

/// @dev The caller has checked that `amount` is below 2^128.
function withFrozenAmount(BalanceWord word, uint256 amount) pure returns (BalanceWord) {
    return BalanceWord.wrap((amount << 128) | uint128(BalanceWord.unwrap(word)));
}
