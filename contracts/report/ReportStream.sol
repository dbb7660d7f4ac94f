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
    /// @param data ABI encoded, so a whole number of words.
    function _reportAfter(uint256 head, uint8 kind, bytes memory data) internal returns (uint256) {
        uint256 seq = (head >> 160) + 1;
        uint256 chain = uint160(head);
        bytes32 topic = Reported.selector;
        uint256 link;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, chain)
            mstore(add(free, 0x20), seq)
            mstore(add(free, 0x40), kind)
            mstore(add(free, 0x60), caller())
            mstore(add(free, 0x80), timestamp())
            mstore(add(free, 0xa0), keccak256(add(data, 0x20), mload(data)))
            link := keccak256(free, 0xc0)

            // operator | timestamp | where the bytes begin | their length | the bytes
            let size := add(0x20, mload(data))
            mstore(add(free, 0xa0), 0x60)
            mcopy(add(free, 0xc0), data, size)
            log3(add(free, 0x60), add(0x60, size), topic, seq, kind)
        }
        return (seq << 160) | uint160(link);
    }

    function _loadHead() internal view returns (uint256) {
        return _head;
    }

    function _setHead(uint256 head) internal {
        _head = head;
    }
}
