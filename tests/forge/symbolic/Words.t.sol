// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BalanceWord} from "../../../contracts/types/BalanceWord.sol";
import {Basis} from "../../../contracts/types/Basis.sol";
import {ControlWord} from "../../../contracts/types/ControlWord.sol";
import {InvestorRecord, Record} from "../../../contracts/types/InvestorRecord.sol";
import {Multiplier, ONE} from "../../../contracts/types/Multiplier.sol";
import {PositionWord, toPosition} from "../../../contracts/types/PositionWord.sol";
import {vm} from "./Cheats.sol";

/// @title Packing: every bit of a packed word belongs to one field, is read where it was written, and changes with it alone.
/// @dev `fields` puts a word together again from what the getters read, each getter at the place its page names. It proves
/// that no two overlap and none is forgotten; after a change it says what the other fields are. Assumptions are the ones the
/// contracts' comments leave to their callers.
/// @custom:kind packed words
contract Words {
    // ---------------------------------------------------------------- InvestorRecord

    function check_record__anyWord__fieldsCoverIt(uint256 word) public pure {
        vm.assume(word >> Record.BITS == 0);
        assert(fields(InvestorRecord.wrap(word)) == word);
    }

    function check_record__anyWord__statusIsStandingAndFreeze(uint256 word, uint8 class) public pure {
        InvestorRecord record = InvestorRecord.wrap(word);
        assert(record.status() == record.standing() | (record.isFrozen() ? 0x80 : 0));
        assert(record.standing() < 0x80);
        assert(record.isVenue() == (record.class() == 8 || record.class() == 9));
        assert(record.hasScope(class) == (record.scopes() & class != 0));
    }

    function check_withFrozen__anyRecord__changesTheFreezeAlone(uint256 word, bool frozen) public pure {
        InvestorRecord changed = InvestorRecord.wrap(word).withFrozen(frozen);
        assert(changed.isFrozen() == frozen);
        assert(differs(InvestorRecord.unwrap(changed), word, 7, 1) == 0);
    }

    function check_withStanding__anyRecord__changesTheStandingAlone(uint256 word, uint8 standing) public pure {
        vm.assume(standing < 0x80);
        InvestorRecord changed = InvestorRecord.wrap(word).withStanding(standing);
        assert(changed.standing() == standing);
        assert(differs(InvestorRecord.unwrap(changed), word, 0, 7) == 0);
    }

    function check_withRegistrar__anyRecord__changesTheRegistrarAlone(uint256 word, uint16 number) public pure {
        InvestorRecord changed = InvestorRecord.wrap(word).withRegistrar(number);
        assert(changed.registrar() == number);
        assert(differs(InvestorRecord.unwrap(changed), word, 48, 16) == 0);
    }

    function fields(InvestorRecord r) private pure returns (uint256) {
        uint256 low = uint256(r.status()) | (uint256(r.scopes()) << 8) | (uint256(r.class()) << 24)
            | (uint256(r.country()) << 32) | (uint256(r.registrar()) << 48);
        return low | (uint256(r.expiresAt()) << 64) | (uint256(r.investorId()) << 104);
    }

    // ---------------------------------------------------------------- ControlWord

    function check_control__anyWord__fieldsCoverIt(uint256 word) public pure {
        ControlWord control = ControlWord.wrap(word);
        assert(fields(control) == word);
        assert(control.settings() == word >> 192);
    }

    function check_control__anyWord__predicatesReadTheirField(uint256 word, uint8 bits, uint8 class, uint256 time)
        public
        pure
    {
        ControlWord control = ControlWord.wrap(word);
        assert(control.isPaused(bits) == (control.pauses() & bits != 0));
        assert(control.follows(bits) == (control.policy() & bits != 0));
        assert(control.isLapsed(time) == (time >= control.activeUntil()));
        vm.assume(class < 16);
        assert(control.allowsClass(class) == (class != 0 && control.allowedClasses() & (1 << class) != 0));
    }

    function check_allowsClass__classBeyondTheMask__neverAllowed(uint256 word, uint8 class) public pure {
        vm.assume(class >= 16 || class == 0);
        assert(!ControlWord.wrap(word).allowsClass(class));
    }

    function check_withHead__anyWord__changesSequenceAndChainAlone(uint256 word, uint32 sequence, uint256 link)
        public
        pure
    {
        ControlWord changed = ControlWord.wrap(word).withHead(sequence, link);
        assert(changed.sequence() == sequence);
        assert(changed.chain() == uint160(link));
        assert(differs(ControlWord.unwrap(changed), word, 0, 192) == 0);
    }

    function check_withListing__anyWord__changesPhaseHaltAndEndAlone(
        uint256 word,
        uint8 phase,
        bool halted,
        uint32 activeUntil
    ) public pure {
        vm.assume(phase < 8);
        ControlWord changed = ControlWord.wrap(word).withListing(phase, halted, activeUntil);
        assert(changed.phase() == phase);
        assert(changed.halted() == halted);
        assert(changed.activeUntil() == activeUntil);
        assert(differs(ControlWord.unwrap(changed), word, 192, 4) & ((1 << 224) - 1) == 0);
    }

    function check_withPauses__anyWord__changesThePausesAlone(uint256 word, uint8 pauses) public pure {
        ControlWord changed = ControlWord.wrap(word).withPauses(pauses);
        assert(changed.pauses() == pauses & 15);
        assert(differs(ControlWord.unwrap(changed), word, 196, 4) == 0);
    }

    function check_withPolicy__anyWord__changesClassesAndFlagsAlone(uint256 word, uint16 allowedClasses, uint8 policy)
        public
        pure
    {
        ControlWord changed = ControlWord.wrap(word).withPolicy(allowedClasses, policy);
        assert(changed.allowedClasses() == allowedClasses);
        assert(changed.policy() == policy);
        assert(differs(ControlWord.unwrap(changed), word, 200, 24) == 0);
    }

    function fields(ControlWord c) private pure returns (uint256) {
        uint256 low = uint256(c.chain()) | (uint256(c.sequence()) << 160) | (uint256(c.phase()) << 192)
            | (c.halted() ? 1 << 195 : 0);
        return low | (uint256(c.pauses()) << 196) | (uint256(c.policy()) << 200) | (uint256(c.allowedClasses()) << 208)
            | (uint256(c.activeUntil()) << 224);
    }

    // ---------------------------------------------------------------- BalanceWord

    function check_balance__anyWord__fieldsCoverIt(uint256 value) public pure {
        BalanceWord word = BalanceWord.wrap(value);
        assert((word.frozen() << 128) | word.balance() == value);
        assert(word.balance() <= type(uint128).max && word.frozen() <= type(uint128).max);
        uint256 kept = word.frozen() < word.balance() ? word.frozen() : word.balance();
        assert(word.unfrozen() + kept == word.balance());
    }

    function check_plus__roomInTheBalance__changesTheBalanceAlone(uint256 value, uint256 amount) public pure {
        BalanceWord word = BalanceWord.wrap(value);
        vm.assume(amount <= type(uint128).max - word.balance());
        BalanceWord changed = word.plus(amount);
        assert(changed.balance() == word.balance() + amount);
        assert(changed.frozen() == word.frozen());
    }

    function check_minus__amountWithinTheBalance__changesTheBalanceAlone(uint256 value, uint256 amount) public pure {
        BalanceWord word = BalanceWord.wrap(value);
        vm.assume(amount <= word.balance());
        BalanceWord changed = word.minus(amount);
        assert(changed.balance() == word.balance() - amount);
        assert(changed.frozen() == word.frozen());
    }

    function check_withFrozenAmount__anyWord__changesTheFrozenAmountAlone(uint256 value, uint128 amount) public pure {
        BalanceWord word = BalanceWord.wrap(value);
        BalanceWord changed = word.withFrozenAmount(amount);
        assert(changed.frozen() == amount);
        assert(changed.balance() == word.balance());
    }

    // ---------------------------------------------------------------- PositionWord

    function check_position__anyWord__fieldsCoverIt(uint256 value) public pure {
        PositionWord word = PositionWord.wrap(value);
        uint256 low = uint256(word.lastAsOf()) | (uint256(word.lastSequence()) << 32);
        assert(low | (word.issued() << 64) | (word.held() << 160) == value);
    }

    function check_toPosition__anyFields__readBack(uint96 held, uint96 issued, uint32 sequence, uint32 asOf)
        public
        pure
    {
        PositionWord word = toPosition(held, issued, sequence, asOf);
        assert(word.held() == held);
        assert(word.issued() == issued);
        assert(word.lastSequence() == sequence);
        assert(word.lastAsOf() == asOf);
    }

    // ---------------------------------------------------------------- Basis, Multiplier

    function check_withOrder__anyOrder__basisThenTheRestOfTheHash(uint8 basis, bytes32 orderHash) public pure {
        bytes32 ref = Basis.wrap(basis).withOrder(orderHash);
        assert(uint8(ref[0]) == basis);
        assert(differs(uint256(ref), uint256(orderHash), 248, 8) == 0);
        assert(Basis.wrap(basis).isUnstated() == (basis == 0));
    }

    /// @dev At any multiplier, for 16-bit values: the product by 1e18 and back at full width does not finish.
    function check_multiplier__anySmallValues__sharesRoundUpAndTokensDown(uint16 amount, uint16 ratio) public pure {
        vm.assume(ratio != 0);
        Multiplier multiplier = Multiplier.wrap(ratio);
        uint256 shares = multiplier.toShares(amount);
        assert(multiplier.toTokens(shares) >= amount);
        assert(shares * ONE >= uint256(amount) * ratio);
        assert(shares == 0 || (shares - 1) * ONE < uint256(amount) * ratio);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev `withStanding` leaves the freeze as it is; a wrong caller could set it, hence the assumption above.
    function check_refuted_withStanding__anyStanding__keepsTheFreeze(uint256 word, uint8 standing) public pure {
        InvestorRecord record = InvestorRecord.wrap(word);
        assert(record.withStanding(standing).isFrozen() == record.isFrozen());
    }

    /// @dev Frozen may exceed the balance, so the unfrozen part is not the plain difference.
    function check_refuted_unfrozen__anyWord__isBalanceLessFrozen(uint256 value) public pure {
        BalanceWord word = BalanceWord.wrap(value);
        unchecked {
            assert(word.unfrozen() == word.balance() - word.frozen());
        }
    }

    /// @dev The bits in which two words differ, those of one field left out.
    function differs(uint256 a, uint256 b, uint256 offset, uint256 bits) private pure returns (uint256) {
        return (a ^ b) & ~(((1 << bits) - 1) << offset);
    }
}
