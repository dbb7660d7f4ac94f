// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7943} from "../interfaces/IERC7943.sol";
import {IInvestorRegistry} from "../interfaces/IInvestorRegistry.sol";
import {BalanceWord} from "../types/BalanceWord.sol";
import {ControlWord} from "../types/ControlWord.sol";
import {Kind, Movement} from "../types/Movement.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";
import {ReportLog} from "./ReportLog.sol";
import {ScaledAmount} from "./ScaledAmount.sol";
import {Question, TransferRules} from "./TransferRules.sol";

/// @title Every movement of balances passes here: asked, judged, made and reported.
abstract contract MovementGate is ReportLog, ScaledAmount, IERC7943 {
    IInvestorRegistry internal immutable REGISTRY;
    address internal immutable LEDGER;

    constructor(address registry, address ledger) {
        REGISTRY = IInvestorRegistry(registry);
        LEDGER = ledger;
    }

    /// @dev The only place where balances change.
    function _move(Movement kind, address from, address party, uint256 amount, bytes32 ref) internal {
        Question memory q = _ask(kind, msg.sender, from, party, amount);
        ReasonCode code = TransferRules.decide(q);
        if (!code.isNone()) _refuse(code, q);

        // To oneself every check has run, and nothing changes.
        if (from != q.to) {
            if (kind == Kind.MINT) {
                _setTotalSupply(q.supply + amount);
            } else {
                BalanceWord left = q.fromWord;
                if (kind == Kind.FORCE) left = _thaw(from, left, amount);
                _setBalanceWord(from, left.minus(amount));
            }
            if (kind == Kind.BURN) _setTotalSupply(totalSupply() - amount);
            else _setBalanceWord(q.to, _balanceWord(q.to).plus(amount));
        }

        emit Transfer(from, q.to, amount);
        if (kind == Kind.FORCE) emit ForcedTransfer(from, q.to, amount);
        _report(q.control, kind, from, q.to, amount, ref);
    }

    function _force(address from, address to, uint256 amount, bytes32 ref) internal {
        _move(Kind.FORCE, from, to, amount, ref);
    }

    /// @dev Lowers the frozen amount by what a force takes beyond the unfrozen part.
    function _thaw(address account, BalanceWord word, uint256 amount) private returns (BalanceWord) {
        uint256 free = word.unfrozen();
        if (amount <= free) return word;

        uint256 frozen = word.frozen() - (amount - free);
        emit Frozen(account, frozen);
        return word.withFrozenAmount(frozen);
    }

    /// @dev Collects what the answer depends on: the control word, one balance word, and the records in one call.
    function _ask(Movement kind, address operator, address from, address party, uint256 amount)
        internal
        view
        returns (Question memory q)
    {
        q.control = control();
        q.kind = kind;
        q.operator = operator;
        q.from = from;
        q.to = kind == Kind.BURN ? address(0) : party;
        q.party = kind == Kind.BURN ? party : from;
        q.amount = amount;
        q.time = block.timestamp;

        if (kind == Kind.TRANSFER) {
            if (operator == from) {
                (q.sender, q.receiver) = REGISTRY.recordsOf(from, party);
                q.executor = q.sender;
            } else {
                (q.sender, q.receiver, q.executor) = REGISTRY.recordsOf(from, party, operator);
            }
        } else if (kind == Kind.ESCROW || kind == Kind.BURN) {
            q.sender = REGISTRY.recordOf(q.party);
        } else {
            q.receiver = REGISTRY.recordOf(party);
        }

        if (kind == Kind.MINT) q.supply = totalSupply();
        else q.fromWord = _balanceWord(from);

        // The ledger moves its own balance; nobody moves it for the ledger, and nobody the token's own.
        q.senderReserved = _isReserved(from) && !(kind == Kind.FORCE && operator == LEDGER);
        q.receiverReserved = _isReserved(q.to);
    }

    function _isReserved(address account) internal view returns (bool) {
        return account == LEDGER || account == address(this);
    }

    /// @dev One error for each reason code, with the values that matter.
    function _refuse(ReasonCode code, Question memory q) private pure {
        uint8 number = ReasonCode.unwrap(code);
        if (number < Reason.SENDER) {
            ControlWord word = q.control;
            revert ShareTokenStopped(code, word.phase(), word.activeUntil(), word.halted(), word.pauses());
        }
        if (number < Reason.RECEIVER) revert ShareTokenCannotSend(code, q.party, q.sender);
        if (number < Reason.EXECUTOR) revert ShareTokenCannotReceive(code, q.to, q.receiver);
        if (number < 80) revert ShareTokenCannotExecute(code, q.operator, q.executor);
        if (code == Reason.INSUFFICIENT_BALANCE) {
            revert ERC20InsufficientBalance(q.from, q.fromWord.balance(), q.amount);
        }
        if (code == Reason.INSUFFICIENT_UNFROZEN) {
            revert ERC7943InsufficientUnfrozenBalance(q.from, q.amount, q.fromWord.unfrozen());
        }
        if (code == Reason.ZERO_AMOUNT) revert ShareTokenZeroAmount();
        if (code == Reason.AMOUNT_TOO_LARGE) revert ShareTokenAmountTooLarge(q.amount);
        if (code == Reason.ZERO_SENDER) revert ERC20InvalidSender(address(0));
        if (code == Reason.ZERO_RECEIVER) revert ERC20InvalidReceiver(address(0));
        revert ShareTokenMovementUnknown(q.kind);
    }
}
