// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {Basis} from "../../contracts/types/Basis.sol";
import {Role} from "../../contracts/types/Role.sol";
import {ListingRoom} from "./ListingRoom.sol";

/// @title Exemptions: new ones, their terms now and to come, the public Notice, their suspension and revocation.
abstract contract ExemptionRoom is ListingRoom {
    uint32 private constant MOST_EXEMPTIONS = 5;

    /// @dev Often one that only begins in some days.
    function addExemption(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        IListingRegistry.Terms memory given = _drawTerms(dice);
        if (_rarely(dice, 2)) given.validFrom = uint40(block.timestamp + _draw(dice, 6 days));
        given.effectiveFrom = _rarely(dice, 8) ? uint40(block.timestamp + 1) : 0;
        if (exemptionCount >= MOST_EXEMPTIONS) given.profile = 0;
        uint32 number = exemptionCount + 1;
        bytes memory call_ = abi.encodeCall(listings.addExemption, (given));
        (bool ok,) = _byIssuer(dice, call_, _againstAdding(given));
        if (ok) _checkRecorded(number, _fromNow(given));
    }

    /// @dev From now on, or from a day to come. Sometimes brings the end near, so that it lapses while nobody looks; then puts it off
    /// again.
    function amendExemption(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = _drawExemption(dice);
        IListingRegistry.Terms memory given = _drawTerms(dice);
        bytes memory call_ = abi.encodeCall(listings.amendExemption, (exemption, given));
        bytes memory foretold = _againstAmending(exemption, given);
        (bool ok,) = _byIssuer(dice, call_, foretold);
        if (ok) _checkRecorded(exemption, _fromNow(given));
    }

    function _checkRecorded(uint32 exemption, IListingRegistry.Terms memory expected) private {
        IListingRegistry.Terms memory latest = editions[exemption][exemptions[exemption].versions];
        bool same = keccak256(abi.encode(latest)) == keccak256(abi.encode(expected));
        _check(4, same, "other terms than recorded");
    }

    function _drawTerms(Dice memory dice) private view returns (IListingRegistry.Terms memory given) {
        given = _firstTerms();
        given.profile = _rarely(dice, 20) ? bytes32(0) : _drawOrder(dice);
        if (_rarely(dice, 4)) given.validFrom = uint40(block.timestamp + _draw(dice, 6 days));
        given.effectiveFrom =
            _rarely(dice, 3) ? uint40(block.timestamp + _draw(dice, 6 days)) : uint40(block.timestamp - _draw(dice, 2));
        if (_rarely(dice, 8)) given.validUntil = given.effectiveFrom + uint40(_draw(dice, 4 days));
        given.noticePeriod = _drawPeriod(dice);
        given.objectionPeriod = _drawPeriod(dice);
    }

    function _drawPeriod(Dice memory dice) private pure returns (uint32) {
        if (_rarely(dice, 12)) return 0;
        return [uint32(1 hours), 1 days, 3 days, 30 days][_draw(dice, 4)];
    }

    /// @dev Those that people trade under as often as all others; sometimes one that is unknown.
    function _drawExemption(Dice memory dice) private view returns (uint32) {
        if (_rarely(dice, 20)) return exemptionCount + 1;
        return uint32(1 + _draw(dice, _rarely(dice, 2) ? 2 : exemptionCount));
    }

    function publishNotice(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = _drawExemption(dice);
        bytes32 hash = _rarely(dice, 12) ? bytes32(0) : _drawOrder(dice);
        IListingRegistry.Exemption memory old = exemptions[exemption];
        bytes memory foretold = old.status == IListingRegistry.ExemptionStatus.NONE
            ? _againstExemption(exemption)
            : hash == 0 ? _empty(hash) : bytes("");
        uint40 until = old.noticeUntil;
        // Only the first one begins the period.
        if (until == 0) until = uint40(block.timestamp) + _termsNow(exemption).noticePeriod;
        bytes memory call_ = abi.encodeCall(listings.publishNotice, (exemption, hash, "ipfs://"));
        (bool ok,) = _byIssuer(dice, call_, foretold);
        bool same = exemptions[exemption].notice == hash && exemptions[exemption].noticeUntil == until;
        _check(4, !ok || same, "another Notice than published");
    }

    function exemptionStatus(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = _drawExemption(dice);
        IListingRegistry.ExemptionStatus status = _drawStatus(dice, exemption);
        if (exemptions[exemption].status == status && exemption < 3) exemption = 3 - exemption;
        IListingRegistry.ExemptionStatus old = exemptions[exemption].status;
        Basis basis = _drawBasis(dice);
        bytes memory foretold = _againstExemption(exemption);
        bool decided =
            status != IListingRegistry.ExemptionStatus.NONE && status <= IListingRegistry.ExemptionStatus.REVOKED;
        if (foretold.length == 0 && (!decided || status == old)) {
            foretold = abi.encodeWithSelector(IListingRegistry.ListingInvalidStatus.selector, exemption, status);
        }
        if (foretold.length == 0) foretold = _unstated(basis);
        bytes memory call_ = abi.encodeCall(listings.setExemptionStatus, (exemption, status, basis, keccak256("order")));
        bool ok = _byCompliance(dice, call_, foretold);
        _check(4, !ok || exemptions[exemption].status == status, "another status than asked for");
    }

    /// @dev PENDING and EXPIRED are the clock's to say.
    function _drawStatus(Dice memory dice, uint32 exemption) private view returns (IListingRegistry.ExemptionStatus) {
        bool late = exemption > 2 || calls > LATE;
        if (late && _rarely(dice, 8)) return IListingRegistry.ExemptionStatus.REVOKED;
        if (_rarely(dice, 12)) return IListingRegistry.ExemptionStatus([0, 4, 5][_draw(dice, 3)]);
        // Restored at the first occasion, as a rule.
        bool active = exemptions[exemption].status == IListingRegistry.ExemptionStatus.ACTIVE;
        bool suspends = _rarely(dice, active && exemption > 2 ? 2 : 8);
        return suspends ? IListingRegistry.ExemptionStatus.SUSPENDED : IListingRegistry.ExemptionStatus.ACTIVE;
    }
}
