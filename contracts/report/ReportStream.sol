// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportStream} from "../interfaces/IReportStream.sol";

/// @title Numbers and chains the records of a contract that is not a token.
abstract contract ReportStream is IReportStream {
    /// @dev sequence 32 | chain 160.
    uint256 private _head = uint160(uint256(keccak256(abi.encode(block.chainid, address(this)))));

    /// @inheritdoc IReportStream
    function reportHead() external view returns (uint32 seq, uint160 chain) {
        uint256 head = _head;
        return (uint32(head >> 160), uint160(head));
    }

    function _report(uint8 kind, bytes memory data) internal {
        _setHead(_reportAfter(_loadHead(), kind, data));
    }

    /// @dev Emits one record after the given head and returns the new one; the caller stores it once it is done.
    function _reportAfter(uint256 head, uint8 kind, bytes memory data) internal returns (uint256) {
        uint32 seq = uint32(head >> 160) + 1;
        uint40 timestamp = uint40(block.timestamp);
        bytes32 link = keccak256(abi.encode(uint160(head), seq, kind, msg.sender, timestamp, keccak256(data)));

        emit Reported({seq: seq, kind: kind, operator: msg.sender, timestamp: timestamp, data: data});

        return (uint256(seq) << 160) | uint160(uint256(link));
    }

    function _loadHead() internal view returns (uint256) {
        return _head;
    }

    function _setHead(uint256 head) internal {
        _head = head;
    }
}
