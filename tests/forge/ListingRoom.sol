// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Basis} from "../../contracts/types/Basis.sol";
import {Control, ControlWord} from "../../contracts/types/ControlWord.sol";
import {Role} from "../../contracts/types/Role.sol";
import {EnforcementRoom} from "./EnforcementRoom.sol";

/// @title The life of listings: new ones, their notices, objections and documents, phases, halts by hand, the regulator's
/// suspension, policy.
/// @dev What is listed during a run holds no balances; it is there to be opened, barred and wound down.
abstract contract ListingRoom is EnforcementRoom {
    /// @dev What is final comes late in a run, so that it does not silence the rest.
    uint256 internal constant LATE = 400;
    uint256 private constant MOST_SHARES = 8;

    function _byIssuer(Dice memory dice, bytes memory call_, bytes memory foretold)
        internal
        returns (bool ok, bytes memory back)
    {
        address caller = _drawOfficer(dice, Role.ISSUER, ISSUER);
        return _command(caller, Role.ISSUER, address(listings), call_, foretold);
    }

    function _byCompliance(Dice memory dice, bytes memory call_, bytes memory foretold) internal returns (bool ok) {
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        (ok,) = _command(caller, Role.COMPLIANCE, address(listings), call_, foretold);
    }

    // ---------------------------------------------------------------- before the first trade

    function listShare(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = uint32(1 + _draw(dice, _rarely(dice, 2) ? 2 : exemptionCount));
        if (_rarely(dice, 12)) exemption = exemptionCount + 1;
        IListingRegistry.Instrument memory instrument = _drawInstrument(dice);
        address expected = _addressAfter();
        _expectStream(expected);
        bytes memory call_ =
            abi.encodeCall(listings.list, (exemption, instrument, "New", "NEW", Control.ALL_CLASSES, RELAXED));
        bytes memory foretold = _againstListing(exemption, instrument);
        (bool ok, bytes memory back) = _byIssuer(dice, call_, foretold);
        _check(6, !ok || abi.decode(back, (address)) == expected, "a token of which no stream is known");
    }

    /// @dev Where the factory's next token will stand.
    function _addressAfter() private view returns (address) {
        return vm.computeCreateAddress(address(factory), vm.getNonce(address(factory)));
    }

    /// @dev A new share; once there are enough, one whose ISIN is taken. Sometimes of a kind that is refused, or incomplete.
    function _drawInstrument(Dice memory dice) private view returns (IListingRegistry.Instrument memory instrument) {
        uint256 number = shares.length < MOST_SHARES && !_rarely(dice, 8) ? shares.length : _draw(dice, shares.length);
        instrument.isin = number < shares.length
            ? listed[shares[number]].instrument.isin
            : bytes12(uint96(0x555300000000000000000000 + number));
        instrument.cusip = "000000000";
        instrument.mic = _rarely(dice, 3) ? OTHER_MIC : MIC;
        instrument.backing =
            _rarely(dice, 4) ? IListingRegistry.Backing(_draw(dice, 4)) : IListingRegistry.Backing.ENTITLEMENT;
        instrument.ticker = _rarely(dice, 16) ? bytes12(0) : bytes12("NEW");
    }

    function recordIssuerNotice(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawPending(dice);
        // Told again, the period begins anew: seldom.
        for (uint256 i = 2; i < shares.length && listed[share].objectionUntil != 0 && !_rarely(dice, 8); ++i) {
            share = shares[i];
        }
        bytes32 hash = _rarely(dice, 12) ? bytes32(0) : _drawOrder(dice);
        bytes memory call_ = abi.encodeCall(listings.recordIssuerNotice, (share, hash));
        uint40 until = uint40(block.timestamp) + _termsNow(listed[share].exemption).objectionPeriod;
        (bool ok,) = _byIssuer(dice, call_, _againstIssuerNotice(share, hash));
        _check(4, !ok || listed[share].objectionUntil == until, "another period than the profile's");
    }

    /// @dev Received in time or late; what is in time bars for good, so it seldom meets the shares that people hold, and late.
    function recordObjection(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawAny(dice);
        // Before the issuer was told, every objection is in time.
        if (listed[share].objectionUntil == 0 && !_rarely(dice, 4)) share = address(token);
        uint40 receivedAt = _drawReceived(dice, share);
        bytes32 hash = _rarely(dice, 16) ? bytes32(0) : _drawOrder(dice);
        bool barred =
            _isBarred(share) || listed[share].objectionUntil == 0 || receivedAt <= listed[share].objectionUntil;
        bytes memory call_ = abi.encodeCall(listings.recordObjection, (share, hash, receivedAt));
        bool ok = _byCompliance(dice, call_, _againstObjection(share, hash, receivedAt));
        _check(4, !ok || _isBarred(share) == barred, "an objection counted wrongly");
        bool open = settings[share].phase() == Control.ACTIVE;
        _check(4, !ok || !barred || !open, "a token trades against its issuer's objection");
    }

    /// @dev Within the last hour, or in the last seconds of the issuer's period.
    function _drawReceived(Dice memory dice, address share) private view returns (uint40 receivedAt) {
        uint40 until = listed[share].objectionUntil;
        receivedAt = uint40(block.timestamp - _draw(dice, 1 hours));
        bool late = share == address(token) ? calls < LATE || !_rarely(dice, 8) : !_rarely(dice, 4);
        if (late && receivedAt <= until) receivedAt = until + 1;
        if (!late && receivedAt > until && until != 0) receivedAt = until - uint40(_draw(dice, 2));
        if (_rarely(dice, 16)) receivedAt = _rarely(dice, 2) ? 0 : uint40(block.timestamp + 1);
    }

    /// @dev A share that is PENDING as a rule, the first from a place drawn.
    function _drawPending(Dice memory dice) private view returns (address share) {
        uint256 start = _draw(dice, shares.length);
        share = shares[start];
        if (_rarely(dice, 12)) return share;
        for (uint256 i = 1; i < shares.length && listed[share].phase != Control.PENDING; ++i) {
            share = shares[(start + i) % shares.length];
        }
    }

    /// @dev Any token; sometimes an address that is none.
    function _drawAny(Dice memory dice) private view returns (address) {
        return _rarely(dice, 20) ? address(registry) : _drawShare(dice);
    }

    /// @dev Sets one of three documents, removes it, or tries one without a name. What PENDING shares need most is RIGHTS.
    function setDocument(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        bytes32 name = [bytes32(0), bytes32(uint256(1)), bytes32(uint256(2)), RIGHTS, RIGHTS, RIGHTS][_draw(dice, 6)];
        address share = name == RIGHTS ? _drawPending(dice) : _drawAny(dice);
        for (uint256 i = 2; name == RIGHTS && i < shares.length && documents[share][RIGHTS] != 0; ++i) {
            share = shares[i];
        }
        bytes32 hash = _drawOrder(dice);
        bytes memory call_ = abi.encodeCall(listings.setDocument, (share, name, "ipfs://", hash));
        bytes memory foretold = !_isListed(share) ? _unknown(share) : name == 0 ? _empty(name) : bytes("");
        if (_rarely(dice, name == RIGHTS ? 8 : 3)) {
            call_ = abi.encodeCall(listings.removeDocument, (share, name));
            (hash, foretold) = (0, _againstRemoval(share, name));
        }
        (bool ok,) = _byIssuer(dice, call_, foretold);
        _check(4, !ok || documents[share][name] == hash, "another document than set");
    }

    function activate(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        // One that can be opened, as a rule.
        address share = _drawPending(dice);
        for (uint256 i = 2; i < shares.length && !_rarely(dice, 8) && _againstActivation(share).length != 0; ++i) {
            share = shares[i];
        }
        (bool told,) = market.haltedByNews(share);
        bytes memory call_ = abi.encodeCall(listings.activate, (share));
        activating = true;
        (bool ok,) = _byIssuer(dice, call_, _againstActivation(share));
        activating = false;
        _check(4, !ok || !told || ShareToken(share).control().halted(), "opened past a halt");
        _check(4, !ok || listed[share].phase == Control.ACTIVE, "another phase than asked for");
    }

    // ---------------------------------------------------------------- phases and halts

    function phase(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawAny(dice);
        Basis basis = _drawBasis(dice);
        // Resumed more readily than suspended.
        bool resumes = !_rarely(dice, 8);
        for (uint256 i = 0; resumes && i < shares.length && listed[share].phase != Control.SUSPENDED; ++i) {
            share = shares[i];
        }
        bytes32 order = _drawOrder(dice);
        bytes memory call_ = resumes
            ? abi.encodeCall(listings.resume, (share, basis, order))
            : abi.encodeCall(listings.suspend, (share, basis, order));
        bytes memory foretold = _unstated(basis);
        if (foretold.length == 0) {
            foretold = resumes ? _againstOpening(share, Control.SUSPENDED) : _againstPhase(share, Control.ACTIVE);
        }
        bool ok = _byCompliance(dice, call_, foretold);
        uint8 target = resumes ? Control.ACTIVE : Control.SUSPENDED;
        _check(4, !ok || listed[share].phase == target, "another phase than asked for");
    }

    /// @dev What people hold only late, and seldom what waits for its first day.
    function windDown(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawAny(dice);
        bool held = share == address(token) || share == address(otherToken);
        bool young = listed[share].phase == Control.PENDING && !_rarely(dice, 4);
        if (calls < LATE && (held || young)) share = address(registry);
        Basis basis = _drawBasis(dice);
        bytes memory call_ = abi.encodeCall(listings.windDown, (share, basis, _drawOrder(dice)));
        bytes memory foretold = _unstated(basis);
        if (!_isListed(share)) foretold = _unknown(share);
        else if (listed[share].phase == Control.WIND_DOWN) foretold = _wrongPhase(share);
        bool ok = _byCompliance(dice, call_, foretold);
        _check(4, !ok || settings[share].phase() == Control.WIND_DOWN, "a token is not wound down");
    }

    function _unstated(Basis basis) internal pure returns (bytes memory) {
        if (!basis.isUnstated()) return "";
        return abi.encodeWithSelector(IListingRegistry.ListingBasisUnstated.selector);
    }

    /// @dev By hand, and whatever the market's own halt is.
    function halt(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawAny(dice);
        Basis basis = _drawBasis(dice);
        bool halted = _rarely(dice, 6);
        for (uint256 i = 0; !halted && i < shares.length && !listed[share].haltedByHand; ++i) {
            share = shares[i];
        }
        bytes memory foretold = !_isListed(share)
            ? _unknown(share)
            : listed[share].haltedByHand == halted ? _unchanged(share) : _unstated(basis);
        bool market_ = listed[share].haltedByMarket;
        bytes memory call_ = abi.encodeCall(listings.setHalt, (share, halted, basis, _drawOrder(dice)));
        bool ok = _byCompliance(dice, call_, foretold);
        _check(4, !ok || listed[share].haltedByHand == halted, "a halt did not show");
        _check(4, listed[share].haltedByMarket == market_, "a halt by hand touched the market's");
    }

    function regulatorSuspension(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = _drawAny(dice);
        Basis basis = _drawBasis(dice);
        // Lifted at the first occasion, as a rule; begun where nothing is to be lifted.
        bool suspended = _rarely(dice, 10);
        for (uint256 i = 0; !suspended && i < shares.length && !listed[share].suspendedByRegulator; ++i) {
            share = shares[i];
        }
        if (!listed[share].suspendedByRegulator && _rarely(dice, 3)) suspended = true;
        bytes memory foretold = !_isListed(share)
            ? _unknown(share)
            : listed[share].suspendedByRegulator == suspended ? _unchanged(share) : _unstated(basis);
        // Not even COMPLIANCE may lift it.
        address caller = _rarely(dice, 6) ? COMPLIANCE : _drawOfficer(dice, Role.REGULATOR, REGULATOR);
        bytes memory call_ =
            abi.encodeCall(listings.setRegulatorSuspension, (share, suspended, basis, _drawOrder(dice)));
        (bool ok,) = _command(caller, Role.REGULATOR, address(listings), call_, foretold);
        _check(4, !ok || listed[share].suspendedByRegulator == suspended, "a suspension did not show");
    }

    function setPolicy(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address caller = _drawOfficer(dice, Role.ISSUER, ISSUER);
        uint16 classes = Control.ALL_CLASSES;
        if (_rarely(dice, 3)) classes &= ~uint16(1 << (1 + _draw(dice, 10)));
        uint8 policy = _rarely(dice, 2) ? uint8(_draw(dice, 16)) : address(share) == address(token) ? RELAXED : STRICT;
        if (_rarely(dice, 16)) policy |= 16;
        if (_rarely(dice, 16)) classes |= 1;
        bool known = policy < 16 && classes & 1 == 0;
        bool changes =
            settings[address(share)].policy() != policy || settings[address(share)].allowedClasses() != classes;

        (bool ok, bytes memory back) = _act(caller, address(share), abi.encodeCall(share.setPolicy, (classes, policy)));
        _weighRight(3, _may(Role.ISSUER, caller), known && changes, ok, back);
        _confirmNothingMoved();
        ControlWord word = settings[address(share)];
        bool same = word.policy() == policy && word.allowedClasses() == classes;
        _check(3, !ok || same, "another policy than set");
        _count(ok);
    }
}
