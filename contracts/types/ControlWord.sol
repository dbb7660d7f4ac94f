// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev A token's state and the head of its report stream, in one slot. From the low bit:
/// chain 160 | sequence 32 | phase 3 | halted 1 | pauses 4 | policy 8 | allowedClasses 16 | activeUntil 32.
/// The upper 64 bits are the token's *settings*, reported as one number whenever they change.
type ControlWord is uint256;

using {
    chain,
    sequence,
    settings,
    phase,
    halted,
    pauses,
    policy,
    allowedClasses,
    activeUntil,
    isLapsed,
    isPaused,
    follows,
    allowsClass,
    withHead,
    withListing,
    withPauses,
    withPolicy
} for ControlWord global;

/// @title Values of the control word's fields.
library Control {
    uint8 internal constant PENDING = 0;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant SUSPENDED = 2;
    uint8 internal constant WIND_DOWN = 3;

    uint8 internal constant PAUSE_TRANSFER = 1;
    uint8 internal constant PAUSE_MINT = 2;
    uint8 internal constant PAUSE_BURN = 4;
    uint8 internal constant PAUSE_FORCE = 8;

    // Policy flags relax; all zero is the strictest policy.

    /// @dev Whoever holds an allowance may execute, licensed or not, unless frozen or revoked.
    uint8 internal constant ANY_EXECUTOR = 1;
    /// @dev A lapse stops movements executed by platforms only; otherwise all free movement.
    uint8 internal constant LAPSE_STOPS_TRADING_ONLY = 2;
    /// @dev A halt stops movements executed by platforms only; otherwise all free movement.
    uint8 internal constant HALT_STOPS_TRADING_ONLY = 4;
    /// @dev Fractions of a share may be redeemed; otherwise delivery is in kind and whole.
    uint8 internal constant FRACTIONAL_REDEMPTION = 8;
    uint8 internal constant ALL_FLAGS = 15;

    /// @dev Classes are bits 1-10 of the mask; bit 0 (no class) is never allowed.
    uint16 internal constant ALL_CLASSES = 0x07fe;
}

function chain(ControlWord word) pure returns (uint160) {
    return uint160(ControlWord.unwrap(word));
}

function sequence(ControlWord word) pure returns (uint32) {
    return uint32(ControlWord.unwrap(word) >> 160);
}

function settings(ControlWord word) pure returns (uint64) {
    return uint64(ControlWord.unwrap(word) >> 192);
}

function phase(ControlWord word) pure returns (uint8) {
    return uint8(ControlWord.unwrap(word) >> 192) & 7;
}

function halted(ControlWord word) pure returns (bool) {
    return ControlWord.unwrap(word) & (1 << 195) != 0;
}

function pauses(ControlWord word) pure returns (uint8) {
    return uint8(ControlWord.unwrap(word) >> 196) & 15;
}

function policy(ControlWord word) pure returns (uint8) {
    return uint8(ControlWord.unwrap(word) >> 200);
}

function allowedClasses(ControlWord word) pure returns (uint16) {
    return uint16(ControlWord.unwrap(word) >> 208);
}

/// @dev The exemption holds strictly before this second (UTC).
function activeUntil(ControlWord word) pure returns (uint32) {
    return uint32(ControlWord.unwrap(word) >> 224);
}

function isLapsed(ControlWord word, uint256 time) pure returns (bool) {
    return time >= activeUntil(word);
}

function isPaused(ControlWord word, uint8 pause) pure returns (bool) {
    return pauses(word) & pause != 0;
}

/// @dev True when the policy has the given flag.
function follows(ControlWord word, uint8 flag) pure returns (bool) {
    return policy(word) & flag != 0;
}

function allowsClass(ControlWord word, uint8 class) pure returns (bool) {
    return class != 0 && (uint256(allowedClasses(word)) >> class) & 1 != 0;
}

/// @dev The caller's sequence fits 32 bits; of the hash that `link` is, the low 160 bits are kept.
function withHead(ControlWord word, uint256 newSequence, uint256 link) pure returns (ControlWord) {
    uint256 kept = (ControlWord.unwrap(word) >> 192) << 192;
    return ControlWord.wrap(kept | (newSequence << 160) | uint160(link));
}

/// @dev What the listing registry decides: phase, halt and the end of the exemption.
function withListing(ControlWord word, uint8 newPhase, bool newHalted, uint32 newActiveUntil)
    pure
    returns (ControlWord)
{
    uint256 kept =
        ControlWord.unwrap(word) & ~((uint256(type(uint32).max) << 224) | (uint256(15) << 192));
    uint256 phaseAndHalt = newPhase | (newHalted ? 8 : 0);
    return ControlWord.wrap(kept | (uint256(newActiveUntil) << 224) | (phaseAndHalt << 192));
}

function withPauses(ControlWord word, uint8 newPauses) pure returns (ControlWord) {
    return ControlWord.wrap((ControlWord.unwrap(word) & ~(uint256(15) << 196)) | (uint256(newPauses & 15) << 196));
}

function withPolicy(ControlWord word, uint16 newAllowedClasses, uint8 newPolicy) pure returns (ControlWord) {
    uint256 kept = ControlWord.unwrap(word) & ~(uint256(0xffffff) << 200);
    return ControlWord.wrap(kept | (uint256(newAllowedClasses) << 208) | (uint256(newPolicy) << 200));
}
