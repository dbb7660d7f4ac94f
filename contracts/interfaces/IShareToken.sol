// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Basis} from "../types/Basis.sol";
import {ControlWord} from "../types/ControlWord.sol";
import {InvestorRecord} from "../types/InvestorRecord.sol";
import {Movement} from "../types/Movement.sol";
import {ReasonCode} from "../types/ReasonCode.sol";

/// @title A listed share as a permissioned ERC-20 token: one token, one share held by a custodian (18 decimals).
/// @notice Every path that moves balances asks one question, answered by one function: transfer, transferFrom, batch,
/// platform, redemption and force pass there, and so do the views.
///
/// People act by role, contracts as immutables: only the ledger mints, burns and escrows, only the listing registry sets
/// phase, halt and lapse, only the factory upgrades. No role change opens any of these.
interface IShareToken {
    /// @notice One entry of the token's report stream; one movement is one log.
    /// @dev chain' = uint160(keccak256(abi.encode(chain, seq, kind, operator, from, to, amount, ref, timestamp))), starting from
    /// uint160(keccak256(abi.encode(chainid, address))).
    /// @param kind See `Movement`: 1 TRANSFER, 2 MINT, 3 BURN, 4 ESCROW, 5 GIVE_BACK, 6 FORCE, 7 FREEZE, 8 CONTROL,
    /// 9 UPGRADE.
    /// @param operator The caller of the token: the ledger for MINT, BURN, ESCROW, GIVE_BACK.
    /// @param amount Raw tokens; FREEZE: `from`'s new frozen amount; CONTROL: the settings (`ControlWord`'s upper 64 bits).
    /// UPGRADE: zero, and `to` is the implementation the token runs on from now on; also at its creation.
    /// @param ref TRANSFER, CONTROL, UPGRADE: zero. MINT, BURN: the attestation's EIP-712 digest. ESCROW, GIVE_BACK: the request's id.
    /// FORCE, FREEZE: the order under its basis. A FORCE that reaches into frozen tokens lowers `from`'s frozen amount by
    /// the part it took, without a FREEZE of its own; a FORCE to oneself lowers nothing.
    /// @param timestamp The block's time (seconds UTC).
    event Reported(
        uint32 indexed seq,
        uint8 indexed kind,
        address operator,
        address from,
        address to,
        uint256 amount,
        bytes32 ref,
        uint40 timestamp
    );

    /// @notice Phase, lapse, halt or a pause stops the movement.
    error ShareTokenStopped(ReasonCode code, uint8 phase, uint40 activeUntil, bool halted, uint8 pauses);
    error ShareTokenCannotSend(ReasonCode code, address account, InvestorRecord record);
    error ShareTokenCannotReceive(ReasonCode code, address account, InvestorRecord record);
    error ShareTokenCannotExecute(ReasonCode code, address account, InvestorRecord record);
    error ShareTokenZeroAmount();
    error ShareTokenAmountTooLarge(uint256 amount);
    /// @notice Code 88, which only views can give: every function names its own kind.
    error ShareTokenMovementUnknown(Movement kind);

    /// @notice The caller is not the contract that alone may do this.
    error ShareTokenWrongCaller(address caller, address only);
    /// @notice The caller does not hold the role, or holds it with a delay.
    error ShareTokenMissingRole(address caller, uint64 role);
    error ShareTokenBasisUnstated();
    error ShareTokenUnchanged();
    error ShareTokenInvalidPolicy(uint16 allowedClasses, uint8 policy);
    error ShareTokenInvalidPauses(uint8 pauses);
    error ShareTokenLengthsDiffer(uint256 receivers, uint256 amounts);

    /// @notice The holder's transfers to several receivers, all or none; each row as if sent alone.
    function batchTransfer(address[] calldata receivers, uint256[] calldata amounts) external returns (bool);

    // ---------------------------------------------------------------- the ledger alone

    /// @notice Mints to an eligible receiver. Requirements: phase ACTIVE, not lapsed, MINT not paused.
    /// @param digest The DEPOSIT's EIP-712 digest.
    function mint(address to, uint256 amount, bytes32 digest) external;

    /// @notice Burns from the ledger's escrow. Requirements: BURN not paused, the holder not frozen.
    /// @param holder Whose request is released.
    function burn(address holder, uint256 amount, bytes32 digest) external;

    /// @notice Moves a holder's unfrozen tokens into escrow. Requirement: the holder is not frozen.
    function escrow(address holder, uint256 amount, bytes32 requestId) external;

    /// @notice Returns escrowed tokens. Requirement: the holder is not frozen.
    function giveBack(address holder, uint256 amount, bytes32 requestId) external;

    /// @notice Moves escrowed tokens by COMPLIANCE's order, as FORCE.
    function forceEscrow(address to, uint256 amount, bytes32 ref) external;

    // ---------------------------------------------------------------- the listing registry alone

    /// @notice Sets what the listing registry decides. Quiet when nothing changes.
    /// @param activeUntil Seconds UTC; values above 32 bits count as the largest.
    function setListing(uint8 phase, bool halted, uint40 activeUntil) external;

    // ---------------------------------------------------------------- people

    /// @notice COMPLIANCE. ERC-7943's forced transfer, with its basis and the hash of its order.
    function forcedTransferWithOrder(address from, address to, uint256 amount, Basis basis, bytes32 orderHash)
        external
        returns (bool);

    /// @notice COMPLIANCE. ERC-7943's partial freeze, with its basis and the hash of its order.
    function setFrozenTokensWithOrder(address account, uint256 amount, Basis basis, bytes32 orderHash)
        external
        returns (bool);

    /// @notice COMPLIANCE. Carries a lost wallet's balance and frozen amount over to the replacement that the registry
    /// recorded. Calling again moves what has arrived since.
    function recoverBalance(address lost) external;

    /// @notice ISSUER. Who may receive, and the policy flags.
    function setPolicy(uint16 allowedClasses, uint8 policy) external;

    /// @notice PAUSER. Adds pauses: 1 TRANSFER, 2 MINT, 4 BURN, 8 FORCE.
    function pause(uint8 pauses) external;

    /// @notice COMPLIANCE lifts TRANSFER, MINT and BURN; REGULATOR lifts FORCE.
    function unpause(uint8 pauses) external;

    // ---------------------------------------------------------------- views

    /// @notice Why the movement would be refused; zero when it would not. Balance included, allowance not.
    /// @param operator Who calls the token.
    /// @param party TRANSFER, FORCE: receiver. MINT, GIVE_BACK: receiver. BURN: the request's holder. ESCROW: the ledger.
    function restrictionOf(Movement kind, address operator, address from, address party, uint256 amount)
        external
        view
        returns (ReasonCode);

    /// @notice The token's settings and the head of its report stream.
    function control() external view returns (ControlWord);

    /// @notice The last entry's number and the chain up to it, as `control` has them (see `IReportStream`).
    function reportHead() external view returns (uint32 seq, uint160 chain);

    /// @notice The code the token runs on (ERC-1967).
    function implementation() external view returns (address);

    /// @notice Raw tokens to shares (18 decimals), rounded up.
    function toShares(uint256 amount) external view returns (uint256);

    /// @notice Shares (18 decimals) to raw tokens, rounded down.
    function toTokens(uint256 shares) external view returns (uint256);
}
