// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {IListingRegistry} from "../interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../interfaces/IMarketStatus.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Calendar, DaysWord, HoursWord} from "../types/Calendar.sol";

/// @title MarketStatus
contract MarketStatus is IMarketStatus, Governed, ReportStream {
    uint8 private constant HOURS = 1;
    uint8 private constant DAYS = 2;
    uint8 private constant RULES = 3;
    uint8 private constant INTERRUPTION = 4;
    uint8 private constant VENUE = 5;
    uint8 private constant HEARTBEAT = 6;
    uint8 private constant VOTE = 7;

    /// @dev How far `transitionAfter` looks.
    uint256 private constant HORIZON = 15;
    /// @dev What the halt of a stale heartbeat is called in the reports.
    bytes8 private constant STALE = "STALE";

    IListingRegistry private immutable LISTINGS;

    Rules private _rules;
    mapping(bytes4 mic => HoursWord) private _hours;
    mapping(bytes4 mic => mapping(uint256 word => DaysWord)) private _days;
    mapping(address token => State) private _states;
    mapping(bytes4 mic => State) private _venues;
    mapping(bytes4 mic => uint40 asOf) private _heartbeats;
    mapping(bytes32 digest => uint256 votes) private _votes;
    mapping(bytes32 digest => mapping(address relay => bool)) private _voted;

    constructor(address authority_, address listings) Governed(authority_) {
        LISTINGS = IListingRegistry(listings);
    }

    // ---------------------------------------------------------------- issuer

    /// @inheritdoc IMarketStatus
    function setRules(Rules calldata value) external restricted {
        require(value.quorum != 0 && value.heartbeatAge != 0, MarketInvalidRules(value));

        _rules = value;
        _report(RULES, abi.encode(value));
    }

    // ---------------------------------------------------------------- market operator: sessions

    /// @inheritdoc IMarketStatus
    function setHours(bytes4 mic, uint256 value) external restricted {
        require(mic != 0 && HoursWord.wrap(value).isSound(), MarketInvalidHours(mic, value));

        _hours[mic] = HoursWord.wrap(value);
        _report(HOURS, abi.encode(mic, value));
    }

    /// @inheritdoc IMarketStatus
    function setDays(bytes4 mic, uint32 firstWord, uint256[] calldata words) external restricted {
        require(mic != 0 && words.length != 0, MarketInvalidHours(mic, firstWord));

        for (uint256 i = 0; i < words.length; ++i) {
            _days[mic][firstWord + i] = DaysWord.wrap(words[i]);
        }
        _report(DAYS, abi.encode(mic, firstWord, words));
    }

    // ---------------------------------------------------------------- market operator: interruptions

    /// @inheritdoc IMarketStatus
    function relay(address token, State calldata state) external restricted {
        bytes4 mic = LISTINGS.micOf(token);
        require(mic != 0, MarketUnknownToken(token));
        bool halts = state.interruption == Interruption.ASSET_HALTED;
        require(state.interruption != Interruption.VENUE_HALTED, MarketInvalidNews(token, mic, state));
        _checkNews(token, mic, state, _states[token]);
        if (!halts) _checkFresh(mic);
        if (!halts && !_agreed(keccak256(abi.encode(token, state)))) return;

        _states[token] = state;
        _report(INTERRUPTION, abi.encode(token, state));
        _follow(token);
    }

    /// @inheritdoc IMarketStatus
    function relayVenue(bytes4 mic, State calldata state) external restricted {
        bool halts = state.interruption == Interruption.VENUE_HALTED;
        require(halts || state.interruption == Interruption.NONE, MarketInvalidNews(address(0), mic, state));
        _checkNews(address(0), mic, state, _venues[mic]);
        if (!halts) _checkFresh(mic);
        if (!halts && !_agreed(keccak256(abi.encode(mic, state)))) return;

        _venues[mic] = state;
        _report(VENUE, abi.encode(mic, state));
        address[] memory tokens = LISTINGS.tokens();
        for (uint256 i = 0; i < tokens.length; ++i) {
            if (LISTINGS.micOf(tokens[i]) == mic) _follow(tokens[i]);
        }
    }

    /// @inheritdoc IMarketStatus
    function heartbeat(bytes4 mic, uint40 asOf) external restricted {
        uint40 last = _heartbeats[mic];
        require(mic != 0 && asOf <= block.timestamp && asOf > last, MarketHeartbeatInvalid(mic, asOf, last));
        if (!_agreed(keccak256(abi.encode(mic, asOf)))) return;

        _heartbeats[mic] = asOf;
        _report(HEARTBEAT, abi.encode(mic, asOf));
    }

    // ---------------------------------------------------------------- anyone

    /// @inheritdoc IMarketStatus
    function sync(address[] calldata tokens) external {
        for (uint256 i = 0; i < tokens.length; ++i) {
            require(LISTINGS.isListed(tokens[i]), MarketUnknownToken(tokens[i]));
            _follow(tokens[i]);
        }
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IMarketStatus
    function rules() external view returns (Rules memory) {
        return _rules;
    }

    /// @inheritdoc IMarketStatus
    function hoursOf(bytes4 mic) external view returns (uint256) {
        return HoursWord.unwrap(_hours[mic]);
    }

    /// @inheritdoc IMarketStatus
    function daysOf(bytes4 mic, uint32 word) external view returns (uint256) {
        return DaysWord.unwrap(_days[mic][word]);
    }

    /// @inheritdoc IMarketStatus
    function sessionAt(bytes4 mic, uint40 moment) public view returns (Session) {
        uint256 day = moment / 1 days;
        if (day == 0) return Session.UNKNOWN;
        HoursWord value = _hours[mic];
        uint8 today = _kindOf(mic, day);
        uint256 minute = (moment % 1 days) / 1 minutes;
        if (value.isOpen(today, minute)) return Session.REGULAR;
        // Extended hours may begin on the UTC day before, and end on the one after.
        bool extended = value.isExtended(today, minute + Calendar.DAY)
            || value.isExtended(_kindOf(mic, day - 1), minute + 2 * Calendar.DAY)
            || value.isExtended(_kindOf(mic, day + 1), minute);
        if (extended) return Session.EXTENDED;
        return today == Calendar.CLOSED || value.isTrading(today) ? Session.CLOSED : Session.UNKNOWN;
    }

    /// @inheritdoc IMarketStatus
    function sessionsAt(bytes4 mic, uint40[] calldata moments) external view returns (Session[] memory sessions) {
        sessions = new Session[](moments.length);
        for (uint256 i = 0; i < moments.length; ++i) {
            sessions[i] = sessionAt(mic, moments[i]);
        }
    }

    /// @inheritdoc IMarketStatus
    function transitionAfter(bytes4 mic, uint40 moment) external view returns (uint40 when, Session session) {
        uint256 today = moment / 1 days;
        Session present = sessionAt(mic, moment);
        // Extended hours of the day before may end today.
        for (uint256 day = today < 2 ? 1 : today - 1; day <= today + HORIZON; ++day) {
            // The first of a day's edges may lie on the day before, none earlier: so two days decide.
            if (when != 0 && when <= (day - 1) * 1 days) break;
            uint256[5] memory edges = _hours[mic].edges(_kindOf(mic, day), day);
            (when, session) = _earlier(mic, moment, present, edges, when, session);
        }
    }

    /// @inheritdoc IMarketStatus
    function businessDays(address token, uint40 from, uint40 to) external view returns (uint256 count) {
        bytes4 mic = LISTINGS.micOf(token);
        for (uint256 day = from / 1 days + 1; day <= to / 1 days; ++day) {
            if (_kindOf(mic, day) != Calendar.CLOSED) ++count;
        }
    }

    /// @inheritdoc IMarketStatus
    function interruptionOf(address token) external view returns (Interruption, bytes8 code) {
        return _interruption(token, LISTINGS.micOf(token));
    }

    /// @inheritdoc IMarketStatus
    function haltedByNews(address token) public view returns (bool halted, bytes8 code) {
        State storage venue = _venues[LISTINGS.micOf(token)];
        if (venue.interruption == Interruption.VENUE_HALTED) return (true, venue.code);
        State storage own = _states[token];
        if (own.interruption == Interruption.ASSET_HALTED) return (true, own.code);
    }

    /// @inheritdoc IMarketStatus
    function haltsNow(address token) external view returns (bool halts) {
        (halts,) = _halt(token);
    }

    /// @inheritdoc IMarketStatus
    function stateOf(address token) external view returns (State memory) {
        return _states[token];
    }

    /// @inheritdoc IMarketStatus
    function venueStateOf(bytes4 mic) external view returns (State memory) {
        return _venues[mic];
    }

    /// @inheritdoc IMarketStatus
    function heartbeatOf(bytes4 mic) external view returns (uint40 asOf, bool fresh) {
        return (_heartbeats[mic], _isFresh(mic));
    }

    // ---------------------------------------------------------------- internals

    /// @dev The first of these edges after the moment that changes the session, unless an earlier one is known.
    function _earlier(
        bytes4 mic,
        uint256 moment,
        Session present,
        uint256[5] memory edges,
        uint40 when,
        Session session
    ) private view returns (uint40, Session) {
        for (uint256 i = 0; i < edges.length; ++i) {
            if (edges[i] <= moment || (when != 0 && edges[i] >= when)) continue;
            Session then = sessionAt(mic, uint40(edges[i]));
            if (then != present) (when, session) = (uint40(edges[i]), then);
        }
        return (when, session);
    }

    function _kindOf(bytes4 mic, uint256 day) private view returns (uint8) {
        return _days[mic][day / Calendar.DAYS_IN_WORD].kindOf(day);
    }

    function _isFresh(bytes4 mic) private view returns (bool) {
        uint40 last = _heartbeats[mic];
        return last != 0 && block.timestamp < last + _rules.heartbeatAge;
    }

    function _checkFresh(bytes4 mic) private view {
        require(_isFresh(mic), MarketHeartbeatStale(mic, _heartbeats[mic]));
    }

    function _checkNews(address token, bytes4 mic, State calldata state, State storage last) private view {
        require(state.sequence == last.sequence + 1, MarketSequence(token, mic, state.sequence, last.sequence));
        bool coded = (state.interruption == Interruption.NONE) == (state.code == 0);
        bool dated = state.asOf <= block.timestamp && state.asOf >= last.asOf;
        bool sound = mic != 0 && state.interruption != Interruption.UNKNOWN && coded && dated;
        require(sound, MarketInvalidNews(token, mic, state));
    }

    /// @dev Counts the caller's vote; true once the quorum of relays told the same.
    function _agreed(bytes32 digest) private returns (bool) {
        uint256 quorum = _rules.quorum;
        require(quorum != 0, MarketInvalidRules(_rules));
        if (quorum == 1) return true;

        require(!_voted[digest][msg.sender], MarketVotedAlready(msg.sender, digest));
        _voted[digest][msg.sender] = true;
        uint256 votes = ++_votes[digest];
        _report(VOTE, abi.encode(digest, votes));
        return votes >= quorum;
    }

    function _interruption(address token, bytes4 mic) private view returns (Interruption, bytes8) {
        State storage venue = _venues[mic];
        State storage own = _states[token];
        if (!_isFresh(mic)) return (Interruption.UNKNOWN, STALE);
        if (venue.interruption == Interruption.VENUE_HALTED) return (venue.interruption, venue.code);
        // A share of which nothing was ever told trades as its market does.
        if (own.sequence == 0) return (Interruption.NONE, 0);
        return (own.interruption, own.code);
    }

    function _halt(address token) private view returns (bool halts, bytes8 code) {
        (halts, code) = haltedByNews(token);
        if (!halts && !_isFresh(LISTINGS.micOf(token))) return (true, STALE);
    }

    /// @dev The token's bit follows; nothing happens when it does already.
    function _follow(address token) private {
        (bool halts, bytes8 code) = _halt(token);
        LISTINGS.setMarketHalt({token: token, halted: halts, code: code});
    }
}
