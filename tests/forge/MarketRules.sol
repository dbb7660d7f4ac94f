// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarketStatus} from "../../contracts/interfaces/IMarketStatus.sol";
import {ListingRules} from "./ListingRules.sol";

/// @title The market's sessions and interruptions in plain words: what holds, which tokens it halts, how old a day is, and the
/// very error against each act of a relay.
/// @dev Written from the prose of `IMarketStatus`, over the replayed state; it asks no contract.
abstract contract MarketRules is ListingRules {
    // The four bits of a day.
    uint256 internal constant UNKNOWN_DAY = 0;
    uint256 internal constant CLOSED_DAY = 1;
    uint256 internal constant FIRST_KIND = 2;
    uint256 internal constant LAST_KIND = 9;

    /// @dev Whose vote was cast for which sentence; what votes there are, the reports tell.
    mapping(bytes32 digest => mapping(address relay => bool)) internal voted;

    // ---------------------------------------------------------------- interruptions

    function _isFresh(bytes4 mic) internal view returns (bool) {
        return heartbeats[mic] != 0 && block.timestamp - heartbeats[mic] < relayRules.heartbeatAge;
    }

    /// @dev A halt of the market, one of the share, or silence; the first gives its code.
    function _marketHalts(address share) internal view returns (bool halts, bytes32 code) {
        bytes4 mic = listed[share].instrument.mic;
        if (venueNews[mic].interruption == IMarketStatus.Interruption.VENUE_HALTED) return (true, venueNews[mic].code);
        if (news[share].interruption == IMarketStatus.Interruption.ASSET_HALTED) return (true, news[share].code);
        if (!_isFresh(mic)) return (true, "STALE");
    }

    /// @dev The worse of the share's own state and its market's. Silence makes them UNKNOWN.
    function _interruption(address share) internal view returns (IMarketStatus.Interruption, bytes32 code) {
        bytes4 mic = listed[share].instrument.mic;
        if (!_isFresh(mic)) return (IMarketStatus.Interruption.UNKNOWN, "STALE");
        IMarketStatus.State storage worse = venueNews[mic];
        if (uint8(news[share].interruption) > uint8(worse.interruption)) worse = news[share];
        if (uint8(worse.interruption) <= uint8(IMarketStatus.Interruption.NONE)) {
            return (IMarketStatus.Interruption.NONE, 0);
        }
        return (worse.interruption, worse.code);
    }

    /// @dev Each report of a token's halt says what holds at that moment: nothing is lifted on old news, on silence, or while
    /// anything halts.
    function _judgeMarketHalt(address share, bytes32 code) internal override {
        (bool halts, bytes32 expected) = _marketHalts(share);
        bool lifted = !listed[share].haltedByMarket;
        _check(4, !lifted || _isFresh(listed[share].instrument.mic), "a halt lifted while nobody knows");
        _check(4, lifted != halts, "a market's halt against the news");
        _check(4, code == expected, "a market's halt under another code");
    }

    /// @dev News of a halt halts at once, whoever tells it first; what is told counts otherwise from the quorum on.
    function _counts(bool halts, bytes32 digest) internal view returns (bool) {
        return halts || relayRules.quorum == 1 || votesFor[digest] + 1 >= relayRules.quorum;
    }

    function _againstRelay(address caller, address share, IMarketStatus.State memory state)
        internal
        view
        returns (bytes memory)
    {
        bytes4 mic = listed[share].instrument.mic;
        if (mic == 0) return abi.encodeWithSelector(IMarketStatus.MarketUnknownToken.selector, share);
        if (state.interruption == IMarketStatus.Interruption.VENUE_HALTED) return _invalid(share, mic, state);
        bool halts = state.interruption == IMarketStatus.Interruption.ASSET_HALTED;
        bytes memory refusal = _againstNews(share, mic, state, news[share]);
        return refusal.length != 0 ? refusal : _againstCalm(caller, mic, halts, keccak256(abi.encode(share, state)));
    }

    function _againstVenue(address caller, bytes4 mic, IMarketStatus.State memory state)
        internal
        view
        returns (bytes memory)
    {
        bool halts = state.interruption == IMarketStatus.Interruption.VENUE_HALTED;
        if (!halts && state.interruption != IMarketStatus.Interruption.NONE) return _invalid(address(0), mic, state);
        bytes memory refusal = _againstNews(address(0), mic, state, venueNews[mic]);
        return refusal.length != 0 ? refusal : _againstCalm(caller, mic, halts, keccak256(abi.encode(mic, state)));
    }

    /// @dev News come in their order, of a moment that has been, and not before the last; what is not NONE has a code.
    function _againstNews(address share, bytes4 mic, IMarketStatus.State memory state, IMarketStatus.State memory last)
        private
        view
        returns (bytes memory)
    {
        if (state.sequence != last.sequence + 1) {
            return
                abi.encodeWithSelector(IMarketStatus.MarketSequence.selector, share, mic, state.sequence, last.sequence);
        }
        bool uncoded = state.interruption == IMarketStatus.Interruption.NONE ? state.code != 0 : state.code == 0;
        bool misdated = state.asOf < last.asOf || state.asOf > block.timestamp;
        bool unsaid = mic == 0 || state.interruption == IMarketStatus.Interruption.UNKNOWN;
        return uncoded || misdated || unsaid ? _invalid(share, mic, state) : bytes("");
    }

    /// @dev What is no halt needs a fresh heartbeat, and each relay once.
    function _againstCalm(address caller, bytes4 mic, bool halts, bytes32 digest) private view returns (bytes memory) {
        if (halts) return "";
        if (!_isFresh(mic)) {
            return abi.encodeWithSelector(IMarketStatus.MarketHeartbeatStale.selector, mic, heartbeats[mic]);
        }
        return _againstVote(caller, digest);
    }

    function _againstVote(address caller, bytes32 digest) private view returns (bytes memory) {
        if (relayRules.quorum == 1 || !voted[digest][caller]) return "";
        return abi.encodeWithSelector(IMarketStatus.MarketVotedAlready.selector, caller, digest);
    }

    function _againstHeartbeat(address caller, bytes4 mic, uint40 asOf) internal view returns (bytes memory) {
        uint40 last = heartbeats[mic];
        if (mic == 0 || asOf <= last || asOf > block.timestamp) {
            return abi.encodeWithSelector(IMarketStatus.MarketHeartbeatInvalid.selector, mic, asOf, last);
        }
        return _againstVote(caller, keccak256(abi.encode(mic, asOf)));
    }

    function _invalid(address share, bytes4 mic, IMarketStatus.State memory state) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IMarketStatus.MarketInvalidNews.selector, share, mic, state);
    }

    // ---------------------------------------------------------------- sessions and days

    function _dayKind(bytes4 mic, uint256 day) internal view returns (uint256) {
        return (dayWords[mic][day / 64] / 16 ** (day % 64)) % 16;
    }

    /// @dev Days begun since, those apart that are known to be closed; beyond a year every day counts.
    function _age(address share, uint256 asOf) internal view returns (uint256 age) {
        (uint256 from, uint256 today) = (asOf / 1 days, block.timestamp / 1 days);
        if (today - from > 366) return today - from;
        bytes4 mic = listed[share].instrument.mic;
        for (uint256 day = from + 1; day <= today; ++day) {
            if (_dayKind(mic, day) != CLOSED_DAY) ++age;
        }
    }

    /// @dev The minutes (since 1970) between which a day's regular hours lie; none on a day without.
    function _hours(bytes4 mic, uint256 day) private view returns (uint256 open, uint256 close) {
        uint256 kind = _dayKind(mic, day);
        if (kind < FIRST_KIND || kind > LAST_KIND) return (0, 0);
        uint256 pair = hoursWords[mic] / 2 ** (32 + 24 * (kind - FIRST_KIND));
        (open, close) = (pair % 4096, (pair / 4096) % 4096);
        if (close != 0) (open, close) = (open + day * 1440, close + day * 1440);
    }

    function _session(bytes4 mic, uint256 moment) internal view returns (IMarketStatus.Session session) {
        (uint256 minute, uint256 today) = (moment / 1 minutes, moment / 1 days);
        uint256 early = hoursWords[mic] % 65_536;
        uint256 late = (hoursWords[mic] / 65_536) % 65_536;
        (, uint256 closeToday) = _hours(mic, today);
        bool known = closeToday != 0 || _dayKind(mic, today) == CLOSED_DAY;
        session = known ? IMarketStatus.Session.CLOSED : IMarketStatus.Session.UNKNOWN;
        for (uint256 day = today - 1; day <= today + 1; ++day) {
            (uint256 open, uint256 close) = _hours(mic, day);
            if (close == 0) continue;
            if (open <= minute && minute < close) return IMarketStatus.Session.REGULAR;
            if (open <= minute + early && minute < close + late) session = IMarketStatus.Session.EXTENDED;
        }
    }
}
