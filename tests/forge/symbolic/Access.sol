// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {vm} from "./Cheats.sol";
import {IAccessManaged} from "@openzeppelin/contracts/access/manager/IAccessManaged.sol";

/// @dev An authority that lets anyone do anything, but one account one thing. Whoever is proven unable to act thus holds
/// every role except the one that the function must ask for, and may call every other function of every contract.
contract Refusing {
    address private _account;
    bool private _member;
    uint32 private _delay;
    uint64 private _role;
    address private _target;
    bytes4 private _selector;

    /// @dev The account's operation is not due.
    error NotDue(address account);

    function refuseRole(address account, uint64 role, bool member, uint32 delay) external {
        (_account, _role, _member, _delay) = (account, role, member, delay);
    }

    /// @param delay Zero: the account may not call the function. Else it may, once an operation is due; none is.
    function refuseFunction(address account, address target, bytes4 selector, uint32 delay) external {
        (_account, _target, _selector, _delay) = (account, target, selector, delay);
    }

    function hasRole(uint64 role, address account) external view returns (bool, uint32) {
        return account == _account && role == _role ? (_member, _delay) : (true, 0);
    }

    function canCall(address caller, address target, bytes4 selector) external view returns (bool, uint32) {
        bool refused = caller == _account && target == _target && selector == _selector;
        return refused ? (false, _delay) : (true, 0);
    }

    function consumeScheduledOp(address caller, bytes calldata) external view {
        require(caller != _account, NotDue(caller));
    }
}

/// @title What the access proofs share. Each check named `check_<function>__...` proves that function of the contract which
/// the tag "custom:access" names; tools/prove.py compares them with the compiled ABI, so that none is forgotten.
/// @dev The exact error is asserted: a call that fails for another reason, before the question who calls, proves nothing.
abstract contract Access {
    Refusing internal immutable AUTHORITY = new Refusing();

    function refused(address caller, address target, bytes memory call, bytes memory reason) internal {
        vm.prank(caller);
        (bool ok, bytes memory answer) = target.call(call);
        assert(!ok);
        assert(keccak256(answer) == keccak256(reason));
    }

    /// @dev A `restricted` function refuses a caller whom the authority does not let call this function at once. `delay` not
    /// zero is one who must have scheduled the call, and has not.
    function restrictedTo(address caller, uint32 delay, address target, bytes memory call) internal {
        AUTHORITY.refuseFunction(caller, target, bytes4(call), delay);
        bytes memory notDue = abi.encodeWithSelector(Refusing.NotDue.selector, caller);
        refused(caller, target, call, delay == 0 ? stranger(caller) : notDue);
    }

    /// @dev What a `restricted` function says to whom the authority does not let call it at all.
    function stranger(address caller) internal pure returns (bytes memory) {
        return abi.encodeWithSelector(IAccessManaged.AccessManagedUnauthorized.selector, caller);
    }
}

