// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ERC-1404: why would this transfer fail? Zero means it would not.
/// @notice https://github.com/ethereum/eips/issues/1404. Codes are `ReasonCode`s.
interface IERC1404 {
    /// @notice The holder's own transfer, balance included.
    function detectTransferRestriction(address from, address to, uint256 value) external view returns (uint8);

    /// @notice A transfer by a spender, balance and allowance included.
    function detectTransferRestrictionFrom(address spender, address from, address to, uint256 value)
        external
        view
        returns (uint8);

    /// @notice The code in words.
    function messageForTransferRestriction(uint8 restrictionCode) external view returns (string memory);
}
