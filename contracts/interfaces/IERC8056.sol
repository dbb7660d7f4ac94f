// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ERC-8056 scaled UI amount. ERC-165 id 0xa60bf13d.
/// @notice https://eips.ethereum.org/EIPS/eip-8056. Raw balances never change by a corporate action; the multiplier says how
/// many shares one raw token stands for (18 decimals).
interface IERC8056 {
    /// @notice Announces a change of the multiplier. Never emitted until corporate actions come.
    event UIMultiplierUpdated(
        uint256 oldMultiplier, uint256 newMultiplier, uint256 setAtTimestamp, uint256 effectiveAtTimestamp
    );

    function uiMultiplier() external view returns (uint256);
}

/// @title ERC-8056, a change that is scheduled. ERC-165 id 0x4bd27648.
interface IERC8056Scheduled {
    /// @notice The multiplier to come; equal to the current one when nothing is scheduled.
    function newUIMultiplier() external view returns (uint256);

    /// @notice When it comes (seconds UTC); zero when nothing is scheduled.
    function effectiveAt() external view returns (uint256);
}

/// @title ERC-8056, conversions. ERC-165 id 0x57854fc3.
interface IERC8056Conversion {
    /// @notice Raw tokens to UI amount, rounded down.
    function toUIAmount(uint256 rawAmount) external view returns (uint256);

    /// @notice UI amount to raw tokens, rounded down.
    function fromUIAmount(uint256 uiAmount) external view returns (uint256);
}

/// @title ERC-8056, balances. ERC-165 id 0xd890fd71.
interface IERC8056Balances {
    function balanceOfUI(address account) external view returns (uint256);

    function totalSupplyUI() external view returns (uint256);
}
