// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {IInvestorRegistry} from "../interfaces/IInvestorRegistry.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Basis} from "../types/Basis.sol";
import {InvestorRecord, Record} from "../types/InvestorRecord.sol";

/// @title InvestorRegistry
contract InvestorRegistry is IInvestorRegistry, Governed, ReportStream {
    uint8 private constant BATCH = 1;
    // 2 is RECORD, which has an event of its own.
    uint8 private constant FREEZE = 3;
    uint8 private constant UNFREEZE = 4;
    uint8 private constant RECOVERY = 5;
    uint8 private constant REGISTRAR = 6;

    struct Recovery {
        address replacement;
        bytes32 ref;
    }

    mapping(address wallet => InvestorRecord) private _records;
    mapping(address account => uint16 number) private _registrars;
    mapping(address lost => Recovery) private _recoveries;

    constructor(address authority_) Governed(authority_) {}

    // ---------------------------------------------------------------- registrar

    /// @inheritdoc IInvestorRegistry
    function setRecords(address[] calldata wallets, InvestorRecord[] calldata records, bytes32 evidenceRoot)
        external
        restricted
    {
        require(wallets.length == records.length, RegistryLengthsDiffer(wallets.length, records.length));
        uint16 number = _registrars[msg.sender];
        require(number != 0, RegistryNotARegistrar(msg.sender));

        uint256 head = _reportAfter({
            head: _loadHead(), kind: BATCH, data: abi.encode(number, uint32(wallets.length), evidenceRoot)
        });
        for (uint256 row = 0; row < wallets.length; ++row) {
            head = _setRecord({row: row, wallet: wallets[row], record: records[row], number: number, head: head});
        }
        _setHead(head);
    }

    // ---------------------------------------------------------------- compliance

    /// @inheritdoc IInvestorRegistry
    function freeze(address wallet, Basis basis, bytes32 orderHash) external restricted {
        _setFrozen({wallet: wallet, frozen: true, basis: basis, orderHash: orderHash});
    }

    /// @inheritdoc IInvestorRegistry
    function unfreeze(address wallet, Basis basis, bytes32 orderHash) external restricted {
        _setFrozen({wallet: wallet, frozen: false, basis: basis, orderHash: orderHash});
    }

    /// @inheritdoc IInvestorRegistry
    function setRegistrar(address account, uint16 number) external restricted {
        require(account != address(0), RegistryZeroAddress());
        require(_registrars[account] != number, RegistryUnchanged(account));

        _registrars[account] = number;
        _report(REGISTRAR, abi.encode(account, number));
    }

    /// @inheritdoc IInvestorRegistry
    function recover(address lost, address replacement, Basis basis, bytes32 orderHash) external restricted {
        require(!basis.isUnstated(), RegistryBasisUnstated());
        InvestorRecord record = _records[lost];
        require(
            lost != replacement && record.standing() != Record.NONE && !record.isFrozen(),
            RegistryNotRecoverable(lost, record)
        );
        _checkReplacement(replacement, record);

        record = record.withStanding(Record.REVOKED);
        bytes32 ref = basis.withOrder(orderHash);
        _records[lost] = record;
        _recoveries[lost] = Recovery({replacement: replacement, ref: ref});
        _report(RECOVERY, abi.encode(lost, replacement, record, ref));
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IInvestorRegistry
    function recordOf(address wallet) external view returns (InvestorRecord) {
        return _records[wallet];
    }

    /// @inheritdoc IInvestorRegistry
    function recordsOf(address a, address b) external view returns (InvestorRecord, InvestorRecord) {
        return (_records[a], _records[b]);
    }

    /// @inheritdoc IInvestorRegistry
    function recordsOf(address a, address b, address c)
        external
        view
        returns (InvestorRecord, InvestorRecord, InvestorRecord)
    {
        return (_records[a], _records[b], _records[c]);
    }

    /// @inheritdoc IInvestorRegistry
    function registrarOf(address account) external view returns (uint16) {
        return _registrars[account];
    }

    /// @inheritdoc IInvestorRegistry
    function recoveryOf(address lost) external view returns (address replacement, bytes32 ref) {
        InvestorRecord record = _records[lost];
        replacement = _recoveries[lost].replacement;
        require(replacement != address(0) && record.status() == Record.REVOKED, RegistryNotRecoverable(lost, record));
        _checkReplacement(replacement, record);
        ref = _recoveries[lost].ref;
    }

    // ---------------------------------------------------------------- internals

    /// @dev Reports the row after the given head and returns the new head.
    function _setRecord(uint256 row, address wallet, InvestorRecord record, uint16 number, uint256 head)
        private
        returns (uint256)
    {
        require(_isWellFormed(wallet, record), RegistryRowInvalid(row, wallet, record));
        InvestorRecord old = _records[wallet];
        uint16 owner = old.registrar();
        // A wallet that was frozen before it had a record has no owner yet.
        require(
            record.registrar() == number && (owner == number || owner == 0),
            RegistryWrongRegistrar(row, wallet, owner, record.registrar())
        );

        record = record.withFrozen(old.isFrozen());
        _records[wallet] = record;

        uint256 seq = (head >> 160) + 1;
        uint256 word = (seq << Record.BITS) | InvestorRecord.unwrap(record);
        bytes32 link = keccak256(abi.encode(uint160(head), wallet, word));
        emit RecordSet(wallet, word);
        return (seq << 160) | uint160(uint256(link));
    }

    function _setFrozen(address wallet, bool frozen, Basis basis, bytes32 orderHash) private {
        require(!basis.isUnstated(), RegistryBasisUnstated());
        require(wallet != address(0), RegistryZeroAddress());
        InvestorRecord record = _records[wallet];
        require(record.isFrozen() != frozen, RegistryUnchanged(wallet));

        record = record.withFrozen(frozen);
        _records[wallet] = record;
        _report(frozen ? FREEZE : UNFREEZE, abi.encode(wallet, record, basis.withOrder(orderHash)));
    }

    /// @dev Whether the row could stand in the registry at all, whoever writes it. A past expiry is allowed: it admits
    /// nobody. Unknown scopes are refused, so that a future scope is never granted by an old typing error.
    function _isWellFormed(address wallet, InvestorRecord record) private pure returns (bool) {
        uint8 status = record.status();
        uint8 class = record.class();
        return wallet != address(0) && InvestorRecord.unwrap(record) >> Record.BITS == 0
            && (status == Record.ACTIVE || status == Record.REVOKED) && record.investorId() != 0 && class != 0
            && class <= Record.LAST_CLASS && record.country() != 0 && record.scopes() & ~Record.ALL_SCOPES == 0;
    }

    function _checkReplacement(address replacement, InvestorRecord lost) private view {
        InvestorRecord record = _records[replacement];
        require(
            record.status() == Record.ACTIVE && block.timestamp < record.expiresAt()
                && record.investorId() == lost.investorId(),
            RegistryReplacementUnfit(replacement, record)
        );
    }
}
