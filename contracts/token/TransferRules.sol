// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BalanceWord} from "../types/BalanceWord.sol";
import {Control, ControlWord} from "../types/ControlWord.sol";
import {InvestorRecord, Record} from "../types/InvestorRecord.sol";
import {Kind, Movement} from "../types/Movement.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";

/// @dev Everything the answer depends on.
/// @param demands What the kind of movement demands, and the circumstances (see `TransferRules`).
/// @param word The balance that goes down; in a MINT the room left below the largest supply.
/// @param sender The record of `from`; in a BURN that of the request's holder.
/// @param executor The operator's record, which in a holder's own transfer is the sender's.
struct Question {
    ControlWord control;
    uint256 demands;
    uint256 amount;
    BalanceWord word;
    InvestorRecord sender;
    InvestorRecord receiver;
    InvestorRecord executor;
    uint256 time;
}

/// @title The one question: may this movement happen?
/// @dev Order of the checks: zero addresses, phase and pause, balance, unfrozen balance, sender, receiver, executor, policy.
library TransferRules {
    // What a kind of movement demands. The low byte is the pause that stops it.
    uint256 private constant ACTIVE_PHASE = 1 << 8;
    uint256 private constant NO_LAPSE = 1 << 9;
    /// @dev The amount is bounded by what may still be minted, and not zero.
    uint256 private constant ROOM = 1 << 10;
    uint256 private constant UNFROZEN_AMOUNT = 1 << 11;
    uint256 private constant SENDER_ELIGIBLE = 1 << 12;
    uint256 private constant SENDER_NOT_FROZEN = 1 << 13;
    uint256 private constant RECEIVER_ELIGIBLE = 1 << 14;
    uint256 private constant RECEIVER_NOT_FROZEN = 1 << 15;
    uint256 private constant POOL_RULES = 1 << 17;
    /// @dev No movement at all.
    uint256 private constant UNKNOWN = 1 << 18;

    // Circumstances, added by whoever asks.
    /// @dev A platform executes the transfer: the operator is not the holder, or its own wallet is a platform's or a pool's.
    uint256 internal constant EXECUTED = 1 << 24;
    /// @dev `from` is the ledger or the token, and the mover may not move it.
    uint256 internal constant SENDER_IS_RESERVED = 1 << 25;
    uint256 internal constant RECEIVER_IS_RESERVED = 1 << 26;
    /// @dev Never in a MINT, which comes from nowhere.
    uint256 internal constant SENDER_IS_ZERO = 1 << 27;
    uint256 internal constant RECEIVER_IS_ZERO = 1 << 28;

    // Status ACTIVE, not frozen, and one scope, in one look at a record.
    uint256 private constant STATUS = 0xff;
    uint256 private constant GOOD_TO_HOLD = (uint256(Record.HOLD) << 8) | Record.ACTIVE;
    uint256 private constant GOOD_TO_TRANSFER = (uint256(Record.TRANSFER) << 8) | Record.ACTIVE;
    uint256 private constant GOOD_TO_EXECUTE = (uint256(Record.EXECUTE) << 8) | Record.ACTIVE;
    uint256 private constant GOOD_TO_TRADE = (uint256(Record.TRADE) << 8) | Record.ACTIVE;

    uint256 private constant ON_TRANSFER =
        Control.PAUSE_TRANSFER | ACTIVE_PHASE | UNFROZEN_AMOUNT | SENDER_ELIGIBLE | RECEIVER_ELIGIBLE | POOL_RULES;
    uint256 private constant ON_MINT = Control.PAUSE_MINT | ACTIVE_PHASE | NO_LAPSE | ROOM | RECEIVER_ELIGIBLE;
    uint256 private constant ON_BURN = Control.PAUSE_BURN | SENDER_NOT_FROZEN;
    uint256 private constant ON_ESCROW = UNFROZEN_AMOUNT | SENDER_NOT_FROZEN;
    uint256 private constant ON_GIVE_BACK = RECEIVER_NOT_FROZEN;
    uint256 private constant ON_FORCE = Control.PAUSE_FORCE | RECEIVER_ELIGIBLE;

    function demandsOf(Movement kind) internal pure returns (uint256) {
        if (kind == Kind.TRANSFER) return ON_TRANSFER;
        if (kind == Kind.MINT) return ON_MINT;
        if (kind == Kind.BURN) return ON_BURN;
        if (kind == Kind.ESCROW) return ON_ESCROW;
        if (kind == Kind.GIVE_BACK) return ON_GIVE_BACK;
        if (kind == Kind.FORCE) return ON_FORCE;
        return UNKNOWN;
    }

    /// @dev NONE when the movement may happen, else the first thing that stands against it.
    ///
    /// A look at whole words comes before each question that has many answers: `stops` is asked only when the token is in
    /// any way disturbed, `amounts` only when the balance is short or partly frozen, `why` only when a record is not plainly good. It costs a third of asking each one in turn.
    function decide(Question memory q) internal pure returns (ReasonCode) {
        uint256 demands = q.demands;
        if (demands & (UNKNOWN | SENDER_IS_ZERO | RECEIVER_IS_ZERO) != 0) return addresses(demands);

        uint256 time = q.time;
        uint256 control = ControlWord.unwrap(q.control);
        if (uint8(control >> 192) != Control.ACTIVE || time >= control >> 224) {
            ReasonCode stopped = stops(q);
            if (!stopped.isNone()) return stopped;
        }

        uint256 word = BalanceWord.unwrap(q.word);
        if (q.amount > word || word > type(uint128).max || demands & ROOM != 0) {
            ReasonCode short = amounts(q);
            if (!short.isNone()) return short;
        }

        if (demands & SENDER_IS_RESERVED != 0) return Reason.SENDER_RESERVED;
        uint256 sender = InvestorRecord.unwrap(q.sender);
        bool executed = demands & EXECUTED != 0;
        if (demands & SENDER_ELIGIBLE != 0) {
            uint256 good = executed ? GOOD_TO_TRADE : GOOD_TO_TRANSFER;
            if (sender & (STATUS | good) != good || time >= uint40(sender >> 64)) {
                return why(q.sender, Reason.SENDER, executed ? Reason.TRADE_SCOPE : Reason.SCOPE, time);
            }
        } else if (demands & SENDER_NOT_FROZEN != 0 && q.sender.isFrozen()) {
            return Reason.SENDER_FROZEN;
        }

        if (demands & RECEIVER_ELIGIBLE == 0) {
            return demands & RECEIVER_NOT_FROZEN != 0 && q.receiver.isFrozen() ? Reason.RECEIVER_FROZEN : Reason.NONE;
        }
        if (demands & RECEIVER_IS_RESERVED != 0) return Reason.RECEIVER_RESERVED;
        uint256 receiver = InvestorRecord.unwrap(q.receiver);
        if (receiver & (STATUS | GOOD_TO_HOLD) != GOOD_TO_HOLD || time >= uint40(receiver >> 64)) {
            return why(q.receiver, Reason.RECEIVER, Reason.SCOPE, time);
        }

        if (executed) {
            if (receiver & GOOD_TO_TRADE != GOOD_TO_TRADE) return Reason.RECEIVER_TRADE_SCOPE;
            uint256 executor = InvestorRecord.unwrap(q.executor);
            bool fit = executor & (STATUS | GOOD_TO_EXECUTE) == GOOD_TO_EXECUTE && time < uint40(executor >> 64);
            if (!fit) {
                ReasonCode unfit = why(q.executor, Reason.EXECUTOR, Reason.SCOPE, time);
                // A policy without licences still stops whom COMPLIANCE froze or a registrar revoked.
                bool barred = unfit == Reason.EXECUTOR_FROZEN || unfit == Reason.EXECUTOR_REVOKED;
                if (barred || !q.control.follows(Control.ANY_EXECUTOR)) return unfit;
            }
        }

        // Policy. Allowed classes bind the receiver; class zero is in no mask. A POOL is filled by its participants, never by
        // a mint (R10), and deals only with those who may provide liquidity.
        uint256 class = uint8(receiver >> 24);
        if ((uint16(control >> 208) >> class) & 1 == 0) return Reason.RECEIVER_CLASS;
        if (class == Record.POOL) {
            if (demands & ROOM != 0) return Reason.RECEIVER_POOL_MINT;
            if (demands & POOL_RULES != 0 && !q.sender.hasScope(Record.LIQUIDITY)) {
                return Reason.SENDER_LIQUIDITY_SCOPE;
            }
        }
        if (executed && q.sender.class() == Record.POOL && !q.receiver.hasScope(Record.LIQUIDITY)) {
            return Reason.RECEIVER_LIQUIDITY_SCOPE;
        }
        return Reason.NONE;
    }

    /// @dev No movement, or from or to nowhere.
    function addresses(uint256 demands) private pure returns (ReasonCode) {
        if (demands & UNKNOWN != 0) return Reason.MOVEMENT_UNKNOWN;
        return demands & SENDER_IS_ZERO != 0 ? Reason.ZERO_SENDER : Reason.ZERO_RECEIVER;
    }

    /// @dev Phase, lapse, halt and pause.
    function stops(Question memory q) private pure returns (ReasonCode) {
        ControlWord word = q.control;
        bool lapsed = word.isLapsed(q.time);
        uint256 demands = q.demands;
        if (demands & ACTIVE_PHASE != 0) {
            uint8 phase = word.phase();
            if (phase == Control.PENDING) return Reason.PHASE_PENDING;
            if (phase == Control.SUSPENDED) return Reason.PHASE_SUSPENDED;
            if (phase != Control.ACTIVE) return Reason.PHASE_WIND_DOWN;

            bool executed = demands & EXECUTED != 0;
            bool minting = demands & NO_LAPSE != 0;
            bool lapseStops = minting || executed || !word.follows(Control.LAPSE_STOPS_TRADING_ONLY);
            if (lapsed && lapseStops) return Reason.LAPSED;
            bool haltStops = !minting && (executed || !word.follows(Control.HALT_STOPS_TRADING_ONLY));
            if (word.halted() && haltStops) return Reason.HALTED;
        }

        uint8 pause = uint8(demands);
        if (!word.isPaused(pause)) return Reason.NONE;
        if (pause == Control.PAUSE_TRANSFER) return Reason.TRANSFER_PAUSED;
        if (pause == Control.PAUSE_MINT) return Reason.MINT_PAUSED;
        return pause == Control.PAUSE_BURN ? Reason.BURN_PAUSED : Reason.FORCE_PAUSED;
    }

    /// @dev Balance and unfrozen balance; for a MINT the bounds of the amount.
    function amounts(Question memory q) private pure returns (ReasonCode) {
        (uint256 amount, BalanceWord word, uint256 demands) = (q.amount, q.word, q.demands);
        if (demands & ROOM != 0) {
            if (amount == 0) return Reason.ZERO_AMOUNT;
            return amount > word.balance() ? Reason.AMOUNT_TOO_LARGE : Reason.NONE;
        }
        if (amount > word.balance()) return Reason.INSUFFICIENT_BALANCE;
        if (demands & UNFROZEN_AMOUNT == 0 || amount <= word.unfrozen()) return Reason.NONE;
        return Reason.INSUFFICIENT_UNFROZEN;
    }

    /// @dev Whether a party's record is good and has at least one of the scopes asked for.
    function eligible(InvestorRecord record, uint8 party, uint16 anyOf, uint256 time)
        internal
        pure
        returns (ReasonCode)
    {
        if (record.status() == Record.ACTIVE && time < record.expiresAt() && record.hasScope(anyOf)) return Reason.NONE;
        return why(record, party, Reason.SCOPE, time);
    }

    /// @dev What is wrong with a record that is not good: frozen outranks unknown, revoked, expired, and a missing scope.
    function why(InvestorRecord record, uint8 party, uint8 scope, uint256 time) private pure returns (ReasonCode) {
        if (record.isFrozen()) return Reason.code(party, Reason.FROZEN);
        if (record.standing() == Record.NONE) return Reason.code(party, Reason.UNKNOWN);
        if (record.standing() != Record.ACTIVE) return Reason.code(party, Reason.REVOKED);
        return Reason.code(party, time >= record.expiresAt() ? Reason.EXPIRED : scope);
    }
}
