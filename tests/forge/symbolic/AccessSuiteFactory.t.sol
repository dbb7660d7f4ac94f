// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {SuiteFactory} from "../../../contracts/SuiteFactory.sol";
import {ISuiteFactory} from "../../../contracts/interfaces/ISuiteFactory.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";

/// @title The listing registry alone creates tokens; nobody upgrades them unless the authority lets him.
/// @custom:kind access to SuiteFactory
/// @custom:access SuiteFactory
contract AccessSuiteFactory is Access {
    address private constant LISTINGS = address(0x115715);

    SuiteFactory private immutable FACTORY = new SuiteFactory(address(AUTHORITY), LISTINGS, address(0));

    function setUp() public {
        svm.enableSymbolicStorage(address(FACTORY));
    }

    function check_createToken__callerNotTheListingRegistry__refused(
        address caller,
        string memory name,
        string memory symbol,
        uint16 classes,
        uint8 policy
    ) public {
        vm.assume(caller != LISTINGS);
        bytes memory reason = abi.encodeWithSelector(ISuiteFactory.FactoryWrongCaller.selector, caller, LISTINGS);
        bytes memory call = abi.encodeCall(SuiteFactory.createToken, (name, symbol, classes, policy));
        refused(caller, address(FACTORY), call, reason);
    }

    function check_upgrade__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address implementation,
        bytes32 codeHash,
        address[] memory tokens
    ) public {
        bytes memory call = abi.encodeCall(SuiteFactory.upgrade, (implementation, codeHash, tokens));
        restrictedTo(caller, delay, address(FACTORY), call);
    }

    /// @dev Deliberately wrong: a caller who may call the function, but has nothing due, is refused for that other reason.
    function check_refuted_upgrade__callerWithADelay__refusedAsAStranger(
        address caller,
        uint32 delay,
        address implementation
    ) public {
        bytes memory call = abi.encodeCall(SuiteFactory.upgrade, (implementation, bytes32(0), new address[](0)));
        AUTHORITY.refuseFunction(caller, address(FACTORY), SuiteFactory.upgrade.selector, delay);
        refused(caller, address(FACTORY), call, stranger(caller));
    }
}
