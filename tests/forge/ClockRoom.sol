// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AuthorityRoom} from "./AuthorityRoom.sol";
import {MarketRoom} from "./MarketRoom.sol";

/// @title Time.
abstract contract ClockRoom is AuthorityRoom, MarketRoom {
    /// @dev A second to two days; or just before, or at, the next moment that something waits for.
    function pass(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint256 to = block.timestamp + 1 + _draw(dice, _rarely(dice, 2) ? 1 hours : 2 days);
        uint256 awaited = _drawMoment(dice);
        if (awaited > block.timestamp + 1) to = awaited - _draw(dice, 2);
        vm.warp(to);
        _checkStates();
        _count(true);
    }

    /// @dev A deadline, an act's day, the end of a period, the day or the end of terms, the end of a heartbeat's freshness; or none.
    function _drawMoment(Dice memory dice) private view returns (uint256) {
        uint256 way = _draw(dice, 11);
        address share = _drawShare(dice);
        uint32 exemption = uint32(1 + _draw(dice, exemptionCount));
        uint32 version = uint32(1 + _draw(dice, exemptions[exemption].versions));
        if (way < 2 && requestCount != 0) return requests[1 + _draw(dice, requestCount)].deadline;
        if (way < 5) {
            (bool found, uint256 place) = _drawOpen(dice, false);
            return found ? acts[place].ready + (_rarely(dice, 6) ? EXPIRY : 0) : 0;
        }
        if (way == 5) return listed[share].objectionUntil;
        if (way == 6) return _opensAt(exemption) == type(uint40).max ? 0 : _opensAt(exemption);
        if (way == 7) return editions[exemption][version].effectiveFrom;
        uint256 until = editions[exemption][version].validUntil;
        if (way == 8) return until == EXEMPTION_UNTIL ? 0 : until;
        return way == 9 && heartbeats[MIC] != 0 ? heartbeats[MIC] + relayRules.heartbeatAge : 0;
    }
}
