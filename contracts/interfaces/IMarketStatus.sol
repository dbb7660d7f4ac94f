// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportStream} from "./IReportStream.sol";

/// @title The hours and the interruptions of the markets that the shares are listed on.
/// @notice Two axes that never mix (R15). The *session* is the calendar's: known beforehand, and a closed market stops nothing. The
/// *interruption* is news: relayed by MARKET_OPERATOR keys, each in the order of its own sequence, and trusted only while their
/// heartbeat is fresh. It ends in one bit of each token, pushed through the listing registry.
///
/// A halt counts from the first relay that tells it. Its end, and a heartbeat, count once the quorum of relays told the same.
/// Silence never resumes anything: once the heartbeat is stale anyone may halt (`sync`), and nothing is lifted before it is fresh again.
///
/// Kinds of report, and their data:
/// 1 HOURS (bytes4 mic, uint256 hours); 2 DAYS (bytes4 mic, uint32 firstWord, uint256[] words);
/// 3 RULES (Rules); 4 INTERRUPTION (address token, State): relayed and counted; 5 VENUE (bytes4 mic, State);
/// 6 HEARTBEAT (bytes4 mic, uint40 asOf); 7 VOTE (bytes32 digest, uint256 votes): told, but not yet by the quorum.
interface IMarketStatus is IReportStream {
    /// @dev ERC-8392's values. AUCTION is never answered: the calendar knows no auctions.
    enum Session {
        UNKNOWN,
        REGULAR,
        EXTENDED,
        AUCTION,
        CLOSED
    }

    /// @dev ERC-8392's values. UNKNOWN is what a stale heartbeat makes of all others.
    enum Interruption {
        UNKNOWN,
        NONE,
        PRICE_CONSTRAINED,
        ASSET_HALTED,
        VENUE_HALTED
    }

    /// @param quorum How many relays must tell the end of a halt, or a heartbeat.
    /// @param heartbeatAge A heartbeat is fresh while it is younger than this (seconds).
    struct Rules {
        uint8 quorum;
        uint32 heartbeatAge;
    }

    /// @param sequence Of the last news, counted from 1 without a gap.
    /// @param code The exchange's own: T1, LUDP, MWC1, H10 ...; ASCII, zero padded; zero with NONE.
    /// @param asOf When the source said so (seconds UTC).
    struct State {
        uint32 sequence;
        Interruption interruption;
        bytes8 code;
        uint40 asOf;
    }

    error MarketInvalidRules(Rules rules);
    error MarketInvalidHours(bytes4 mic, uint256 value);
    error MarketUnknownToken(address token);
    error MarketSequence(address token, bytes4 mic, uint32 given, uint32 last);
    error MarketInvalidNews(address token, bytes4 mic, State state);
    error MarketHeartbeatStale(bytes4 mic, uint40 heartbeat);
    error MarketHeartbeatInvalid(bytes4 mic, uint40 asOf, uint40 last);
    error MarketVotedAlready(address relay, bytes32 digest);

    // ---------------------------------------------------------------- issuer

    /// @notice ISSUER: what the rule profile says about relays. Neither may be zero.
    function setRules(Rules calldata rules) external;

    // ---------------------------------------------------------------- market operator: sessions

    /// @notice MARKET_OPERATOR: the kinds of days of a market, in one word. From the low bit: how long its extended hours begin before
    /// the opening 16 and end after the close 16 (minutes), then eight kinds of 24 bits: open 12, close 12 (minutes of the UTC day).
    function setHours(bytes4 mic, uint256 value) external;

    /// @notice MARKET_OPERATOR: what kind each day is. A word holds 64 days of four bits, the first in the low bits: 0 unknown, 1 closed,
    /// 2-9 the kinds of `setHours`. Day 0 is 1 January 1970; word w begins with day 64 * w.
    function setDays(bytes4 mic, uint32 firstWord, uint256[] calldata words) external;

    // ---------------------------------------------------------------- market operator: interruptions

    /// @notice MARKET_OPERATOR: news of one share. Resuming asks for a fresh heartbeat.
    function relay(address token, State calldata state) external;

    /// @notice MARKET_OPERATOR: news of a whole market; every token of it follows in the same transaction.
    function relayVenue(bytes4 mic, State calldata state) external;

    /// @notice MARKET_OPERATOR: every halt that the source told up to `asOf` (seconds UTC) has been relayed. Relays that form a
    /// quorum tell the same second.
    function heartbeat(bytes4 mic, uint40 asOf) external;

    // ---------------------------------------------------------------- anyone

    /// @notice Makes the halt bit of each token what the news and the heartbeat now say: set when stale, lifted only when fresh.
    function sync(address[] calldata tokens) external;

    // ---------------------------------------------------------------- views

    function rules() external view returns (Rules memory);

    function hoursOf(bytes4 mic) external view returns (uint256);

    /// @notice One word of a market's days.
    function daysOf(bytes4 mic, uint32 word) external view returns (uint256);

    /// @notice The session of a market at a second (UTC).
    function sessionAt(bytes4 mic, uint40 moment) external view returns (Session);

    /// @notice The sessions of a market at many seconds (UTC).
    function sessionsAt(bytes4 mic, uint40[] calldata moments) external view returns (Session[] memory);

    /// @notice The next change of session after a second (UTC), and what begins; zero and UNKNOWN when none is known within 15 days.
    function transitionAfter(bytes4 mic, uint40 moment) external view returns (uint40 when, Session session);

    /// @notice How many business days of a token's market begin (00:00 UTC) after `from` and up to `to`. A day that no calendar knows
    /// counts as one.
    function businessDays(address token, uint40 from, uint40 to) external view returns (uint256);

    /// @notice What holds for a token now: its own state and its market's, whichever is worse; UNKNOWN while the heartbeat is stale.
    function interruptionOf(address token) external view returns (Interruption, bytes8 code);

    /// @notice Whether the last news of a token, or of its market, is a halt, whatever the heartbeat; and the exchange's code.
    function haltedByNews(address token) external view returns (bool halted, bytes8 code);

    /// @notice Whether the market halts a token now: `sync` makes its bit follow.
    function haltsNow(address token) external view returns (bool);

    function stateOf(address token) external view returns (State memory);

    function venueStateOf(bytes4 mic) external view returns (State memory);

    /// @notice The last heartbeat of a market that counts (seconds UTC), and whether it is fresh.
    function heartbeatOf(bytes4 mic) external view returns (uint40 asOf, bool fresh);
}
