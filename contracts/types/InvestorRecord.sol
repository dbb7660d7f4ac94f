// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Who a wallet is and what it may do, in one word shared by all tokens. From the low bit:
/// status 8 | scopes 16 | class 8 | country 16 | registrar 16 | expiresAt 40 | investorId 64. The upper 88 bits are zero.
type InvestorRecord is uint256;

using {
    status,
    standing,
    isFrozen,
    scopes,
    hasScope,
    class,
    country,
    registrar,
    expiresAt,
    investorId,
    withFrozen,
    withStanding,
    withRegistrar,
    isVenue
} for InvestorRecord global;

/// @title Values of the record's fields.
library Record {
    /// @dev Bits in use; everything above is refused.
    uint256 internal constant BITS = 168;

    uint8 internal constant NONE = 0;
    uint8 internal constant ACTIVE = 1;
    uint8 internal constant REVOKED = 2;
    /// @dev Top status bit, set and lifted by COMPLIANCE alone; a registrar's write lands beneath it.
    uint8 internal constant FROZEN = 0x80;

    uint16 internal constant HOLD = 1;
    uint16 internal constant TRANSFER = 2;
    uint16 internal constant TRADE = 4;
    uint16 internal constant LIQUIDITY = 8;
    uint16 internal constant EXECUTE = 16;
    uint16 internal constant ALL_SCOPES = 31;

    // Classes 1-10: retail, accredited, qualified purchaser, QIB, institution, broker-dealer, custodian, platform, pool,
    // treasury. Zero is no class and never allowed. Only these two are named by a rule.
    uint8 internal constant PLATFORM = 8;
    uint8 internal constant POOL = 9;

    /// @dev The registrar number of a wallet declared lost: no registrar has it, so none can bring the wallet back.
    uint16 internal constant LOST = type(uint16).max;
}

function status(InvestorRecord record) pure returns (uint8) {
    return uint8(InvestorRecord.unwrap(record));
}

/// @dev The registrar's part of the status: NONE, ACTIVE or REVOKED.
function standing(InvestorRecord record) pure returns (uint8) {
    return uint8(InvestorRecord.unwrap(record)) & ~Record.FROZEN;
}

function isFrozen(InvestorRecord record) pure returns (bool) {
    return InvestorRecord.unwrap(record) & Record.FROZEN != 0;
}

function scopes(InvestorRecord record) pure returns (uint16) {
    return uint16(InvestorRecord.unwrap(record) >> 8);
}

/// @dev True when the record has at least one of the given scopes.
function hasScope(InvestorRecord record, uint16 anyOf) pure returns (bool) {
    return scopes(record) & anyOf != 0;
}

function class(InvestorRecord record) pure returns (uint8) {
    return uint8(InvestorRecord.unwrap(record) >> 24);
}

function country(InvestorRecord record) pure returns (uint16) {
    return uint16(InvestorRecord.unwrap(record) >> 32);
}

function registrar(InvestorRecord record) pure returns (uint16) {
    return uint16(InvestorRecord.unwrap(record) >> 48);
}

/// @dev Eligibility holds strictly before this second (UTC).
function expiresAt(InvestorRecord record) pure returns (uint40) {
    return uint40(InvestorRecord.unwrap(record) >> 64);
}

function investorId(InvestorRecord record) pure returns (uint64) {
    return uint64(InvestorRecord.unwrap(record) >> 104);
}

function withFrozen(InvestorRecord record, bool frozen) pure returns (InvestorRecord) {
    uint256 word = InvestorRecord.unwrap(record) & ~uint256(Record.FROZEN);
    return InvestorRecord.wrap(frozen ? word | Record.FROZEN : word);
}

function withStanding(InvestorRecord record, uint8 newStanding) pure returns (InvestorRecord) {
    return InvestorRecord.wrap((InvestorRecord.unwrap(record) & ~uint256(0x7f)) | newStanding);
}

function withRegistrar(InvestorRecord record, uint16 number) pure returns (InvestorRecord) {
    return InvestorRecord.wrap((InvestorRecord.unwrap(record) & ~(uint256(0xffff) << 48)) | (uint256(number) << 48));
}

/// @dev A platform's or a pool's own wallet: whatever it moves counts as executed by a platform.
function isVenue(InvestorRecord record) pure returns (bool) {
    uint8 c = class(record);
    return c == Record.PLATFORM || c == Record.POOL;
}
