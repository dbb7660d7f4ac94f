// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../../contracts/interfaces/IMarketStatus.sol";
import {Attestation, Sentence} from "../../contracts/types/Attestation.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {SuiteFixture} from "./SuiteFixture.sol";

/// @title What the reports of every contract but the tokens are booked into (law 6).
/// @dev Written by `Replay` alone, kind by kind as the interfaces number them.
abstract contract Books is SuiteFixture {
    struct Head {
        uint32 seq;
        uint160 chain;
    }

    struct Anchor {
        bytes32 root;
        uint32 count;
        uint64 lastSequence;
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

    struct Membership {
        bool member;
        uint32 delay;
        uint48 since;
    }

    mapping(address stream => Head) internal heads;
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
    mapping(address token => IListingRegistry.Listing) internal listed;
    mapping(address token => mapping(bytes32 name => bytes32 hash)) internal documents;
    mapping(uint64 role => mapping(address account => Membership)) internal memberships;
    mapping(address stream => Head) internal marks;
    mapping(uint32 day => Anchor) internal anchors;
    uint32 internal anchoredDay;
    /// @dev Every token, in order of listing.
    address[] internal shares;
    uint32 internal exemptionCount;
    /// @dev All terms that an exemption ever had, from version 1.
    mapping(uint32 exemption => mapping(uint32 version => IListingRegistry.Terms)) internal editions;
    IMarketStatus.Rules internal relayRules;
    mapping(bytes4 mic => uint256) internal hoursWords;
    mapping(bytes4 mic => mapping(uint256 word => uint256)) internal dayWords;
    mapping(address token => IMarketStatus.State) internal news;
    mapping(bytes4 mic => IMarketStatus.State) internal venueNews;
    mapping(bytes4 mic => uint40) internal heartbeats;
    mapping(bytes32 digest => uint256) internal votesFor;

    /// @dev What was first seen against each law; empty while it holds.
    mapping(uint256 law => string) internal broken;

    function _check(uint256 law, bool holds, string memory what) internal {
        if (holds || bytes(broken[law]).length != 0) return;
        broken[law] = string.concat("law ", vm.toString(law), ": ", what);
    }

    // What the laws say about a report, once it is booked.
    function _judgeSentence(Attestation memory a, uint256 issuedBefore) internal virtual;
    function _judgeAttestors(uint32 custodian) internal virtual;
    function _judgeMembership(uint64 role, address account, Membership memory now_) internal virtual;
    function _judgeMarketHalt(address share, bytes32 code) internal virtual;

    /// @dev What a wrong report would take below zero stays zero: the laws name it, not a panic.
    function _less(uint256 value, uint256 amount) internal pure returns (uint256) {
        return value > amount ? value - amount : 0;
    }

    function _bookReport(address stream, uint8 kind, bytes memory data) internal {
        if (stream == address(ledger)) _bookCustody(kind, data);
        else if (stream == address(registry)) _bookRegistry(kind, data);
        else if (stream == address(listings)) _bookListing(kind, data);
        else if (stream == address(market)) _bookMarket(kind, data);
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
            (uint32 exemption, IListingRegistry.ExemptionStatus status,) =
                abi.decode(data, (uint32, IListingRegistry.ExemptionStatus, bytes32));
            if (exemption > exemptionCount) exemptionCount = exemption;
            exemptions[exemption].status = status;
        } else if (kind == 2) {
            (address share, IListingRegistry.Instrument memory instrument, uint32 exemption) =
                abi.decode(data, (address, IListingRegistry.Instrument, uint32));
            _check(6, heads[share].seq != 0, "a listing whose token reported nothing");
            (listed[share].instrument, listed[share].exemption) = (instrument, exemption);
            shares.push(share);
        } else if (kind == 3) {
            (address share, uint8 phase,) = abi.decode(data, (address, uint8, bytes32));
            listed[share].phase = phase;
        } else if (kind == 4) {
            (address share, bool halted,) = abi.decode(data, (address, bool, bytes32));
            listed[share].haltedByHand = halted;
        } else if (kind == 5) {
            (address share, bytes32 name,, bytes32 hash) = abi.decode(data, (address, bytes32, string, bytes32));
            documents[share][name] = hash;
        } else if (kind == 6) {
            (address share, bool suspended,) = abi.decode(data, (address, bool, bytes32));
            listed[share].suspendedByRegulator = suspended;
        } else {
            _bookClock(kind, data);
        }
    }

    function _bookClock(uint8 kind, bytes memory data) private {
        if (kind == 7) {
            (uint32 exemption, uint32 version, IListingRegistry.Terms memory value) =
                abi.decode(data, (uint32, uint32, IListingRegistry.Terms));
            _check(6, version == exemptions[exemption].versions + 1, "a version of the terms is missing");
            exemptions[exemption].versions = version;
            editions[exemption][version] = value;
        } else if (kind == 8) {
            (uint32 exemption, bytes32 notice,, uint40 until) = abi.decode(data, (uint32, bytes32, string, uint40));
            (exemptions[exemption].notice, exemptions[exemption].noticeUntil) = (notice, until);
        } else if (kind == 9) {
            (address share,, uint40 until) = abi.decode(data, (address, bytes32, uint40));
            listed[share].objectionUntil = until;
        } else if (kind == 10) {
            (address share,, uint40 receivedAt) = abi.decode(data, (address, bytes32, uint40));
            uint40 first = listed[share].objectedAt;
            if (first == 0 || receivedAt < first) listed[share].objectedAt = receivedAt;
        } else if (kind == 11) {
            (address share, bool halted, bytes32 code) = abi.decode(data, (address, bool, bytes32));
            _check(6, listed[share].haltedByMarket != halted, "a market's halt reported twice");
            listed[share].haltedByMarket = halted;
            _judgeMarketHalt(share, code);
        }
    }

    function _bookMarket(uint8 kind, bytes memory data) private {
        if (kind == 1) {
            (bytes4 mic, uint256 value) = abi.decode(data, (bytes4, uint256));
            hoursWords[mic] = value;
        } else if (kind == 2) {
            (bytes4 mic, uint32 firstWord, uint256[] memory words) = abi.decode(data, (bytes4, uint32, uint256[]));
            for (uint256 i = 0; i < words.length; ++i) {
                dayWords[mic][firstWord + i] = words[i];
            }
        } else if (kind == 3) {
            relayRules = abi.decode(data, (IMarketStatus.Rules));
        } else if (kind == 4) {
            (address share, IMarketStatus.State memory state) = abi.decode(data, (address, IMarketStatus.State));
            news[share] = state;
        } else if (kind == 5) {
            (bytes4 mic, IMarketStatus.State memory state) = abi.decode(data, (bytes4, IMarketStatus.State));
            venueNews[mic] = state;
        } else if (kind == 6) {
            (bytes4 mic, uint40 asOf) = abi.decode(data, (bytes4, uint40));
            heartbeats[mic] = asOf;
        } else if (kind == 7) {
            (bytes32 digest, uint256 count) = abi.decode(data, (bytes32, uint256));
            _check(6, count == votesFor[digest] + 1, "a vote is missing");
            votesFor[digest] = count;
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
        } else if (kind == 8) {
            (uint32 day, bytes32 root, uint32 count, uint64 lastSequence) =
                abi.decode(data, (uint32, bytes32, uint32, uint64));
            _check(6, day > anchoredDay, "a day is anchored again");
            _check(6, lastSequence == anchors[anchoredDay].lastSequence + count, "anchors leave a gap");
            anchors[day] = Anchor(root, count, lastSequence);
            anchoredDay = day;
        }
    }
}
