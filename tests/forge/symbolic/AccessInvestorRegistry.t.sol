// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {InvestorRegistry} from "../../../contracts/registry/InvestorRegistry.sol";
import {Basis} from "../../../contracts/types/Basis.sol";
import {InvestorRecord} from "../../../contracts/types/InvestorRecord.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";

/// @title Nobody writes records, freezes or registrars unless the authority lets him call that very function.
/// @custom:kind access to InvestorRegistry
/// @custom:access InvestorRegistry
contract AccessInvestorRegistry is Access {
    InvestorRegistry private immutable REGISTRY = new InvestorRegistry(address(AUTHORITY));

    function setUp() public {
        svm.enableSymbolicStorage(address(REGISTRY));
    }

    function check_setRecords__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address[] memory wallets,
        InvestorRecord[] memory records,
        bytes32 root
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.setRecords, (wallets, records, root)));
    }

    function check_offerRecords__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address[] memory wallets,
        uint16 to
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.offerRecords, (wallets, to)));
    }

    function check_freeze__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address wallet,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.freeze, (wallet, basis, order)));
    }

    function check_unfreeze__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address wallet,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.unfreeze, (wallet, basis, order)));
    }

    function check_setRegistrar__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address account,
        uint16 number
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.setRegistrar, (account, number)));
    }

    function check_assignRecords__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address[] memory wallets,
        uint16 to,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.assignRecords, (wallets, to, basis, order)));
    }

    function check_recover__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address lost,
        address replacement,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(InvestorRegistry.recover, (lost, replacement, basis, order)));
    }

    /// @dev A REGISTRAR's own number decides which records are its own, whoever else holds the role. An offer to the very
    /// number is the one way in.
    function check_setRecords__recordOfAnotherRegistrar__unchanged(
        address caller,
        address wallet,
        InvestorRecord record,
        bytes32 root,
        uint256 time
    ) public {
        vm.warp(time);
        InvestorRecord old = REGISTRY.recordOf(wallet);
        vm.assume(old.registrar() != 0 && old.registrar() != REGISTRY.registrarOf(caller));
        vm.assume(REGISTRY.offeredTo(wallet) != REGISTRY.registrarOf(caller));
        vm.assume(caller != address(0));
        address[] memory wallets = new address[](1);
        wallets[0] = wallet;
        InvestorRecord[] memory records = new InvestorRecord[](1);
        records[0] = record;
        vm.prank(caller);
        (bool ok,) = address(REGISTRY).call(abi.encodeCall(InvestorRegistry.setRecords, (wallets, records, root)));
        assert(!ok);
    }

    /// @dev Nobody offers what is another registrar's.
    function check_offerRecords__recordOfAnotherRegistrar__refused(address caller, address wallet, uint16 to) public {
        vm.assume(REGISTRY.recordOf(wallet).registrar() != REGISTRY.registrarOf(caller));
        vm.assume(caller != address(0));
        address[] memory wallets = new address[](1);
        wallets[0] = wallet;
        vm.prank(caller);
        (bool ok,) = address(REGISTRY).call(abi.encodeCall(InvestorRegistry.offerRecords, (wallets, to)));
        assert(!ok);
    }

    /// @dev No offer outlives what gives the record to another registrar, in whatever state the registry is.
    function check_assignRecords__offered__noOfferStands(address caller, address wallet, uint16 to, bytes32 order)
        public
    {
        vm.assume(caller != address(0));
        address[] memory wallets = new address[](1);
        wallets[0] = wallet;
        vm.prank(caller);
        (bool ok,) =
            address(REGISTRY).call(abi.encodeCall(InvestorRegistry.assignRecords, (wallets, to, Basis.wrap(1), order)));
        vm.assume(ok);
        assert(REGISTRY.offeredTo(wallet) == 0 && REGISTRY.recordOf(wallet).registrar() == to);
    }

    /// @dev Deliberately wrong: whoever may call the function does freeze a wallet.
    function check_refuted_freeze__callerWithTheFunction__refused(
        address caller,
        address wallet,
        Basis basis,
        bytes32 order
    ) public {
        vm.prank(caller);
        (bool ok,) = address(REGISTRY).call(abi.encodeCall(InvestorRegistry.freeze, (wallet, basis, order)));
        assert(!ok);
    }

    function closed(address caller, uint32 delay, bytes memory call) private {
        restrictedTo(caller, delay, address(REGISTRY), call);
    }
}
