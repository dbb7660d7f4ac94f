// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC8056, IERC8056Balances, IERC8056Conversion, IERC8056Scheduled} from "../interfaces/IERC8056.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {Multiplier, ONE} from "../types/Multiplier.sol";
import {PackedBalances} from "./PackedBalances.sol";

/// @title How many shares a raw token stands for (ERC-8056).
/// @dev The multiplier is one until corporate actions come; a setter is deliberately absent. Shares and
/// tokens are converted by `Multiplier` alone, here and on the ledger.
abstract contract ScaledAmount is
    PackedBalances,
    IShareToken,
    IERC8056,
    IERC8056Scheduled,
    IERC8056Conversion,
    IERC8056Balances
{
    /// @inheritdoc IERC8056
    function uiMultiplier() public pure returns (uint256) {
        return ONE;
    }

    /// @inheritdoc IERC8056Scheduled
    function newUIMultiplier() external pure returns (uint256) {
        return ONE;
    }

    /// @inheritdoc IERC8056Scheduled
    function effectiveAt() external pure returns (uint256) {
        return 0;
    }

    /// @inheritdoc IShareToken
    function toShares(uint256 amount) public pure returns (uint256) {
        return Multiplier.wrap(uiMultiplier()).toShares(amount);
    }

    /// @inheritdoc IShareToken
    function toTokens(uint256 shares) public pure returns (uint256) {
        return Multiplier.wrap(uiMultiplier()).toTokens(shares);
    }

    /// @inheritdoc IERC8056Conversion
    function toUIAmount(uint256 rawAmount) public pure returns (uint256) {
        return rawAmount * uiMultiplier() / ONE;
    }

    /// @inheritdoc IERC8056Conversion
    function fromUIAmount(uint256 uiAmount) external pure returns (uint256) {
        return toTokens(uiAmount);
    }

    /// @inheritdoc IERC8056Balances
    function balanceOfUI(address account) external view returns (uint256) {
        return toUIAmount(balanceOf(account));
    }

    /// @inheritdoc IERC8056Balances
    function totalSupplyUI() external view returns (uint256) {
        return toUIAmount(totalSupply());
    }
}
