// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ERC-7943 (uRWA) for fungible tokens. ERC-165 id 0x3edbb4c4.
/// @notice https://eips.ethereum.org/EIPS/eip-7943. The errors it suggests for refused parties are replaced by ours, which
/// carry a reason code, as the standard allows.
interface IERC7943 {
    /// @notice Tokens were moved by order.
    event ForcedTransfer(address indexed from, address indexed to, uint256 amount);
    /// @notice The account's frozen amount is now `amount`.
    event Frozen(address indexed account, uint256 amount);

    /// @notice The amount is within the balance but above its unfrozen part.
    error ERC7943InsufficientUnfrozenBalance(address account, uint256 amount, uint256 unfrozen);

    /// @notice Moves tokens by order, frozen ones included; reported with basis UNSTATED.
    function forcedTransfer(address from, address to, uint256 amount) external returns (bool);

    /// @notice Sets, not adds to, the frozen amount, which may exceed the balance; reported with basis UNSTATED.
    function setFrozenTokens(address account, uint256 amount) external returns (bool);

    /// @notice Whether the account may send at all, by itself or through a platform.
    function canSend(address account) external view returns (bool);

    /// @notice Whether the account may receive at all.
    function canReceive(address account) external view returns (bool);

    /// @notice The frozen amount in raw tokens; may exceed the balance.
    function getFrozenTokens(address account) external view returns (uint256);

    /// @notice Whether the movement is permitted; never false because balance or allowance is short.
    /// @dev Asked by a wallet that may execute, or a platform's or a pool's own, it answers for a movement executed by it; asked
    /// by anyone else, for the holder's own transfer. Under a policy that licenses nobody, ask the ERC-1404 views instead.
    function canTransfer(address from, address to, uint256 amount) external view returns (bool);
}
