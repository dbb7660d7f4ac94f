// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../contracts/interfaces/IListingRegistry.sol";
import {Control, ControlWord} from "../../contracts/types/ControlWord.sol";
import {Replay} from "./Replay.sol";

/// @title Exemptions, their clocks and the life of listings in plain words: what holds, what a token must know, and the very
/// error against each act, empty when there is none.
/// @dev Written from the prose of `IListingRegistry`, over the replayed state; it asks no contract.
abstract contract ListingRules is Replay {
    /// @dev Exemptions that were once seen ACTIVE.
    mapping(uint32 exemption => bool) private _begun;

    // ---------------------------------------------------------------- what holds

    /// @dev The latest recorded of the terms whose day has come.
    function _versionAt(uint32 exemption, uint256 moment) internal view returns (uint32 version) {
        version = exemptions[exemption].versions;
        while (version != 0 && editions[exemption][version].effectiveFrom > moment) --version;
    }

    function _termsAt(uint32 exemption, uint256 moment) internal view returns (IListingRegistry.Terms storage) {
        return editions[exemption][_versionAt(exemption, moment)];
    }

    function _termsNow(uint32 exemption) internal view returns (IListingRegistry.Terms storage) {
        return _termsAt(exemption, block.timestamp);
    }

    function _opensAt(uint32 exemption) internal view returns (uint40) {
        uint40 noticeUntil = exemptions[exemption].noticeUntil;
        if (noticeUntil == 0) return type(uint40).max;
        uint40 validFrom = _termsNow(exemption).validFrom;
        return validFrom > noticeUntil ? validFrom : noticeUntil;
    }

    /// @dev What somebody decided; of ACTIVE the clock makes EXPIRED and PENDING.
    function _status(uint32 exemption) internal view returns (IListingRegistry.ExemptionStatus status) {
        status = exemptions[exemption].status;
        if (status == IListingRegistry.ExemptionStatus.ACTIVE) {
            if (block.timestamp < _opensAt(exemption)) status = IListingRegistry.ExemptionStatus.PENDING;
            if (block.timestamp >= _termsNow(exemption).validUntil) status = IListingRegistry.ExemptionStatus.EXPIRED;
        }
    }

    /// @dev The issuer objected in time: up to the last second of its period, or before it was told at all.
    function _isBarred(address share) internal view returns (bool) {
        (uint40 objectedAt, uint40 until) = (listed[share].objectedAt, listed[share].objectionUntil);
        return objectedAt != 0 && (until == 0 || until >= objectedAt);
    }

    /// @dev The phase a token must be in: its listing's own, outranked by an objection, the regulator and its exemption.
    function _phase(address share) internal view returns (uint8) {
        IListingRegistry.Listing storage listing = listed[share];
        IListingRegistry.ExemptionStatus status = exemptions[listing.exemption].status;
        if (status == IListingRegistry.ExemptionStatus.REVOKED) return Control.WIND_DOWN;
        bool suspended =
            status == IListingRegistry.ExemptionStatus.SUSPENDED || listing.suspendedByRegulator || _isBarred(share);
        return suspended && listing.phase == Control.ACTIVE ? Control.SUSPENDED : listing.phase;
    }

    /// @dev A token stops what its settings stop, whatever the registry thinks: they must agree. And it is open exactly while its
    /// exemption holds, whatever was amended, without a transaction at either end.
    function _agrees(address share) internal view returns (bool) {
        ControlWord word = settings[share];
        IListingRegistry.Listing storage listing = listed[share];
        bool known = word.phase() == _phase(share) && word.halted() == (listing.haltedByHand || listing.haltedByMarket);
        bool open = word.phase() == Control.ACTIVE && block.timestamp < word.activeUntil();
        bool holds = _status(listing.exemption) == IListingRegistry.ExemptionStatus.ACTIVE;
        return known && open == (holds && _phase(share) == Control.ACTIVE);
    }

    /// @dev Looked at after every act and whenever time has passed.
    function _checkStates() internal {
        for (uint256 i = 0; i < shares.length; ++i) {
            _check(4, _agrees(shares[i]), "a token does not know its state");
        }
        for (uint32 exemption = 1; exemption <= exemptionCount; ++exemption) {
            IListingRegistry.ExemptionStatus status = _status(exemption);
            if (status == IListingRegistry.ExemptionStatus.ACTIVE) _begun[exemption] = true;
            bool again = _begun[exemption] && status == IListingRegistry.ExemptionStatus.PENDING;
            _check(4, !again, "an exemption that had begun is to come once more");
        }
    }

    // ---------------------------------------------------------------- against acts on an exemption

    /// @dev Terms as they are recorded: what is to hold from a past second on holds from now on.
    function _fromNow(IListingRegistry.Terms memory given) internal view returns (IListingRegistry.Terms memory value) {
        value = abi.decode(abi.encode(given), (IListingRegistry.Terms));
        if (value.effectiveFrom < block.timestamp) value.effectiveFrom = uint40(block.timestamp);
    }

    function _againstTerms(IListingRegistry.Terms memory given) internal view returns (bytes memory) {
        IListingRegistry.Terms memory value = _fromNow(given);
        bool named = value.document != 0 && value.profile != 0 && value.noticePeriod != 0 && value.objectionPeriod != 0;
        bool lasts = value.validFrom < value.validUntil && value.effectiveFrom < value.validUntil;
        if (named && lasts) return "";
        return abi.encodeWithSelector(IListingRegistry.ListingInvalidTerms.selector, value);
    }

    /// @dev The first terms hold at once.
    function _againstAdding(IListingRegistry.Terms memory given) internal view returns (bytes memory) {
        if (given.effectiveFrom <= block.timestamp) return _againstTerms(given);
        return abi.encodeWithSelector(IListingRegistry.ListingInvalidTerms.selector, given);
    }

    /// @dev New terms begin before what they follow ends, or now; and what will have begun by then, has begun.
    function _againstAmending(uint32 exemption, IListingRegistry.Terms memory given)
        internal
        view
        returns (bytes memory)
    {
        bytes memory unable = _againstExemption(exemption);
        if (unable.length != 0) return unable;
        uint40 starts = _fromNow(given).effectiveFrom;
        IListingRegistry.Terms storage follows = _termsAt(exemption, starts);
        bool after_ = starts > block.timestamp && starts > follows.validUntil;
        bool undone = follows.validFrom <= starts && given.validFrom > starts;
        if (!after_ && !undone) return _againstTerms(given);
        return abi.encodeWithSelector(IListingRegistry.ListingInvalidTerms.selector, given);
    }

    /// @dev It is known, and not revoked.
    function _againstExemption(uint32 exemption) internal view returns (bytes memory) {
        IListingRegistry.ExemptionStatus status = exemptions[exemption].status;
        if (status == IListingRegistry.ExemptionStatus.NONE) {
            return abi.encodeWithSelector(IListingRegistry.ListingUnknownExemption.selector, exemption);
        }
        if (status != IListingRegistry.ExemptionStatus.REVOKED) return "";
        return abi.encodeWithSelector(IListingRegistry.ListingExemptionRevoked.selector, exemption);
    }

    function _againstInForce(uint32 exemption) private view returns (bytes memory) {
        IListingRegistry.ExemptionStatus status = _status(exemption);
        if (status == IListingRegistry.ExemptionStatus.ACTIVE) return "";
        return abi.encodeWithSelector(
            IListingRegistry.ListingExemptionNotInForce.selector,
            exemption,
            status,
            _opensAt(exemption),
            _termsNow(exemption).validUntil
        );
    }

    // ---------------------------------------------------------------- against acts on a listing

    function _isListed(address share) internal view returns (bool) {
        return listed[share].exemption != 0;
    }

    function _againstListing(uint32 exemption, IListingRegistry.Instrument memory given)
        internal
        view
        returns (bytes memory)
    {
        IListingRegistry.Backing backing = given.backing;
        if (backing == IListingRegistry.Backing.UNSTATED || backing == IListingRegistry.Backing.SYNTHETIC) {
            return abi.encodeWithSelector(IListingRegistry.ListingBackingRefused.selector, backing);
        }
        if (given.isin == 0 || given.cusip == 0 || given.mic == 0 || given.ticker == 0) {
            return abi.encodeWithSelector(IListingRegistry.ListingInvalidInstrument.selector, given);
        }
        for (uint256 i = 0; i < shares.length; ++i) {
            if (listed[shares[i]].instrument.isin != given.isin) continue;
            return abi.encodeWithSelector(IListingRegistry.ListingDuplicateIsin.selector, given.isin, shares[i]);
        }
        return _againstExemption(exemption);
    }

    function _againstIssuerNotice(address share, bytes32 hash) internal view returns (bytes memory refusal) {
        refusal = _againstPhase(share, Control.PENDING);
        if (refusal.length == 0 && hash == 0) refusal = _empty(hash);
    }

    /// @dev The rights are verified; a third party's token waited for its issuer; then as every way to ACTIVE.
    function _againstActivation(address share) internal view returns (bytes memory) {
        if (!_isListed(share)) return _unknown(share);
        if (documents[share][RIGHTS] == 0) {
            return abi.encodeWithSelector(IListingRegistry.ListingRightsUnverified.selector, share);
        }
        uint40 until = listed[share].objectionUntil;
        bool foreign = listed[share].instrument.backing == IListingRegistry.Backing.ENTITLEMENT;
        if (foreign && (until == 0 || block.timestamp < until)) {
            return abi.encodeWithSelector(IListingRegistry.ListingObjectionPeriod.selector, share, until);
        }
        return _againstOpening(share, Control.PENDING);
    }

    /// @dev No token becomes ACTIVE from another phase, past an objection, or without an exemption in force.
    function _againstOpening(address share, uint8 from) internal view returns (bytes memory refusal) {
        refusal = _againstPhase(share, from);
        if (refusal.length != 0) return refusal;
        if (!_isBarred(share)) return _againstInForce(listed[share].exemption);
        return abi.encodeWithSelector(IListingRegistry.ListingObjected.selector, share, listed[share].objectedAt);
    }

    function _againstPhase(address share, uint8 wanted) internal view returns (bytes memory) {
        if (!_isListed(share)) return _unknown(share);
        return listed[share].phase == wanted ? bytes("") : _wrongPhase(share);
    }

    function _wrongPhase(address share) internal view returns (bytes memory) {
        return abi.encodeWithSelector(IListingRegistry.ListingWrongPhase.selector, share, listed[share].phase);
    }

    /// @dev Only a third party's token can be objected to, and only when it was: not in the future.
    function _againstObjection(address share, bytes32 hash, uint40 receivedAt) internal view returns (bytes memory) {
        if (!_isListed(share)) return _unknown(share);
        IListingRegistry.Backing backing = listed[share].instrument.backing;
        if (backing == IListingRegistry.Backing.ISSUER_NATIVE) {
            return abi.encodeWithSelector(IListingRegistry.ListingBackingRefused.selector, backing);
        }
        if (hash == 0) return _empty(hash);
        if (receivedAt != 0 && receivedAt <= block.timestamp) return "";
        return abi.encodeWithSelector(IListingRegistry.ListingInvalidObjection.selector, share, receivedAt);
    }

    /// @dev How the rights were verified stays on record once a token left PENDING.
    function _againstRemoval(address share, bytes32 name) internal view returns (bytes memory) {
        if (documents[share][name] == 0) {
            return abi.encodeWithSelector(IListingRegistry.ListingUnknownDocument.selector, share, name);
        }
        if (name != RIGHTS || listed[share].phase == Control.PENDING) return "";
        return abi.encodeWithSelector(IListingRegistry.ListingRightsUnverified.selector, share);
    }

    function _unknown(address share) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IListingRegistry.ListingUnknownToken.selector, share);
    }

    function _empty(bytes32 name) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IListingRegistry.ListingEmptyDocument.selector, name);
    }

    function _unchanged(address share) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IListingRegistry.ListingUnchanged.selector, share);
    }
}
