// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What one custodian holds and what was issued against it, for one token, in one slot. From the low bit:
/// asOf 32 | sequence 32 | issued 96 | held 96. `held` is in shares, `issued` in raw tokens, both 18 decimals.
type PositionWord is uint256;

using {lastAsOf, lastSequence, issued, held} for PositionWord global;

function lastAsOf(PositionWord word) pure returns (uint40) {
    return uint32(PositionWord.unwrap(word));
}

function lastSequence(PositionWord word) pure returns (uint32) {
    return uint32(PositionWord.unwrap(word) >> 32);
}

function issued(PositionWord word) pure returns (uint256) {
    return uint96(PositionWord.unwrap(word) >> 64);
}

function held(PositionWord word) pure returns (uint256) {
    return PositionWord.unwrap(word) >> 160;
}

/// @dev The caller has checked that `heldShares` and `issuedTokens` are below 2^96 and `asOf` not after the block's time.
function toPosition(uint256 heldShares, uint256 issuedTokens, uint32 sequence, uint40 asOf)
    pure
    returns (PositionWord)
{
    return PositionWord.wrap((heldShares << 160) | (issuedTokens << 64) | (uint256(sequence) << 32) | uint32(asOf));
}
