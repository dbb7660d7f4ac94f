// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SuiteAuthority} from "../../../contracts/authority/SuiteAuthority.sol";
import {ISuiteAuthority} from "../../../contracts/interfaces/ISuiteAuthority.sol";
import {Role} from "../../../contracts/types/Role.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";
import {Fact, fact} from "./Decision.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @dev A contract that says of itself that it consumes a scheduled operation.
contract Consumer {
    function isConsumingScheduledOp() external pure returns (bytes4) {
        return this.isConsumingScheduledOp.selector;
    }
}

/// @dev The authority, with a door to its own way of granting.
contract OpenAuthority is SuiteAuthority {
    function grantRole(uint64 role, address account, uint32 grantDelay, uint32 delay) external {
        _grantRole(role, account, grantDelay, delay);
    }
}

/// @title The authority itself: from any state, at any time, roles are granted and functions mapped by those alone whom the
/// table names; what it fixes nobody changes, ADMIN included. The answers that all other access proofs rely on are the last
/// two: `canCall` and `hasRole` say yes to members only.
/// @dev A caller is never the authority itself: it makes no calls but to itself, and those keep the caller.
/// Its roles lie deep in storage: with a little longer to decide a branch the solver is spared questions that it cannot answer.
/// @custom:kind access to SuiteAuthority
/// @custom:access SuiteAuthority
/// @custom:halmos --solver-timeout-branching 20ms
contract AccessSuiteAuthority is Access {
    SuiteAuthority private immutable SUITE = new SuiteAuthority();
    OpenAuthority private immutable OPEN = new OpenAuthority();
    address private immutable DEPLOYER = address(this);

    function setUp() public {
        svm.enableSymbolicStorage(address(SUITE));
        svm.enableSymbolicStorage(address(OPEN));
    }

    // ---------------------------------------------------------------- roles

    function check_grantRole__callerWithoutTheRolesAdmin__refused(
        address caller,
        uint64 role,
        address account,
        uint32 delay,
        uint256 time
    ) public {
        bytes memory call = abi.encodeCall(SUITE.grantRole, (role, account, delay));
        withoutRole(caller, SUITE.getRoleAdmin(role), time, call);
    }

    function check_revokeRole__callerWithoutTheRolesAdmin__refused(
        address caller,
        uint64 role,
        address account,
        uint256 time
    ) public {
        withoutRole(caller, SUITE.getRoleAdmin(role), time, abi.encodeCall(SUITE.revokeRole, (role, account)));
    }

    function check_labelRole__callerWithoutAdmin__refused(
        address caller,
        uint64 role,
        string memory label,
        uint256 time
    ) public {
        withoutRole(caller, Role.ADMIN, time, abi.encodeCall(SUITE.labelRole, (role, label)));
    }

    function check_setTargetFunctionRole__callerWithoutAdmin__refused(
        address caller,
        address target,
        bytes4[] memory selectors,
        uint64 role,
        uint256 time
    ) public {
        bytes memory call = abi.encodeCall(SUITE.setTargetFunctionRole, (target, selectors, role));
        withoutRole(caller, Role.ADMIN, time, call);
    }

    function check_acknowledge__callerWithoutRegulator__refused(
        address caller,
        address stream,
        uint32 seq,
        uint160 chain,
        uint256 time
    ) public {
        bytes memory call = abi.encodeCall(SUITE.acknowledge, (stream, seq, chain));
        withoutRole(caller, Role.REGULATOR, time, call);
    }

    function check_anchor__callerWithoutIssuer__refused(
        address caller,
        uint32 day,
        bytes32 root,
        uint32 count,
        uint64 lastSequence,
        uint256 time
    ) public {
        bytes memory call = abi.encodeCall(SUITE.anchor, (day, root, count, lastSequence));
        withoutRole(caller, Role.ISSUER, time, call);
    }

    /// @dev A member with a delay, whose operation is not due (never scheduled, too early, expired, or used already).
    function check_grantRole__memberWithoutADueOperation__refused(
        address caller,
        uint64 role,
        address account,
        uint32 delay,
        uint256 time
    ) public {
        bytes memory call = abi.encodeCall(SUITE.grantRole, (role, account, delay));
        notDue(caller, SUITE.getRoleAdmin(role), time, call);
    }

    function check_revokeRole__memberWithoutADueOperation__refused(
        address caller,
        uint64 role,
        address account,
        uint256 time
    ) public {
        notDue(caller, SUITE.getRoleAdmin(role), time, abi.encodeCall(SUITE.revokeRole, (role, account)));
    }

    function check_setTargetFunctionRole__memberWithoutADueOperation__refused(
        address caller,
        address target,
        bytes4 selector,
        uint64 role,
        uint256 time
    ) public {
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        notDue(caller, Role.ADMIN, time, abi.encodeCall(SUITE.setTargetFunctionRole, (target, selectors, role)));
    }

    function check_renounceRole__ofAnother__refused(address caller, uint64 role, address account, uint256 time) public {
        setTime(time);
        vm.assume(account != caller);
        bytes memory reason = abi.encodeWithSelector(IAccessManager.AccessManagerBadConfirmation.selector);
        refused(caller, address(SUITE), abi.encodeCall(SUITE.renounceRole, (role, account)), reason);
    }

    function check_settle__callerNotTheDeployerOrSettled__refused(address caller, address admin, uint256 time) public {
        setTime(time);
        vm.assume(caller != DEPLOYER || SUITE.settled());
        bytes memory reason = abi.encodeWithSelector(ISuiteAuthority.AuthorityCannotSettle.selector, caller);
        refused(caller, address(SUITE), abi.encodeCall(SUITE.settle, (admin)), reason);
    }

    // ---------------------------------------------------------------- what a grant may give

    /// @dev Law 8, whoever grants and from whatever call: the one way into the role.
    function check_grantRole__onceSettled__delayOfTheTable(
        uint64 role,
        address account,
        uint32 grantDelay,
        uint32 delay,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(OPEN.settled());
        OPEN.grantRole(role, account, grantDelay, delay);
        Fact known = fact(role <= Role.LAST) & acts(account) & fact(delay <= 365 days);
        Fact bounded = (fact(delay >= 20 days) | (~same(role, Role.ADMIN) & ~same(role, Role.UPGRADER)))
            & (fact(delay >= 2 days) | ~same(role, Role.CUSTODY_ADMIN))
            & (fact(delay >= 1 days) | ~same(role, Role.KEY_ADMIN)) & (fact(delay == 0) | ~same(role, Role.PAUSER));
        assert(Fact.unwrap(known & bounded) == 1);
    }

    function check_setTargetFunctionRole__functionWithADelay__neverRemapped(
        address caller,
        address target,
        bytes4 selector,
        uint64 role,
        uint256 time
    ) public {
        setTime(time);
        uint64 present = SUITE.getTargetFunctionRole(target, selector);
        vm.assume(present == Role.UPGRADER || present == Role.CUSTODY_ADMIN || target == address(SUITE));
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        never(caller, abi.encodeCall(SUITE.setTargetFunctionRole, (target, selectors, role)));
    }

    /// @dev What came to one of the two would stay there for good; nor is it taken away first, to be given so afterwards.
    function check_setTargetFunctionRole__functionOfAnotherRole__neverGivenADelayForGood(
        address caller,
        address target,
        bytes4 selector,
        uint64 role,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(SUITE.settled() && SUITE.getTargetFunctionRole(target, selector) != Role.ADMIN);
        bytes4[] memory selectors = new bytes4[](1);
        selectors[0] = selector;
        vm.assume(Fact.unwrap(same(role, Role.ADMIN) | same(role, Role.UPGRADER) | same(role, Role.CUSTODY_ADMIN)) == 1);
        never(caller, abi.encodeCall(SUITE.setTargetFunctionRole, (target, selectors, role)));
    }

    // ---------------------------------------------------------------- what nobody may

    function check_setRoleAdmin__anyone__refused(address caller, uint64 role, uint64 admin, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.setRoleAdmin, (role, admin)));
    }

    function check_setRoleGuardian__anyone__refused(address caller, uint64 role, uint64 guardian, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.setRoleGuardian, (role, guardian)));
    }

    function check_setGrantDelay__anyone__refused(address caller, uint64 role, uint32 delay, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.setGrantDelay, (role, delay)));
    }

    function check_setTargetAdminDelay__anyone__refused(address caller, address target, uint32 delay, uint256 time)
        public
    {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.setTargetAdminDelay, (target, delay)));
    }

    function check_setTargetClosed__anyone__refused(address caller, address target, bool closed, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.setTargetClosed, (target, closed)));
    }

    function check_execute__anyone__refused(address caller, address target, bytes memory data, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.execute, (target, data)));
    }

    function check_updateAuthority__anyone__refused(address caller, address target, address next, uint256 time) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.updateAuthority, (target, next)));
    }

    // ---------------------------------------------------------------- operations

    function check_schedule__callerWithoutTheRole__refused(
        address caller,
        address target,
        bytes memory data,
        uint48 when,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(caller != address(SUITE) && target != address(SUITE) && data.length >= 4);
        (bool member,) = SUITE.hasRole(SUITE.getTargetFunctionRole(target, bytes4(data)), caller);
        (bool admin,) = SUITE.hasRole(Role.ADMIN, caller);
        vm.assume(!member && !admin);
        never(caller, abi.encodeCall(SUITE.schedule, (target, data, when)));
    }

    function check_schedule__operationOfTheAuthority__refusedWithoutTheRole(
        address caller,
        uint64 role,
        address account,
        uint48 when,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(caller != address(SUITE));
        (bool member,) = SUITE.hasRole(SUITE.getRoleAdmin(role), caller);
        vm.assume(!member);
        bytes memory data = abi.encodeCall(SUITE.revokeRole, (role, account));
        never(caller, abi.encodeCall(SUITE.schedule, (address(SUITE), data, when)));
    }

    /// @dev Not even by its role's holder: the second could lie so far away that it cannot be read any more.
    function check_schedule__furtherThanAYearAway__refused(
        address caller,
        address target,
        bytes memory data,
        uint48 when,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(when > time + 365 days);
        never(caller, abi.encodeCall(SUITE.schedule, (target, data, when)));
    }

    function check_cancel__operationOnAnyContract__byItsSchedulerOrGuardian(
        address caller,
        address scheduler,
        address target,
        bytes4 selector,
        bytes32 word,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(target != address(SUITE) && caller != address(SUITE) && caller != scheduler);
        vm.prank(caller);
        SUITE.cancel(scheduler, target, abi.encodePacked(selector, word));
        holds(caller, Role.GUARDIAN);
    }

    function check_cancel__revocation__byItsSchedulerOrGuardian(
        address caller,
        address scheduler,
        uint64 role,
        address account,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(caller != address(SUITE) && caller != scheduler);
        bytes memory data = abi.encodeCall(SUITE.revokeRole, (role, account));
        vm.prank(caller);
        SUITE.cancel(scheduler, address(SUITE), data);
        holds(caller, Role.GUARDIAN);
    }

    /// @dev GUARDIAN may cancel anything but its own removal, and so may nobody but who scheduled it.
    function check_cancel__removalOfAGuardianByAGuardian__refused(
        address caller,
        address scheduler,
        address guardian,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(caller != scheduler);
        bytes memory data = abi.encodeCall(SUITE.revokeRole, (Role.GUARDIAN, guardian));
        never(caller, abi.encodeCall(SUITE.cancel, (scheduler, address(SUITE), data)));
    }

    /// @dev Whatever a contract says of itself, it uses up only operations that were scheduled for it.
    function check_consumeScheduledOp__byAnyContract__operationsOfOthersStay(
        address caller,
        bytes memory data,
        address other,
        address target,
        bytes32 anyData,
        uint256 time
    ) public {
        setTime(time);
        Consumer consumer = new Consumer();
        vm.assume(target != address(consumer));
        bytes32 id = SUITE.hashOperation(other, target, abi.encode(anyData));
        uint48 before = SUITE.getSchedule(id);
        vm.prank(address(consumer));
        SUITE.consumeScheduledOp(caller, data);
        assert(SUITE.getSchedule(id) == before);
    }

    /// @dev One call inside; it runs with the outer caller and its own data, and is asked the same question.
    function check_multicall__grantByACallerWithoutTheRolesAdmin__refused(
        address caller,
        uint64 role,
        address account,
        uint32 delay,
        uint256 time
    ) public {
        bytes[] memory calls = new bytes[](1);
        calls[0] = abi.encodeCall(SUITE.grantRole, (role, account, delay));
        withoutRole(caller, SUITE.getRoleAdmin(role), time, abi.encodeCall(SUITE.multicall, (calls)));
    }

    // ---------------------------------------------------------------- the answers the suite relies on

    function check_canCall__anyone__yesOnlyToMembersOfTheMappedRole(
        address caller,
        address target,
        bytes4 selector,
        uint256 time
    ) public {
        setTime(time);
        vm.assume(caller != address(SUITE) && selector != bytes4(keccak256("setAuthority(address)")));
        (bool immediate, uint32 delay) = SUITE.canCall(caller, target, selector);
        (bool member, uint32 held) = SUITE.hasRole(SUITE.getTargetFunctionRole(target, selector), caller);
        assert(!immediate || (member && held == 0));
        assert(delay == 0 || (member && held == delay));
    }

    function check_hasRole__anyone__yesOnlyOnceGranted(address account, uint64 role, uint256 time) public {
        setTime(time);
        vm.assume(role <= Role.LAST);
        (bool member,) = SUITE.hasRole(role, account);
        (uint48 since,,,) = SUITE.getAccess(role, account);
        assert(member == (since != 0 && since <= time));
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev A member without delay does grant.
    function check_refuted_grantRole__anyone__refused(
        address caller,
        uint64 role,
        address account,
        uint32 delay,
        uint256 time
    ) public {
        setTime(time);
        never(caller, abi.encodeCall(SUITE.grantRole, (role, account, delay)));
    }

    /// @dev A due operation is executed.
    function check_refuted_revokeRole__memberWithADelay__refused(
        address caller,
        uint64 role,
        address account,
        uint256 time
    ) public {
        setTime(time);
        (bool member, uint32 delay) = SUITE.hasRole(SUITE.getRoleAdmin(role), caller);
        vm.assume(member && delay != 0);
        never(caller, abi.encodeCall(SUITE.revokeRole, (role, account)));
    }

    // ---------------------------------------------------------------- helpers

    /// @dev 48 bits of time, as OpenZeppelin keeps it, less the longest delay.
    function setTime(uint256 time) private {
        vm.assume(time < 2 ** 47);
        vm.warp(time);
    }

    function same(uint64 role, uint64 other) private pure returns (Fact) {
        return fact(role == other);
    }

    /// @dev Who got this far is a member.
    function holds(address caller, uint64 role) private view {
        (bool member,) = SUITE.hasRole(role, caller);
        assert(member);
    }

    /// @dev Whether the account could ever act.
    function acts(address account) private view returns (Fact) {
        return fact(account != address(0)) & fact(account != address(OPEN));
    }

    function lacks(address caller, uint64 role) private view {
        (bool member,) = SUITE.hasRole(role, caller);
        vm.assume(!member);
    }

    function withoutRole(address caller, uint64 role, uint256 time, bytes memory call) private {
        setTime(time);
        vm.assume(caller != address(SUITE));
        lacks(caller, role);
        bytes memory reason =
            abi.encodeWithSelector(IAccessManager.AccessManagerUnauthorizedAccount.selector, caller, role);
        refused(caller, address(SUITE), call, reason);
    }

    function notDue(address caller, uint64 role, uint256 time, bytes memory call) private {
        setTime(time);
        vm.assume(caller != address(SUITE));
        (bool member, uint32 delay) = SUITE.hasRole(role, caller);
        vm.assume(member && delay != 0);
        uint48 due = SUITE.getSchedule(SUITE.hashOperation(caller, address(SUITE), call));
        vm.assume(due == 0 || due > time);
        never(caller, call);
    }

    function never(address caller, bytes memory call) private {
        vm.assume(caller != address(SUITE));
        vm.prank(caller);
        (bool ok,) = address(SUITE).call(call);
        assert(!ok);
    }
}
