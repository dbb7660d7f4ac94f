// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ICustodyLedger} from "../../contracts/interfaces/ICustodyLedger.sol";
import {IReportStream} from "../../contracts/interfaces/IReportStream.sol";
import {ShareToken} from "../../contracts/token/ShareToken.sol";
import {Role} from "../../contracts/types/Role.sol";
import {Stage} from "./Stage.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title What waits: role rotation, upgrades, custody's settings, scheduled, performed, cancelled; who may not.
abstract contract AuthorityRoom is Stage {
    enum What {
        GRANT,
        REVOKE,
        UPGRADE,
        ATTESTORS,
        OPEN,
        TERMS,
        FORBIDDEN
    }

    /// @dev Something scheduled. `role` is whose act it is, `subject` the role or custodian it is about.
    struct Act {
        What what;
        bool open;
        uint64 role;
        uint48 scheduled;
        uint48 ready;
        address caller;
        address target;
        uint64 subject;
        address account;
        address other;
        uint32 number;
        bytes data;
    }

    uint48 internal constant EXPIRY = 1 weeks;

    Act[] internal acts;
    uint256 internal admins = 1;
    ShareToken internal nextImplementation;
    ShareToken internal foreignImplementation;

    // ---------------------------------------------------------------- schedule, perform, cancel

    function schedule(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        Act memory act = _drawAct(dice);
        uint32 delay = memberships[act.role][act.caller].delay;
        bool fits = _holds(act.role, act.caller) && !_isScheduled(act);

        // Now and then for a day of its own choice, which may be too far away.
        uint48 when = _rarely(dice, 4) ? uint48(block.timestamp + 21 days + _draw(dice, 400 days)) : 0;
        fits = fits && when <= block.timestamp + 365 days;

        (bool ok,) =
            _act(act.caller, address(authority), abi.encodeCall(authority.schedule, (act.target, act.data, when)));
        _check(8, ok == fits, ok ? "scheduled without the right" : "could not be scheduled");
        _confirmNothingMoved();
        _count(ok);
        if (!ok) return;
        (act.open, act.scheduled) = (true, uint48(block.timestamp));
        act.ready = when == 0 ? uint48(block.timestamp) + delay : when;
        acts.push(act);
    }

    /// @dev By the one who scheduled it as a rule; too early and too late as well.
    function perform(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        (bool found, uint256 place) = _drawOpen(dice, !_rarely(dice, 3));
        if (!found) return;
        Act memory act = acts[place];
        bool self = !_rarely(dice, 8);
        bool ripe = block.timestamp >= act.ready && block.timestamp < act.ready + EXPIRY;
        bool foretold = self && ripe && _holds(act.role, act.caller) && _fits(act);
        uint256 adminsAfter = _adminsAfter(act);

        scheduledAt = act.scheduled;
        (bool ok,) = _act(self ? act.caller : RELAY, act.target, act.data);
        _check(8, ok == foretold, ok ? "performed against its delay or right" : "could not be performed");
        _confirmNothingMoved();
        scheduledAt = 0;
        if (ok) {
            acts[place].open = false;
            admins = adminsAfter;
            _check(8, _tookEffect(act), "performed without effect");
        }
        _count(ok);
    }

    /// @dev By GUARDIAN and by who scheduled it; by nobody else.
    function cancel(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        (bool found, uint256 place) = _drawOpen(dice, !_rarely(dice, 3));
        if (!found) return;
        Act memory act = acts[place];
        address caller = [act.caller, GUARDIAN, SPARE, ADMIN, COMPLIANCE, RELAY][_draw(dice, 6)];
        bool removesGuardian = act.what == What.REVOKE && act.subject == Role.GUARDIAN;
        bool fits = caller == act.caller || (_holds(Role.GUARDIAN, caller) && !removesGuardian);

        (bool ok,) =
            _act(caller, address(authority), abi.encodeCall(authority.cancel, (act.caller, act.target, act.data)));
        _check(8, ok == fits, ok ? "cancelled without the right" : "could not be cancelled");
        _confirmNothingMoved();
        if (ok) acts[place].open = false;
        _count(ok);
    }

    function _holds(uint64 role, address account) internal view returns (bool) {
        Membership memory held = memberships[role][account];
        return held.member && held.since <= block.timestamp;
    }

    /// @dev The same act is scheduled once at a time; one that has expired gives way.
    function _isScheduled(Act memory act) private returns (bool) {
        bytes32 id = keccak256(abi.encode(act.caller, act.target, act.data));
        for (uint256 i = 0; i < acts.length; ++i) {
            Act storage other = acts[i];
            if (!other.open || keccak256(abi.encode(other.caller, other.target, other.data)) != id) continue;
            if (block.timestamp < other.ready + EXPIRY) return true;
            other.open = false;
        }
        return false;
    }

    function _drawOpen(Dice memory dice, bool ripeOnly) internal view returns (bool, uint256) {
        if (acts.length == 0) return (false, 0);
        uint256 start = _draw(dice, acts.length);
        for (uint256 i = 0; i < acts.length; ++i) {
            uint256 place = (start + i) % acts.length;
            if (acts[place].open && (!ripeOnly || block.timestamp >= acts[place].ready)) return (true, place);
        }
        return (false, 0);
    }

    /// @dev Whether the act itself is possible, once its time and its right are there.
    function _fits(Act memory act) private view returns (bool) {
        uint64 subject = act.subject;
        if (act.what == What.GRANT) return act.number >= _leastDelay(subject);
        if (act.what == What.REVOKE) return subject != Role.ADMIN || _adminsAfter(act) != 0;
        if (act.what == What.UPGRADE) return act.account == address(nextImplementation);
        uint32 custodian = uint32(subject);
        if (act.what == What.OPEN) return desks[custodian].open != (act.number == 1);
        if (act.what == What.TERMS) return true;
        if (act.what == What.FORBIDDEN) return false;
        bool added = act.other != address(0);
        uint256 count = desks[custodian].attestors;
        count = added ? count : count - 1;
        return attests[custodian][act.account] && !(added && attests[custodian][act.other]) && act.number <= count;
    }

    function _tookEffect(Act memory act) private view returns (bool) {
        if (act.what == What.GRANT) return _holds(act.subject, act.account);
        if (act.what == What.REVOKE) return !_holds(act.subject, act.account);
        if (act.what == What.UPGRADE) {
            return runsOn[address(token)] == act.account && runsOn[address(otherToken)] == act.account;
        }
        if (act.what == What.OPEN) return desks[uint32(act.subject)].open == (act.number == 1);
        if (act.what != What.ATTESTORS) return true;
        uint32 custodian = uint32(act.subject);
        bool joined = act.other == address(0) || attests[custodian][act.other];
        return joined && !attests[custodian][act.account] && desks[custodian].threshold == act.number;
    }

    function _adminsAfter(Act memory act) private view returns (uint256) {
        bool there = memberships[Role.ADMIN][act.account].member;
        if (act.subject != Role.ADMIN || act.what > What.REVOKE) return admins;
        if (act.what == What.GRANT) return there ? admins : admins + 1;
        return there ? admins - 1 : admins;
    }

    // ---------------------------------------------------------------- what is scheduled

    function _drawAct(Dice memory dice) private view returns (Act memory act) {
        uint256 way = _draw(dice, 10);
        if (way < 3) _drawKeys(act, dice, Role.KEY_ADMIN, KEY_ADMIN);
        else if (way < 5) _drawKeys(act, dice, Role.ADMIN, ADMIN);
        else if (way < 6) _drawUpgrade(act, dice);
        else if (way < 9) _drawCustody(act, dice);
        else _drawForbidden(act, dice);
        // Sometimes by somebody without the right.
        if (_rarely(dice, 12)) act.caller = RELAY;
    }

    function _drawCaller(Dice memory dice, uint64 role, address first) private view returns (address) {
        return _holds(role, first) && !(_holds(role, SPARE) && _rarely(dice, 2)) ? first : SPARE;
    }

    /// @dev Roles go to and from the second holder, and from the first one once there is a second.
    function _drawKeys(Act memory act, Dice memory dice, uint64 role, address first) private view {
        (act.role, act.caller, act.target) = (role, _drawCaller(dice, role, first), address(authority));
        act.subject = role == Role.KEY_ADMIN
            ? uint64(Role.ISSUER + _draw(dice, 6))
            : [Role.ADMIN, Role.KEY_ADMIN, Role.UPGRADER, Role.REGULATOR, Role.GUARDIAN][_draw(dice, 5)];
        act.account = SPARE;
        address holder = _firstOf(act.subject);
        if (!_holds(act.subject, holder) || (_holds(act.subject, SPARE) && _rarely(dice, 2))) act.account = holder;
        if (_holds(act.subject, act.account) && !_rarely(dice, 4)) {
            act.what = What.REVOKE;
            act.data = abi.encodeCall(authority.revokeRole, (act.subject, act.account));
        } else {
            act.what = What.GRANT;
            act.number = _leastDelay(act.subject);
            if (act.number != 0 && _rarely(dice, 5)) act.number -= 1;
            act.data = abi.encodeCall(authority.grantRole, (act.subject, act.account, act.number));
        }
    }

    function _drawUpgrade(Act memory act, Dice memory dice) private view {
        (act.role, act.caller) = (Role.UPGRADER, _drawCaller(dice, Role.UPGRADER, UPGRADER));
        (act.what, act.target) = (What.UPGRADE, address(factory));
        bool foreign = _rarely(dice, 4);
        act.account = address(foreign ? foreignImplementation : nextImplementation);
        address[] memory both = new address[](2);
        (both[0], both[1]) = (address(token), address(otherToken));
        // The code named is that of the other one, now and then.
        bytes32 code = (_rarely(dice, 6) ? address(authority) : act.account).codehash;
        if (code != act.account.codehash) act.what = What.FORBIDDEN;
        act.data = abi.encodeCall(factory.upgrade, (act.account, code, both));
    }

    function _drawCustody(Act memory act, Dice memory dice) private view {
        (act.role, act.caller) = (Role.CUSTODY_ADMIN, _drawCaller(dice, Role.CUSTODY_ADMIN, CUSTODY_ADMIN));
        act.target = address(ledger);
        uint32 custodian = uint32(1 + _draw(dice, 2));
        act.subject = custodian;
        uint256 way = _draw(dice, 4);
        if (way == 0) {
            (act.what, act.number) = (What.OPEN, desks[custodian].open ? 0 : 1);
            act.data = abi.encodeCall(ledger.setCustodianOpen, (custodian, act.number == 1));
        } else if (way == 1) {
            act.what = What.TERMS;
            uint96 cap = _rarely(dice, 3) ? uint96(150 * SHARE) : DEPOSIT_CAP;
            uint32 period = _rarely(dice, 3) ? 3 days : REDEMPTION_PERIOD;
            ICustodyLedger.Terms memory value = ICustodyLedger.Terms(cap, POSITION_AGE, period);
            act.data = abi.encodeCall(ledger.setTerms, (address(_drawToken(dice)), value));
        } else {
            _drawAttestors(act, dice, custodian);
        }
    }

    /// @dev One attestor leaves; one comes, or none.
    function _drawAttestors(Act memory act, Dice memory dice, uint32 custodian) private view {
        act.what = What.ATTESTORS;
        act.number = 1 + uint32(_draw(dice, 2));
        act.account = _drawSigner(dice, custodian, true);
        if (!_rarely(dice, 3)) act.other = _drawSigner(dice, custodian, false);
        address[] memory removed = new address[](1);
        removed[0] = act.account;
        ICustodyLedger.Attestor[] memory added = new ICustodyLedger.Attestor[](act.other == address(0) ? 0 : 1);
        if (added.length == 1) added[0] = ICustodyLedger.Attestor(act.other, ICustodyLedger.AttestorKind.KEY);
        act.data = abi.encodeCall(ledger.setAttestors, (custodian, removed, added, uint8(act.number)));
    }

    function _drawSigner(Dice memory dice, uint32 custodian, bool member) private view returns (address signer) {
        uint256 start = _draw(dice, signers.length);
        for (uint256 i = 0; i < signers.length; ++i) {
            signer = signers[(start + i) % signers.length];
            if (attests[custodian][signer] == member) return signer;
        }
    }

    /// @dev What ADMIN may schedule, and what must fail even after its delay.
    function _drawForbidden(Act memory act, Dice memory dice) private view {
        (act.what, act.role, act.caller) = (What.FORBIDDEN, Role.ADMIN, _drawCaller(dice, Role.ADMIN, ADMIN));
        act.target = address(authority);
        bytes4[] memory one = new bytes4[](1);
        uint256 way = _draw(dice, 10);
        if (way == 0) act.data = abi.encodeCall(authority.setRoleAdmin, (Role.ISSUER, Role.ISSUER));
        if (way == 1) act.data = abi.encodeCall(authority.setRoleGuardian, (Role.UPGRADER, Role.ISSUER));
        if (way == 2) act.data = abi.encodeCall(authority.setGrantDelay, (Role.ISSUER, 365 days));
        if (way == 3) act.data = abi.encodeCall(authority.setTargetClosed, (address(ledger), true));
        if (way == 4) act.data = abi.encodeCall(authority.setTargetAdminDelay, (address(ledger), 0));
        if (way == 5) act.data = abi.encodeCall(authority.grantRole, (uint64(11), SPARE, 0));
        if (way == 6) {
            one[0] = factory.upgrade.selector;
            act.data = abi.encodeCall(authority.setTargetFunctionRole, (address(factory), one, Role.ISSUER));
        }
        if (way == 7) {
            one[0] = ledger.setAttestors.selector;
            act.data = abi.encodeCall(authority.setTargetFunctionRole, (address(ledger), one, Role.COMPLIANCE));
        }
        if (way == 8) {
            one[0] = registry.freeze.selector;
            act.data = abi.encodeCall(authority.setTargetFunctionRole, (address(registry), one, Role.UPGRADER));
        }
        if (way == 9) act.data = abi.encodeCall(authority.grantRole, (Role.ADMIN, address(authority), 20 days));
    }

    // ---------------------------------------------------------------- who may not

    /// @dev Calls that nobody may make, or nobody without a schedule that nobody made.
    function trespass(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        address caller = _drawAnyone(dice);
        ShareToken share = _drawToken(dice);
        (address target, bytes memory data) =
            _rarely(dice, 2) ? (address(share), _onToken(dice, share)) : _elsewhere(dice, caller);

        (bool ok,) = _act(caller, target, data);
        _check(8, !ok, "done without the right");
        _confirmNothingMoved();
        _count(!ok);
    }

    function _onToken(Dice memory dice, ShareToken share) private view returns (bytes memory) {
        uint256 way = _draw(dice, 8);
        address wallet = _drawWallet(dice);
        uint256 amount = 1 + _draw(dice, SHARE);
        if (way == 0) return abi.encodeCall(share.mint, (wallet, amount, 0));
        if (way == 1) return abi.encodeCall(share.burn, (wallet, amount, 0));
        if (way == 2) return abi.encodeCall(share.escrow, (wallet, amount, 0));
        if (way == 3) return abi.encodeCall(share.giveBack, (wallet, amount, 0));
        if (way == 4) return abi.encodeCall(share.forceEscrow, (wallet, amount, 0));
        if (way == 5) return abi.encodeCall(share.setListing, (1, false, type(uint40).max));
        if (way == 6) {
            return abi.encodeCall(UUPSUpgradeable.upgradeToAndCall, (address(nextImplementation), ""));
        }
        return abi.encodeCall(share.initialize, ("Mine", "MINE", 0x07fe, 15));
    }

    function _elsewhere(Dice memory dice, address caller) private view returns (address, bytes memory) {
        uint256 way = _draw(dice, 13);
        uint64 role = uint64(_draw(dice, 11));
        address gate = address(authority);
        address[] memory none;
        ICustodyLedger.Attestor[] memory added = new ICustodyLedger.Attestor[](1);
        added[0] = ICustodyLedger.Attestor(caller, ICustodyLedger.AttestorKind.KEY);
        if (way == 0) return (gate, abi.encodeCall(authority.grantRole, (role, RELAY, _leastDelay(role))));
        if (way == 1) return (gate, abi.encodeCall(authority.settle, (caller)));
        if (way == 2) return (gate, abi.encodeCall(authority.execute, (address(token), "")));
        if (way == 3) return (gate, abi.encodeCall(authority.updateAuthority, (address(ledger), caller)));
        if (way == 4) return (gate, abi.encodeCall(authority.setTargetFunctionRole, (caller, new bytes4[](1), role)));
        if (way == 5) return (gate, abi.encodeCall(authority.consumeScheduledOp, (caller, "")));
        if (way == 6) return (address(ledger), abi.encodeCall(ledger.setAuthority, (caller)));
        if (way == 7) return (address(ledger), abi.encodeCall(ledger.setAttestors, (1, none, added, 1)));
        if (way == 8) return (address(ledger), abi.encodeCall(ledger.addCustodian, ("LEI", "name", added, 1)));
        if (way == 9) {
            ICustodyLedger.Terms memory value = ICustodyLedger.Terms(type(uint96).max, 365 days, 1);
            return (address(ledger), abi.encodeCall(ledger.setTerms, (address(token), value)));
        }
        if (way == 10) {
            address next = address(nextImplementation);
            return (address(factory), abi.encodeCall(factory.upgrade, (next, next.codehash, none)));
        }
        if (way == 11) return (address(factory), abi.encodeCall(factory.createToken, ("Mine", "MINE", 0x07fe, 15)));
        return (address(registry), abi.encodeCall(registry.setAuthority, (caller)));
    }

    /// @dev The last ADMIN stays; everyone else may lay a role down.
    function renounce(uint256 seed) external step {
        Dice memory dice = _dice(seed);
        uint64 role = _rarely(dice, 2) ? Role.ADMIN : Role.MARKET_OPERATOR;
        address caller = _rarely(dice, 2) ? SPARE : _firstOf(role);
        bool leaves = memberships[role][caller].member;
        bool fits = role != Role.ADMIN || !leaves || admins > 1;

        (bool ok,) = _act(caller, address(authority), abi.encodeCall(authority.renounceRole, (role, caller)));
        _check(8, ok == fits, ok ? "the last ADMIN left" : "could not lay down a role");
        _confirmNothingMoved();
        if (ok && leaves && role == Role.ADMIN) --admins;
        _count(ok);
    }
}
