// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "../authority/Governed.sol";
import {IInvestorRegistry} from "../interfaces/IInvestorRegistry.sol";
import {ReportStream} from "../report/ReportStream.sol";
import {Basis} from "../types/Basis.sol";
import {Control} from "../types/ControlWord.sol";
import {InvestorRecord, Record} from "../types/InvestorRecord.sol";

/// @title InvestorRegistry
contract InvestorRegistry is IInvestorRegistry, Governed, ReportStream {
    uint8 private constant BATCH = 1;
    // 2 is RECORD, which has an event of its own.
    uint8 private constant FREEZE = 3;
    uint8 private constant UNFREEZE = 4;
    uint8 private constant RECOVERY = 5;
    uint8 private constant REGISTRAR = 6;
    uint8 private constant OFFER = 7;
    uint8 private constant ASSIGNMENT = 8;

    /// @dev Whatever lies above the record or beyond the known scopes.
    uint256 private constant MUST_BE_ZERO =
        (type(uint256).max << Record.BITS) | (uint256(0xffff & ~Record.ALL_SCOPES) << 8);

    uint256 private constant COUNTRY = 0xffff << 32;
    uint256 private constant STATUSES = (1 << Record.ACTIVE) | (1 << Record.REVOKED);
    uint256 private constant CLASSES = Control.ALL_CLASSES;

    /// @dev A struct, so that one look-up serves reading and writing. An offer lies beside the record, not in it: a
    /// registrar's own rows do not read it, and whatever changes the record's registrar sets it to zero.
    struct Entry {
        InvestorRecord record;
        uint16 offeredTo;
    }

    struct Recovery {
        address replacement;
        bytes32 ref;
    }

    mapping(address wallet => Entry) private _records;
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
            uint256 wallet;
            uint256 word;
            // The lengths are equal, so no row needs a bounds check of its own.
            assembly ("memory-safe") {
                wallet := calldataload(add(wallets.offset, shl(5, row)))
                word := calldataload(add(records.offset, shl(5, row)))
            }
            head = _setRecord(row, wallet, word, number, head);
        }
        _setHead(head);
    }

    /// @inheritdoc IInvestorRegistry
    function offerRecords(address[] calldata wallets, uint16 to) external restricted {
        uint16 number = _registrars[msg.sender];
        require(number != 0, RegistryNotARegistrar(msg.sender));
        require(to != Record.LOST, RegistryReservedNumber(to));

        uint256 head = _loadHead();
        for (uint256 row = 0; row < wallets.length; ++row) {
            address wallet = wallets[row];
            Entry storage entry = _records[wallet];
            uint16 owner = entry.record.registrar();
            require(owner == number, RegistryWrongRegistrar(row, wallet, owner, number));
            require(to != number && to != entry.offeredTo, RegistryUnchanged(wallet));

            entry.offeredTo = to;
            head = _reportAfter({head: head, kind: OFFER, data: abi.encode(wallet, to)});
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
        require(number != Record.LOST, RegistryReservedNumber(number));
        require(_registrars[account] != number, RegistryUnchanged(account));

        _registrars[account] = number;
        _report(REGISTRAR, abi.encode(account, number));
    }

    /// @inheritdoc IInvestorRegistry
    function assignRecords(address[] calldata wallets, uint16 to, Basis basis, bytes32 orderHash) external restricted {
        require(!basis.isUnstated(), RegistryBasisUnstated());
        require(to != 0 && to != Record.LOST, RegistryReservedNumber(to));

        bytes32 ref = basis.withOrder(orderHash);
        uint256 head = _loadHead();
        for (uint256 row = 0; row < wallets.length; ++row) {
            address wallet = wallets[row];
            InvestorRecord record = _records[wallet].record;
            uint16 owner = record.registrar();
            require(owner != 0 && owner != Record.LOST, RegistryWrongRegistrar(row, wallet, owner, to));
            require(owner != to, RegistryUnchanged(wallet));

            record = record.withRegistrar(to);
            _records[wallet] = Entry({record: record, offeredTo: 0});
            head = _reportAfter({head: head, kind: ASSIGNMENT, data: abi.encode(wallet, record, ref)});
        }
        _setHead(head);
    }

    /// @inheritdoc IInvestorRegistry
    function recover(address lost, address replacement, Basis basis, bytes32 orderHash) external restricted {
        require(!basis.isUnstated(), RegistryBasisUnstated());
        InvestorRecord record = _records[lost].record;
        require(
            lost != replacement && record.standing() != Record.NONE && !record.isFrozen(),
            RegistryNotRecoverable(lost, record)
        );
        _checkReplacement(replacement, record);

        record = record.withStanding(Record.REVOKED).withRegistrar(Record.LOST);
        bytes32 ref = basis.withOrder(orderHash);
        _records[lost] = Entry({record: record, offeredTo: 0});
        _recoveries[lost] = Recovery({replacement: replacement, ref: ref});
        _report(RECOVERY, abi.encode(lost, replacement, record, ref));
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IInvestorRegistry
    function recordOf(address wallet) external view returns (InvestorRecord) {
        return _records[wallet].record;
    }

    /// @inheritdoc IInvestorRegistry
    /// @dev Every transfer of every token asks here. Slots and answer are written by hand, a third of the compiler's cost.
    function recordsOf(address a, address b) external view returns (InvestorRecord, InvestorRecord) {
        assembly {
            mstore(0x20, _records.slot)
            mstore(0x00, a)
            let first := sload(keccak256(0x00, 0x40))
            mstore(0x00, b)
            mstore(0x20, sload(keccak256(0x00, 0x40)))
            mstore(0x00, first)
            return(0x00, 0x40)
        }
    }

    /// @inheritdoc IInvestorRegistry
    function recordsOf(address a, address b, address c)
        external
        view
        returns (InvestorRecord, InvestorRecord, InvestorRecord)
    {
        assembly {
            mstore(0x20, _records.slot)
            mstore(0x00, a)
            let first := sload(keccak256(0x00, 0x40))
            mstore(0x00, b)
            let second := sload(keccak256(0x00, 0x40))
            mstore(0x00, c)
            mstore(0x40, sload(keccak256(0x00, 0x40)))
            mstore(0x00, first)
            mstore(0x20, second)
            return(0x00, 0x60)
        }
    }

    /// @inheritdoc IInvestorRegistry
    function offeredTo(address wallet) external view returns (uint16) {
        return _records[wallet].offeredTo;
    }

    /// @inheritdoc IInvestorRegistry
    function registrarOf(address account) external view returns (uint16) {
        return _registrars[account];
    }

    /// @inheritdoc IInvestorRegistry
    function recoveryOf(address lost) external view returns (address replacement, bytes32 ref) {
        InvestorRecord record = _records[lost].record;
        replacement = _recoveries[lost].replacement;
        require(replacement != address(0) && record.status() == Record.REVOKED, RegistryNotRecoverable(lost, record));
        _checkReplacement(replacement, record);
        ref = _recoveries[lost].ref;
    }

    // ---------------------------------------------------------------- internals

    /// @dev Reports the row after the given head and returns the new head. A past expiry is allowed: it admits nobody.
    /// Unknown scopes are refused, so that a future scope is never granted by an old typing error.
    function _setRecord(uint256 row, uint256 wallet, uint256 word, uint256 number, uint256 head)
        private
        returns (uint256)
    {
        // Bit n of the masks stands for status or class n; anything beyond them shifts in a zero.
        bool known = (STATUSES >> uint8(word)) & (CLASSES >> uint8(word >> 24)) & 1 == 1;
        bool filled = wallet != 0 && word & COUNTRY != 0 && word >> 104 != 0;
        if (!known || !filled || (word & MUST_BE_ZERO) | (wallet >> 160) != 0) {
            revert RegistryRowInvalid(row, address(uint160(wallet)), InvestorRecord.wrap(word));
        }
        Entry storage entry = _records[address(uint160(wallet))];
        uint256 old = InvestorRecord.unwrap(entry.record);
        // A wallet that was frozen before it had a record has no owner yet.
        uint256 owner = uint16(old >> 48);
        if (uint16(word >> 48) != number) _wrongRegistrar(row, wallet, owner, word);
        if (owner != 0 && owner != number) {
            if (entry.offeredTo != number) _wrongRegistrar(row, wallet, owner, word);
            entry.offeredTo = 0;
        }

        word |= old & Record.FROZEN;
        entry.record = InvestorRecord.wrap(word);

        uint256 seq;
        unchecked {
            seq = (head >> 160) + 1;
        }
        word |= seq << Record.BITS;
        bytes32 topic = RecordSet.selector;
        uint256 link;
        // The preimage chain | wallet | word ends with the event's data.
        assembly ("memory-safe") {
            let data := mload(0x40)
            mstore(data, and(head, sub(shl(160, 1), 1)))
            mstore(add(data, 0x20), wallet)
            mstore(add(data, 0x40), word)
            link := keccak256(data, 0x60)
            log2(add(data, 0x40), 0x20, topic, wallet)
        }
        return (seq << 160) | uint160(link);
    }

    function _wrongRegistrar(uint256 row, uint256 wallet, uint256 owner, uint256 word) private pure {
        revert RegistryWrongRegistrar(row, address(uint160(wallet)), uint16(owner), uint16(word >> 48));
    }

    function _setFrozen(address wallet, bool frozen, Basis basis, bytes32 orderHash) private {
        if (basis.isUnstated()) revert RegistryBasisUnstated();
        if (wallet == address(0)) revert RegistryZeroAddress();
        Entry storage entry = _records[wallet];
        InvestorRecord record = entry.record;
        if (record.isFrozen() == frozen) revert RegistryUnchanged(wallet);

        record = record.withFrozen(frozen);
        entry.record = record;
        _report(frozen ? FREEZE : UNFREEZE, abi.encode(wallet, record, basis.withOrder(orderHash)));
    }

    function _checkReplacement(address replacement, InvestorRecord lost) private view {
        InvestorRecord record = _records[replacement].record;
        require(
            record.status() == Record.ACTIVE && block.timestamp < record.expiresAt()
                && record.investorId() == lost.investorId(),
            RegistryReplacementUnfit(replacement, record)
        );
    }
}
