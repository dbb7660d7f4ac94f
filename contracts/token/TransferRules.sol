// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BalanceWord} from "../types/BalanceWord.sol";
import {Control, ControlWord} from "../types/ControlWord.sol";
import {InvestorRecord, Record} from "../types/InvestorRecord.sol";
import {Kind, Movement} from "../types/Movement.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";

/// @dev Everything the answer depends on.
/// @param from Whose balance goes down; zero in a MINT.
/// @param to Whose balance goes up; zero in a BURN.
/// @param party The account that `sender` speaks of: `from`, or in a BURN the request's holder.
/// @param supply Total supply before the movement; read for a MINT only.
/// @param senderReserved `from` is the ledger or the token, and the mover may not move it.
struct Question {
    ControlWord control;
    Movement kind;
    address operator;
    address from;
    address to;
    address party;
    uint256 amount;
    uint256 supply;
    uint256 time;
    BalanceWord fromWord;
    InvestorRecord sender;
    InvestorRecord receiver;
    InvestorRecord executor;
    bool senderReserved;
    bool receiverReserved;
}

/// @title The one question: may this movement happen?
/// @dev Order of the checks: zero addresses, phase and pause, balance, unfrozen balance, sender, receiver, executor, policy.
library TransferRules {
    // What a kind of movement demands; the low byte is the pause that stops it.
    uint256 private constant ACTIVE_PHASE = 1 << 8;
    uint256 private constant NO_LAPSE = 1 << 9;
    /// @dev Lapse and halt stop it as the policy says.
    uint256 private constant FREE_MOVEMENT = 1 << 10;
    uint256 private constant BALANCE = 1 << 11;
    uint256 private constant UNFROZEN_AMOUNT = 1 << 12;
    uint256 private constant SENDER_ELIGIBLE = 1 << 13;
    uint256 private constant SENDER_NOT_FROZEN = 1 << 14;
    uint256 private constant RECEIVER_ELIGIBLE = 1 << 15;
    uint256 private constant RECEIVER_NOT_FROZEN = 1 << 16;
    uint256 private constant NOT_RESERVED = 1 << 17;

    uint256 private constant ON_TRANSFER = Control.PAUSE_TRANSFER | ACTIVE_PHASE | FREE_MOVEMENT | BALANCE
        | UNFROZEN_AMOUNT | SENDER_ELIGIBLE | RECEIVER_ELIGIBLE | NOT_RESERVED;
    uint256 private constant ON_MINT = Control.PAUSE_MINT | ACTIVE_PHASE | NO_LAPSE | RECEIVER_ELIGIBLE | NOT_RESERVED;
    uint256 private constant ON_BURN = Control.PAUSE_BURN | BALANCE | SENDER_NOT_FROZEN;
    uint256 private constant ON_ESCROW = BALANCE | UNFROZEN_AMOUNT | SENDER_NOT_FROZEN;
    uint256 private constant ON_GIVE_BACK = BALANCE | RECEIVER_NOT_FROZEN;
    uint256 private constant ON_FORCE = Control.PAUSE_FORCE | BALANCE | RECEIVER_ELIGIBLE | NOT_RESERVED;

    /// @dev Zero for what is not a movement.
    function demandsOf(Movement kind) internal pure returns (uint256) {
        if (kind == Kind.TRANSFER) return ON_TRANSFER;
        if (kind == Kind.MINT) return ON_MINT;
        if (kind == Kind.BURN) return ON_BURN;
        if (kind == Kind.ESCROW) return ON_ESCROW;
        if (kind == Kind.GIVE_BACK) return ON_GIVE_BACK;
        if (kind == Kind.FORCE) return ON_FORCE;
        return 0;
    }

    /// @dev NONE when the movement may happen, else the first thing that stands against it.
    function decide(Question memory q) internal pure returns (ReasonCode code) {
        uint256 demands = demandsOf(q.kind);
        if (demands == 0) return Reason.MOVEMENT_UNKNOWN;
        if (q.from == address(0) && !(q.kind == Kind.MINT)) return Reason.ZERO_SENDER;
        if (q.to == address(0) && !(q.kind == Kind.BURN)) return Reason.ZERO_RECEIVER;

        bool executed = isExecuted(q);
        code = stops(q, demands, executed);
        if (!code.isNone()) return code;

        code = amounts(q, demands);
        if (!code.isNone()) return code;

        if (demands & NOT_RESERVED != 0 && q.senderReserved) return Reason.SENDER_RESERVED;
        if (demands & SENDER_ELIGIBLE != 0) {
            code = eligible(q.sender, Reason.SENDER, executed ? Record.TRADE : Record.TRANSFER, q.time);
            if (!code.isNone()) {
                return executed && code == Reason.SENDER_TRANSFER_SCOPE ? Reason.SENDER_TRADE_SCOPE : code;
            }
        } else if (demands & SENDER_NOT_FROZEN != 0 && q.sender.isFrozen()) {
            return Reason.SENDER_FROZEN;
        }

        if (demands & NOT_RESERVED != 0 && q.receiverReserved) return Reason.RECEIVER_RESERVED;
        if (demands & RECEIVER_ELIGIBLE == 0) {
            return demands & RECEIVER_NOT_FROZEN != 0 && q.receiver.isFrozen() ? Reason.RECEIVER_FROZEN : Reason.NONE;
        }
        code = eligible(q.receiver, Reason.RECEIVER, Record.HOLD, q.time);
        if (!code.isNone()) return code;
        if (executed && !q.receiver.hasScope(Record.TRADE)) return Reason.RECEIVER_TRADE_SCOPE;

        if (executed && !q.control.follows(Control.ANY_EXECUTOR)) {
            code = eligible(q.executor, Reason.EXECUTOR, Record.EXECUTE, q.time);
            if (!code.isNone()) return code;
        }

        return policy(q);
    }

    /// @dev A holder's transfer counts as executed by a platform when another moves it, or when the mover's own wallet is
    /// a platform's or a pool's.
    function isExecuted(Question memory q) internal pure returns (bool) {
        return q.kind == Kind.TRANSFER && (q.operator != q.from || q.executor.isVenue());
    }

    /// @dev Phase, lapse, halt and pause.
    function stops(Question memory q, uint256 demands, bool executed) internal pure returns (ReasonCode) {
        ControlWord word = q.control;
        if (demands & ACTIVE_PHASE != 0) {
            uint8 phase = word.phase();
            if (phase != Control.ACTIVE) {
                if (phase == Control.PENDING) return Reason.PHASE_PENDING;
                return phase == Control.SUSPENDED ? Reason.PHASE_SUSPENDED : Reason.PHASE_WIND_DOWN;
            }
            if (word.isLapsed(q.time)) {
                bool spared = demands & NO_LAPSE == 0 && !executed && word.follows(Control.LAPSE_STOPS_TRADING_ONLY);
                if (!spared) return Reason.LAPSED;
            }
            if (demands & FREE_MOVEMENT != 0 && word.halted()) {
                if (executed || !word.follows(Control.HALT_STOPS_TRADING_ONLY)) return Reason.HALTED;
            }
        }

        uint8 pause = uint8(demands);
        if (!word.isPaused(pause)) return Reason.NONE;
        if (pause == Control.PAUSE_TRANSFER) return Reason.TRANSFER_PAUSED;
        if (pause == Control.PAUSE_MINT) return Reason.MINT_PAUSED;
        return pause == Control.PAUSE_BURN ? Reason.BURN_PAUSED : Reason.FORCE_PAUSED;
    }

    /// @dev Balance, unfrozen balance, and for a MINT the bounds of the amount.
    function amounts(Question memory q, uint256 demands) internal pure returns (ReasonCode) {
        if (demands & BALANCE != 0) {
            if (q.amount > q.fromWord.balance()) return Reason.INSUFFICIENT_BALANCE;
            return demands & UNFROZEN_AMOUNT != 0 && q.amount > q.fromWord.unfrozen()
                ? Reason.INSUFFICIENT_UNFROZEN
                : Reason.NONE;
        }
        if (q.amount == 0) return Reason.ZERO_AMOUNT;
        return q.amount > type(uint128).max - q.supply ? Reason.AMOUNT_TOO_LARGE : Reason.NONE;
    }

    /// @dev Whether a party's record is good and has at least one of the scopes asked for.
    function eligible(InvestorRecord record, uint8 party, uint16 anyOf, uint256 time)
        internal
        pure
        returns (ReasonCode)
    {
        if (record.status() == Record.ACTIVE && time < record.expiresAt() && record.hasScope(anyOf)) {
            return Reason.NONE;
        }

        if (record.isFrozen()) return Reason.code(party, Reason.FROZEN);
        if (record.standing() == Record.NONE) return Reason.code(party, Reason.UNKNOWN);
        if (record.standing() != Record.ACTIVE) return Reason.code(party, Reason.REVOKED);
        if (time >= record.expiresAt()) return Reason.code(party, Reason.EXPIRED);
        return Reason.code(party, Reason.SCOPE);
    }

    /// @dev Allowed classes bind the receiver. A POOL is filled by its participants, never by a mint (R10), and only with
    /// those who may provide liquidity.
    function policy(Question memory q) internal pure returns (ReasonCode) {
        uint8 class = q.receiver.class();
        if (!q.control.allowsClass(class)) return Reason.RECEIVER_CLASS;
        if (q.kind == Kind.MINT && class == Record.POOL) return Reason.RECEIVER_POOL_MINT;
        if (q.kind == Kind.TRANSFER) {
            if (class == Record.POOL && !q.sender.hasScope(Record.LIQUIDITY)) return Reason.SENDER_LIQUIDITY_SCOPE;
            if (q.sender.class() == Record.POOL && !q.receiver.hasScope(Record.LIQUIDITY)) {
                return Reason.RECEIVER_LIQUIDITY_SCOPE;
            }
        }
        return Reason.NONE;
    }
}
