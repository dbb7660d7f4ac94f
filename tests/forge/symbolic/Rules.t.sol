// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Question, TransferRules} from "../../../contracts/token/TransferRules.sol";
import {Control} from "../../../contracts/types/ControlWord.sol";
import {Record} from "../../../contracts/types/InvestorRecord.sol";
import {Kind, Movement} from "../../../contracts/types/Movement.sol";
import {Reason, ReasonCode} from "../../../contracts/types/ReasonCode.sol";
import {vm} from "./Cheats.sol";
import {Circumstances, Decision} from "./Decision.sol";

/// @title `TransferRules.decide` equals the short specification, kind by kind, for every question; and the properties that
/// the architecture calls law, said of `decide` itself.
/// @dev One assumption: the mask of allowed classes lacks bit 0, which `setPolicy` and `initialize` refuse.
/// @custom:kind the decision
contract Rules {
    // ---------------------------------------------------------------- the specification, kind by kind

    function check_decide__transferByTheHolder__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.TRANSFER, c);
    }

    function check_decide__transferByAPlatform__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = true;
        agrees(q, Kind.TRANSFER, c);
    }

    function check_decide__mint__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.MINT, c);
    }

    function check_decide__burn__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.BURN, c);
    }

    function check_decide__escrow__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.ESCROW, c);
    }

    function check_decide__giveBack__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.GIVE_BACK, c);
    }

    function check_decide__force__asSpecified(Question memory q, Circumstances memory c) public pure {
        c.executed = false;
        agrees(q, Kind.FORCE, c);
    }

    function check_decide__toOrFromNowhere__asSpecified(Question memory q, Movement kind, Circumstances memory c)
        public
        pure
    {
        vm.assume(c.fromZero || c.toZero);
        ReasonCode expected = Decision.expected(q, kind, c);
        assert(decide(q, kind, c) == expected);
    }

    function check_decide__anyOtherKind__unknownMovement(Question memory q, uint8 kind, Circumstances memory c)
        public
        pure
    {
        vm.assume(kind == 0 || kind > 6);
        assert(decide(q, Movement.wrap(kind), c) == Reason.MOVEMENT_UNKNOWN);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev FROZEN outranks unknown: a frozen wallet without a record is named frozen.
    function check_refuted_decide__unknownReceiver__namedUnknown(Question memory q, Circumstances memory c)
        public
        pure
    {
        vm.assume(q.receiver.standing() == Record.NONE);
        ReasonCode code = decide(q, Kind.FORCE, c);
        vm.assume(ReasonCode.unwrap(code) > 40 && ReasonCode.unwrap(code) < 60);
        assert(code == Reason.RECEIVER_UNKNOWN);
    }

    function agrees(Question memory q, Movement kind, Circumstances memory c) private pure {
        // Proven apart, above; it spares the others a fifth of their ways.
        vm.assume(!c.fromZero && !c.toZero);
        vm.assume(q.control.allowedClasses() & 1 == 0);
        // The specification first: it does not fork, so the solver builds it once.
        ReasonCode expected = Decision.expected(q, kind, c);
        assert(decide(q, kind, c) == expected);
    }

    function decide(Question memory q, Movement kind, Circumstances memory c) private pure returns (ReasonCode) {
        q.demands = TransferRules.demandsOf(kind) | bit(c.executed, TransferRules.EXECUTED)
            | bit(c.fromReserved, TransferRules.SENDER_IS_RESERVED)
            | bit(c.toReserved, TransferRules.RECEIVER_IS_RESERVED) | bit(c.fromZero, TransferRules.SENDER_IS_ZERO)
            | bit(c.toZero, TransferRules.RECEIVER_IS_ZERO);
        return TransferRules.decide(q);
    }

    function bit(bool set, uint256 value) private pure returns (uint256 result) {
        assembly ("memory-safe") {
            result := and(sub(0, set), value)
        }
    }
}
