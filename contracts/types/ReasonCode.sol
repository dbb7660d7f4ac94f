// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Why a movement or an attestation is refused. One refusal has exactly one code, the same from a view and from the
/// revert, from a single call and from a batch. Texts: `ReasonText`. Table: docs/reason-codes.md.
type ReasonCode is uint8;

using {isNone, same as ==, different as !=} for ReasonCode global;

/// @dev True when nothing stands against the movement.
function isNone(ReasonCode code) pure returns (bool) {
    return ReasonCode.unwrap(code) == 0;
}

function same(ReasonCode a, ReasonCode b) pure returns (bool) {
    return ReasonCode.unwrap(a) == ReasonCode.unwrap(b);
}

function different(ReasonCode a, ReasonCode b) pure returns (bool) {
    return ReasonCode.unwrap(a) != ReasonCode.unwrap(b);
}

/// @title Every reason code, in ranges by subject: 1-19 the token's state, 20-39 sender, 40-59 receiver, 60-79 executor,
/// 80-99 amounts, 100-119 custody. 120-255 are reserved.
library Reason {
    ReasonCode internal constant NONE = ReasonCode.wrap(0);

    ReasonCode internal constant PHASE_PENDING = ReasonCode.wrap(1);
    ReasonCode internal constant PHASE_SUSPENDED = ReasonCode.wrap(2);
    ReasonCode internal constant PHASE_WIND_DOWN = ReasonCode.wrap(3);
    ReasonCode internal constant LAPSED = ReasonCode.wrap(4);
    ReasonCode internal constant HALTED = ReasonCode.wrap(5);
    ReasonCode internal constant TRANSFER_PAUSED = ReasonCode.wrap(6);
    ReasonCode internal constant MINT_PAUSED = ReasonCode.wrap(7);
    ReasonCode internal constant BURN_PAUSED = ReasonCode.wrap(8);
    ReasonCode internal constant FORCE_PAUSED = ReasonCode.wrap(9);

    // Sender, receiver and executor share the offsets below, so that one ladder judges all three.
    uint8 internal constant SENDER = 20;
    uint8 internal constant RECEIVER = 40;
    uint8 internal constant EXECUTOR = 60;
    uint8 internal constant AMOUNT = 80;
    uint8 internal constant CUSTODY = 100;

    uint8 internal constant RESERVED = 0;
    uint8 internal constant UNKNOWN = 1;
    uint8 internal constant FROZEN = 2;
    uint8 internal constant REVOKED = 3;
    uint8 internal constant EXPIRED = 4;
    uint8 internal constant SCOPE = 5;
    uint8 internal constant TRADE_SCOPE = 6;
    uint8 internal constant LIQUIDITY_SCOPE = 7;

    ReasonCode internal constant SENDER_RESERVED = ReasonCode.wrap(20);
    ReasonCode internal constant SENDER_UNKNOWN = ReasonCode.wrap(21);
    ReasonCode internal constant SENDER_FROZEN = ReasonCode.wrap(22);
    ReasonCode internal constant SENDER_REVOKED = ReasonCode.wrap(23);
    ReasonCode internal constant SENDER_EXPIRED = ReasonCode.wrap(24);
    ReasonCode internal constant SENDER_TRANSFER_SCOPE = ReasonCode.wrap(25);
    ReasonCode internal constant SENDER_TRADE_SCOPE = ReasonCode.wrap(26);
    ReasonCode internal constant SENDER_LIQUIDITY_SCOPE = ReasonCode.wrap(27);

    ReasonCode internal constant RECEIVER_RESERVED = ReasonCode.wrap(40);
    ReasonCode internal constant RECEIVER_UNKNOWN = ReasonCode.wrap(41);
    ReasonCode internal constant RECEIVER_FROZEN = ReasonCode.wrap(42);
    ReasonCode internal constant RECEIVER_REVOKED = ReasonCode.wrap(43);
    ReasonCode internal constant RECEIVER_EXPIRED = ReasonCode.wrap(44);
    ReasonCode internal constant RECEIVER_HOLD_SCOPE = ReasonCode.wrap(45);
    ReasonCode internal constant RECEIVER_TRADE_SCOPE = ReasonCode.wrap(46);
    ReasonCode internal constant RECEIVER_LIQUIDITY_SCOPE = ReasonCode.wrap(47);
    ReasonCode internal constant RECEIVER_CLASS = ReasonCode.wrap(48);
    ReasonCode internal constant RECEIVER_POOL_MINT = ReasonCode.wrap(49);

    ReasonCode internal constant EXECUTOR_UNKNOWN = ReasonCode.wrap(61);
    ReasonCode internal constant EXECUTOR_FROZEN = ReasonCode.wrap(62);
    ReasonCode internal constant EXECUTOR_REVOKED = ReasonCode.wrap(63);
    ReasonCode internal constant EXECUTOR_EXPIRED = ReasonCode.wrap(64);
    ReasonCode internal constant EXECUTOR_SCOPE = ReasonCode.wrap(65);

    ReasonCode internal constant INSUFFICIENT_BALANCE = ReasonCode.wrap(80);
    ReasonCode internal constant INSUFFICIENT_UNFROZEN = ReasonCode.wrap(81);
    ReasonCode internal constant INSUFFICIENT_ALLOWANCE = ReasonCode.wrap(82);
    ReasonCode internal constant ZERO_AMOUNT = ReasonCode.wrap(83);
    ReasonCode internal constant NOT_WHOLE_SHARES = ReasonCode.wrap(84);
    ReasonCode internal constant AMOUNT_TOO_LARGE = ReasonCode.wrap(85);
    ReasonCode internal constant ZERO_SENDER = ReasonCode.wrap(86);
    ReasonCode internal constant ZERO_RECEIVER = ReasonCode.wrap(87);
    ReasonCode internal constant MOVEMENT_UNKNOWN = ReasonCode.wrap(88);

    ReasonCode internal constant CUSTODIAN_UNKNOWN = ReasonCode.wrap(100);
    ReasonCode internal constant CUSTODIAN_CLOSED = ReasonCode.wrap(101);
    ReasonCode internal constant TOKEN_UNKNOWN = ReasonCode.wrap(102);
    ReasonCode internal constant ATTESTATION_MALFORMED = ReasonCode.wrap(103);
    ReasonCode internal constant SEQUENCE = ReasonCode.wrap(104);
    ReasonCode internal constant AS_OF_FUTURE = ReasonCode.wrap(105);
    ReasonCode internal constant AS_OF_BACKWARDS = ReasonCode.wrap(106);
    ReasonCode internal constant ATTESTATION_EXPIRED = ReasonCode.wrap(107);
    ReasonCode internal constant POSITION_STALE = ReasonCode.wrap(108);
    ReasonCode internal constant OVER_DEPOSIT_CAP = ReasonCode.wrap(109);
    ReasonCode internal constant UNDER_RESERVED = ReasonCode.wrap(110);
    ReasonCode internal constant ISSUED_TOO_LOW = ReasonCode.wrap(111);
    ReasonCode internal constant REQUEST_NOT_OPEN = ReasonCode.wrap(112);
    ReasonCode internal constant REQUEST_MISMATCH = ReasonCode.wrap(113);
    ReasonCode internal constant REQUEST_NOT_DUE = ReasonCode.wrap(114);
    ReasonCode internal constant REQUEST_NOT_HOLDER = ReasonCode.wrap(115);
    ReasonCode internal constant TOO_FEW_SIGNATURES = ReasonCode.wrap(116);
    ReasonCode internal constant NOT_AN_ATTESTOR = ReasonCode.wrap(117);
    ReasonCode internal constant ATTESTORS_UNORDERED = ReasonCode.wrap(118);
    ReasonCode internal constant SIGNATURE_INVALID = ReasonCode.wrap(119);

    /// @dev The code of a party (`SENDER`, `RECEIVER`, `EXECUTOR`) at one of the shared offsets.
    function code(uint8 party, uint8 offset) internal pure returns (ReasonCode) {
        return ReasonCode.wrap(party + offset);
    }
}
