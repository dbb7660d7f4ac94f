// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The kinds of trading days of a market, in minutes. From the low bit: how long extended hours begin before the opening
/// 16, and end after the close 16; then eight kinds of 24 bits: open 12, close 12, of the UTC day.
type HoursWord is uint256;

using {isSound, isTrading, isOpen, isExtended, edges} for HoursWord global;

/// @dev What kind each of 64 days is, four bits each, the first in the low bits.
type DaysWord is uint256;

using {kindOf} for DaysWord global;

/// @title Values of a day's four bits.
library Calendar {
    uint256 internal constant DAYS_IN_WORD = 64;
    /// @dev Minutes of a day.
    uint256 internal constant DAY = 1440;

    /// @dev Zero: nobody has said. Never open, and counted as a business day where age matters.
    uint8 internal constant UNKNOWN = 0;
    uint8 internal constant CLOSED = 1;
    /// @dev The first kind of trading day; above it, one for each of the eight kinds.
    uint8 internal constant TRADING = 2;
    uint8 internal constant KINDS = 8;
}

/// @dev The kind of a day, counted from 1 January 1970; the word is the one that holds it.
function kindOf(DaysWord word, uint256 day) pure returns (uint8) {
    return uint8(DaysWord.unwrap(word) >> (4 * (day % Calendar.DAYS_IN_WORD))) & 15;
}

/// @dev Every kind lies within its UTC day, and extended hours within a day of it.
function isSound(HoursWord word) pure returns (bool) {
    uint256 bits = HoursWord.unwrap(word);
    if (bits >> (32 + 24 * Calendar.KINDS) != 0) return false;
    if (before(word) >= Calendar.DAY || afterwards(word) >= Calendar.DAY) return false;
    for (uint8 kind = Calendar.TRADING; kind < Calendar.TRADING + Calendar.KINDS; ++kind) {
        (uint256 open, uint256 close) = times(word, kind);
        if (close > Calendar.DAY || (open >= close && open + close != 0)) return false;
    }
    return true;
}

function isTrading(HoursWord word, uint8 kind) pure returns (bool) {
    (, uint256 close) = times(word, kind);
    return close != 0;
}

/// @dev Whether regular hours hold at this minute of a day of the kind.
function isOpen(HoursWord word, uint8 kind, uint256 minute) pure returns (bool) {
    (uint256 open, uint256 close) = times(word, kind);
    return minute >= open && minute < close;
}

/// @dev Whether extended or regular hours hold; the minute is counted from the beginning of the day before one of the kind.
function isExtended(HoursWord word, uint8 kind, uint256 minute) pure returns (bool) {
    (uint256 open, uint256 close) = times(word, kind);
    if (close == 0) return false;
    return minute + before(word) >= Calendar.DAY + open && minute < Calendar.DAY + close + afterwards(word);
}

/// @dev The seconds (UTC) at which a session can begin or end on a day of the kind: midnight and the four of its hours.
function edges(HoursWord word, uint8 kind, uint256 day) pure returns (uint256[5] memory seconds_) {
    (uint256 open, uint256 close) = times(word, kind);
    uint256 midnight = day * 1 days;
    seconds_[0] = midnight;
    if (close == 0) return seconds_;
    seconds_[1] = midnight + open * 1 minutes - before(word) * 1 minutes;
    seconds_[2] = midnight + open * 1 minutes;
    seconds_[3] = midnight + close * 1 minutes;
    seconds_[4] = midnight + (close + afterwards(word)) * 1 minutes;
}

/// @dev Opening and close of a kind, in minutes; zero for one that is none.
function times(HoursWord word, uint8 kind) pure returns (uint256 open, uint256 close) {
    if (kind < Calendar.TRADING || kind >= Calendar.TRADING + Calendar.KINDS) return (0, 0);
    uint256 bits = HoursWord.unwrap(word) >> (32 + 24 * (kind - Calendar.TRADING));
    return (bits & 0xfff, (bits >> 12) & 0xfff);
}

function before(HoursWord word) pure returns (uint256) {
    return HoursWord.unwrap(word) & 0xffff;
}

function afterwards(HoursWord word) pure returns (uint256) {
    return (HoursWord.unwrap(word) >> 16) & 0xffff;
}
