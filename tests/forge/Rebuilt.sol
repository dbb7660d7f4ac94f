// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../../contracts/interfaces/IMarketStatus.sol";
import {IReportStream} from "../../contracts/interfaces/IReportStream.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {InvestorRecord} from "../../contracts/types/InvestorRecord.sol";
import {PositionWord} from "../../contracts/types/PositionWord.sol";
import {Stage} from "./Stage.sol";

/// @title Law 6: what the contracts answer is what their reports alone rebuild, and every head is that of its reports.
abstract contract Rebuilt is Stage {
    function _rebuilt() internal view {
        _rebuiltHeads();
        _rebuiltHolders(_turn(2) == 0 ? token : otherToken);
        _rebuiltCustody(address(_turn(2) == 0 ? token : otherToken));
        _rebuiltListing(shares[_turn(shares.length)]);
        _rebuiltExemption(uint32(1 + _turn(exemptionCount)));
        _rebuiltNews(shares[_turn(shares.length)]);
        _rebuiltCalendar(_turn(3) == 0 ? OTHER_MIC : MIC);
        _rebuiltAnchors();
    }

    function _rebuiltHeads() private view {
        for (uint256 i = 0; i < _streamCount(); ++i) {
            address stream = _stream(i);
            (uint32 seq, uint160 chain) = IReportStream(stream).reportHead();
            require(seq == heads[stream].seq, "a stream's number is not that of its last report");
            require(chain == heads[stream].chain, "a stream's chain is not that of its reports");
        }
    }

    function _rebuiltHolders(ShareToken share) private view {
        address own = address(share);
        for (uint256 i = 0; i < wallets.length; ++i) {
            address wallet = wallets[i];
            require(share.balanceOf(wallet) == balances[own][wallet], "a balance is not rebuilt");
            require(share.getFrozenTokens(wallet) == frozen[own][wallet], "a frozen amount is not rebuilt");
        }
        require(share.totalSupply() == supply[own], "the supply is not rebuilt");
        require(share.implementation() == runsOn[own], "the implementation is not rebuilt");
        require(share.control().settings() == settings[own].settings(), "settings are not rebuilt");
        address known = wallets[_turn(wallets.length)];
        bool same = InvestorRecord.unwrap(registry.recordOf(known)) == InvestorRecord.unwrap(records[known]);
        require(same, "a record is not rebuilt");
        require(registry.offeredTo(known) == offers[known], "an offer is not rebuilt");
        require(registry.registrarOf(SPARE) == registrars[SPARE], "a registrar is not rebuilt");
    }

    function _rebuiltCustody(address share) private view {
        uint32 custodian = uint32(1 + _turn(2));
        PositionWord word = ledger.positionOf(share, custodian);
        Position memory position = positions[share][custodian];
        bool amounts = word.held() == position.held && word.issued() == position.issued;
        bool counts = word.lastSequence() == position.sequence && word.lastAsOf() == position.asOf;
        require(amounts && counts, "a position is not rebuilt");
        if (requestCount != 0) {
            uint256 id = 1 + _turn(requestCount);
            bool same = keccak256(abi.encode(ledger.requestOf(id))) == keccak256(abi.encode(requests[id]));
            require(same, "a request is not rebuilt");
        }
        require(ledger.requestCount() == requestCount, "a request was not reported");
        require(
            keccak256(abi.encode(ledger.termsOf(share))) == keccak256(abi.encode(terms[share])), "terms are not rebuilt"
        );
        ICustodyLedger.Custodian memory entry = ledger.custodianOf(custodian);
        Desk memory desk = desks[custodian];
        bool sameDesk =
            entry.open == desk.open && entry.threshold == desk.threshold && entry.attestors == desk.attestors;
        require(sameDesk, "a custodian is not rebuilt");
        address signer = signers[_turn(signers.length)];
        bool attestor = ledger.attestorKindOf(custodian, signer) != ICustodyLedger.AttestorKind.NONE;
        require(attestor == attests[custodian][signer], "an attestor is not rebuilt");
    }

    function _rebuiltListing(address share) private view {
        require(keccak256(abi.encode(listings.tokens())) == keccak256(abi.encode(shares)), "a token is not rebuilt");
        IListingRegistry.Listing memory told = listed[share];
        bool same = keccak256(abi.encode(listings.listingOf(share))) == keccak256(abi.encode(told));
        require(same, "a listing is not rebuilt");
        require(listings.isBarred(share) == _isBarred(share), "an objection is not rebuilt");
        require(listings.phaseOf(share) == _phase(share), "a phase is not rebuilt");
        require(ShareToken(share).control().settings() == settings[share].settings(), "settings are not rebuilt");
        bytes32 name = _turn(3) == 0 ? RIGHTS : bytes32(1 + _turn(2));
        (, bytes32 hash,) = listings.getDocument(share, name);
        require(hash == documents[share][name], "a document is not rebuilt");
    }

    function _rebuiltExemption(uint32 exemption) private view {
        require(listings.exemptionCount() == exemptionCount, "an exemption was not reported");
        bytes32 told = keccak256(abi.encode(exemptions[exemption]));
        require(keccak256(abi.encode(listings.exemptionOf(exemption))) == told, "an exemption is not rebuilt");
        uint32 version = uint32(1 + _turn(exemptions[exemption].versions));
        bytes32 edition = keccak256(abi.encode(editions[exemption][version]));
        require(keccak256(abi.encode(listings.termsAt(exemption, version))) == edition, "terms are not rebuilt");
        (uint32 now_, IListingRegistry.Terms memory value) = listings.termsOf(exemption);
        bytes32 wanted = keccak256(abi.encode(_termsNow(exemption)));
        bool same = now_ == _versionAt(exemption, block.timestamp) && keccak256(abi.encode(value)) == wanted;
        require(same, "other terms hold than were reported");
        require(listings.statusOf(exemption) == _status(exemption), "a status is not rebuilt");
        require(listings.opensAt(exemption) == _opensAt(exemption), "an opening is not rebuilt");
    }

    function _rebuiltNews(address share) private view {
        bytes4 mic = listed[share].instrument.mic;
        bool own = keccak256(abi.encode(market.stateOf(share))) == keccak256(abi.encode(news[share]));
        bool venue = keccak256(abi.encode(market.venueStateOf(mic))) == keccak256(abi.encode(venueNews[mic]));
        require(own && venue, "news are not rebuilt");
        bool sameRules = keccak256(abi.encode(market.rules())) == keccak256(abi.encode(relayRules));
        require(sameRules, "the relays' rules are not rebuilt");
        (uint40 asOf, bool fresh) = market.heartbeatOf(mic);
        require(asOf == heartbeats[mic] && fresh == _isFresh(mic), "a heartbeat is not rebuilt");
        (IMarketStatus.Interruption found, bytes8 code) = market.interruptionOf(share);
        (IMarketStatus.Interruption expected, bytes32 wanted) = _interruption(share);
        require(found == expected && code == wanted, "an interruption is not rebuilt");
        (bool halts,) = _marketHalts(share);
        require(market.haltsNow(share) == halts, "a halt is not rebuilt");
        uint40 from = uint40(block.timestamp - _turn(20 days));
        uint256 age = market.businessDays(share, from, uint40(block.timestamp));
        require(age == _age(share, from), "business days are not rebuilt");
    }

    function _rebuiltCalendar(bytes4 mic) private view {
        uint32 word = uint32(block.timestamp / 64 days + _turn(2));
        require(market.hoursOf(mic) == hoursWords[mic], "hours are not rebuilt");
        require(market.daysOf(mic, word) == dayWords[mic][word], "days are not rebuilt");
        uint40 moment = uint40(block.timestamp + _turn(3 days));
        require(market.sessionAt(mic, moment) == _session(mic, moment), "a session is not rebuilt");
    }

    function _rebuiltAnchors() private view {
        (uint32 last, uint64 end) = authority.lastAnchor();
        require(last == anchoredDay && end == anchors[last].lastSequence, "the last anchor is not rebuilt");
        uint32 day = last - (last == 0 ? 0 : uint32(_turn(4)));
        (bytes32 root, uint32 count, uint64 lastSequence) = authority.anchorOf(day);
        bytes32 told = keccak256(abi.encode(anchors[day]));
        require(keccak256(abi.encode(root, count, lastSequence)) == told, "an anchor is not rebuilt");
    }

    /// @dev What is looked at in turns, call by call, because looking at all of it each time would take all the time.
    function _turn(uint256 places) internal view returns (uint256) {
        return uint256(keccak256(abi.encode(calls, places))) % places;
    }
}
