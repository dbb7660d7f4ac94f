// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IMarketStatus} from "./IMarketStatus.sol";

/// @title ERC-8392 (draft): the status of the asset behind a token, for protocols that take it as collateral or trade it.
/// @notice Two questions, each with an ERC-165 id of its own (its selector). The draft may still change its number and ids.
interface IERC8392Reference {
    /// @param sessionAsOf Seconds UTC; the calendar answers for the moment of the question.
    /// @param interruptionAsOf When the source last said so, or was last heard (seconds UTC); zero if never.
    /// @param nextTransition When the session changes next (seconds UTC); zero if unknown.
    /// @param mic ISO 10383 of the primary market, ASCII, zero padded.
    struct ReferenceMarketStatus {
        IMarketStatus.Session session;
        IMarketStatus.Interruption interruption;
        uint64 sessionAsOf;
        uint64 interruptionAsOf;
        uint64 nextTransition;
        bytes32 mic;
    }

    /// @notice The session and interruption of the market that the share is listed on.
    function referenceMarketStatus() external view returns (ReferenceMarketStatus memory);
}

/// @title ERC-8392 (draft): whether tokens are issued and redeemed now.
interface IERC8392Primary {
    enum Leg {
        UNKNOWN,
        ACCEPTING,
        RESTRICTED,
        CLOSED,
        SUSPENDED
    }

    /// @notice Issuance: ACCEPTING where a custodian's deposit could mint, SUSPENDED while something reversible stops it, CLOSED
    /// before the listing is active, after its exemption's end, and in wind-down. Redemption: ACCEPTING; RESTRICTED while requests are
    /// taken and not released.
    function primaryStatus() external view returns (Leg issuance, Leg redemption);
}
