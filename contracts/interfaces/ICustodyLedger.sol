// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Attestation, Vote} from "../types/Attestation.sol";
import {Basis} from "../types/Basis.sol";
import {PositionWord} from "../types/PositionWord.sol";
import {ReasonCode} from "../types/ReasonCode.sol";
import {IReportStream} from "./IReportStream.sol";

/// @title What custodians hold, signed; the only door to mint and burn; redemptions.
/// @notice A custodian speaks in one kind of sentence (`Attestation`), signed by k of its n attestors, numbered without a
/// gap per token and custodian. Anyone may relay it. A sentence that cannot land is replaced by signing the same number
/// again as a STATEMENT.
///
/// Law: no mint ends with `toShares(issued) > held` for its custodian. A STATEMENT below what is issued is accepted and
/// recorded: the custodian's position is under-reserved, its mint shut, exits open.
///
/// Kinds of report, and their data:
/// 1 ATTESTATION (Attestation attestation, uint256 issued): issued raw tokens after it;
/// 2 REQUEST (uint256 id, Request request, bytes32 deliveryRef); 3 TAKE_BACK (uint256 id);
/// 4 FORCED (uint256 id, address to, bytes32 ref); 5 REQUEST_RECOVERED (uint256 id, address holder, bytes32 ref);
/// 6 CUSTODIAN (uint32 custodian, bytes20 lei, bytes32 nameHash, bool open);
/// 7 ATTESTORS (uint32 custodian, address[] removed, Attestor[] added, uint8 threshold);
/// 8 TERMS (address token, Terms terms). RELEASED and REJECTED are told by their attestation.
interface ICustodyLedger is IReportStream {
    /// @dev KEY signs with one secp256k1 key, whatever code its account may carry; CONTRACT answers ERC-1271.
    enum AttestorKind {
        NONE,
        KEY,
        CONTRACT
    }

    enum RequestStatus {
        NONE,
        OPEN,
        RELEASED,
        REJECTED,
        TAKEN_BACK,
        FORCED
    }

    struct Attestor {
        address account;
        AttestorKind kind;
    }

    /// @param lei Legal entity identifier (ISO 17442), 20 ASCII characters.
    /// @param threshold How many attestors must sign.
    /// @param attestors How many there are.
    /// @param open Whether it may deposit (mint); never a condition of RELEASE or REJECT.
    struct Custodian {
        bytes20 lei;
        uint8 threshold;
        uint8 attestors;
        bool open;
        bytes32 nameHash;
    }

    /// @param depositCap Most shares in one DEPOSIT (18 decimals); zero means no mint.
    /// @param maxPositionAge A DEPOSIT lands while no more business days than this have begun (00:00 UTC) since its `asOf`.
    /// @param redemptionPeriod How long a custodian has to answer a request (seconds).
    struct Terms {
        uint96 depositCap;
        uint32 maxPositionAge;
        uint32 redemptionPeriod;
    }

    /// @param deadline From this second on, the holder may take back (UTC). Fixed at the request.
    /// @param amount Raw tokens in escrow.
    struct Request {
        address token;
        uint32 custodian;
        uint40 deadline;
        RequestStatus status;
        address holder;
        uint96 amount;
    }

    /// @notice A custody refusal: its reason, what was given and what is wanted.
    /// @dev given, wanted by code: sequences, seconds, shares (cap, reserve, mismatch), raw tokens (issued), counts.
    /// CUSTODIAN_UNKNOWN, CUSTODIAN_CLOSED: the custodian. ATTESTATION_MALFORMED: its kind. REQUEST_NOT_OPEN: request and
    /// status. REQUEST_NOT_HOLDER: caller and holder. NOT_AN_ATTESTOR, SIGNATURE_INVALID: the attestor and its place among
    /// the votes. ATTESTORS_UNORDERED: the attestor and the one before. A recovery's refusal: the request and the replacement.
    error CustodyRefused(ReasonCode code, uint256 given, uint256 wanted);
    error CustodyLengthsDiffer(uint256 attestations, uint256 votes);
    error CustodyTokenNotListed(address token);
    error CustodyInvalidTerms(Terms terms);
    /// @notice One to 255 attestors, distinct and known kinds, contracts with code; 1 <= threshold <= attestors.
    error CustodyInvalidAttestors(address account, uint256 attestors, uint256 threshold);
    error CustodyInvalidCustodian(bytes20 lei, bytes32 nameHash);
    error CustodyUnknownCustodian(uint32 custodian);
    error CustodyUnchanged();
    error CustodyBasisUnstated();

    // ---------------------------------------------------------------- custodians, relayed by anyone

    /// @notice Lands one sentence.
    /// @dev Requirements, in order: known token terms and custodian; well-formed; next sequence; `asOf` not in the future nor
    /// earlier than the last; not expired; then by kind. DEPOSIT: custodian open, position fresh, within the cap, covered
    /// by `sharesHeld`. RELEASE, REJECT: the request is open and matches; RELEASE: within `issued`. Then the signatures, and
    /// what the token demands of a mint, a burn or a return.
    /// @param votes At least the threshold, ascending by attestor.
    function attest(Attestation calldata attestation, Vote[] calldata votes) external;

    /// @notice Lands many sentences in order, all or none.
    function attestBatch(Attestation[] calldata attestations, Vote[][] calldata votes) external;

    // ---------------------------------------------------------------- holders

    /// @notice Escrows unfrozen tokens and asks the custodian to deliver the shares. Open in every phase, lapse and pause.
    /// @param amount Raw tokens; whole shares unless the token's policy allows fractions.
    /// @param deliveryRef The holder's delivery instruction, as agreed off chain.
    /// @return id The request; `bytes32(id)` is the attestation's ref.
    function requestRedemption(address token, uint32 custodian, uint256 amount, bytes32 deliveryRef)
        external
        returns (uint256 id);

    /// @notice Takes the tokens back when the deadline has passed without an answer.
    function takeBack(uint256 id) external;

    // ---------------------------------------------------------------- compliance

    /// @notice Takes a whole open request by order; `to` must be eligible to receive; `issued` does not change.
    function forceRedemption(uint256 id, address to, Basis basis, bytes32 orderHash) external;

    /// @notice Hands the open requests of a lost wallet to the replacement the registry recorded, who must be one that a
    /// forced transfer could reach. Requests that are open no more are passed over, so that the call can be repeated.
    function recoverRequests(uint256[] calldata ids) external;

    // ---------------------------------------------------------------- custody admin

    /// @notice Adds a custodian, open. It is never removed, only closed to mint.
    /// @return custodian Its number, from 1.
    function addCustodian(bytes20 lei, bytes32 nameHash, Attestor[] calldata attestors, uint8 threshold)
        external
        returns (uint32 custodian);

    /// @notice Opens or closes a custodian to mint.
    function setCustodianOpen(uint32 custodian, bool open) external;

    /// @notice Changes a custodian's attestors and threshold in one step, removals first.
    function setAttestors(uint32 custodian, address[] calldata removed, Attestor[] calldata added, uint8 threshold)
        external;

    /// @notice Sets a listed token's custody terms. Neither period may be zero, nor the redemption's above 180 days.
    function setTerms(address token, Terms calldata terms) external;

    // ---------------------------------------------------------------- views

    /// @notice Why the sentence would be refused, zero when it would land; `votes` may be empty to leave signatures out.
    function restrictionOf(Attestation calldata attestation, Vote[] calldata votes) external view returns (ReasonCode);

    /// @notice The EIP-712 digest that attestors sign.
    function digestOf(Attestation calldata attestation) external view returns (bytes32);

    function positionOf(address token, uint32 custodian) external view returns (PositionWord);

    /// @notice Whether less is held than was issued.
    function isUnderReserved(address token, uint32 custodian) external view returns (bool);

    function custodianOf(uint32 custodian) external view returns (Custodian memory);

    function custodianCount() external view returns (uint32);

    function attestorKindOf(uint32 custodian, address account) external view returns (AttestorKind);

    function termsOf(address token) external view returns (Terms memory);

    function requestOf(uint256 id) external view returns (Request memory);

    function requestCount() external view returns (uint256);
}
