// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC7943} from "../interfaces/IERC7943.sol";
import {IInvestorRegistry} from "../interfaces/IInvestorRegistry.sol";
import {BalanceWord} from "../types/BalanceWord.sol";
import {ControlWord} from "../types/ControlWord.sol";
import {InvestorRecord} from "../types/InvestorRecord.sol";
import {Kind, Movement} from "../types/Movement.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";
import {ReportLog} from "./ReportLog.sol";
import {ScaledAmount} from "./ScaledAmount.sol";
import {Question, TransferRules} from "./TransferRules.sol";

/// @title Every movement of balances passes here: asked, judged, made and reported.
abstract contract MovementGate is ReportLog, ScaledAmount, IERC7943 {
    IInvestorRegistry internal immutable REGISTRY;
    address internal immutable LEDGER;

    // bytes4(keccak256("recordsOf(address,address)"))
    uint256 private constant RECORDS_OF_TWO = 0x91bb1fc0;

    constructor(address registry, address ledger) {
        REGISTRY = IInvestorRegistry(registry);
        LEDGER = ledger;
    }

    /// @dev The only place where balances change.
    /// @param q A question to fill; a batch uses one for all its rows.
    /// @param party Who receives; in a BURN the request's holder.
    function _move(Question memory q, Movement kind, address from, address party, uint256 amount, bytes32 ref)
        internal
    {
        _ask(q, kind, msg.sender, from, party, amount);
        ReasonCode code = TransferRules.decide(q);
        if (!code.isNone()) _refuse(code, q, kind, msg.sender, from, party);

        address to = kind == Kind.BURN ? address(0) : party;
        // To oneself every check has run, and nothing changes.
        if (from != to) {
            if (from == address(0)) _setTotalSupply(totalSupply() + amount);
            else _account(from).word = (kind == Kind.FORCE ? _thawed(from, q.word, amount) : q.word).minus(amount);
            if (to == address(0)) {
                _setTotalSupply(totalSupply() - amount);
            } else {
                Account storage receiver = _account(to);
                receiver.word = receiver.word.plus(amount);
            }
        }

        emit Transfer(from, to, amount);
        _report(q.control, kind, from, to, amount, ref);
    }

    function _force(address from, address to, uint256 amount, bytes32 ref) internal {
        Question memory q;
        _move(q, Kind.FORCE, from, to, amount, ref);
        emit ForcedTransfer(from, to, amount);
    }

    /// @dev Lowers the frozen amount by what a movement takes beyond the unfrozen part; only a FORCE comes that far.
    function _thawed(address account, BalanceWord word, uint256 amount) private returns (BalanceWord) {
        uint256 free = word.unfrozen();
        if (amount <= free) return word;

        uint256 frozen = word.frozen() - (amount - free);
        emit Frozen(account, frozen);
        return word.withFrozenAmount(frozen);
    }

    /// @dev Collects what the answer depends on: the control word, one balance word, and the records in one call.
    /// @param q Filled in place, because returning it would zero it twice. Fields a kind does not ask for may be stale.
    function _ask(Question memory q, Movement kind, address operator, address from, address party, uint256 amount)
        internal
        view
    {
        q.control = control();
        q.amount = amount;
        q.time = block.timestamp;
        q.demands = TransferRules.demandsOf(kind) | _circumstances(from, party);

        if (kind == Kind.TRANSFER) {
            q.word = _account(from).word;
            if (operator == from) {
                (q.sender, q.receiver) = _recordsOf(from, party);
                if (q.sender.isVenue()) q.demands |= TransferRules.EXECUTED;
                q.executor = q.sender;
            } else {
                (q.sender, q.receiver, q.executor) = REGISTRY.recordsOf(from, party, operator);
                q.demands |= TransferRules.EXECUTED;
            }
            return;
        }

        if (kind == Kind.MINT) {
            q.word = BalanceWord.wrap(type(uint128).max - totalSupply());
            q.demands &= ~TransferRules.SENDER_IS_ZERO;
        } else {
            q.word = _account(from).word;
        }
        // The ledger moves what it holds; nobody moves it for the ledger, and nobody the token's own.
        if (operator == LEDGER) q.demands &= ~TransferRules.SENDER_IS_RESERVED;
        // Of these, a movement demands something of one record only.
        if (kind == Kind.ESCROW) q.sender = REGISTRY.recordOf(from);
        else if (kind == Kind.BURN) q.sender = REGISTRY.recordOf(party);
        else q.receiver = REGISTRY.recordOf(party);
    }

    /// @dev Zero addresses, and the two that hold for others. Addresses come clean from the ABI decoder; comparing them by
    /// hand costs a third.
    function _circumstances(address from, address party) private view returns (uint256 bits) {
        address ledger = LEDGER;
        assembly ("memory-safe") {
            let own := address()
            bits := shl(25, or(eq(from, ledger), eq(from, own)))
            bits := or(bits, shl(26, or(eq(party, ledger), eq(party, own))))
            bits := or(bits, shl(27, iszero(from)))
            bits := or(bits, shl(28, iszero(party)))
        }
    }

    /// @dev `REGISTRY.recordsOf(a, b)` without the compiler's encoding and decoding, some 300 gas in every transfer.
    function _recordsOf(address a, address b) private view returns (InvestorRecord recordA, InvestorRecord recordB) {
        address registry = address(REGISTRY);
        uint256 selector = RECORDS_OF_TWO;
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, selector)
            mstore(add(data, 0x20), a)
            mstore(add(data, 0x40), b)
            let answered := staticcall(gas(), registry, add(data, 0x1c), 0x44, data, 0x40)
            if iszero(and(answered, gt(returndatasize(), 0x3f))) { revert(0, 0) }
            recordA := mload(data)
            recordB := mload(add(data, 0x20))
        }
    }

    function _isReserved(address account) internal view returns (bool) {
        return account == LEDGER || account == address(this);
    }

    /// @dev One error for each reason code, with the values that matter.
    function _refuse(ReasonCode code, Question memory q, Movement kind, address operator, address from, address party)
        private
        pure
    {
        uint8 number = ReasonCode.unwrap(code);
        if (number < Reason.SENDER) {
            ControlWord word = q.control;
            revert ShareTokenStopped(code, word.phase(), word.activeUntil(), word.halted(), word.pauses());
        }
        if (number < Reason.RECEIVER) {
            revert ShareTokenCannotSend(code, kind == Kind.BURN ? party : from, q.sender);
        }
        if (number < Reason.EXECUTOR) revert ShareTokenCannotReceive(code, party, q.receiver);
        if (number < Reason.AMOUNT) revert ShareTokenCannotExecute(code, operator, q.executor);
        if (code == Reason.INSUFFICIENT_BALANCE) revert ERC20InsufficientBalance(from, q.word.balance(), q.amount);
        if (code == Reason.INSUFFICIENT_UNFROZEN) {
            revert ERC7943InsufficientUnfrozenBalance(from, q.amount, q.word.unfrozen());
        }
        if (code == Reason.ZERO_AMOUNT) revert ShareTokenZeroAmount();
        if (code == Reason.AMOUNT_TOO_LARGE) revert ShareTokenAmountTooLarge(q.amount);
        if (code == Reason.ZERO_SENDER) revert ERC20InvalidSender(address(0));
        if (code == Reason.ZERO_RECEIVER) revert ERC20InvalidReceiver(address(0));
        revert ShareTokenMovementUnknown(kind);
    }
}
