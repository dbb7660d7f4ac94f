// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {IMarketStatus} from "../../contracts/interfaces/IMarketStatus.sol";
import {Role} from "../../contracts/types/Role.sol";
import {ExemptionRoom} from "./ExemptionRoom.sol";

/// @title Relays and whoever looks on: news of shares and markets, heartbeats, silence; the calendar; the relays' rules.
/// @dev Two relays tell the same as a rule, so that quorums of two come about; what the first told waits in `told...`.
abstract contract MarketRoom is ExemptionRoom {
    /// @dev News of one share or of one market, and who tells them.
    struct News {
        address share;
        bytes4 mic;
        address caller;
        IMarketStatus.State state;
        bool halts;
        bytes32 digest;
    }

    mapping(address share => IMarketStatus.State) private _toldOf;
    mapping(bytes4 mic => IMarketStatus.State) private _toldAt;
    mapping(bytes4 mic => uint40) private _toldBeat;

    /// @dev One of the relays as a rule, sometimes anyone.
    function _drawRelay(Dice memory dice) private view returns (address) {
        if (_rarely(dice, 10)) return _drawAnyone(dice);
        if (_rarely(dice, 2)) return MARKET_OPERATOR_2;
        return _may(Role.MARKET_OPERATOR, MARKET_OPERATOR) ? MARKET_OPERATOR : SPARE;
    }

    // ---------------------------------------------------------------- news

    function relay(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        News memory told;
        told.share = _rarely(dice, 24) ? address(registry) : _drawShare(dice);
        // What is halted is resumed more readily than others are halted.
        for (uint256 i = 0; i < shares.length && !_rarely(dice, 4) && !_isHalted(told.share); ++i) {
            told.share = shares[i];
        }
        _drawNews(told, dice, news[told.share], _toldOf[told.share]);
        told.halts = told.state.interruption == IMarketStatus.Interruption.ASSET_HALTED;
        told.digest = keccak256(abi.encode(told.share, told.state));

        bytes memory foretold = _againstRelay(told.caller, told.share, told.state);
        (bool ok, bool heard) = _tell(told, abi.encodeCall(market.relay, (told.share, told.state)), foretold);
        if (!ok) return;
        _toldOf[told.share] = told.state;
        bool stands = keccak256(abi.encode(news[told.share])) == keccak256(abi.encode(told.state));
        _check(6, heard == stands, "news counted wrongly");
    }

    function relayVenue(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        News memory told;
        told.mic = _drawMarket(dice);
        _drawNews(told, dice, venueNews[told.mic], _toldAt[told.mic]);
        told.halts = told.state.interruption == IMarketStatus.Interruption.VENUE_HALTED;
        told.digest = keccak256(abi.encode(told.mic, told.state));

        bytes memory foretold = _againstVenue(told.caller, told.mic, told.state);
        (bool ok, bool heard) = _tell(told, abi.encodeCall(market.relayVenue, (told.mic, told.state)), foretold);
        if (!ok) return;
        _toldAt[told.mic] = told.state;
        bool stands = keccak256(abi.encode(venueNews[told.mic])) == keccak256(abi.encode(told.state));
        _check(6, heard == stands, "news counted wrongly");
    }

    /// @return ok Whether it was taken. @return heard Whether it counts: then the bits follow, and no others.
    function _tell(News memory told, bytes memory call_, bytes memory foretold) private returns (bool ok, bool heard) {
        bool counts = _counts(told.halts, told.digest);
        uint256 before = _haltBits();
        (ok,) = _command(told.caller, Role.MARKET_OPERATOR, address(market), call_, foretold);
        heard = ok && counts;
        if (ok && !told.halts) _vote(told.caller, told.digest);
        _checkBits(before, heard ? told.share : address(0), heard ? told.mic : bytes4(0));
    }

    function _isHalted(address share) private view returns (bool) {
        return news[share].interruption == IMarketStatus.Interruption.ASSET_HALTED;
    }

    function _drawMarket(Dice memory dice) private pure returns (bytes4) {
        return _rarely(dice, 16) ? bytes4(0) : _rarely(dice, 4) ? OTHER_MIC : MIC;
    }

    /// @dev What another relay told and nobody heard yet, or the next of a share or a market, with a fault in every fifth. A halt
    /// ends at the first occasion, as a rule.
    function _drawNews(
        News memory told,
        Dice memory dice,
        IMarketStatus.State memory last,
        IMarketStatus.State memory waiting
    ) private view {
        told.caller = _drawRelay(dice);
        told.state = waiting;
        if (waiting.sequence == last.sequence + 1 && !_rarely(dice, 4)) return;

        IMarketStatus.Interruption worst =
            told.mic == 0 ? IMarketStatus.Interruption.ASSET_HALTED : IMarketStatus.Interruption.VENUE_HALTED;
        IMarketStatus.State memory state =
            IMarketStatus.State(last.sequence + 1, IMarketStatus.Interruption.NONE, 0, uint40(block.timestamp));
        if (_rarely(dice, last.interruption == worst ? 8 : told.mic == 0 ? 3 : 6)) {
            (state.interruption, state.code) = (worst, "T1");
        } else if (_rarely(dice, 3) && told.mic == 0) {
            (state.interruption, state.code) = (IMarketStatus.Interruption.PRICE_CONSTRAINED, "LUDP");
        }
        uint256 fault = _draw(dice, 30);
        if (fault == 0) state.sequence += 1;
        if (fault == 1) state.sequence -= 1;
        if (fault == 2) state.asOf += 1;
        if (fault == 3 && last.asOf != 0) state.asOf = last.asOf - uint40(_draw(dice, 2));
        if (fault == 4) state.code = state.code == 0 ? bytes8("H10") : bytes8(0);
        if (fault == 5) state.interruption = IMarketStatus.Interruption(_draw(dice, 5));
        told.state = state;
    }

    /// @dev With a quorum of one nothing is counted, so nobody is remembered.
    function _vote(address caller, bytes32 digest) private {
        if (relayRules.quorum > 1) voted[digest][caller] = true;
    }

    // ---------------------------------------------------------------- the bit

    /// @dev Which tokens the market halts, by place.
    function _haltBits() private view returns (uint256 bits) {
        for (uint256 i = 0; i < shares.length; ++i) {
            if (listed[shares[i]].haltedByMarket) bits |= 1 << i;
        }
    }

    /// @dev The bit of each share told of, or of that market, says what now holds; all others stand as they stood.
    function _checkBits(uint256 before, address share, bytes4 mic) private {
        for (uint256 i = 0; i < shares.length; ++i) {
            bool told = shares[i] == share || (mic != 0 && listed[shares[i]].instrument.mic == mic);
            (bool halts,) = _marketHalts(shares[i]);
            bool expected = told ? halts : (before >> i) & 1 == 1;
            _check(4, listed[shares[i]].haltedByMarket == expected, "a halt reached the wrong tokens");
        }
    }

    function sync(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawAnyone(dice);
        address[] memory named = _drawNamed(dice);
        bool foreign = _rarely(dice, 16);
        if (foreign) named[named.length - 1] = address(registry);
        uint256 before = _haltBits();

        (bool ok, bytes memory back) = _act(caller, address(market), abi.encodeCall(market.sync, (named)));
        _confirmNothingMoved();
        _check(4, ok != foreign, ok ? "done against a rule" : "refused without a ground");
        bytes memory expected = abi.encodeWithSelector(IMarketStatus.MarketUnknownToken.selector, address(registry));
        _check(7, ok || keccak256(back) == keccak256(expected), "refused for another reason than the first");
        _checkStates();
        for (uint256 i = 0; ok && i < named.length; ++i) {
            (bool halts,) = _marketHalts(named[i]);
            _check(4, listed[named[i]].haltedByMarket == halts, "a token does not follow the market");
        }
        if (!ok || named.length == 1) _checkBits(before, ok ? named[0] : address(0), 0);
        _count(ok);
    }

    /// @dev One share, or all: in silence seldom, for that stops the trading of everybody.
    function _drawNamed(Dice memory dice) private view returns (address[] memory named) {
        if (!_rarely(dice, _isFresh(MIC) ? 2 : 8)) {
            named = new address[](1);
            named[0] = _isFresh(MIC) || _rarely(dice, 4) ? _drawShare(dice) : shares[shares.length - 1];
        } else {
            named = shares;
        }
    }

    function heartbeat(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        bytes4 mic = _drawMarket(dice);
        uint40 asOf = _drawBeat(dice, mic);
        address caller = _drawRelay(dice);
        bytes32 digest = keccak256(abi.encode(mic, asOf));
        bool counts = _counts(false, digest);
        uint256 before = _haltBits();

        bytes memory foretold = _againstHeartbeat(caller, mic, asOf);
        bytes memory call_ = abi.encodeCall(market.heartbeat, (mic, asOf));
        (bool ok,) = _command(caller, Role.MARKET_OPERATOR, address(market), call_, foretold);
        if (ok) {
            _toldBeat[mic] = asOf;
            _vote(caller, digest);
            _check(6, counts == (heartbeats[mic] == asOf), "a heartbeat counted wrongly");
        }
        // It lifts nothing by itself.
        _checkBits(before, address(0), 0);
    }

    /// @dev What another relay told and nobody heard yet, or now; sometimes too early, too late, or some hours behind.
    function _drawBeat(Dice memory dice, bytes4 mic) private view returns (uint40 asOf) {
        asOf = _toldBeat[mic];
        if (asOf <= heartbeats[mic] || _rarely(dice, 3)) asOf = uint40(block.timestamp);
        uint256 fault = _draw(dice, 16);
        if (fault == 0) asOf += 1;
        if (fault == 1) asOf = heartbeats[mic];
        if (fault == 2) asOf -= uint40(_draw(dice, 1 days));
    }

    /// @dev A halt told past the market, by whoever: only its contract is heard.
    function marketHalt(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _rarely(dice, 2) ? MARKET_OPERATOR_2 : _drawAnyone(dice);
        address share = _drawShare(dice);
        bytes memory call_ = abi.encodeCall(listings.setMarketHalt, (share, _rarely(dice, 2), bytes32("T1")));
        (bool ok, bytes memory back) = _act(caller, address(listings), call_);
        bytes memory denial =
            abi.encodeWithSelector(IListingRegistry.ListingWrongCaller.selector, caller, address(market));
        _check(8, !ok, "done without the right");
        _check(8, keccak256(back) == keccak256(denial), "denied without saying so");
        _confirmNothingMoved();
        _count(!ok);
    }

    // ---------------------------------------------------------------- rules and days

    function marketRules(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint8 quorum = _rarely(dice, 12) ? 0 : _rarely(dice, 3) ? 2 : 1;
        uint32 age = _rarely(dice, 12) ? 0 : _rarely(dice, 3) ? 1 hours : HEARTBEAT_AGE;
        IMarketStatus.Rules memory given = IMarketStatus.Rules(quorum, age);
        bytes memory foretold = quorum == 0 || age == 0
            ? abi.encodeWithSelector(IMarketStatus.MarketInvalidRules.selector, given)
            : bytes("");
        address caller = _drawOfficer(dice, Role.ISSUER, ISSUER);
        bytes memory call_ = abi.encodeCall(market.setRules, (given));
        (bool ok,) = _command(caller, Role.ISSUER, address(market), call_, foretold);
        _check(4, !ok || (relayRules.quorum == quorum && relayRules.heartbeatAge == age), "other rules than set");
    }

    /// @dev The days around now, drawn one by one; or the hours, sometimes such as cannot be.
    function calendar(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        bytes4 mic = _drawMarket(dice);
        address caller = _drawRelay(dice);
        // What the refusal names beside the market: the word of hours, or the first word of days.
        uint256 named = block.timestamp / 64 days - _draw(dice, 2);
        bool good = !_rarely(dice, 12);
        bytes memory call_;
        if (_rarely(dice, 3)) {
            (named, good) = _drawHours(dice);
            call_ = abi.encodeCall(market.setHours, (mic, named));
        } else {
            call_ = abi.encodeCall(market.setDays, (mic, uint32(named), _drawDays(seed, good ? 2 : 0)));
        }
        bytes memory unfit = abi.encodeWithSelector(IMarketStatus.MarketInvalidHours.selector, mic, named);
        _command(caller, Role.MARKET_OPERATOR, address(market), call_, good && mic != 0 ? bytes("") : unfit);
    }

    /// @dev Trading days mostly, a third of them closed, a few unknown or of kinds that nobody described.
    function _drawDays(uint256 seed, uint256 count) private pure returns (uint256[] memory words) {
        words = new uint256[](count);
        for (uint256 i = 0; i < count; ++i) {
            uint256 rest = uint256(keccak256(abi.encode(seed, i)));
            for (uint256 day = 0; day < 64; ++day) {
                uint256 kind = rest % 16;
                rest /= 16;
                if (kind < 5) kind = CLOSED_DAY;
                else if (kind == 5) kind = UNKNOWN_DAY;
                else if (kind < 14) kind = FIRST_KIND + kind % 2;
                words[i] = words[i] * 16 + kind;
            }
        }
    }

    /// @dev Two kinds of days, with extended hours; with one fault now and then.
    function _drawHours(Dice memory dice) private pure returns (uint256 value, bool good) {
        (uint256 early, uint256 late) = (_draw(dice, 1440), _draw(dice, 1440));
        (uint256 open, uint256 close) = (_draw(dice, 720), 721 + _draw(dice, 720));
        uint256 fault = _draw(dice, 20);
        if (fault == 0) early = 1440;
        if (fault == 1) late = 1440;
        if (fault == 2) close = 1441;
        if (fault == 3) close = open;
        value = early + late * 2 ** 16 + (open + close * 4096) * 2 ** 32 + (open + 721 * 4096) * 2 ** 56;
        good = fault > 3 || (fault == 3 && open == 0);
        if (fault == 4) (value, good) = (value + 2 ** 224, false);
    }
}
