// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {Attestation, Sentence} from "../../contracts/types/Attestation.sol";
import {ControlWord} from "../../contracts/types/ControlWord.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {SuiteFixture} from "./SuiteFixture.sol";
import {Vm} from "./Vm.sol";

/// @title The suite's state rebuilt from its reports alone, and every stream's chain recomputed (law 6).
/// @dev Everything here is written by `_replay`, from recorded logs. The plain rules and the laws read it; that the
/// contracts agree with it is law 6 itself.
abstract contract Replay is SuiteFixture {
    struct Head {
        uint32 seq;
        uint160 chain;
    }

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

    struct Position {
        uint256 held;
        uint256 issued;
        uint32 sequence;
        uint40 asOf;
    }

    struct Desk {
        bool open;
        uint8 threshold;
        uint8 attestors;
    }

    struct Listed {
        uint32 exemption;
        uint8 phase;
        bool halted;
        bool suspendedByRegulator;
    }

    struct Membership {
        bool member;
        uint32 delay;
        uint48 since;
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

    bytes32 private constant TOKEN_REPORT =
        keccak256("Reported(uint32,uint8,address,address,address,uint256,bytes32,uint40)");
    bytes32 private constant STREAM_REPORT = keccak256("Reported(uint32,uint8,address,uint40,bytes)");
    bytes32 private constant RECORD_SET = keccak256("RecordSet(address,uint256)");
    bytes32 private constant ERC20_TRANSFER = keccak256("Transfer(address,address,uint256)");

    mapping(address stream => Head) internal heads;
    mapping(address token => mapping(address account => uint256)) internal balances;
    mapping(address token => mapping(address account => uint256)) internal frozen;
    mapping(address token => uint256) internal supply;
    mapping(address token => ControlWord) internal settings;
    mapping(address token => address) internal runsOn;
    mapping(address wallet => InvestorRecord) internal records;
    mapping(address wallet => uint16) internal offers;
    mapping(address lost => address) internal replacements;
    mapping(address account => uint16) internal registrars;
    mapping(address token => mapping(uint32 custodian => Position)) internal positions;
    mapping(address token => ICustodyLedger.Terms) internal terms;
    mapping(uint32 custodian => Desk) internal desks;
    mapping(uint32 custodian => mapping(address account => bool)) internal attests;
    mapping(uint256 id => ICustodyLedger.Request) internal requests;
    uint256 internal requestCount;
    /// @dev Raw tokens of all open requests.
    mapping(address token => uint256) internal openRequests;
    mapping(uint32 exemption => IListingRegistry.Exemption) internal exemptions;
    mapping(address token => Listed) internal listed;
    mapping(address token => mapping(bytes32 name => bytes32 hash)) internal documents;
    mapping(uint64 role => mapping(address account => Membership)) internal memberships;
    mapping(address stream => Head) internal marks;

    /// @dev Who makes the present call: the operator that reports must name.
    address internal acting;
    /// @dev Who uses up what was scheduled: the contract he calls, or he himself where that is the authority.
    address internal consuming;
    /// @dev What was first seen against each law; empty while it holds.
    mapping(uint256 law => string) internal broken;

    function _check(uint256 law, bool holds, string memory what) internal {
        if (holds || bytes(broken[law]).length != 0) return;
        broken[law] = string.concat("law ", vm.toString(law), ": ", what);
    }

    // What the laws say about each entry, seen before it is booked, and about each sentence, after it.
    function _judgeEntry(Entry memory entry) internal virtual;
    function _judgeSentence(Attestation memory a, uint256 issuedBefore) internal virtual;
    function _judgeAttestors(uint32 custodian) internal virtual;
    function _judgeMembership(uint64 role, address account, Membership memory now_) internal virtual;

    function _startReplay() internal {
        address[6] memory streams = _streams();
        for (uint256 i = 0; i < streams.length; ++i) {
            heads[streams[i]].chain = uint160(uint256(keccak256(abi.encode(block.chainid, streams[i]))));
        }
    }

    function _streams() internal view returns (address[6] memory) {
        return [
            address(token),
            address(otherToken),
            address(registry),
            address(ledger),
            address(listings),
            address(authority)
        ];
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
        // What waited is reported by the contract whose function used it up.
        bool consumed = log.emitter == address(authority) && uint256(log.topics[2]) == 7;
        _check(6, operator == (consumed ? consuming : acting), "a report names another operator");
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

    /// @dev What a wrong report would take below zero stays zero: the laws name it, not a panic.
    function _less(uint256 value, uint256 amount) private pure returns (uint256) {
        return value > amount ? value - amount : 0;
    }

    function _unfrozen(address token_, address account) internal view returns (uint256) {
        (uint256 balance, uint256 kept) = (balances[token_][account], frozen[token_][account]);
        return balance > kept ? balance - kept : 0;
    }

    // ---------------------------------------------------------------- the other streams

    function _bookReport(address stream, uint8 kind, bytes memory data) private {
        if (stream == address(ledger)) _bookCustody(kind, data);
        else if (stream == address(registry)) _bookRegistry(kind, data);
        else if (stream == address(listings)) _bookListing(kind, data);
        else if (stream == address(authority)) _bookAuthority(kind, data);
    }

    function _bookRegistry(uint8 kind, bytes memory data) private {
        if (kind == 3 || kind == 4) {
            (address wallet, InvestorRecord record,) = abi.decode(data, (address, InvestorRecord, bytes32));
            records[wallet] = record;
        } else if (kind == 5) {
            (address lost, address replacement, InvestorRecord record,) =
                abi.decode(data, (address, address, InvestorRecord, bytes32));
            (records[lost], offers[lost]) = (record, 0);
            replacements[lost] = replacement;
        } else if (kind == 6) {
            (address account, uint16 number) = abi.decode(data, (address, uint16));
            registrars[account] = number;
        } else if (kind == 7) {
            (address wallet, uint16 to) = abi.decode(data, (address, uint16));
            offers[wallet] = to;
        } else if (kind == 8) {
            (address wallet, InvestorRecord record,) = abi.decode(data, (address, InvestorRecord, bytes32));
            uint256 whole = InvestorRecord.unwrap(records[wallet].withRegistrar(record.registrar()));
            _check(3, InvestorRecord.unwrap(record) == whole, "an assignment changed more than the registrar");
            (records[wallet], offers[wallet]) = (record, 0);
        }
    }

    function _bookCustody(uint8 kind, bytes memory data) private {
        if (kind == 1) {
            _bookSentence(data);
        } else if (kind == 2) {
            (uint256 id, ICustodyLedger.Request memory request,) =
                abi.decode(data, (uint256, ICustodyLedger.Request, bytes32));
            requests[id] = request;
            requestCount = id;
            openRequests[request.token] += request.amount;
        } else if (kind == 3) {
            _close(abi.decode(data, (uint256)), ICustodyLedger.RequestStatus.TAKEN_BACK);
        } else if (kind == 4) {
            (uint256 id,,) = abi.decode(data, (uint256, address, bytes32));
            _close(id, ICustodyLedger.RequestStatus.FORCED);
        } else if (kind == 5) {
            (uint256 id, address holder,) = abi.decode(data, (uint256, address, bytes32));
            requests[id].holder = holder;
        } else if (kind == 6) {
            (uint32 custodian,,, bool open) = abi.decode(data, (uint32, bytes20, bytes32, bool));
            desks[custodian].open = open;
        } else if (kind == 7) {
            _bookAttestors(data);
        } else if (kind == 8) {
            (address token_, ICustodyLedger.Terms memory value) = abi.decode(data, (address, ICustodyLedger.Terms));
            terms[token_] = value;
        }
    }

    function _bookSentence(bytes memory data) private {
        (Attestation memory a, uint256 issued) = abi.decode(data, (Attestation, uint256));
        Position storage position = positions[a.token][a.custodian];
        uint256 before = position.issued;
        positions[a.token][a.custodian] = Position(a.sharesHeld, issued, a.sequence, a.asOf);
        if (a.kind == Sentence.RELEASE) _close(uint256(a.ref), ICustodyLedger.RequestStatus.RELEASED);
        if (a.kind == Sentence.REJECT) _close(uint256(a.ref), ICustodyLedger.RequestStatus.REJECTED);
        _judgeSentence(a, before);
    }

    function _close(uint256 id, ICustodyLedger.RequestStatus status) private {
        _check(6, requests[id].status == ICustodyLedger.RequestStatus.OPEN, "a request closed twice");
        requests[id].status = status;
        address token_ = requests[id].token;
        openRequests[token_] = _less(openRequests[token_], requests[id].amount);
    }

    function _bookAttestors(bytes memory data) private {
        (uint32 custodian, address[] memory removed, ICustodyLedger.Attestor[] memory added, uint8 threshold) =
            abi.decode(data, (uint32, address[], ICustodyLedger.Attestor[], uint8));
        for (uint256 i = 0; i < removed.length; ++i) {
            attests[custodian][removed[i]] = false;
        }
        for (uint256 i = 0; i < added.length; ++i) {
            attests[custodian][added[i].account] = true;
        }
        desks[custodian].threshold = threshold;
        desks[custodian].attestors = uint8(desks[custodian].attestors + added.length - removed.length);
        _judgeAttestors(custodian);
    }

    function _bookListing(uint8 kind, bytes memory data) private {
        if (kind == 1) {
            (uint32 exemption, IListingRegistry.Exemption memory value,) =
                abi.decode(data, (uint32, IListingRegistry.Exemption, bytes32));
            exemptions[exemption] = value;
        } else if (kind == 2) {
            (address token_,, uint32 exemption) = abi.decode(data, (address, IListingRegistry.Instrument, uint32));
            listed[token_] = Listed({exemption: exemption, phase: 0, halted: false, suspendedByRegulator: false});
        } else if (kind == 3) {
            (address token_, uint8 phase,) = abi.decode(data, (address, uint8, bytes32));
            listed[token_].phase = phase;
        } else if (kind == 4) {
            (address token_, bool halted,) = abi.decode(data, (address, bool, bytes32));
            listed[token_].halted = halted;
        } else if (kind == 5) {
            (address token_, bytes32 name,, bytes32 hash) = abi.decode(data, (address, bytes32, string, bytes32));
            documents[token_][name] = hash;
        } else if (kind == 6) {
            (address token_, bool suspended,) = abi.decode(data, (address, bool, bytes32));
            listed[token_].suspendedByRegulator = suspended;
        }
    }

    function _bookAuthority(uint8 kind, bytes memory data) private {
        if (kind == 1) {
            (uint64 role, address account, bool member, uint32 delay, uint48 since) =
                abi.decode(data, (uint64, address, bool, uint32, uint48));
            Membership memory now_ = Membership(member, delay, since);
            _judgeMembership(role, account, now_);
            memberships[role][account] = now_;
        } else if (kind == 4) {
            (address stream, uint32 seq, uint160 chain) = abi.decode(data, (address, uint32, uint160));
            marks[stream] = Head(seq, chain);
        }
    }
}
