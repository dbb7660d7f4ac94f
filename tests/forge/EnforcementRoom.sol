// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Basis} from "../../contracts/types/Basis.sol";
import {Control} from "../../contracts/types/ControlWord.sol";
import {InvestorRecord, Record} from "../../contracts/types/InvestorRecord.sol";
import {Kind} from "../../contracts/types/Movement.sol";
import {ReasonCode} from "../../contracts/types/ReasonCode.sol";
import {Role} from "../../contracts/types/Role.sol";
import {Stage} from "./Stage.sol";

/// @title COMPLIANCE and PAUSER: freezes, force, recovery, pauses.
abstract contract EnforcementRoom is Stage {
    uint256 internal lostWallets;

    /// @dev A holder of the role as a rule, sometimes anyone.
    function _drawOfficer(Dice memory dice, uint64 role, address first) internal view returns (address) {
        if (_rarely(dice, 10)) return _drawAnyone(dice);
        return _may(role, first) ? first : SPARE;
    }

    function _drawBasis(Dice memory dice) internal pure returns (Basis) {
        return Basis.wrap(_rarely(dice, 12) ? 0 : uint8(1 + _draw(dice, 6)));
    }

    // ---------------------------------------------------------------- freezes

    function freezeWallet(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        address wallet = _drawWallet(dice);
        Basis basis = _drawBasis(dice);
        // Thawed more readily than frozen, so that most wallets are free most of the time.
        bool freezes = _rarely(dice, 3);
        if (!freezes) {
            for (uint256 i = 0; i < wallets.length && !records[wallet].isFrozen(); ++i) {
                wallet = wallets[i];
            }
        }
        bool fits = !basis.isUnstated() && records[wallet].isFrozen() != freezes;

        bytes memory call_ = freezes
            ? abi.encodeCall(registry.freeze, (wallet, basis, _drawOrder(dice)))
            : abi.encodeCall(registry.unfreeze, (wallet, basis, _drawOrder(dice)));
        (bool ok, bytes memory back) = _act(caller, address(registry), call_);
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        if (ok) _check(3, records[wallet].isFrozen() == freezes, "a freeze did not show");
        _count(ok);
    }

    function setFrozenTokens(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        address wallet = _drawHolder(dice, share);
        Basis basis = _drawBasis(dice);
        uint256 amount = _rarely(dice, 2) ? _drawAmount(dice, address(share), wallet) : 0;
        if (_rarely(dice, 30)) amount = uint256(type(uint128).max) + _draw(dice, 2);
        bool fits = amount <= type(uint128).max;

        bytes memory call_;
        if (_rarely(dice, 3)) {
            call_ = abi.encodeCall(share.setFrozenTokens, (wallet, amount));
        } else {
            call_ = abi.encodeCall(share.setFrozenTokensWithOrder, (wallet, amount, basis, _drawOrder(dice)));
            fits = fits && !basis.isUnstated();
        }
        (bool ok, bytes memory back) = _act(caller, address(share), call_);
        _weighRight(7, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(6, !ok || frozen[address(share)][wallet] == amount, "another frozen amount reported than set");
        _count(ok);
    }

    // ---------------------------------------------------------------- force

    function force(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        Ask memory ask;
        (ask.token, ask.kind, ask.operator) = (address(share), FORCE, _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE));
        (ask.from, ask.party) = (_rarely(dice, 8) ? _drawParty(dice) : _drawHolder(dice, share), _drawParty(dice));
        if (_rarely(dice, 6)) ask.party = ask.from;
        ask.amount = _rarely(dice, 2) ? balances[ask.token][ask.from] : _drawAmount(dice, ask.token, ask.from);
        Basis basis = _drawBasis(dice);
        bytes32 order = _drawOrder(dice);
        bool plain = _rarely(dice, 3);
        bytes32 ref = plain ? bytes32(0) : basis.withOrder(order);
        (uint8 foretold, uint8 seen) = (_against(ask), _seen(ask));

        bytes memory call_ = plain
            ? abi.encodeCall(share.forcedTransfer, (ask.from, ask.party, ask.amount))
            : abi.encodeCall(share.forcedTransferWithOrder, (ask.from, ask.party, ask.amount, basis, order));
        (bool ok, bytes memory back) = _act(ask.operator, ask.token, call_);
        if (!_may(Role.COMPLIANCE, ask.operator) || (!plain && basis.isUnstated())) {
            _weighRight(7, _may(Role.COMPLIANCE, ask.operator), false, ok, back);
        } else {
            _weigh(7, foretold, seen, ok, back);
        }
        _confirm(ok, ask, ref);
        _count(ok && ask.amount != 0);
    }

    function forceRedemption(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint256 id = _drawRequest(dice);
        ICustodyLedger.Request memory request = requests[id];
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        Basis basis = _drawBasis(dice);
        bytes32 order = _drawOrder(dice);
        address desk = address(ledger);
        Ask memory ask = Ask(request.token, FORCE, desk, desk, _drawParty(dice), request.amount);
        bool fits = request.status == ICustodyLedger.RequestStatus.OPEN && !basis.isUnstated() && _against(ask) == 0;

        (bool ok, bytes memory back) =
            _act(caller, desk, abi.encodeCall(ledger.forceRedemption, (id, ask.party, basis, order)));
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirm(ok, ask, basis.withOrder(order));
        _count(ok);
    }

    function _seen(Ask memory ask) internal view returns (uint8) {
        return ReasonCode.unwrap(
            ShareToken(ask.token).restrictionOf(Kind.FORCE, ask.operator, ask.from, ask.party, ask.amount)
        );
    }

    // ---------------------------------------------------------------- recovery

    /// @dev Few wallets are lost in a run, because a lost one never comes back: then only a replacement of another investor
    /// is tried, which must not be.
    function recover(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        uint256 place = _draw(dice, wallets.length);
        bool related = lostWallets < 2 && !_rarely(dice, 4);
        uint256 other = related ? place ^ 1 : (place + 2) % wallets.length;
        _recover(caller, wallets[place], wallets[other], _drawBasis(dice));
    }

    function _recover(address caller, address lost, address replacement, Basis basis) private {
        bool fits = !basis.isUnstated() && lost != replacement && records[lost].standing() != Record.NONE
            && !records[lost].isFrozen() && _replaces(replacement, lost);
        bytes memory call_ = abi.encodeCall(registry.recover, (lost, replacement, basis, keccak256("lost")));

        (bool ok, bytes memory back) = _act(caller, address(registry), call_);
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        if (ok) {
            bool gone = records[lost].status() == Record.REVOKED && records[lost].registrar() == Record.LOST;
            _check(3, gone && replacements[lost] == replacement, "a lost wallet is not out of use");
            ++lostWallets;
        }
        _count(ok);
    }

    /// @dev Balance and frozen amount of a lost wallet move to its replacement together.
    function recoverBalance(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        address lost = _drawLost(dice);
        address replacement = replacements[lost];
        Ask memory ask = Ask(address(share), FORCE, caller, lost, replacement, balances[address(share)][lost]);
        bool fits = _isRecoverable(lost) && _against(ask) == 0;
        uint256 kept = frozen[address(share)][lost];
        uint256 sum = frozen[address(share)][replacement] + kept;
        if (sum > type(uint128).max) sum = type(uint128).max; // a larger amount has no room in the word

        (bool ok, bytes memory back) = _act(caller, address(share), abi.encodeCall(share.recoverBalance, (lost)));
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        Entry[] memory entries = _replay();
        _check(6, entries.length == (ok ? 1 : 0), "a recovery moved more than once");
        if (ok) {
            _check(6, balances[address(share)][lost] == 0, "a recovery left a balance");
            _check(6, frozen[address(share)][replacement] == sum, "a recovery lost what was frozen");
        }
        _count(ok);
    }

    function recoverRequests(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        uint256[] memory ids = new uint256[](1);
        ids[0] = 1 + _draw(dice, requestCount + 1);
        address lost = _drawLost(dice);
        for (uint256 id = 1; id <= requestCount; ++id) {
            bool open = requests[id].status == ICustodyLedger.RequestStatus.OPEN;
            if (open && requests[id].holder == lost) ids[0] = id;
        }
        ICustodyLedger.Request memory request = requests[ids[0]];
        bool open_ = request.status == ICustodyLedger.RequestStatus.OPEN;
        address desk = address(ledger);
        Ask memory ask = Ask(request.token, FORCE, desk, desk, replacements[request.holder], request.amount);
        bool fits = !open_ || (_isRecoverable(request.holder) && _against(ask) == 0);

        (bool ok, bytes memory back) = _act(caller, desk, abi.encodeCall(ledger.recoverRequests, (ids)));
        _weighRight(3, _may(Role.COMPLIANCE, caller), fits, ok, back);
        _confirmNothingMoved();
        _count(ok && open_);
    }

    /// @dev A lost wallet if there is one.
    function _drawLost(Dice memory dice) private view returns (address wallet) {
        uint256 start = _draw(dice, wallets.length);
        for (uint256 i = 0; i < wallets.length; ++i) {
            wallet = wallets[(start + i) % wallets.length];
            if (replacements[wallet] != address(0)) return wallet;
        }
    }

    // ---------------------------------------------------------------- pauses

    function pause(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        address caller = _drawOfficer(dice, Role.PAUSER, PAUSER);
        uint8 pauses = _rarely(dice, 12) ? uint8(_draw(dice, 32)) : uint8(1 << _draw(dice, 4));
        uint8 present = settings[address(share)].pauses();
        bool fits = pauses <= 15 && present & pauses != pauses;

        (bool ok, bytes memory back) = _act(caller, address(share), abi.encodeCall(share.pause, (pauses)));
        _weighRight(4, _may(Role.PAUSER, caller), fits, ok, back);
        _confirmNothingMoved();
        _check(4, !ok || settings[address(share)].pauses() == present | pauses, "another pause than asked for");
        _count(ok);
    }

    /// @dev COMPLIANCE lifts what it may, REGULATOR the FORCE pause; neither does the other's.
    function unpause(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        ShareToken share = _drawToken(dice);
        uint8 present = settings[address(share)].pauses();
        bool forces = present & Control.PAUSE_FORCE != 0 && _rarely(dice, 2);
        uint8 pauses = forces ? Control.PAUSE_FORCE : present & 7;
        if (_rarely(dice, 12)) pauses = uint8(_draw(dice, 32));
        address caller =
            forces ? _drawOfficer(dice, Role.REGULATOR, REGULATOR) : _drawOfficer(dice, Role.COMPLIANCE, COMPLIANCE);
        bool may =
            (pauses & 8 == 0 || _may(Role.REGULATOR, caller)) && (pauses & 7 == 0 || _may(Role.COMPLIANCE, caller));

        (bool ok, bytes memory back) = _act(caller, address(share), abi.encodeCall(share.unpause, (pauses)));
        if (pauses > 15) _check(4, !ok, "an unknown pause was lifted");
        else _weighRight(4, may, present & pauses != 0, ok, back);
        _confirmNothingMoved();
        _check(4, !ok || settings[address(share)].pauses() == present & ~pauses, "another pause lifted than asked for");
        _count(ok);
    }
}
