// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question} from "../../../contracts/token/TransferRules.sol";
import {Control, ControlWord} from "../../../contracts/types/ControlWord.sol";
import {InvestorRecord, Record} from "../../../contracts/types/InvestorRecord.sol";
import {Kind, Movement} from "../../../contracts/types/Movement.sol";
import {Reason, ReasonCode} from "../../../contracts/types/ReasonCode.sol";
import {vm} from "./Cheats.sol";
import {Circumstances, Decision} from "./Decision.sol";

/// @title The table of what each status may do, and what the exits may depend on, for every kind of movement at once.
/// @dev Said of the specification, of which `Rules` proves that it is the contracts' decision: it does not fork, so that one
/// question to the solver covers every kind, every record and every state.
/// @custom:kind the status table
contract StatusTable {
    // ---------------------------------------------------------------- who never receives, who never sends

    function check_receive__zeroRecord__never(Question memory q, Movement kind, Circumstances memory c) public pure {
        vm.assume(brings(kind));
        q.receiver = InvestorRecord.wrap(0);
        refused(q, kind, c);
    }

    function check_receive__statusNotActive__never(Question memory q, Movement kind, Circumstances memory c)
        public
        pure
    {
        vm.assume(brings(kind) && q.receiver.status() != Record.ACTIVE);
        refused(q, kind, c);
    }

    function check_receive__expired__never(Question memory q, Movement kind, Circumstances memory c) public pure {
        vm.assume(brings(kind) && q.time >= q.receiver.expiresAt());
        refused(q, kind, c);
    }

    function check_receive__frozen__neverEvenBack(Question memory q, Movement kind, Circumstances memory c)
        public
        pure
    {
        vm.assume((brings(kind) || same(kind, Kind.GIVE_BACK)) && q.receiver.isFrozen());
        refused(q, kind, c);
    }

    function check_send__zeroRecordOrNotActiveOrExpired__neverTransfers(Question memory q, Circumstances memory c)
        public
        pure
    {
        vm.assume(q.sender.status() != Record.ACTIVE || q.time >= q.sender.expiresAt());
        refused(q, Kind.TRANSFER, c);
    }

    function check_send__frozen__onlyByForce(Question memory q, Movement kind, Circumstances memory c) public pure {
        vm.assume(q.sender.isFrozen());
        vm.assume(same(kind, Kind.TRANSFER) || same(kind, Kind.ESCROW) || same(kind, Kind.BURN));
        refused(q, kind, c);
    }

    // ---------------------------------------------------------------- what has no say

    /// @dev Whoever is forced, and whatever he is, the answer is the same.
    function check_force__anySender__noPartInTheAnswer(Question memory q, InvestorRecord other, Circumstances memory c)
        public
        pure
    {
        c.executed = false;
        ReasonCode answer = Decision.expected(q, Kind.FORCE, c);
        q.sender = other;
        assert(Decision.expected(q, Kind.FORCE, c) == answer);
    }

    /// @dev Of the records, the exits ask for the freeze alone: no scope, class, standing or expiry has a part in the answer.
    function check_exits__anyRecords__freezeAlone(
        Question memory q,
        Movement kind,
        InvestorRecord sender,
        InvestorRecord receiver,
        Circumstances memory c
    ) public pure {
        c.executed = false;
        vm.assume(same(kind, Kind.ESCROW) || same(kind, Kind.BURN) || same(kind, Kind.GIVE_BACK));
        vm.assume(sender.isFrozen() == q.sender.isFrozen() && receiver.isFrozen() == q.receiver.isFrozen());
        ReasonCode answer = Decision.expected(q, kind, c);
        (q.sender, q.receiver) = (sender, receiver);
        assert(Decision.expected(q, kind, c) == answer);
    }

    /// @dev Law 5: no phase, lapse, halt, pause or policy closes the way into redemption and back.
    function check_exits__anyControlWord__noPartInTheAnswer(
        Question memory q,
        bool back,
        ControlWord other,
        Circumstances memory c
    ) public pure {
        c.executed = false;
        Movement kind = back ? Kind.GIVE_BACK : Kind.ESCROW;
        ReasonCode answer = Decision.expected(q, kind, c);
        q.control = other;
        assert(Decision.expected(q, kind, c) == answer);
    }

    function check_release__anyControlWord__burnPauseAlone(Question memory q, ControlWord other, Circumstances memory c)
        public
        pure
    {
        c.executed = false;
        vm.assume(other.isPaused(Control.PAUSE_BURN) == q.control.isPaused(Control.PAUSE_BURN));
        ReasonCode answer = Decision.expected(q, Kind.BURN, c);
        q.control = other;
        assert(Decision.expected(q, Kind.BURN, c) == answer);
    }

    // ---------------------------------------------------------------- what must pass

    /// @dev Law 5: a holder who is not FROZEN, and an amount within what he may move.
    function check_exits__notFrozenAndEnough__alwaysOpen(Question memory q, bool back) public pure {
        Circumstances memory c;
        vm.assume(!q.sender.isFrozen() && !q.receiver.isFrozen());
        vm.assume(q.amount <= (back ? q.word.balance() : q.word.unfrozen()));
        assert(Decision.expected(q, back ? Kind.GIVE_BACK : Kind.ESCROW, c).isNone());
    }

    function check_transfer__goodPartiesOfATokenInOrder__passes(Question memory q) public pure {
        Circumstances memory c;
        vm.assume(uint8(q.control.settings()) == Control.ACTIVE && q.time < q.control.activeUntil());
        vm.assume(q.amount <= q.word.unfrozen());
        vm.assume(q.sender.status() == Record.ACTIVE && q.time < q.sender.expiresAt());
        vm.assume(q.sender.hasScope(Record.TRANSFER));
        vm.assume(q.receiver.status() == Record.ACTIVE && q.time < q.receiver.expiresAt());
        vm.assume(q.receiver.hasScope(Record.HOLD) && q.receiver.class() < 8);
        vm.assume(q.control.allowsClass(q.receiver.class()));
        assert(Decision.expected(q, Kind.TRANSFER, c).isNone());
    }

    // ---------------------------------------------------------------- the codes

    /// @dev One code each, and one of those that the token has an error for.
    function check_code__anyMovement__hasAnError(Question memory q, Movement kind, Circumstances memory c) public pure {
        uint256 known = (1 << 10) - 1; // none and 1-9: what stops the token
        known |= 0xff << 20; // sender
        known |= 0x3ff << 40; // receiver
        known |= 0x3e << 60; // executor
        known |= 1 << 80 | 1 << 81 | 1 << 83 | 1 << 85 | 7 << 86; // amounts and addresses
        uint8 code = ReasonCode.unwrap(Decision.expected(q, kind, c));
        assert((known >> code) & 1 == 1);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev A REVOKED holder cannot send, but redeems.
    function check_refuted_send__revoked__neverAtAll(Question memory q, Movement kind, Circumstances memory c)
        public
        pure
    {
        vm.assume(q.sender.status() == Record.REVOKED);
        vm.assume(same(kind, Kind.TRANSFER) || same(kind, Kind.ESCROW));
        refused(q, kind, c);
    }

    // ---------------------------------------------------------------- helpers

    /// @dev The movements by which a balance grows, but for the return of an escrow.
    function brings(Movement kind) private pure returns (bool) {
        return same(kind, Kind.TRANSFER) || same(kind, Kind.MINT) || same(kind, Kind.FORCE);
    }

    function refused(Question memory q, Movement kind, Circumstances memory c) private pure {
        assert(!Decision.expected(q, kind, c).isNone());
    }

    function same(Movement a, Movement b) private pure returns (bool) {
        return Movement.unwrap(a) == Movement.unwrap(b);
    }
}
