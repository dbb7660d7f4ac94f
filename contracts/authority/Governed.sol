// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManaged} from "@openzeppelin/contracts/access/manager/AccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title A contract whose `restricted` functions ask one authority, fixed for life.
/// @dev OpenZeppelin keeps the authority in storage and lets it name a successor; here it is immutable, so no role can
/// ever put another in its place, and each restricted call saves a storage read.
abstract contract Governed is AccessManaged {
    address private immutable AUTHORITY;

    error GovernedAuthorityFixed();

    constructor(address authority_) AccessManaged(authority_) {
        AUTHORITY = authority_;
    }

    /// @inheritdoc AccessManaged
    function authority() public view override returns (address) {
        return AUTHORITY;
    }

    /// @dev Deliberately closed.
    function setAuthority(address) public pure override {
        revert GovernedAuthorityFixed();
    }

    /// @dev The common case, a role without delay, in one question; a delayed or refused caller goes OpenZeppelin's way.
    function _checkCanCall(address caller, bytes calldata data) internal override {
        (bool immediate,) = IAccessManager(AUTHORITY).canCall(caller, address(this), msg.sig);
        if (!immediate) super._checkCanCall(caller, data);
    }
}
