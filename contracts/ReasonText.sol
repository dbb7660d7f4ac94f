// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "./interfaces/ICustodyLedger.sol";
import {IERC7943} from "./interfaces/IERC7943.sol";
import {IReasonText} from "./interfaces/IReasonText.sol";
import {IShareToken} from "./interfaces/IShareToken.sol";
import {Reason, ReasonCode} from "./types/ReasonCode.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";

/// @title ReasonText
contract ReasonText is IReasonText {
    /// @inheritdoc IReasonText
    function name(uint8 code) external pure returns (string memory text_) {
        (text_,) = _entry(ReasonCode.wrap(code));
    }

    /// @inheritdoc IReasonText
    function text(uint8 code) external pure returns (string memory text_) {
        (, text_) = _entry(ReasonCode.wrap(code));
    }

    /// @inheritdoc IReasonText
    function codeOf(bytes calldata revertData) external pure returns (uint8) {
        if (revertData.length < 4) return 0;
        bytes4 selector = bytes4(revertData[:4]);

        bool coded = selector == IShareToken.ShareTokenStopped.selector
            || selector == IShareToken.ShareTokenCannotSend.selector
            || selector == IShareToken.ShareTokenCannotReceive.selector
            || selector == IShareToken.ShareTokenCannotExecute.selector
            || selector == ICustodyLedger.CustodyRefused.selector;
        if (coded) return revertData.length < 36 ? 0 : uint8(revertData[35]);

        return ReasonCode.unwrap(_uncoded(selector));
    }

    /// @dev Errors that standards fix, and those with one meaning, carry no code of their own.
    function _uncoded(bytes4 selector) private pure returns (ReasonCode) {
        if (selector == IERC20Errors.ERC20InsufficientBalance.selector) return Reason.INSUFFICIENT_BALANCE;
        if (selector == IERC7943.ERC7943InsufficientUnfrozenBalance.selector) return Reason.INSUFFICIENT_UNFROZEN;
        if (selector == IERC20Errors.ERC20InsufficientAllowance.selector) return Reason.INSUFFICIENT_ALLOWANCE;
        if (selector == IShareToken.ShareTokenZeroAmount.selector) return Reason.ZERO_AMOUNT;
        if (selector == IShareToken.ShareTokenAmountTooLarge.selector) return Reason.AMOUNT_TOO_LARGE;
        if (selector == IERC20Errors.ERC20InvalidSender.selector) return Reason.ZERO_SENDER;
        // What OpenZeppelin says of a transfer from the zero address, whose allowance it looks at first.
        if (selector == IERC20Errors.ERC20InvalidApprover.selector) return Reason.ZERO_SENDER;
        if (selector == IERC20Errors.ERC20InvalidReceiver.selector) return Reason.ZERO_RECEIVER;
        if (selector == IShareToken.ShareTokenMovementUnknown.selector) return Reason.MOVEMENT_UNKNOWN;
        return Reason.NONE;
    }

    function _entry(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.NONE) return ("NONE", "Nothing stands against it.");
        uint8 number = ReasonCode.unwrap(code);
        if (number < Reason.SENDER) return _state(code);
        if (number < Reason.RECEIVER) return _sender(code);
        if (number < Reason.EXECUTOR) return _receiver(code);
        if (number < Reason.AMOUNT) return _executor(code);
        if (number < Reason.CUSTODY) return _amount(code);
        return _custody(code);
    }

    function _state(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.PHASE_PENDING) return ("PHASE_PENDING", "The token has not been activated yet.");
        if (code == Reason.PHASE_SUSPENDED) return ("PHASE_SUSPENDED", "The token is suspended.");
        if (code == Reason.PHASE_WIND_DOWN) return ("PHASE_WIND_DOWN", "The token is being wound down; redeem it.");
        if (code == Reason.LAPSED) return ("LAPSED", "The exemption the token relies on has lapsed.");
        if (code == Reason.HALTED) return ("HALTED", "The share is halted on its primary exchange.");
        if (code == Reason.TRANSFER_PAUSED) return ("TRANSFER_PAUSED", "Transfers are paused.");
        if (code == Reason.MINT_PAUSED) return ("MINT_PAUSED", "Minting is paused.");
        if (code == Reason.BURN_PAUSED) return ("BURN_PAUSED", "Releases are paused.");
        if (code == Reason.FORCE_PAUSED) return ("FORCE_PAUSED", "Forced transfers are paused.");
        return ("", "");
    }

    function _sender(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.SENDER_RESERVED) {
            return ("SENDER_RESERVED", "Only the ledger moves what it holds in escrow.");
        }
        if (code == Reason.SENDER_UNKNOWN) return ("SENDER_UNKNOWN", "The sender has no investor record.");
        if (code == Reason.SENDER_FROZEN) return ("SENDER_FROZEN", "The sender's wallet is frozen.");
        if (code == Reason.SENDER_REVOKED) return ("SENDER_REVOKED", "The sender's record was revoked.");
        if (code == Reason.SENDER_EXPIRED) return ("SENDER_EXPIRED", "The sender's eligibility has expired.");
        if (code == Reason.SENDER_TRANSFER_SCOPE) {
            return ("SENDER_TRANSFER_SCOPE", "The sender may not transfer by itself.");
        }
        if (code == Reason.SENDER_TRADE_SCOPE) {
            return ("SENDER_TRADE_SCOPE", "The sender may not trade through a platform.");
        }
        if (code == Reason.SENDER_LIQUIDITY_SCOPE) {
            return ("SENDER_LIQUIDITY_SCOPE", "The sender may not deal with a pool.");
        }
        return ("", "");
    }

    function _receiver(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.RECEIVER_RESERVED) {
            return ("RECEIVER_RESERVED", "The ledger and the token receive nothing; redeem through the ledger.");
        }
        if (code == Reason.RECEIVER_UNKNOWN) return ("RECEIVER_UNKNOWN", "The receiver has no investor record.");
        if (code == Reason.RECEIVER_FROZEN) return ("RECEIVER_FROZEN", "The receiver's wallet is frozen.");
        if (code == Reason.RECEIVER_REVOKED) return ("RECEIVER_REVOKED", "The receiver's record was revoked.");
        if (code == Reason.RECEIVER_EXPIRED) return ("RECEIVER_EXPIRED", "The receiver's eligibility has expired.");
        if (code == Reason.RECEIVER_HOLD_SCOPE) return ("RECEIVER_HOLD_SCOPE", "The receiver may not hold.");
        if (code == Reason.RECEIVER_TRADE_SCOPE) {
            return ("RECEIVER_TRADE_SCOPE", "The receiver may not trade through a platform.");
        }
        if (code == Reason.RECEIVER_LIQUIDITY_SCOPE) {
            return ("RECEIVER_LIQUIDITY_SCOPE", "The receiver may not deal with a pool.");
        }
        if (code == Reason.RECEIVER_CLASS) {
            return ("RECEIVER_CLASS", "The receiver's investor class is not admitted to this token.");
        }
        if (code == Reason.RECEIVER_POOL_MINT) return ("RECEIVER_POOL_MINT", "A pool cannot receive a mint.");
        return ("", "");
    }

    function _executor(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.EXECUTOR_UNKNOWN) {
            return ("EXECUTOR_UNKNOWN", "The executor has no record, so it is not licensed.");
        }
        if (code == Reason.EXECUTOR_FROZEN) return ("EXECUTOR_FROZEN", "The executor's wallet is frozen.");
        if (code == Reason.EXECUTOR_REVOKED) return ("EXECUTOR_REVOKED", "The executor's record was revoked.");
        if (code == Reason.EXECUTOR_EXPIRED) return ("EXECUTOR_EXPIRED", "The executor's licence has expired.");
        if (code == Reason.EXECUTOR_SCOPE) return ("EXECUTOR_SCOPE", "The executor may not move others' tokens.");
        return ("", "");
    }

    function _amount(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.INSUFFICIENT_BALANCE) return ("INSUFFICIENT_BALANCE", "The balance is too small.");
        if (code == Reason.INSUFFICIENT_UNFROZEN) {
            return ("INSUFFICIENT_UNFROZEN", "The unfrozen part of the balance is too small.");
        }
        if (code == Reason.INSUFFICIENT_ALLOWANCE) return ("INSUFFICIENT_ALLOWANCE", "The allowance is too small.");
        if (code == Reason.ZERO_AMOUNT) return ("ZERO_AMOUNT", "The amount is zero.");
        if (code == Reason.NOT_WHOLE_SHARES) return ("NOT_WHOLE_SHARES", "Only whole shares are delivered.");
        if (code == Reason.AMOUNT_TOO_LARGE) return ("AMOUNT_TOO_LARGE", "The amount is larger than can be recorded.");
        if (code == Reason.ZERO_SENDER) return ("ZERO_SENDER", "The sender is the zero address.");
        if (code == Reason.ZERO_RECEIVER) return ("ZERO_RECEIVER", "The receiver is the zero address.");
        if (code == Reason.MOVEMENT_UNKNOWN) return ("MOVEMENT_UNKNOWN", "There is no such kind of movement.");
        return ("", "");
    }

    function _custody(ReasonCode code) private pure returns (string memory, string memory) {
        if (code == Reason.CUSTODIAN_UNKNOWN) return ("CUSTODIAN_UNKNOWN", "There is no such custodian.");
        if (code == Reason.CUSTODIAN_CLOSED) return ("CUSTODIAN_CLOSED", "The custodian is closed to new deposits.");
        if (code == Reason.TOKEN_UNKNOWN) return ("TOKEN_UNKNOWN", "The token has no custody terms on this ledger.");
        if (code == Reason.ATTESTATION_MALFORMED) {
            return ("ATTESTATION_MALFORMED", "The attestation's fields do not fit its kind.");
        }
        if (code == Reason.SEQUENCE) return ("SEQUENCE", "The attestation is not the next in its sequence.");
        if (code == Reason.AS_OF_FUTURE) return ("AS_OF_FUTURE", "The position is dated after the block.");
        if (code == Reason.AS_OF_BACKWARDS) return ("AS_OF_BACKWARDS", "The position is older than the last one.");
        if (code == Reason.ATTESTATION_EXPIRED) return ("ATTESTATION_EXPIRED", "The attestation is no longer valid.");
        if (code == Reason.POSITION_STALE) return ("POSITION_STALE", "The position is too old to mint on.");
        if (code == Reason.OVER_DEPOSIT_CAP) return ("OVER_DEPOSIT_CAP", "The deposit is above the token's cap.");
        if (code == Reason.UNDER_RESERVED) {
            return ("UNDER_RESERVED", "More would be issued than the custodian holds.");
        }
        if (code == Reason.ISSUED_TOO_LOW) {
            return ("ISSUED_TOO_LOW", "Less was issued against this custodian; reject, or ask another.");
        }
        if (code == Reason.REQUEST_NOT_OPEN) return ("REQUEST_NOT_OPEN", "The redemption request is not open.");
        if (code == Reason.REQUEST_MISMATCH) {
            return ("REQUEST_MISMATCH", "The answer does not match its redemption request.");
        }
        if (code == Reason.REQUEST_NOT_DUE) return ("REQUEST_NOT_DUE", "The custodian may still answer the request.");
        if (code == Reason.REQUEST_NOT_HOLDER) return ("REQUEST_NOT_HOLDER", "Only the request's holder may do this.");
        if (code == Reason.TOO_FEW_SIGNATURES) return ("TOO_FEW_SIGNATURES", "Too few attestors have signed.");
        if (code == Reason.NOT_AN_ATTESTOR) return ("NOT_AN_ATTESTOR", "A signer is no attestor of this custodian.");
        if (code == Reason.ATTESTORS_UNORDERED) {
            return ("ATTESTORS_UNORDERED", "Signers repeat, or are not in ascending order.");
        }
        if (code == Reason.SIGNATURE_INVALID) return ("SIGNATURE_INVALID", "A signature is not its signer's.");
        return ("", "");
    }
}
