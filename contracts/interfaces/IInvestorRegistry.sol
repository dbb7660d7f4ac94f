// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Basis} from "../types/Basis.sol";
import {InvestorRecord} from "../types/InvestorRecord.sol";
import {IReportStream} from "./IReportStream.sol";

/// @title Who may hold and move: one record per wallet, shared by every token of the suite.
/// @notice A record belongs to the registrar that wrote it; no other can touch it. The freeze belongs to COMPLIANCE; a
/// registrar's write lands beneath it and shows when it is lifted. A wallet without a record may do nothing.
///
/// A record moves to another registrar by consent of both, which is one's offer and the other's row, or by COMPLIANCE. An
/// offer ends with the registrar that made it: once the record has moved, by whatever way, no older offer holds.
///
/// Kinds of report, and their data:
/// 1 BATCH (uint16 registrar, uint32 rows, bytes32 evidenceRoot): the `rows` records that follow are of this batch;
/// 2 RECORD: not a `Reported` but the shorter `RecordSet`; where it names another registrar than the wallet's record did,
///   that one's offer was taken and is gone;
/// 3 FREEZE, 4 UNFREEZE (address wallet, InvestorRecord record, bytes32 ref): the record after the change;
/// 5 RECOVERY (address lost, address replacement, InvestorRecord record, bytes32 ref): the lost wallet's record;
/// 6 REGISTRAR (address account, uint16 number);
/// 7 OFFER (address wallet, uint16 to): `to` may take the record over; zero withdraws;
/// 8 ASSIGNMENT (address wallet, InvestorRecord record, bytes32 ref): the record after the change; an offer is gone.
/// RECOVERY ends an offer too.
interface IInvestorRegistry is IReportStream {
    /// @notice One record of a batch, in one word to stay cheap.
    /// @dev Operator and time are those of the batch. chain' = uint160(keccak256(abi.encode(chain, wallet, word))).
    /// @param word The record in the low 168 bits, the report sequence above it.
    event RecordSet(address indexed wallet, uint256 word);

    /// @notice Row `row` (counted from 0) of a batch cannot be written.
    error RegistryRowInvalid(uint256 row, address wallet, InvestorRecord record);
    /// @notice The wallet's record belongs to another registrar (who does not offer it), to nobody where a registrar is
    /// asked for (0) or to nobody any more (65535, lost), or the row names a registrar that is not the caller's.
    error RegistryWrongRegistrar(uint256 row, address wallet, uint16 owner, uint16 registrar);
    error RegistryLengthsDiffer(uint256 wallets, uint256 records);
    error RegistryNotARegistrar(address account);
    error RegistryUnchanged(address subject);
    /// @notice The largest number marks lost wallets; no registrar may have it. Zero is no registrar.
    error RegistryReservedNumber(uint16 number);
    error RegistryBasisUnstated();
    error RegistryZeroAddress();
    /// @notice The lost wallet must not be frozen and must have an investor; it may not be its own replacement.
    error RegistryNotRecoverable(address lost, InvestorRecord record);
    /// @notice The replacement must be ACTIVE, unexpired, not frozen, and of the same investor.
    error RegistryReplacementUnfit(address replacement, InvestorRecord record);

    /// @notice Writes one record per wallet, all or none.
    /// @dev Requirements, per row: the wallet is not zero; the record names the caller's registrar number, an investor, a
    /// country, a class and only known scopes; its status is ACTIVE or REVOKED; the wallet's record, if any, is the same
    /// registrar's, or is offered to it: then the row takes it over, and leaves of the old one nothing but a freeze. A row
    /// equal to what stands is written and reported again: evidence may be new.
    /// @param evidenceRoot Merkle root of salted commitments that joins the registrar's holder file to the rows (R31).
    function setRecords(address[] calldata wallets, InvestorRecord[] calldata records, bytes32 evidenceRoot) external;

    /// @notice Lets another registrar take over the caller's own records, in place of whomever they were offered to; all or
    /// none. Until its row does, they stay the caller's, who may still write them.
    /// @dev Requirements, per wallet: its record is of the caller's number; `to` is not that number, nor where the record
    /// is offered already.
    /// @param to The other registrar's number; zero withdraws.
    function offerRecords(address[] calldata wallets, uint16 to) external;

    /// @notice Freezes a wallet for every token, whether it has a record or not.
    /// @param orderHash Hash of the order or decision; the report's ref carries it under the basis.
    function freeze(address wallet, Basis basis, bytes32 orderHash) external;

    /// @notice Lifts the freeze; the registrar's record beneath it shows again.
    function unfreeze(address wallet, Basis basis, bytes32 orderHash) external;

    /// @notice Gives an account the right to write under a registrar number; zero takes it away. Several accounts may share
    /// one number, so that a key is rotated without rewriting records.
    function setRegistrar(address account, uint16 number) external;

    /// @notice Moves records to another registrar without asking either: for one that fails, or acts against an order; all
    /// or none. All else in a record stays, and its freeze.
    /// @dev Requirements, per wallet: it has a record that is not a lost wallet's, and not `to`'s already.
    /// @param to The other registrar's number, not zero.
    function assignRecords(address[] calldata wallets, uint16 to, Basis basis, bytes32 orderHash) external;

    /// @notice Declares a wallet lost and names its replacement. The lost wallet's record becomes REVOKED and leaves its
    /// registrar for good (its registrar number becomes 65535), so that no routine batch brings it back. Tokens and the
    /// ledger then carry balances and requests over, each in calls of its own.
    function recover(address lost, address replacement, Basis basis, bytes32 orderHash) external;

    /// @notice The wallet's record; zero when there is none.
    function recordOf(address wallet) external view returns (InvestorRecord);

    /// @notice Two records in one call.
    function recordsOf(address a, address b) external view returns (InvestorRecord, InvestorRecord);

    /// @notice Three records in one call.
    function recordsOf(address a, address b, address c)
        external
        view
        returns (InvestorRecord, InvestorRecord, InvestorRecord);

    /// @notice The registrar number an account writes under; zero when it has none.
    function registrarOf(address account) external view returns (uint16);

    /// @notice The registrar number that may take the wallet's record over; zero when none may.
    function offeredTo(address wallet) external view returns (uint16);

    /// @notice Where a lost wallet's tokens go, checked anew at every call: the lost wallet is still REVOKED and not frozen,
    /// the replacement still fit. Reverts otherwise.
    /// @return replacement The wallet that takes over.
    /// @return ref The basis and order of the recovery.
    function recoveryOf(address lost) external view returns (address replacement, bytes32 ref);
}
