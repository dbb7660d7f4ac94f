// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ControlWord} from "../../contracts/types/ControlWord.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {Books} from "./Books.sol";
import {Vm} from "./Vm.sol";

/// @title The suite's state rebuilt from its reports alone, and every stream's chain recomputed (law 6).
/// @dev Everything here and in `Books` is written by `_replay`, from recorded logs. The plain rules and the laws read it; that the
/// contracts agree with it is law 6 itself.
abstract contract Replay is Books {
    /// @dev One entry of a token's stream.
    struct Entry {
        address token;
        uint8 kind;
        address operator;
        address from;
        address to;
        uint256 amount;
        bytes32 ref;
    }

    // The six kinds that move balances, and the three that do not (`IShareToken`).
    uint8 internal constant TRANSFER = 1;
    uint8 internal constant MINT = 2;
    uint8 internal constant BURN = 3;
    uint8 internal constant ESCROW = 4;
    uint8 internal constant GIVE_BACK = 5;
    uint8 internal constant FORCE = 6;
    uint8 internal constant FREEZE = 7;
    uint8 internal constant CONTROL = 8;
    uint8 internal constant UPGRADE = 9;

    /// @dev How many contracts of a suite report, tokens apart.
    uint256 private constant FIXED = 5;

    bytes32 private constant TOKEN_REPORT =
        keccak256("Reported(uint32,uint8,address,address,address,uint256,bytes32,uint40)");
    bytes32 private constant STREAM_REPORT = keccak256("Reported(uint32,uint8,address,uint40,bytes)");
    bytes32 private constant RECORD_SET = keccak256("RecordSet(address,uint256)");
    bytes32 private constant ERC20_TRANSFER = keccak256("Transfer(address,address,uint256)");

    mapping(address token => mapping(address account => uint256)) internal balances;
    mapping(address token => mapping(address account => uint256)) internal frozen;
    mapping(address token => uint256) internal supply;
    mapping(address token => ControlWord) internal settings;
    mapping(address token => address) internal runsOn;

    /// @dev Who makes the present call: the operator that reports must name.
    address internal acting;
    /// @dev Who uses up what was scheduled: the contract he calls, or he himself where that is the authority.
    address internal consuming;
    /// @dev Whether the call in flight opens a token.
    bool internal activating;

    /// @dev What the laws say about each entry, seen before it is booked.
    function _judgeEntry(Entry memory entry) internal virtual;

    function _startReplay() internal {
        for (uint256 i = 0; i < FIXED; ++i) {
            _expectStream(_stream(i));
        }
        _expectStream(address(token));
        _expectStream(address(otherToken));
    }

    /// @dev A token's stream is expected before the call that creates it; any other is unknown.
    function _expectStream(address stream) internal {
        if (heads[stream].chain == 0) {
            heads[stream].chain = uint160(uint256(keccak256(abi.encode(block.chainid, stream))));
        }
    }

    function _streamCount() internal view returns (uint256) {
        return FIXED + shares.length;
    }

    /// @dev Those of the suite's own contracts, then the tokens'.
    function _stream(uint256 place) internal view returns (address) {
        if (place >= FIXED) return shares[place - FIXED];
        return [address(registry), address(ledger), address(listings), address(market), address(authority)][place];
    }

    /// @dev Books what was reported since the last time.
    /// @return entries The tokens' entries among it that move balances.
    function _replay() internal returns (Entry[] memory entries) {
        Vm.Log[] memory logs = vm.getRecordedLogs();
        entries = new Entry[](logs.length);
        uint256 count;
        bytes32 transferred;
        for (uint256 i = 0; i < logs.length; ++i) {
            Vm.Log memory log = logs[i];
            bytes32 topic = log.topics[0];
            if (topic == ERC20_TRANSFER) {
                transferred = keccak256(abi.encode(log.emitter, log.topics[1], log.topics[2], log.data));
            } else if (topic == TOKEN_REPORT) {
                Entry memory entry = _linkEntry(log);
                if (entry.kind <= FORCE) {
                    bytes32 told = keccak256(abi.encode(entry.token, entry.from, entry.to, abi.encode(entry.amount)));
                    _check(6, told == transferred, "Transfer and report tell different movements");
                    transferred = 0;
                    entries[count++] = entry;
                }
                _judgeEntry(entry);
                _bookEntry(entry);
            } else if (topic == STREAM_REPORT) {
                _bookReport(log.emitter, uint8(uint256(log.topics[2])), _linkReport(log));
            } else if (topic == RECORD_SET) {
                _bookRecord(log);
            }
        }
        assembly {
            mstore(entries, count)
        }
    }

    // ---------------------------------------------------------------- chains

    function _advance(address stream, uint256 seq, bytes32 link) private {
        Head storage head = heads[stream];
        _check(6, head.chain != 0, "a report from an unknown stream");
        _check(6, seq == uint256(head.seq) + 1, "a gap in a stream");
        head.seq = uint32(seq);
        head.chain = uint160(uint256(link));
    }

    function _linkEntry(Vm.Log memory log) private returns (Entry memory entry) {
        entry.token = log.emitter;
        entry.kind = uint8(uint256(log.topics[2]));
        uint40 time;
        (entry.operator, entry.from, entry.to, entry.amount, entry.ref, time) =
            abi.decode(log.data, (address, address, address, uint256, bytes32, uint40));
        bytes memory preimage =
            bytes.concat(abi.encode(heads[log.emitter].chain, log.topics[1], log.topics[2]), log.data);
        _advance(log.emitter, uint256(log.topics[1]), keccak256(preimage));
        _check(6, time == block.timestamp, "a report of another time");
        bool own = entry.kind == TRANSFER || entry.kind == FREEZE;
        _check(6, !own || entry.operator == acting, "a report names another operator");
    }

    function _linkReport(Vm.Log memory log) private returns (bytes memory data) {
        address operator;
        uint40 time;
        (operator, time, data) = abi.decode(log.data, (address, uint40, bytes));
        bytes memory preimage =
            abi.encode(heads[log.emitter].chain, log.topics[1], log.topics[2], operator, time, keccak256(data));
        _advance(log.emitter, uint256(log.topics[1]), keccak256(preimage));
        _check(6, time == block.timestamp, "a report of another time");
        // What waited is reported by the contract whose function used it up; the market's halt by the market, but for a
        // token that is born into one.
        bool consumed = log.emitter == address(authority) && uint256(log.topics[2]) == 7;
        bool pushed = log.emitter == address(listings) && uint256(log.topics[2]) == 11;
        address expected = consumed ? consuming : pushed && !activating ? address(market) : acting;
        _check(6, operator == expected, "a report names another operator");
    }

    function _bookRecord(Vm.Log memory log) private {
        uint256 word = abi.decode(log.data, (uint256));
        address wallet = address(uint160(uint256(log.topics[1])));
        _advance(log.emitter, word >> 168, keccak256(abi.encode(heads[log.emitter].chain, wallet, word)));
        InvestorRecord record = InvestorRecord.wrap((word << 88) >> 88);
        _check(3, record.isFrozen() == records[wallet].isFrozen(), "a registrar's write changed a freeze");
        uint16 owner = records[wallet].registrar();
        if (owner != 0 && owner != record.registrar()) {
            _check(3, offers[wallet] == record.registrar(), "a record taken over that was not offered");
            offers[wallet] = 0;
        }
        records[wallet] = record;
    }

    // ---------------------------------------------------------------- tokens

    function _bookEntry(Entry memory entry) private {
        address token_ = entry.token;
        if (entry.kind == CONTROL) {
            settings[token_] = ControlWord.wrap(entry.amount << 192);
        } else if (entry.kind == UPGRADE) {
            runsOn[token_] = entry.to;
        } else if (entry.kind == FREEZE) {
            frozen[token_][entry.from] = entry.amount;
        } else {
            if (entry.kind == FORCE && entry.from != entry.to) _thaw(token_, entry.from, entry.amount);
            if (entry.from == address(0)) supply[token_] += entry.amount;
            else balances[token_][entry.from] = _less(balances[token_][entry.from], entry.amount);
            if (entry.to == address(0)) supply[token_] = _less(supply[token_], entry.amount);
            else balances[token_][entry.to] += entry.amount;
        }
    }

    /// @dev A force takes unfrozen tokens first; what it takes beyond them is frozen no more.
    function _thaw(address token_, address account, uint256 amount) private {
        uint256 free = _unfrozen(token_, account);
        if (amount > free) frozen[token_][account] = _less(frozen[token_][account], amount - free);
    }

    function _unfrozen(address token_, address account) internal view returns (uint256) {
        (uint256 balance, uint256 kept) = (balances[token_][account], frozen[token_][account]);
        return balance > kept ? balance - kept : 0;
    }
}
