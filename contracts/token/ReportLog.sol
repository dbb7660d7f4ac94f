// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IShareToken} from "../interfaces/IShareToken.sol";
import {ControlWord} from "../types/ControlWord.sol";
import {Kind, Movement} from "../types/Movement.sol";

/// @title The token's control word and the report stream whose head it carries.
abstract contract ReportLog is IShareToken {
    /// @custom:storage-location erc7201:stockade.storage.ReportLog
    struct ReportLogStorage {
        ControlWord control;
    }

    // keccak256(abi.encode(uint256(keccak256("stockade.storage.ReportLog")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant REPORT_LOG_SLOT = 0x67f0fe0ef17f2e5d40386d8241766e2a00bffe5c6b82855f5e9083fdca79b200;

    /// @inheritdoc IShareToken
    function control() public view returns (ControlWord) {
        return _reportLog().control;
    }

    /// @inheritdoc IShareToken
    function reportHead() external view returns (uint32 seq, uint160 chain) {
        ControlWord word = control();
        return (word.sequence(), word.chain());
    }

    /// @dev Sets the settings the first time and starts the chain.
    function _startReports(ControlWord word) internal {
        uint160 start = uint160(uint256(keccak256(abi.encode(block.chainid, address(this)))));
        _changeControl(word.withHead(0, start));
    }

    /// @dev Stores new settings and reports them.
    function _changeControl(ControlWord word) internal {
        _report(word, Kind.CONTROL, address(0), address(0), word.settings(), 0);
    }

    /// @dev Reports one entry after the head that `word` carries, and stores the word with the new head.
    function _report(ControlWord word, Movement kind, address from, address to, uint256 amount, bytes32 ref) internal {
        // After 2^32 entries the number starts again, rather than shutting the token; the chain goes on.
        uint256 seq;
        unchecked {
            seq = word.sequence() + 1;
        }
        uint256 head = word.chain();
        bytes32 topic = Reported.selector;
        uint256 link;
        // The chain's preimage ends with the event's data, so both are written once, beyond the free memory pointer:
        // chain | seq | kind | operator | from | to | amount | ref | timestamp, a word each.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, head)
            mstore(add(data, 0x20), seq)
            mstore(add(data, 0x40), kind)
            mstore(add(data, 0x60), caller())
            mstore(add(data, 0x80), from)
            mstore(add(data, 0xa0), to)
            mstore(add(data, 0xc0), amount)
            mstore(add(data, 0xe0), ref)
            mstore(add(data, 0x100), timestamp())
            link := keccak256(data, 0x120)
            log3(add(data, 0x60), 0xc0, topic, seq, kind)
        }
        _reportLog().control = word.withHead(seq, link);
    }

    function _reportLog() private pure returns (ReportLogStorage storage $) {
        assembly ("memory-safe") {
            $.slot := REPORT_LOG_SLOT
        }
    }
}
