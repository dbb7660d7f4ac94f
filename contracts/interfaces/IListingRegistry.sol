// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Basis} from "../types/Basis.sol";
import {IReportStream} from "./IReportStream.sol";

/// @title The exemption, the listings under it, their documents, and each token's phase.
/// @notice An exemption is the order or rule a suite relies on, named by the hash of its text, with its dates. Nothing here
/// says that anyone approved anything: it records what the issuer relies on.
///
/// A token's phase is its listing's own phase, outranked by the regulator and by its exemption: SUSPENDED while REGULATOR or
/// the exemption's status suspends it, WIND_DOWN once the exemption is revoked. Phase, halt and the exemption's end are pushed into the token at every change, so that no
/// transfer ever asks here; a lapse needs no transaction.
///
/// Kinds of report, and their data:
/// 1 EXEMPTION (uint32 exemption, Exemption value, bytes32 ref); 2 LISTING (address token, Instrument, uint32 exemption);
/// 3 PHASE (address token, uint8 phase, bytes32 ref): the listing's own; 4 HALT (address token, bool halted, bytes32 ref);
/// 5 DOCUMENT (address token, bytes32 name, string uri, bytes32 hash): an empty uri and hash removes it;
/// 6 REGULATOR_SUSPENSION (address token, bool suspended, bytes32 ref).
interface IListingRegistry is IReportStream {
    /// @dev SYNTHETIC is named in order to be refused (R9), UNSTATED because zero never means allowed.
    enum Backing {
        UNSTATED,
        ENTITLEMENT,
        ISSUER_NATIVE,
        SYNTHETIC
    }

    enum ExemptionStatus {
        NONE,
        ACTIVE,
        SUSPENDED,
        REVOKED
    }

    /// @param document Hash of the order's text.
    /// @param profile Hash of the rule profile in use.
    /// @param validFrom Seconds UTC.
    /// @param validUntil The exemption holds strictly before this second (UTC).
    struct Exemption {
        bytes32 document;
        bytes32 profile;
        uint40 validFrom;
        uint40 validUntil;
        ExemptionStatus status;
    }

    /// @param isin ISO 6166. @param cusip Nine characters. @param mic ISO 10383 of the primary listing.
    /// @param ticker As listed there, zero padded. All are ASCII; check digits are the tool's affair.
    struct Instrument {
        bytes12 isin;
        bytes9 cusip;
        bytes4 mic;
        Backing backing;
        bytes12 ticker;
    }

    struct Listing {
        Instrument instrument;
        uint32 exemption;
        uint8 phase;
        bool halted;
        bool suspendedByRegulator;
    }

    struct Document {
        string uri;
        bytes32 hash;
        uint40 timestamp;
    }

    error ListingUnknownExemption(uint32 exemption);
    error ListingInvalidExemption(Exemption exemption);
    /// @notice The exemption does not hold now: not yet valid, lapsed, suspended or revoked.
    error ListingExemptionNotInForce(uint32 exemption, ExemptionStatus status, uint40 validFrom, uint40 validUntil);
    error ListingExemptionRevoked(uint32 exemption);
    /// @notice Only ENTITLEMENT and ISSUER_NATIVE can be listed.
    error ListingBackingRefused(Backing backing);
    error ListingInvalidInstrument(Instrument instrument);
    error ListingDuplicateIsin(bytes12 isin, address token);
    error ListingTooMany(uint256 limit);
    error ListingUnknownToken(address token);
    /// @notice The listing's phase does not allow the step.
    error ListingWrongPhase(address token, uint8 phase);
    error ListingUnchanged(address token);
    error ListingBasisUnstated();
    error ListingUnknownDocument(address token, bytes32 name);
    error ListingEmptyDocument(bytes32 name);

    // ---------------------------------------------------------------- issuer

    /// @notice Records an exemption the suite relies on.
    /// @return exemption Its number, from 1.
    function addExemption(bytes32 document, bytes32 profile, uint40 validFrom, uint40 validUntil)
        external
        returns (uint32 exemption);

    /// @notice Records that the exemption was revised; its tokens follow at once. A revoked one stays revoked,
    /// and one that has begun has begun.
    function amendExemption(uint32 exemption, bytes32 document, bytes32 profile, uint40 validFrom, uint40 validUntil)
        external;

    /// @notice Creates the token of a listed share, PENDING.
    /// @param allowedClasses Bit mask of investor classes that may receive. @param policy Flags of `Control`.
    function list(
        uint32 exemption,
        Instrument calldata instrument,
        string calldata name,
        string calldata symbol,
        uint16 allowedClasses,
        uint8 policy
    ) external returns (address token);

    /// @notice PENDING to ACTIVE, under an exemption in force.
    function activate(address token) external;

    /// @notice Sets or replaces a document of a token (ERC-1643, with the token named).
    function setDocument(address token, bytes32 name, string calldata uri, bytes32 documentHash) external;

    function removeDocument(address token, bytes32 name) external;

    // ---------------------------------------------------------------- compliance

    /// @notice ACTIVE to SUSPENDED.
    function suspend(address token, Basis basis, bytes32 orderHash) external;

    /// @notice SUSPENDED to ACTIVE, under an exemption in force.
    function resume(address token, Basis basis, bytes32 orderHash) external;

    /// @notice Any phase to WIND_DOWN, for good: delisted, or withdrawn.
    function windDown(address token, Basis basis, bytes32 orderHash) external;

    /// @notice Starts or ends a halt by hand.
    function setHalt(address token, bool halted, Basis basis, bytes32 orderHash) external;

    /// @notice Suspends, restores or revokes an exemption; its tokens follow in the same transaction. REVOKED is final.
    function setExemptionStatus(uint32 exemption, ExemptionStatus status, Basis basis, bytes32 orderHash) external;

    // ---------------------------------------------------------------- regulator

    /// @notice REGULATOR, in suites whose rule profile says that the regulator may suspend. Holds an ACTIVE token SUSPENDED until
    /// REGULATOR lifts it; COMPLIANCE cannot.
    function setRegulatorSuspension(address token, bool suspended, Basis basis, bytes32 orderHash) external;

    // ---------------------------------------------------------------- views

    function exemptionOf(uint32 exemption) external view returns (Exemption memory);

    function exemptionCount() external view returns (uint32);

    function listingOf(address token) external view returns (Listing memory);

    function isListed(address token) external view returns (bool);

    /// @notice Every token of the suite, in order of listing.
    function tokens() external view returns (address[] memory);

    /// @notice The phase a token is in: its own, outranked by the regulator's suspension and the exemption's status.
    function phaseOf(address token) external view returns (uint8);

    function getDocument(address token, bytes32 name)
        external
        view
        returns (string memory uri, bytes32 documentHash, uint256 lastModified);

    function getAllDocuments(address token) external view returns (bytes32[] memory names);
}
