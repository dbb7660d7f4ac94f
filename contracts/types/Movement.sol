// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev What kind of entry stands in a token's report stream. The first six move balances; what each of them demands is
/// the table in `TransferRules`.
type Movement is uint8;

using {sameMovement as ==} for Movement global;

function sameMovement(Movement a, Movement b) pure returns (bool) {
    return Movement.unwrap(a) == Movement.unwrap(b);
}

library Kind {
    Movement internal constant TRANSFER = Movement.wrap(1);
    /// @dev The ledger landed a DEPOSIT.
    Movement internal constant MINT = Movement.wrap(2);
    /// @dev The ledger landed a RELEASE.
    Movement internal constant BURN = Movement.wrap(3);
    /// @dev A holder's tokens enter the ledger with a redemption request.
    Movement internal constant ESCROW = Movement.wrap(4);
    /// @dev They return: rejected, or taken back.
    Movement internal constant GIVE_BACK = Movement.wrap(5);
    /// @dev COMPLIANCE moves tokens by order.
    Movement internal constant FORCE = Movement.wrap(6);
    /// @dev COMPLIANCE sets a frozen amount; moves nothing.
    Movement internal constant FREEZE = Movement.wrap(7);
    /// @dev The token's settings changed; moves nothing.
    Movement internal constant CONTROL = Movement.wrap(8);
    /// @dev The implementation the token runs on, from its creation and from each upgrade on; moves nothing.
    Movement internal constant UPGRADE = Movement.wrap(9);
}
