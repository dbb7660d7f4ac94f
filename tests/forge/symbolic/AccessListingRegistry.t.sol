// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IListingRegistry} from "../../../contracts/interfaces/IListingRegistry.sol";
import {ListingRegistry} from "../../../contracts/listing/ListingRegistry.sol";
import {Basis} from "../../../contracts/types/Basis.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";

/// @title Nobody changes an exemption, a listing, a phase or a document unless the authority lets him call that very function.
/// @custom:kind access to ListingRegistry
/// @custom:access ListingRegistry
contract AccessListingRegistry is Access {
    ListingRegistry private immutable LISTINGS = new ListingRegistry(address(AUTHORITY), address(0));

    function setUp() public {
        svm.enableSymbolicStorage(address(LISTINGS));
    }

    function check_addExemption__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        bytes32 document,
        bytes32 profile,
        uint40 from,
        uint40 until
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.addExemption, (document, profile, from, until)));
    }

    function check_amendExemption__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 exemption,
        bytes32 document,
        bytes32 profile,
        uint40 from,
        uint40 until
    ) public {
        closed(
            caller, delay, abi.encodeCall(ListingRegistry.amendExemption, (exemption, document, profile, from, until))
        );
    }

    function check_list__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 exemption,
        IListingRegistry.Instrument memory instrument,
        string memory name,
        string memory symbol,
        uint16 classes,
        uint8 policy
    ) public {
        closed(
            caller, delay, abi.encodeCall(ListingRegistry.list, (exemption, instrument, name, symbol, classes, policy))
        );
    }

    function check_activate__callerWithoutTheFunction__refused(address caller, uint32 delay, address token) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.activate, (token)));
    }

    function check_setDocument__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bytes32 name,
        string memory uri,
        bytes32 documentHash
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.setDocument, (token, name, uri, documentHash)));
    }

    function check_removeDocument__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bytes32 name
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.removeDocument, (token, name)));
    }

    function check_suspend__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.suspend, (token, basis, order)));
    }

    function check_resume__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.resume, (token, basis, order)));
    }

    function check_windDown__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.windDown, (token, basis, order)));
    }

    function check_setHalt__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bool halted,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.setHalt, (token, halted, basis, order)));
    }

    function check_setExemptionStatus__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 exemption,
        IListingRegistry.ExemptionStatus status,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.setExemptionStatus, (exemption, status, basis, order)));
    }

    function check_setRegulatorSuspension__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bool suspended,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.setRegulatorSuspension, (token, suspended, basis, order)));
    }

    /// @dev Deliberately wrong: whoever may call the function does add an exemption.
    function check_refuted_addExemption__callerWithTheFunction__refused(
        address caller,
        bytes32 document,
        bytes32 profile,
        uint40 from,
        uint40 until
    ) public {
        vm.prank(caller);
        (bool ok,) =
            address(LISTINGS).call(abi.encodeCall(ListingRegistry.addExemption, (document, profile, from, until)));
        assert(!ok);
    }

    function closed(address caller, uint32 delay, bytes memory call) private {
        restrictedTo(caller, delay, address(LISTINGS), call);
    }
}
