// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Basis} from "../types/Basis.sol";
import {IReportStream} from "./IReportStream.sol";

/// @title The exemption, the listings under it, their documents, and each token's phase.
/// @notice An exemption is the order or rule a suite relies on, named by the hash of its text, with its dates and clocks. Nothing
/// here says that anyone approved anything: it records what the issuer relies on. Its terms come in versions; each holds from its
/// own day on, and old ones stay readable.
///
/// A clock begins when a hash is recorded here, and not at an earlier day that somebody names: the public Notice of a venue (R5), and
/// the issuer's notice of a third party's token (R8). An objection is the other way round: it counts from the day it was received.
///
/// A token's phase is its listing's own phase, outranked by an objection, the regulator and its exemption: SUSPENDED while one of
/// them holds it, WIND_DOWN once the exemption is revoked. Phase, halt and the exemption's end are pushed into the token at every
/// change, all tokens in the transaction of the change, so that no transfer ever asks here; a lapse needs no transaction.
///
/// Kinds of report, and their data:
/// 1 EXEMPTION (uint32 exemption, ExemptionStatus status, bytes32 ref); 2 LISTING (address token, Instrument, uint32 exemption);
/// 3 PHASE (address token, uint8 phase, bytes32 ref): the listing's own; 4 HALT (address token, bool halted, bytes32 ref): by hand;
/// 5 DOCUMENT (address token, bytes32 name, string uri, bytes32 hash): an empty uri and hash removes it;
/// 6 REGULATOR_SUSPENSION (address token, bool suspended, bytes32 ref);
/// 7 TERMS (uint32 exemption, uint32 version, Terms); 8 NOTICE (uint32 exemption, bytes32 hash, string uri, uint40 until): when its
/// clock ends; 9 ISSUER_NOTICE (address token, bytes32 hash, uint40 until); 10 OBJECTION (address token, bytes32 hash, uint40 receivedAt);
/// 11 MARKET_HALT (address token, bool halted, bytes32 code).
interface IListingRegistry is IReportStream {
    /// @dev SYNTHETIC is named in order to be refused (R9), UNSTATED because zero never means allowed.
    enum Backing {
        UNSTATED,
        ENTITLEMENT,
        ISSUER_NATIVE,
        SYNTHETIC
    }

    /// @dev What somebody decided is ACTIVE, SUSPENDED or REVOKED. The clock makes PENDING and EXPIRED of ACTIVE.
    enum ExemptionStatus {
        NONE,
        ACTIVE,
        SUSPENDED,
        REVOKED,
        PENDING,
        EXPIRED
    }

    /// @param document Hash of the order's text.
    /// @param profile Hash of the rule profile in use.
    /// @param validFrom Seconds UTC.
    /// @param validUntil The exemption holds strictly before this second (UTC).
    /// @param effectiveFrom From this second on these terms hold (UTC).
    /// @param noticePeriod How long the venue's Notice is public before anything trades (seconds, R5).
    /// @param objectionPeriod How long an issuer may object to a third party's token (seconds, R8).
    struct Terms {
        bytes32 document;
        bytes32 profile;
        uint40 validFrom;
        uint40 validUntil;
        uint40 effectiveFrom;
        uint32 noticePeriod;
        uint32 objectionPeriod;
    }

    /// @param status As decided; `statusOf` adds what the clock says.
    /// @param versions How many terms it has had.
    /// @param noticeUntil When the period of its first Notice ends (seconds UTC); zero before there is one.
    /// @param notice Hash of the latest Notice.
    struct Exemption {
        ExemptionStatus status;
        uint32 versions;
        uint40 noticeUntil;
        bytes32 notice;
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

    /// @param phase The listing's own. @param haltedByHand By COMPLIANCE. @param haltedByMarket By MarketStatus.
    /// @param objectionUntil The issuer may object up to this second (UTC); zero before its notice is recorded.
    /// @param objectedAt When the first objection was received (seconds UTC); zero without one.
    struct Listing {
        Instrument instrument;
        uint32 exemption;
        uint8 phase;
        bool haltedByHand;
        bool haltedByMarket;
        bool suspendedByRegulator;
        uint40 objectionUntil;
        uint40 objectedAt;
    }

    struct Document {
        string uri;
        bytes32 hash;
        uint40 timestamp;
    }

    error ListingUnknownExemption(uint32 exemption);
    error ListingInvalidTerms(Terms terms);
    error ListingInvalidStatus(uint32 exemption, ExemptionStatus status);
    /// @notice The exemption does not hold now. `opensAt`: the second from which it can, as `opensAt` answers.
    error ListingExemptionNotInForce(uint32 exemption, ExemptionStatus status, uint40 opensAt, uint40 validUntil);
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
    /// @notice The issuer may still object (R8). `until` is zero while no notice to it is recorded.
    error ListingObjectionPeriod(address token, uint40 until);
    /// @notice The issuer objected in time (R8).
    error ListingObjected(address token, uint40 objectedAt);
    error ListingInvalidObjection(address token, uint40 receivedAt);
    /// @notice The document that tells how the token's rights were verified is missing, or would be (R9).
    error ListingRightsUnverified(address token);
    error ListingWrongCaller(address caller, address only);
    error ListingBasisUnstated();
    error ListingUnknownDocument(address token, bytes32 name);
    error ListingEmptyDocument(bytes32 name);

    // ---------------------------------------------------------------- issuer

    /// @notice Records an exemption the suite relies on. Its terms hold at once.
    /// @return exemption Its number, from 1.
    function addExemption(Terms calldata terms) external returns (uint32 exemption);

    /// @notice Records that the exemption was revised: new terms, which hold from `effectiveFrom` on (at once, if that second has
    /// passed) and stand above every earlier version from then on. They must begin before what they follow ends, so that nothing
    /// opens by itself after a lapse. A revoked one stays revoked, and one that has begun has begun.
    function amendExemption(uint32 exemption, Terms calldata terms) external;

    /// @notice Records the venue's public Notice, or its revision (R5, R6). The first begins the notice period.
    function publishNotice(uint32 exemption, bytes32 noticeHash, string calldata uri) external;

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

    /// @notice Records that the issuer of the share was told of a third party's token (R8). Told again, the period begins anew; an
    /// objection stays.
    function recordIssuerNotice(address token, bytes32 noticeHash) external;

    /// @notice PENDING to ACTIVE, under an exemption in force, once its rights are verified (document "RIGHTS", R9) and, for an
    /// ENTITLEMENT, the issuer's period has passed without an objection (R8). ISSUER_NATIVE is the issuer's own and needs no notice.
    function activate(address token) external;

    /// @notice Sets or replaces a document of a token (ERC-1643, with the token named).
    function setDocument(address token, bytes32 name, string calldata uri, bytes32 documentHash) external;

    function removeDocument(address token, bytes32 name) external;

    // ---------------------------------------------------------------- compliance

    /// @notice Records that the issuer of the share objected (R8), received at this second (UTC), not in the future. The earliest
    /// counts. In time, it bars the token for good; on one that is ACTIVE it lies like a suspension.
    function recordObjection(address token, bytes32 objectionHash, uint40 receivedAt) external;

    /// @notice ACTIVE to SUSPENDED.
    function suspend(address token, Basis basis, bytes32 orderHash) external;

    /// @notice SUSPENDED to ACTIVE, under an exemption in force.
    function resume(address token, Basis basis, bytes32 orderHash) external;

    /// @notice Any phase to WIND_DOWN, for good: delisted, or withdrawn.
    function windDown(address token, Basis basis, bytes32 orderHash) external;

    /// @notice Starts or ends a halt by hand. The market's own halt is another, and stays.
    function setHalt(address token, bool halted, Basis basis, bytes32 orderHash) external;

    /// @notice Suspends, restores or revokes an exemption; its tokens follow in the same transaction. REVOKED is final.
    function setExemptionStatus(uint32 exemption, ExemptionStatus status, Basis basis, bytes32 orderHash) external;

    // ---------------------------------------------------------------- regulator

    /// @notice REGULATOR, in suites whose rule profile says that the regulator may suspend. Holds an ACTIVE token SUSPENDED until
    /// REGULATOR lifts it; COMPLIANCE cannot.
    function setRegulatorSuspension(address token, bool suspended, Basis basis, bytes32 orderHash) external;

    // ---------------------------------------------------------------- market

    /// @notice Starts or ends the market's halt of a token; nothing, when it stands so already. `MarketStatus` alone.
    /// @param code The exchange's own, as ASCII.
    function setMarketHalt(address token, bool halted, bytes32 code) external;

    // ---------------------------------------------------------------- views

    /// @notice What holds now: REVOKED, SUSPENDED, EXPIRED, PENDING (not yet valid, or its Notice too young) or ACTIVE, in this order.
    function statusOf(uint32 exemption) external view returns (ExemptionStatus);

    /// @notice The first second (UTC) at which the exemption can be ACTIVE; the largest number while no Notice is recorded.
    function opensAt(uint32 exemption) external view returns (uint40);

    /// @notice The terms that hold now, and their version.
    function termsOf(uint32 exemption) external view returns (uint32 version, Terms memory);

    /// @notice Any version of the terms, from 1; those to come too.
    function termsAt(uint32 exemption, uint32 version) external view returns (Terms memory);

    /// @notice Whether the issuer objected in time.
    function isBarred(address token) external view returns (bool);

    /// @notice The primary market of a listed share (ISO 10383), zero for any other address.
    function micOf(address token) external view returns (bytes4);

    function exemptionOf(uint32 exemption) external view returns (Exemption memory);

    function exemptionCount() external view returns (uint32);

    function listingOf(address token) external view returns (Listing memory);

    function isListed(address token) external view returns (bool);

    /// @notice Every token of the suite, in order of listing.
    function tokens() external view returns (address[] memory);

    /// @notice The phase a token is in: its own, outranked by an objection, the regulator's suspension and the exemption's
    /// status.
    function phaseOf(address token) external view returns (uint8);

    function getDocument(address token, bytes32 name)
        external
        view
        returns (string memory uri, bytes32 documentHash, uint256 lastModified);

    function getAllDocuments(address token) external view returns (bytes32[] memory names);
}
