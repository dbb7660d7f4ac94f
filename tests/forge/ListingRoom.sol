// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Basis} from "../../contracts/types/Basis.sol";
import {Control, ControlWord} from "../../contracts/types/ControlWord.sol";
import {Role} from "../../contracts/types/Role.sol";
import {EnforcementRoom} from "./EnforcementRoom.sol";

/// @title Phases, halts, exemptions and their lapse, the regulator's suspension, policy; and time.
abstract contract ListingRoom is EnforcementRoom {
    /// @dev What is final comes late in a run, so that it does not silence the rest.
    uint256 private constant LATE = 400;

    function phase(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = address(_drawToken(dice));
        Basis basis = _drawBasis(dice);
        bytes32 order = _drawOrder(dice);
        // 0 suspend, 1 to 5 resume, 6 activate, 7 wind down.
        uint256 way = _draw(dice, 8);
        if (way == 7 && calls < LATE) way = 1;
        bool resumes = way != 0 && way < 6;
        if (resumes && listed[share].phase != Control.SUSPENDED) share = _otherThan(share);
        uint8 own = listed[share].phase;
        uint64 role = way == 6 ? Role.ISSUER : Role.COMPLIANCE;
        address caller = _drawOfficer(dice, role, way == 6 ? ISSUER : COMPLIANCE);
        bytes memory call_;
        bool fits = way == 6 || !basis.isUnstated();
        if (way == 6) {
            call_ = abi.encodeCall(listings.activate, (share));
            fits = own == Control.PENDING && _isInForce(listed[share].exemption);
        } else if (way == 7) {
            call_ = abi.encodeCall(listings.windDown, (share, basis, order));
            fits = fits && own != Control.WIND_DOWN;
        } else if (resumes) {
            call_ = abi.encodeCall(listings.resume, (share, basis, order));
            fits = fits && own == Control.SUSPENDED && _isInForce(listed[share].exemption);
        } else {
            call_ = abi.encodeCall(listings.suspend, (share, basis, order));
            fits = fits && own == Control.ACTIVE;
        }
        uint8 target = way == 7 ? Control.WIND_DOWN : way == 0 ? Control.SUSPENDED : Control.ACTIVE;
        if (_list(caller, role, fits, call_)) _check(4, listed[share].phase == target, "another phase than asked for");
    }

    function halt(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = address(_drawToken(dice));
        Basis basis = _drawBasis(dice);
        bool halted = _rarely(dice, 6);
        if (!halted && !listed[share].halted) share = _otherThan(share);
        bool fits = !basis.isUnstated() && listed[share].halted != halted;
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        bytes memory call_ = abi.encodeCall(listings.setHalt, (share, halted, basis, _drawOrder(dice)));
        bool ok = _list(caller, Role.COMPLIANCE, fits, call_);
        _check(4, !ok || listed[share].halted == halted, "a halt did not show");
    }

    function regulatorSuspension(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address share = address(_drawToken(dice));
        Basis basis = _drawBasis(dice);
        bool suspended = _rarely(dice, 10);
        if (!suspended && !listed[share].suspendedByRegulator) share = _otherThan(share);
        bool fits = !basis.isUnstated() && listed[share].suspendedByRegulator != suspended;
        // Not even COMPLIANCE may lift it.
        address caller = _rarely(dice, 6) ? COMPLIANCE : _drawOfficer(dice, Role.REGULATOR, REGULATOR);
        bytes memory call_ =
            abi.encodeCall(listings.setRegulatorSuspension, (share, suspended, basis, _drawOrder(dice)));
        bool ok = _list(caller, Role.REGULATOR, fits, call_);
        _check(4, !ok || listed[share].suspendedByRegulator == suspended, "a suspension did not show");
    }

    function exemptionStatus(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = uint32(1 + _draw(dice, 2));
        IListingRegistry.ExemptionStatus status = _drawStatus(dice);
        if (exemptions[exemption].status == status) exemption = 3 - exemption;
        IListingRegistry.ExemptionStatus old = exemptions[exemption].status;
        Basis basis = _drawBasis(dice);
        bool fits = !basis.isUnstated() && old != IListingRegistry.ExemptionStatus.REVOKED
            && status != IListingRegistry.ExemptionStatus.NONE && status != old;
        bytes memory call_ = abi.encodeCall(listings.setExemptionStatus, (exemption, status, basis, keccak256("order")));
        bool ok = _list(_drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE), Role.COMPLIANCE, fits, call_);
        _check(4, !ok || exemptions[exemption].status == status, "another status than asked for");
    }

    function _drawStatus(Dice memory dice) private view returns (IListingRegistry.ExemptionStatus) {
        if (calls > LATE && _rarely(dice, 8)) return IListingRegistry.ExemptionStatus.REVOKED;
        if (_rarely(dice, 20)) return IListingRegistry.ExemptionStatus.NONE;
        bool suspends = _rarely(dice, 10);
        return suspends ? IListingRegistry.ExemptionStatus.SUSPENDED : IListingRegistry.ExemptionStatus.ACTIVE;
    }

    /// @dev Sometimes brings the end near, so that it lapses while nobody looks; then puts it off again.
    function amendExemption(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint32 exemption = uint32(1 + _draw(dice, 2));
        IListingRegistry.Exemption memory old = exemptions[exemption];
        uint40 from = _rarely(dice, 8) ? uint40(block.timestamp + _draw(dice, 2)) : EXEMPTION_FROM;
        uint40 until = _rarely(dice, 5) ? uint40(block.timestamp + _draw(dice, 4 days)) : EXEMPTION_UNTIL;
        bool fits = old.status != IListingRegistry.ExemptionStatus.REVOKED && from < until
            && (from <= block.timestamp || old.validFrom > block.timestamp);
        bytes memory call_ =
            abi.encodeCall(listings.amendExemption, (exemption, keccak256("order"), keccak256("profile"), from, until));
        bool ok = _list(_drawOfficer(dice, Role.ISSUER, ISSUER), Role.ISSUER, fits, call_);
        _check(4, !ok || exemptions[exemption].validUntil == until, "another end than asked for");
    }

    /// @dev Sets one of two documents, removes it, or tries one without a name.
    function setDocument(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        bytes32 name = bytes32(_draw(dice, 3));
        address caller = _drawOfficer(dice, Role.ISSUER, ISSUER);
        address share = address(_drawToken(dice));
        if (_rarely(dice, 3)) {
            bool there = documents[share][name] != 0;
            _list(caller, Role.ISSUER, there, abi.encodeCall(listings.removeDocument, (share, name)));
        } else {
            bytes memory call_ = abi.encodeCall(listings.setDocument, (share, name, "ipfs://", _drawOrder(dice)));
            _list(caller, Role.ISSUER, name != 0, call_);
        }
    }

    function _list(address caller, uint64 role, bool fits, bytes memory call_) private returns (bool ok) {
        bytes memory back;
        (ok, back) = _act(caller, address(listings), call_);
        _weighRight(4, _may(role, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(4, _agrees(address(token)) && _agrees(address(otherToken)), "a token does not know its state");
        _count(ok);
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
