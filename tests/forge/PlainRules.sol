// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {Attestation, Sentence} from "../../contracts/types/Attestation.sol";
import {Control, ControlWord} from "../../contracts/types/ControlWord.sol";
import {InvestorRecord, Record} from "../../contracts/types/InvestorRecord.sol";
import {Reason, ReasonCode} from "../../contracts/types/ReasonCode.sol";
import {MarketRules} from "./MarketRules.sol";

/// @title The rules as a person would state them, over the replayed state: what should happen, and for which reason not.
/// @dev Written from the prose and not from `TransferRules`; it asks no contract. Slow and plain on purpose.
abstract contract PlainRules is MarketRules {
    uint256 internal constant MAX_96 = type(uint96).max;
    uint256 internal constant SHARE = 1e18;

    /// @param party Who receives; in a BURN the request's holder.
    struct Ask {
        address token;
        uint8 kind;
        address operator;
        address from;
        address party;
        uint256 amount;
    }

    function _number(ReasonCode code) internal pure returns (uint8) {
        return ReasonCode.unwrap(code);
    }

    // ---------------------------------------------------------------- movements

    /// @dev The reason against a movement, zero when there is none.
    function _against(Ask memory ask) internal view returns (uint8 code) {
        if (ask.kind != MINT && ask.from == address(0)) return _number(Reason.ZERO_SENDER);
        if (ask.party == address(0)) return _number(Reason.ZERO_RECEIVER);
        bool executed = _isExecuted(ask);
        code = _againstState(ask.token, ask.kind, executed);
        if (code == 0) code = _againstAmount(ask);
        if (code == 0) code = _againstSender(ask, executed);
        if (code == 0) code = _againstReceiver(ask, executed);
        if (code == 0 && executed) code = _againstExecutor(ask);
        if (code == 0) code = _againstPolicy(ask, executed);
    }

    /// @dev A platform executes a transfer that is not the holder's own, or made by a platform's or a pool's own wallet.
    function _isExecuted(Ask memory ask) internal view returns (bool) {
        return ask.kind == TRANSFER && (ask.operator != ask.from || _isVenue(ask.from));
    }

    function _isVenue(address wallet) internal view returns (bool) {
        return records[wallet].class() == Record.PLATFORM || _isPool(wallet);
    }

    function _isPool(address wallet) internal view returns (bool) {
        return records[wallet].class() == Record.POOL;
    }

    function _isReserved(address token_, address account) internal view returns (bool) {
        return account == address(ledger) || account == token_;
    }

    /// @dev Whether a lapse stops this kind of movement now.
    function _lapseStops(address token_, uint8 kind, bool executed) internal view returns (bool) {
        ControlWord word = settings[token_];
        if (block.timestamp < word.activeUntil()) return false;
        bool tradingOnly = word.policy() & Control.LAPSE_STOPS_TRADING_ONLY != 0;
        return kind == MINT || (kind == TRANSFER && (executed || !tradingOnly));
    }

    function _haltStops(address token_, uint8 kind, bool executed) internal view returns (bool) {
        ControlWord word = settings[token_];
        bool tradingOnly = word.policy() & Control.HALT_STOPS_TRADING_ONLY != 0;
        return word.halted() && kind == TRANSFER && (executed || !tradingOnly);
    }

    function _isPaused(address token_, uint8 pause) internal view returns (bool) {
        return settings[token_].pauses() & pause != 0;
    }

    function _againstState(address token_, uint8 kind, bool executed) internal view returns (uint8) {
        if (kind == TRANSFER || kind == MINT) {
            uint8 phase = settings[token_].phase();
            if (phase == Control.PENDING) return _number(Reason.PHASE_PENDING);
            if (phase == Control.SUSPENDED) return _number(Reason.PHASE_SUSPENDED);
            if (phase == Control.WIND_DOWN) return _number(Reason.PHASE_WIND_DOWN);
            if (_lapseStops(token_, kind, executed)) return _number(Reason.LAPSED);
            if (_haltStops(token_, kind, executed)) return _number(Reason.HALTED);
        }
        if (kind == TRANSFER && _isPaused(token_, Control.PAUSE_TRANSFER)) return _number(Reason.TRANSFER_PAUSED);
        if (kind == MINT && _isPaused(token_, Control.PAUSE_MINT)) return _number(Reason.MINT_PAUSED);
        if (kind == BURN && _isPaused(token_, Control.PAUSE_BURN)) return _number(Reason.BURN_PAUSED);
        if (kind == FORCE && _isPaused(token_, Control.PAUSE_FORCE)) return _number(Reason.FORCE_PAUSED);
        return 0;
    }

    function _againstAmount(Ask memory ask) private view returns (uint8) {
        if (ask.kind == MINT) {
            if (ask.amount == 0) return _number(Reason.ZERO_AMOUNT);
            bool fits = supply[ask.token] + ask.amount <= type(uint128).max;
            return fits ? 0 : _number(Reason.AMOUNT_TOO_LARGE);
        }
        if (ask.amount > balances[ask.token][ask.from]) return _number(Reason.INSUFFICIENT_BALANCE);
        bool free = ask.kind == TRANSFER || ask.kind == ESCROW;
        return free && ask.amount > _unfrozen(ask.token, ask.from) ? _number(Reason.INSUFFICIENT_UNFROZEN) : 0;
    }

    function _againstSender(Ask memory ask, bool executed) private view returns (uint8) {
        if (ask.operator != address(ledger) && _isReserved(ask.token, ask.from)) {
            return _number(Reason.SENDER_RESERVED);
        }
        if (ask.kind == TRANSFER) {
            if (executed) return _unfit(ask.from, Reason.SENDER, Record.TRADE, Reason.SENDER_TRADE_SCOPE);
            return _unfit(ask.from, Reason.SENDER, Record.TRANSFER, Reason.SENDER_TRANSFER_SCOPE);
        }
        if (ask.kind == ESCROW && records[ask.from].isFrozen()) return _number(Reason.SENDER_FROZEN);
        if (ask.kind == BURN && records[ask.party].isFrozen()) return _number(Reason.SENDER_FROZEN);
        return 0;
    }

    function _againstReceiver(Ask memory ask, bool executed) private view returns (uint8 code) {
        if (ask.kind == GIVE_BACK) return records[ask.party].isFrozen() ? _number(Reason.RECEIVER_FROZEN) : 0;
        if (ask.kind == BURN || ask.kind == ESCROW) return 0;
        if (_isReserved(ask.token, ask.party)) return _number(Reason.RECEIVER_RESERVED);
        code = _unfit(ask.party, Reason.RECEIVER, Record.HOLD, Reason.RECEIVER_HOLD_SCOPE);
        if (code == 0 && executed && !records[ask.party].hasScope(Record.TRADE)) {
            code = _number(Reason.RECEIVER_TRADE_SCOPE);
        }
    }

    function _againstExecutor(Ask memory ask) private view returns (uint8 code) {
        code = _unfit(ask.operator, Reason.EXECUTOR, Record.EXECUTE, Reason.EXECUTOR_SCOPE);
        // Without licences only the frozen and the revoked are kept out.
        bool licensed = settings[ask.token].policy() & Control.ANY_EXECUTOR == 0;
        bool barred = code == _number(Reason.EXECUTOR_FROZEN) || code == _number(Reason.EXECUTOR_REVOKED);
        if (!licensed && !barred) code = 0;
    }

    function _againstPolicy(Ask memory ask, bool executed) private view returns (uint8) {
        if (ask.kind != TRANSFER && ask.kind != MINT && ask.kind != FORCE) return 0;
        if (!_admits(ask.token, ask.party)) return _number(Reason.RECEIVER_CLASS);
        bool provides = records[ask.from].hasScope(Record.LIQUIDITY);
        if (ask.kind == MINT && _isPool(ask.party)) return _number(Reason.RECEIVER_POOL_MINT);
        if (ask.kind == TRANSFER && _isPool(ask.party) && !provides) return _number(Reason.SENDER_LIQUIDITY_SCOPE);
        bool takes = records[ask.party].hasScope(Record.LIQUIDITY);
        return executed && _isPool(ask.from) && !takes ? _number(Reason.RECEIVER_LIQUIDITY_SCOPE) : 0;
    }

    function _admits(address token_, address wallet) private view returns (bool) {
        return (settings[token_].allowedClasses() >> records[wallet].class()) & 1 == 1;
    }

    /// @dev Frozen outranks unknown, revoked and expired; a scope is missed last.
    function _unfit(address wallet, uint8 party, uint16 scope, ReasonCode missing) private view returns (uint8) {
        InvestorRecord record = records[wallet];
        if (record.isFrozen()) return party + Reason.FROZEN;
        if (record.standing() == Record.NONE) return party + Reason.UNKNOWN;
        if (record.standing() == Record.REVOKED) return party + Reason.REVOKED;
        if (block.timestamp >= record.expiresAt()) return party + Reason.EXPIRED;
        return record.hasScope(scope) ? 0 : _number(missing);
    }

    /// @dev Law 3's eligible wallet: it could receive tokens from anyone.
    function _isEligible(address token_, address wallet) internal view returns (bool) {
        return !_isReserved(token_, wallet) && _admits(token_, wallet)
            && _unfit(wallet, Reason.RECEIVER, Record.HOLD, Reason.RECEIVER_HOLD_SCOPE) == 0;
    }

    /// @dev Could send, by itself or through a platform.
    function _isSender(address token_, address wallet) internal view returns (bool) {
        uint16 either = Record.TRANSFER | Record.TRADE;
        return !_isReserved(token_, wallet) && _unfit(wallet, Reason.SENDER, either, Reason.SENDER_TRANSFER_SCOPE) == 0;
    }

    // ---------------------------------------------------------------- custody

    /// @dev The reason against a sentence, signatures and the token's demands left out.
    function _againstSentence(Attestation memory a) internal view returns (uint8) {
        Position memory position = positions[a.token][a.custodian];
        if (terms[a.token].redemptionPeriod == 0) return _number(Reason.TOKEN_UNKNOWN);
        if (desks[a.custodian].threshold == 0) return _number(Reason.CUSTODIAN_UNKNOWN);
        if (!_isWellFormed(a)) return _number(Reason.ATTESTATION_MALFORMED);
        if (a.sequence != position.sequence + 1) return _number(Reason.SEQUENCE);
        if (a.asOf > block.timestamp) return _number(Reason.AS_OF_FUTURE);
        if (a.asOf < position.asOf) return _number(Reason.AS_OF_BACKWARDS);
        if (block.timestamp >= a.validUntil) return _number(Reason.ATTESTATION_EXPIRED);
        if (a.kind == Sentence.DEPOSIT) {
            if (!desks[a.custodian].open) return _number(Reason.CUSTODIAN_CLOSED);
            if (_age(a.token, a.asOf) > terms[a.token].maxPositionAge) return _number(Reason.POSITION_STALE);
            if (a.shares > terms[a.token].depositCap) return _number(Reason.OVER_DEPOSIT_CAP);
            return position.issued + a.shares > a.sharesHeld ? _number(Reason.UNDER_RESERVED) : 0;
        }
        return a.kind == Sentence.STATEMENT ? 0 : _againstAnswer(a, position.issued);
    }

    function _againstAnswer(Attestation memory a, uint256 issued) private view returns (uint8) {
        ICustodyLedger.Request memory request = requests[uint256(a.ref)];
        if (request.status != ICustodyLedger.RequestStatus.OPEN) return _number(Reason.REQUEST_NOT_OPEN);
        bool same = request.token == a.token && request.custodian == a.custodian && request.holder == a.account
            && request.amount == a.shares;
        if (!same) return _number(Reason.REQUEST_MISMATCH);
        return a.kind == Sentence.RELEASE && request.amount > issued ? _number(Reason.ISSUED_TOO_LOW) : 0;
    }

    function _isWellFormed(Attestation memory a) private pure returns (bool) {
        if (a.sharesHeld > MAX_96 || a.shares > MAX_96) return false;
        if (a.kind == Sentence.STATEMENT) return a.shares == 0 && a.account == address(0) && a.ref == 0;
        return a.kind >= Sentence.DEPOSIT && a.kind <= Sentence.REJECT && a.shares != 0 && a.account != address(0);
    }

    /// @dev The movement that a sentence asks of its token. A STATEMENT asks none.
    function _askOf(Attestation memory a) internal view returns (Ask memory ask) {
        address desk = address(ledger);
        if (a.kind == Sentence.DEPOSIT) return Ask(a.token, MINT, desk, address(0), a.account, a.shares);
        if (a.kind == Sentence.RELEASE) return Ask(a.token, BURN, desk, desk, a.account, a.shares);
        return Ask(a.token, GIVE_BACK, desk, desk, a.account, a.shares);
    }

    /// @dev The reason against a redemption request, the token's demands included.
    function _againstRequest(address token_, uint32 custodian, address holder, uint256 amount)
        internal
        view
        returns (uint8)
    {
        if (terms[token_].redemptionPeriod == 0) return _number(Reason.TOKEN_UNKNOWN);
        if (desks[custodian].threshold == 0) return _number(Reason.CUSTODIAN_UNKNOWN);
        if (amount == 0) return _number(Reason.ZERO_AMOUNT);
        if (amount > MAX_96) return _number(Reason.AMOUNT_TOO_LARGE);
        bool fractions = settings[token_].policy() & Control.FRACTIONAL_REDEMPTION != 0;
        if (!fractions && amount % SHARE != 0) return _number(Reason.NOT_WHOLE_SHARES);
        return _against(Ask(token_, ESCROW, address(ledger), holder, address(ledger), amount));
    }

    function _againstTakeBack(uint256 id, address caller) internal view returns (uint8) {
        ICustodyLedger.Request memory request = requests[id];
        if (request.status != ICustodyLedger.RequestStatus.OPEN) return _number(Reason.REQUEST_NOT_OPEN);
        if (caller != request.holder) return _number(Reason.REQUEST_NOT_HOLDER);
        if (block.timestamp < request.deadline) return _number(Reason.REQUEST_NOT_DUE);
        address desk = address(ledger);
        return _against(Ask(request.token, GIVE_BACK, desk, desk, caller, request.amount));
    }

    // ---------------------------------------------------------------- recovery

    /// @dev Whether the registry answers where a lost wallet's tokens go.
    function _isRecoverable(address lost) internal view returns (bool) {
        address replacement = replacements[lost];
        return replacement != address(0) && records[lost].status() == Record.REVOKED && _replaces(replacement, lost);
    }

    function _replaces(address replacement, address lost) internal view returns (bool) {
        InvestorRecord record = records[replacement];
        return record.status() == Record.ACTIVE && block.timestamp < record.expiresAt()
            && record.investorId() == records[lost].investorId();
    }
}
