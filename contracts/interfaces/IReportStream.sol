// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The report stream of a contract that is not a token.
/// @notice Every state change that a regulator must see is one record: numbered without a gap and chained, so that a copy
/// of the stream is proved complete and unaltered by one word read from the contract.
/// @dev chain' = uint160(keccak256(abi.encode(chain, seq, kind, operator, timestamp, keccak256(data)))), starting from
/// uint160(keccak256(abi.encode(chainid, address))). The chain is 160 bits: an operator searching for a collision of its
/// own needs about 2^80 hashes, and the block that holds the log is the anchor in any case.
interface IReportStream {
    /// @notice One record of the stream.
    /// @param seq Counts from 1, without a gap.
    /// @param kind What changed; the numbers stand in the interface of the contract that reports.
    /// @param operator Who called.
    /// @param timestamp The block's time (seconds UTC).
    /// @param data The change, ABI encoded as the kind says.
    event Reported(uint32 indexed seq, uint8 indexed kind, address operator, uint40 timestamp, bytes data);

    /// @notice The last record's number and the chain up to it.
    function reportHead() external view returns (uint32 seq, uint160 chain);
}
