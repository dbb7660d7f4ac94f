// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarketStatus} from "../../../contracts/interfaces/IMarketStatus.sol";
import {MarketStatus} from "../../../contracts/market/MarketStatus.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";

/// @dev A listing registry that knows every token, on one market, and remembers the last halt it was told.
contract ObedientListings {
    bytes4 private constant MIC = "XNAS";

    address public token;
    bool public halted;

    function isListed(address) external pure returns (bool) {
        return true;
    }

    function micOf(address) external pure returns (bytes4) {
        return MIC;
    }

    function setMarketHalt(address token_, bool halted_, bytes32) external {
        (token, halted) = (token_, halted_);
    }
}

/// @title Nobody sets rules, hours or days, or tells news, unless the authority lets him call that very function; what anyone
/// may do halts, and lifts nothing but what a fresh heartbeat lifts.
/// @custom:kind access to MarketStatus
/// @custom:access MarketStatus
contract AccessMarketStatus is Access {
    ObedientListings private immutable LISTINGS = new ObedientListings();
    MarketStatus private immutable MARKET = new MarketStatus(address(AUTHORITY), address(LISTINGS));

    function setUp() public {
        svm.enableSymbolicStorage(address(MARKET));
    }

    function check_setRules__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        IMarketStatus.Rules memory rules
    ) public {
        closed(caller, delay, abi.encodeCall(MarketStatus.setRules, (rules)));
    }

    function check_setHours__callerWithoutTheFunction__refused(address caller, uint32 delay, bytes4 mic, uint256 value)
        public
    {
        closed(caller, delay, abi.encodeCall(MarketStatus.setHours, (mic, value)));
    }

    function check_setDays__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        bytes4 mic,
        uint32 firstWord,
        uint256[] memory words
    ) public {
        closed(caller, delay, abi.encodeCall(MarketStatus.setDays, (mic, firstWord, words)));
    }

    function check_relay__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        IMarketStatus.State memory state
    ) public {
        closed(caller, delay, abi.encodeCall(MarketStatus.relay, (token, state)));
    }

    function check_relayVenue__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        bytes4 mic,
        IMarketStatus.State memory state
    ) public {
        closed(caller, delay, abi.encodeCall(MarketStatus.relayVenue, (mic, state)));
    }

    function check_heartbeat__callerWithoutTheFunction__refused(address caller, uint32 delay, bytes4 mic, uint40 asOf)
        public
    {
        closed(caller, delay, abi.encodeCall(MarketStatus.heartbeat, (mic, asOf)));
    }

    /// @dev After whatever was told before, at any time.
    function check_sync__anyCaller__liftsOnlyUnderAFreshHeartbeat(address caller, address token, uint256 time) public {
        come(caller, time, abi.encodeCall(MarketStatus.sync, (one(token))));
        (, bool fresh) = MARKET.heartbeatOf(LISTINGS.micOf(token));
        assert(LISTINGS.token() == token);
        assert(LISTINGS.halted() || fresh);
        assert(LISTINGS.halted() == MARKET.haltsNow(token));
    }

    function check_sync__anyCaller__liftsNoHaltThatStands(address caller, address token, uint256 time) public {
        come(caller, time, abi.encodeCall(MarketStatus.sync, (one(token))));
        bool own = MARKET.stateOf(token).interruption == IMarketStatus.Interruption.ASSET_HALTED;
        bytes4 mic = LISTINGS.micOf(token);
        bool venue = MARKET.venueStateOf(mic).interruption == IMarketStatus.Interruption.VENUE_HALTED;
        assert(LISTINGS.halted() || !(own || venue));
    }

    /// @dev Deliberately wrong: whoever comes while nothing halts does lift the bit.
    function check_refuted_sync__anyCaller__liftsNothing(address caller, address token, uint256 time) public {
        come(caller, time, abi.encodeCall(MarketStatus.sync, (one(token))));
        assert(LISTINGS.halted());
    }

    function come(address caller, uint256 time, bytes memory call) private {
        vm.warp(time);
        vm.prank(caller);
        (bool ok,) = address(MARKET).call(call);
        vm.assume(ok);
    }

    function one(address token) private pure returns (address[] memory tokens) {
        tokens = new address[](1);
        tokens[0] = token;
    }

    function closed(address caller, uint32 delay, bytes memory call) private {
        restrictedTo(caller, delay, address(MARKET), call);
    }
}
