// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev Everything a custodian ever tells the chain, signed as EIP-712.
/// @param token The share token it speaks of.
/// @param custodian Its number on the ledger.
/// @param kind STATEMENT 1, DEPOSIT 2, RELEASE 3, REJECT 4.
/// @param sequence Exactly one more than the last for this token and custodian; the first is 1.
/// @param sharesHeld The custodian's absolute settled position after this sentence, redeemed shares excluded (18 decimals).
/// @param shares What this sentence deposits or answers (18 decimals); zero in a STATEMENT.
/// @param account DEPOSIT: who receives the tokens. RELEASE, REJECT: the request's holder. STATEMENT: zero.
/// @param ref DEPOSIT: the custodian's own. RELEASE, REJECT: the request's id. STATEMENT: zero.
/// @param evidence Hash of the custodian's evidence file.
/// @param asOf When the position was true (seconds UTC); never later than the block nor earlier than the last one.
/// @param validUntil The sentence can land strictly before this second (UTC).
struct Attestation {
    address token;
    uint32 custodian;
    uint8 kind;
    uint32 sequence;
    uint256 sharesHeld;
    uint256 shares;
    address account;
    bytes32 ref;
    bytes32 evidence;
    uint40 asOf;
    uint40 validUntil;
}

/// @dev One attestor's signature. Votes come in ascending order of the attestor's address, so none counts twice.
struct Vote {
    address attestor;
    bytes signature;
}

library Sentence {
    uint8 internal constant STATEMENT = 1;
    uint8 internal constant DEPOSIT = 2;
    uint8 internal constant RELEASE = 3;
    uint8 internal constant REJECT = 4;

    // keccak256("Attestation(address token,uint32 custodian,uint8 kind,uint32 sequence,uint256 sharesHeld,uint256 shares,"
    // "address account,bytes32 ref,bytes32 evidence,uint40 asOf,uint40 validUntil)")
    bytes32 internal constant TYPEHASH = 0x52968806079dafc37d740c2285611ba130ffc670f80510002755cee1318c8fa9;

    /// @dev EIP-712 `hashStruct`: the type's hash and the eleven fields, a word each, as they lie in memory.
    function structHash(Attestation memory attestation) internal pure returns (bytes32 result) {
        bytes32 typeHash = TYPEHASH;
        assembly ("memory-safe") {
            let free := mload(0x40)
            mstore(free, typeHash)
            mcopy(add(free, 0x20), attestation, 0x160)
            result := keccak256(free, 0x180)
        }
    }
}
