// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question} from "../../../contracts/token/TransferRules.sol";
import {Control} from "../../../contracts/types/ControlWord.sol";
import {InvestorRecord, Record} from "../../../contracts/types/InvestorRecord.sol";
import {Kind, Movement} from "../../../contracts/types/Movement.sol";
import {Reason, ReasonCode} from "../../../contracts/types/ReasonCode.sol";

/// @dev Yes (1) or no (0). Its operators look at both sides, so that a sentence is one term for the solver and never a fork.
type Fact is uint256;

using {and as &, or as |, not as ~} for Fact global;

function and(Fact a, Fact b) pure returns (Fact) {
    return Fact.wrap(Fact.unwrap(a) & Fact.unwrap(b));
}

function or(Fact a, Fact b) pure returns (Fact) {
    return Fact.wrap(Fact.unwrap(a) | Fact.unwrap(b));
}

function not(Fact a) pure returns (Fact) {
    return Fact.wrap(Fact.unwrap(a) ^ 1);
}

function fact(bool condition) pure returns (Fact result) {
    assembly ("memory-safe") {
        result := condition
    }
}

/// @dev What surrounds a movement besides the words it is judged by.
/// @param executed A platform executes the transfer.
/// @param fromReserved `from` is the ledger or the token, and the mover may not move it.
struct Circumstances {
    bool executed;
    bool fromReserved;
    bool toReserved;
    bool fromZero;
    bool toZero;
}

/// @title The decision once more, written from ARCHITECTURE's tables and not from `TransferRules`: every thing that can
/// stand against a movement, in the order in which it is named.
/// @dev No short cut, no fast path, no early return: the first fact that holds names the code.
library Decision {
    /// @dev What may be wrong with a party's record, from the strongest to the weakest.
    struct Standing {
        Fact frozen;
        Fact unknown;
        Fact revoked;
        Fact expired;
    }

    function expected(Question memory q, Movement kind, Circumstances memory c) internal pure returns (ReasonCode) {
        uint256 code = addresses(kind, c);
        code = phases(code, q, kind);
        code = clocks(code, q, kind, fact(c.executed));
        code = pauses(code, q, kind);
        code = amounts(code, q, kind);
        code = sender(code, q, kind, c);
        code = receiver(code, q, kind, c);
        code = executor(code, q, fact(c.executed));
        code = policy(code, q, kind, fact(c.executed));
        return ReasonCode.wrap(uint8(code));
    }

    function addresses(Movement kind, Circumstances memory c) private pure returns (uint256 code) {
        uint256 number = Movement.unwrap(kind);
        code = first(0, fact(number == 0) | fact(number > 6), Reason.MOVEMENT_UNKNOWN);
        code = first(code, fact(c.fromZero), Reason.ZERO_SENDER);
        code = first(code, fact(c.toZero), Reason.ZERO_RECEIVER);
    }

    /// @dev Transfer and mint need the ACTIVE phase; the exits and a force need none.
    function phases(uint256 code, Question memory q, Movement kind) private pure returns (uint256) {
        Fact free = isKind(kind, Kind.TRANSFER) | isKind(kind, Kind.MINT);
        code = first(code, free & fact(q.control.phase() == Control.PENDING), Reason.PHASE_PENDING);
        code = first(code, free & fact(q.control.phase() == Control.SUSPENDED), Reason.PHASE_SUSPENDED);
        return first(code, free & fact(q.control.phase() >= Control.WIND_DOWN), Reason.PHASE_WIND_DOWN);
    }

    /// @dev A lapse always stops a mint, a halt never. Of transfers both stop those that a platform executes, and the others
    /// unless the policy says that they stop trading only.
    function clocks(uint256 code, Question memory q, Movement kind, Fact executed) private pure returns (uint256) {
        Fact transfer = isKind(kind, Kind.TRANSFER);
        Fact stopped = transfer & (executed | ~follows(q, Control.LAPSE_STOPS_TRADING_ONLY));
        Fact lapsed = fact(q.time >= q.control.activeUntil());
        code = first(code, lapsed & (isKind(kind, Kind.MINT) | stopped), Reason.LAPSED);
        stopped = transfer & (executed | ~follows(q, Control.HALT_STOPS_TRADING_ONLY));
        return first(code, fact(q.control.halted()) & stopped, Reason.HALTED);
    }

    /// @dev Each pause stops one kind; no pause stops the way into redemption or back.
    function pauses(uint256 code, Question memory q, Movement kind) private pure returns (uint256) {
        uint8 set = q.control.pauses();
        code = first(code, isKind(kind, Kind.TRANSFER) & fact(set & 1 != 0), Reason.TRANSFER_PAUSED);
        code = first(code, isKind(kind, Kind.MINT) & fact(set & 2 != 0), Reason.MINT_PAUSED);
        code = first(code, isKind(kind, Kind.BURN) & fact(set & 4 != 0), Reason.BURN_PAUSED);
        return first(code, isKind(kind, Kind.FORCE) & fact(set & 8 != 0), Reason.FORCE_PAUSED);
    }

    /// @dev Balance, then unfrozen balance. Of a mint the word says how much room is left, and zero is refused.
    function amounts(uint256 code, Question memory q, Movement kind) private pure returns (uint256) {
        Fact mint = isKind(kind, Kind.MINT);
        Fact short = fact(q.amount > q.word.balance());
        code = first(code, mint & fact(q.amount == 0), Reason.ZERO_AMOUNT);
        code = first(code, mint & short, Reason.AMOUNT_TOO_LARGE);
        code = first(code, ~mint & short, Reason.INSUFFICIENT_BALANCE);
        // Beyond this point the amount is within the balance, so that the sum below cannot overflow.
        Fact beyond = fact((q.amount & type(uint128).max) + q.word.frozen() > q.word.balance()) & fact(q.amount != 0);
        Fact respectsFreeze = isKind(kind, Kind.TRANSFER) | isKind(kind, Kind.ESCROW);
        return first(code, respectsFreeze & beyond, Reason.INSUFFICIENT_UNFROZEN);
    }

    /// @dev Only a transfer asks for an eligible sender; redemption asks that he is not FROZEN, a force for nothing.
    function sender(uint256 code, Question memory q, Movement kind, Circumstances memory c)
        private
        pure
        returns (uint256)
    {
        Fact transfer = isKind(kind, Kind.TRANSFER);
        Standing memory s = standing(q.sender, q.time);
        code = first(code, fact(c.fromReserved), Reason.SENDER_RESERVED);
        code = first(code, (isKind(kind, Kind.BURN) | isKind(kind, Kind.ESCROW)) & s.frozen, Reason.SENDER_FROZEN);
        code = eligible(code, transfer, s, Reason.SENDER);
        Fact trading = transfer & fact(c.executed);
        code = first(code, trading & lacks(q.sender, Record.TRADE), Reason.SENDER_TRADE_SCOPE);
        return first(code, transfer & ~trading & lacks(q.sender, Record.TRANSFER), Reason.SENDER_TRANSFER_SCOPE);
    }

    /// @dev Tokens that return to their holder ask that he is not FROZEN; whoever else receives must be eligible.
    function receiver(uint256 code, Question memory q, Movement kind, Circumstances memory c)
        private
        pure
        returns (uint256)
    {
        Fact receives = isKind(kind, Kind.TRANSFER) | isKind(kind, Kind.MINT) | isKind(kind, Kind.FORCE);
        Standing memory s = standing(q.receiver, q.time);
        code = first(code, isKind(kind, Kind.GIVE_BACK) & s.frozen, Reason.RECEIVER_FROZEN);
        code = first(code, receives & fact(c.toReserved), Reason.RECEIVER_RESERVED);
        code = eligible(code, receives, s, Reason.RECEIVER);
        code = first(code, receives & lacks(q.receiver, Record.HOLD), Reason.RECEIVER_HOLD_SCOPE);
        return first(code, fact(c.executed) & lacks(q.receiver, Record.TRADE), Reason.RECEIVER_TRADE_SCOPE);
    }

    /// @dev A policy without licences lets anyone execute but whom COMPLIANCE froze or a registrar revoked.
    function executor(uint256 code, Question memory q, Fact executed) private pure returns (uint256) {
        Standing memory s = standing(q.executor, q.time);
        Fact licensed = executed & ~follows(q, Control.ANY_EXECUTOR);
        code = first(code, executed & s.frozen, Reason.EXECUTOR_FROZEN);
        code = first(code, licensed & s.unknown, Reason.EXECUTOR_UNKNOWN);
        code = first(code, executed & s.revoked, Reason.EXECUTOR_REVOKED);
        code = first(code, licensed & s.expired, Reason.EXECUTOR_EXPIRED);
        return first(code, licensed & lacks(q.executor, Record.EXECUTE), Reason.EXECUTOR_SCOPE);
    }

    /// @dev The class binds the receiver; whoever deals with a POOL needs LIQUIDITY; a POOL is never minted to.
    function policy(uint256 code, Question memory q, Movement kind, Fact executed) private pure returns (uint256) {
        Fact receives = isKind(kind, Kind.TRANSFER) | isKind(kind, Kind.MINT) | isKind(kind, Kind.FORCE);
        uint256 allowed = uint256(q.control.allowedClasses()) & (1 << q.receiver.class());
        code = first(code, receives & fact(allowed == 0), Reason.RECEIVER_CLASS);

        Fact toPool = fact(q.receiver.class() == Record.POOL);
        Fact fromPool = fact(q.sender.class() == Record.POOL);
        code = first(code, isKind(kind, Kind.MINT) & toPool, Reason.RECEIVER_POOL_MINT);
        Fact provides = isKind(kind, Kind.TRANSFER) & toPool;
        code = first(code, provides & lacks(q.sender, Record.LIQUIDITY), Reason.SENDER_LIQUIDITY_SCOPE);
        return first(code, executed & fromPool & lacks(q.receiver, Record.LIQUIDITY), Reason.RECEIVER_LIQUIDITY_SCOPE);
    }

    function standing(InvestorRecord record, uint256 time) private pure returns (Standing memory) {
        uint8 status = record.standing();
        return Standing({
            frozen: fact(record.isFrozen()),
            unknown: fact(status == Record.NONE),
            revoked: fact(status != Record.NONE) & fact(status != Record.ACTIVE),
            expired: fact(time >= record.expiresAt())
        });
    }

    /// @dev FROZEN outranks unknown and REVOKED, these outrank expired.
    function eligible(uint256 code, Fact asked, Standing memory s, uint8 party) private pure returns (uint256) {
        code = first(code, asked & s.frozen, Reason.code(party, Reason.FROZEN));
        code = first(code, asked & s.unknown, Reason.code(party, Reason.UNKNOWN));
        code = first(code, asked & s.revoked, Reason.code(party, Reason.REVOKED));
        return first(code, asked & s.expired, Reason.code(party, Reason.EXPIRED));
    }

    function follows(Question memory q, uint8 flag) private pure returns (Fact) {
        return fact(q.control.policy() & flag != 0);
    }

    function lacks(InvestorRecord record, uint16 scope) private pure returns (Fact) {
        return fact(record.scopes() & scope == 0);
    }

    function isKind(Movement kind, Movement other) private pure returns (Fact) {
        return fact(Movement.unwrap(kind) == Movement.unwrap(other));
    }

    /// @dev The earlier reason stays.
    function first(uint256 code, Fact holds, ReasonCode reason) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := or(code, and(sub(0, and(holds, iszero(code))), reason))
        }
    }
}
