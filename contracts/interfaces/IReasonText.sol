// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What a reason code means, for people and tools.
interface IReasonText {
    /// @notice The code's name as in `Reason`, e.g. RECEIVER_EXPIRED; empty for a number without a meaning.
    function name(uint8 code) external pure returns (string memory);

    /// @notice The code in one sentence; empty for a number without a meaning.
    function text(uint8 code) external pure returns (string memory);

    /// @notice The reason code behind the revert data of a token or the ledger; zero when it is no such refusal.
    function codeOf(bytes calldata revertData) external pure returns (uint8);
}
