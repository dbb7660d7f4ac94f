// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IShareToken} from "../../contracts/interfaces/IShareToken.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Attestation, Sentence} from "../../contracts/types/Attestation.sol";
import {InvestorRecord, Record} from "../../contracts/types/InvestorRecord.sol";
import {Reason} from "../../contracts/types/ReasonCode.sol";
import {Role} from "../../contracts/types/Role.sol";
import {PlainRules} from "./PlainRules.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Who plays, how a call is made and weighed against the plain rules, and what the laws say of every entry.
abstract contract Stage is PlainRules {
    /// @dev What a call drew from its seed, used up draw by draw.
    struct Dice {
        uint256 rest;
    }

    uint256 internal constant HOLDER_KEY = 0xD0;
    address internal constant SPARE = address(0xBB);
    address internal constant RELAY = address(0xBC);

    /// @dev Pairs share an investor: 0 and 1, 2 and 3, and so on. The last is unknown to the registry at first.
    address[10] internal wallets;
    uint256 internal constant PLATFORM_WALLET = 6;
    uint256 internal constant POOL_WALLET = 7;
    uint256 internal constant BROKER_WALLET = 8;
    uint256 internal constant OUTSIDER_WALLET = 9;

    /// @dev Every key that signs, ascending by address: attestors of both custodians and two who may become some.
    uint256[6] internal keys;
    address[6] internal signers;

    /// @dev Handler calls of this run, and successes by handler.
    uint256 internal calls;
    mapping(bytes4 handler => uint256) internal done;

    /// @dev Digests for which this call brings a valid quorum; each may land once.
    mapping(bytes32 digest => bool) internal sound;
    /// @dev When the delayed act that this call performs was scheduled; zero when it performs none.
    uint256 internal scheduledAt;
    /// @dev The suite is settled: from here on the laws of delay hold.
    bool internal armed;

    modifier step() {
        ++calls;
        _;
    }

    function _nameActors() internal {
        wallets[0] = vm.addr(HOLDER_KEY);
        for (uint160 i = 1; i < 10; ++i) {
            wallets[i] = address(0x1000 + i);
        }
        keys = [ATTESTOR_KEY, DESK_A_KEY, DESK_B_KEY, DESK_C_KEY, uint256(0xC5), uint256(0xC6)];
        for (uint256 i = 0; i < keys.length; ++i) {
            signers[i] = vm.addr(keys[i]);
            for (uint256 j = i; j > 0 && signers[j] < signers[j - 1]; --j) {
                (keys[j], keys[j - 1]) = (keys[j - 1], keys[j]);
                (signers[j], signers[j - 1]) = (signers[j - 1], signers[j]);
            }
        }
    }

    // ---------------------------------------------------------------- drawing

    function _dice(uint256 seed) internal pure returns (Dice memory) {
        return Dice(uint256(keccak256(abi.encode(seed))));
    }

    function _draw(Dice memory dice, uint256 sides) internal pure returns (uint256 result) {
        result = dice.rest % sides;
        dice.rest /= sides;
    }

    /// @dev True once in so many.
    function _rarely(Dice memory dice, uint256 sides) internal pure returns (bool) {
        return _draw(dice, sides) == 0;
    }

    function _drawToken(Dice memory dice) internal view returns (ShareToken) {
        return _rarely(dice, 2) ? otherToken : token;
    }

    function _drawWallet(Dice memory dice) internal view returns (address) {
        return wallets[_draw(dice, wallets.length)];
    }

    /// @dev A wallet that holds the token, as a rule.
    function _drawHolder(Dice memory dice, ShareToken share) internal view returns (address wallet) {
        uint256 start = _draw(dice, wallets.length);
        wallet = wallets[start];
        if (_rarely(dice, 12)) return wallet;
        for (uint256 i = 1; i < wallets.length && balances[address(share)][wallet] == 0; ++i) {
            wallet = wallets[(start + i) % wallets.length];
        }
    }

    /// @dev An open request as a rule, the first from a place drawn; sometimes one that is answered or unknown.
    function _drawRequest(Dice memory dice) internal view returns (uint256) {
        uint256 start = _draw(dice, requestCount + 2);
        if (_rarely(dice, 12)) return start;
        for (uint256 i = 0; i <= requestCount; ++i) {
            uint256 id = 1 + (start + i) % (requestCount + 1);
            if (requests[id].status == ICustodyLedger.RequestStatus.OPEN) return id;
        }
        return start;
    }

    /// @dev Who holds a role first; the spare holder comes later.
    function _firstOf(uint64 role) internal pure returns (address) {
        return [
            ADMIN,
            KEY_ADMIN,
            UPGRADER,
            ISSUER,
            COMPLIANCE,
            REGISTRAR_1,
            CUSTODY_ADMIN,
            MARKET_OPERATOR,
            PAUSER,
            REGULATOR,
            GUARDIAN
        ][role];
    }

    /// @dev Officers, wallets, the spare, the deployer, an implementation.
    function _drawAnyone(Dice memory dice) internal view returns (address) {
        uint256 place = _draw(dice, 24);
        if (place < 11) return _firstOf(uint64(place));
        if (place < 21) return wallets[place - 11];
        return place == 21 ? SPARE : place == 22 ? address(this) : address(factory.implementation());
    }

    /// @dev Any token, those that only were listed as well.
    function _drawShare(Dice memory dice) internal view returns (address) {
        return shares[_draw(dice, shares.length)];
    }

    function _otherThan(address share) internal view returns (address) {
        return share == address(token) ? address(otherToken) : address(token);
    }

    /// @dev A wallet as a rule, sometimes an address that must never hold.
    function _drawParty(Dice memory dice) internal view returns (address) {
        uint256 place = _draw(dice, 60);
        if (place == 0) return address(0);
        if (place == 1) return address(ledger);
        if (place == 2) return address(token);
        return wallets[place % wallets.length];
    }

    /// @dev Mostly what the account could move; now and then nothing, all, or one more than it has.
    function _drawAmount(Dice memory dice, address token_, address account) internal view returns (uint256) {
        uint256 way = _draw(dice, 16);
        uint256 balance = balances[token_][account];
        uint256 free = _unfrozen(token_, account);
        if (way == 0) return 0;
        if (way == 1) return balance + 1;
        if (way == 2) return balance;
        if (way == 3) return free + 1;
        return free / (1 + _draw(dice, 64));
    }

    function _drawOrder(Dice memory dice) internal pure returns (bytes32) {
        return keccak256(abi.encode("order", _draw(dice, 1 << 16)));
    }

    // ---------------------------------------------------------------- acting

    function _act(address caller, address target, bytes memory data) internal returns (bool ok, bytes memory back) {
        acting = caller;
        consuming = target == address(authority) ? caller : target;
        vm.prank(caller);
        (ok, back) = target.call(data);
        // forge records also what a reverted call had logged.
        if (!ok) vm.getRecordedLogs();
    }

    function _count(bool ok) internal {
        if (ok) ++done[msg.sig];
    }

    /// @dev Whether the account holds the role, in force and without a delay.
    function _may(uint64 role, address account) internal view returns (bool) {
        Membership memory held = memberships[role][account];
        return held.member && held.delay == 0 && held.since <= block.timestamp;
    }

    /// @dev What a view answers that does not exist, or leaves out what is asked.
    uint8 internal constant NO_VIEW = 255;

    /// @dev Weighs a call that a reason code explains: the outcome the plain rules foretold, the same code from the view.
    /// @param law Whom to blame when a call is refused that must succeed.
    function _weigh(uint256 law, uint8 foretold, uint8 seen, bool ok, bytes memory back) internal {
        uint8 given = ok ? 0 : reasonText.codeOf(back);
        _check(7, ok || given != 0, "a refusal without a reason code");
        _check(7, seen == NO_VIEW || given == seen, "view and call give different reasons");
        if (given == foretold) return;
        if (ok) _check(_lawBehind(foretold), false, "done against a rule");
        else if (foretold == 0) _check(given < Reason.SENDER ? 4 : law, false, "refused without a ground");
        else _check(7, false, "refused for another reason than the first");
    }

    function _lawBehind(uint8 code) private pure returns (uint256) {
        if (code < Reason.SENDER) return 4;
        if (code < Reason.AMOUNT) return 3;
        return code < Reason.CUSTODY ? 2 : 1;
    }

    /// @dev Weighs a call that takes a role.
    function _weighRight(uint256 law, bool may, bool fits, bool ok, bytes memory back) internal {
        if (!may) {
            _check(8, !ok, "done without the right");
            _check(8, ok || _isDenial(back), "denied without saying so");
        } else {
            _check(law, ok == fits, ok ? "done against a rule" : "refused without a ground");
        }
    }

    /// @dev Makes a call that takes a role and moves nothing, and weighs it: the outcome, and the very refusal.
    /// @param foretold The error that must come from who has the right; empty where the call must succeed.
    function _command(address caller, uint64 role, address target, bytes memory call_, bytes memory foretold)
        internal
        returns (bool ok, bytes memory back)
    {
        bool may = _may(role, caller);
        (ok, back) = _act(caller, target, call_);
        _weighRight(4, may, foretold.length == 0, ok, back);
        bool same = ok || !may || keccak256(back) == keccak256(foretold);
        _check(7, same, "refused for another reason than the first");
        _confirmNothingMoved();
        _checkStates();
        _count(ok);
    }

    function _isDenial(bytes memory back) internal pure returns (bool) {
        bytes4 error_ = bytes4(back);
        return error_ == IAccessManaged.AccessManagedUnauthorized.selector
            || error_ == IAccessManager.AccessManagerUnauthorizedAccount.selector
            || error_ == IAccessManager.AccessManagerNotScheduled.selector
            || error_ == IAccessManager.AccessManagerNotReady.selector
            || error_ == IAccessManager.AccessManagerExpired.selector
            || error_ == IShareToken.ShareTokenMissingRole.selector
            || error_ == IShareToken.ShareTokenWrongCaller.selector;
    }

    /// @dev Nothing moved in this call, or exactly this movement.
    function _confirm(bool moved, Ask memory ask, bytes32 ref) internal {
        Entry[] memory entries = _replay();
        _check(6, entries.length == (moved ? 1 : 0), "another number of movements than asked for");
        if (moved && entries.length == 1) _confirmEntry(entries[0], ask, ref);
    }

    function _confirmEntry(Entry memory entry, Ask memory ask, bytes32 ref) internal {
        address to = ask.kind == BURN ? address(0) : ask.party;
        bool same = entry.token == ask.token && entry.kind == ask.kind && entry.operator == ask.operator
            && entry.from == ask.from && entry.to == to && entry.amount == ask.amount && entry.ref == ref;
        _check(6, same, "another movement reported than asked for");
    }

    function _confirmNothingMoved() internal {
        _check(6, _replay().length == 0, "moved where nothing may move");
    }

    // ---------------------------------------------------------------- the laws, entry by entry

    function _judgeEntry(Entry memory entry) internal override {
        if (entry.kind == UPGRADE) {
            // The first names what a new token runs on.
            bool created = runsOn[entry.token] == address(0);
            bool same = !armed || entry.to == runsOn[address(token)];
            _check(8, created ? same : _waited(20 days), "an upgrade before its delay");
            return;
        }
        if (entry.kind == FREEZE) {
            _check(8, _may(Role.COMPLIANCE, entry.operator), "frozen by someone else than COMPLIANCE");
            return;
        }
        if (entry.kind == CONTROL) return;

        bool executed = entry.kind == TRANSFER && (entry.operator != entry.from || _isVenue(entry.from));
        _check(4, _againstState(entry.token, entry.kind, executed) == 0, "moved while stopped");
        bool covered = entry.from == address(0) || entry.amount <= balances[entry.token][entry.from];
        _check(2, covered, "moved more than the balance");
        bool byLedger = entry.operator == address(ledger);
        bool byForce = entry.kind == FORCE && (byLedger || _may(Role.COMPLIANCE, entry.operator));
        _check(8, entry.kind == TRANSFER || byForce || byLedger, "moved by someone without the right");
        _check(8, entry.kind != MINT || sound[entry.ref], "minted without a sentence");
        _judgeGrowth(entry);
    }

    /// @dev Law 3: no ineligible wallet's balance grows, except by the return of its own escrow.
    function _judgeGrowth(Entry memory entry) private {
        bool grows = entry.to != address(0) && entry.to != entry.from && entry.amount != 0;
        bool ownEscrow = entry.kind == GIVE_BACK && requests[uint256(entry.ref)].holder == entry.to
            && requests[uint256(entry.ref)].amount == entry.amount;
        bool escrow = entry.kind == ESCROW && entry.to == address(ledger);
        bool fine = ownEscrow || escrow || _isEligible(entry.token, entry.to);
        _check(3, fine || (!grows && entry.kind != FORCE), "an ineligible wallet's balance grew");
    }

    function _judgeSentence(Attestation memory a, uint256 issuedBefore) internal override {
        Position memory position = positions[a.token][a.custodian];
        _check(1, sound[_digestOf(a)], "a sentence landed without a valid quorum");
        if (a.kind == Sentence.DEPOSIT) {
            _check(1, position.issued <= position.held, "a mint ended above what is held");
            _check(2, position.issued == issuedBefore + a.shares, "issued grew by another amount");
        } else {
            uint256 released = a.kind == Sentence.RELEASE ? a.shares : 0;
            _check(2, position.issued + released == issuedBefore, "issued fell by another amount");
        }
    }

    function _judgeAttestors(uint32) internal override {
        _check(8, !armed || _waited(2 days), "attestors changed before their delay");
    }

    function _judgeMembership(uint64 role, address account, Membership memory now_) internal override {
        if (!armed) return;
        bool renounced = !now_.member && account == acting;
        bool operational = role >= Role.ISSUER && role <= Role.PAUSER;
        _check(8, renounced || _waited(operational ? 1 days : 20 days), "a role changed before its delay");
        _check(8, !now_.member || now_.delay >= _leastDelay(role), "a role held with too short a delay");
    }

    /// @dev The published table's delays, written out again.
    function _leastDelay(uint64 role) internal pure returns (uint32) {
        if (role == Role.ADMIN || role == Role.UPGRADER) return 20 days;
        if (role == Role.CUSTODY_ADMIN) return 2 days;
        return role == Role.KEY_ADMIN ? 1 days : 0;
    }

    function _waited(uint256 delay) private view returns (bool) {
        return scheduledAt != 0 && block.timestamp >= scheduledAt + delay;
    }

    // ---------------------------------------------------------------- helpers

    /// @dev EIP-712, written out from the standard and the published type.
    function _digestOf(Attestation memory a) internal view returns (bytes32) {
        bytes32 domain = keccak256(
            abi.encode(
                keccak256("EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)"),
                keccak256("Stockade CustodyLedger"),
                keccak256("1"),
                block.chainid,
                address(ledger)
            )
        );
        bytes32 typeHash = keccak256(
            "Attestation(address token,uint32 custodian,uint8 kind,uint32 sequence,uint256 sharesHeld,uint256 shares,address account,bytes32 ref,bytes32 evidence,uint40 asOf,uint40 validUntil)"
        );
        return keccak256(abi.encodePacked(hex"1901", domain, keccak256(abi.encode(typeHash, a))));
    }

    function _record(uint256 investor, uint40 expiresAt, uint16 registrar, uint8 class, uint16 scopes, uint8 status)
        internal
        pure
        returns (InvestorRecord)
    {
        return InvestorRecord.wrap(
            (investor << 104) | (uint256(expiresAt) << 64) | (uint256(registrar) << 48) | (840 << 32)
                | (uint256(class) << 24) | (uint256(scopes) << 8) | status
        );
    }

    /// @dev What registrar 1 knows of each wallet at first: holders, a platform, a pool, a broker who may execute.
    function _goodRecord(uint256 place) internal view returns (InvestorRecord) {
        uint8 class = place == PLATFORM_WALLET
            ? Record.PLATFORM
            : place == POOL_WALLET ? Record.POOL : place == BROKER_WALLET ? 6 : uint8(1 + place % 5);
        uint16 scopes = place >= PLATFORM_WALLET
            ? Record.ALL_SCOPES
            : Record.HOLD | Record.TRANSFER | Record.TRADE | (place % 2 == 0 ? Record.LIQUIDITY : 0);
        return _record(1000 + place / 2, uint40(block.timestamp + 365 days), 1, class, scopes, Record.ACTIVE);
    }
}
