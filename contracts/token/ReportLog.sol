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
        uint32 seq = word.sequence() + 1;
        uint40 timestamp = uint40(block.timestamp);
        bytes32 link = keccak256(abi.encode(word.chain(), seq, kind, msg.sender, from, to, amount, ref, timestamp));
        _reportLog().control = word.withHead(seq, uint160(uint256(link)));

        emit Reported(seq, Movement.unwrap(kind), msg.sender, from, to, amount, ref, timestamp);
    }

    function _reportLog() private pure returns (ReportLogStorage storage $) {
        assembly ("memory-safe") {
            $.slot := REPORT_LOG_SLOT
        }
    }
}
