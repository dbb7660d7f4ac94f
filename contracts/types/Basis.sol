// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The legal ground of an enforcement act: 0 UNSTATED, 1 COURT_ORDER, 2 REGULATOR_ORDER, 3 SANCTIONS,
/// 4 ERROR_CORRECTION, 5 LOST_WALLET, 6 ISSUER_AGREEMENT; further numbers are free. Only zero means anything to a
/// contract: acts that name their order refuse it.
type Basis is uint8;

using {isUnstated, withOrder} for Basis global;

function isUnstated(Basis basis) pure returns (bool) {
    return Basis.unwrap(basis) == 0;
}

/// @dev The reference that reports carry: the order's hash with its first byte replaced by the basis.
function withOrder(Basis basis, bytes32 orderHash) pure returns (bytes32) {
    return bytes32((uint256(Basis.unwrap(basis)) << 248) | (uint256(orderHash) & (type(uint256).max >> 8)));
}
