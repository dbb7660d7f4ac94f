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
    address private constant MARKET = address(0x3a4ce7);

    ListingRegistry private immutable LISTINGS = new ListingRegistry(address(AUTHORITY), address(0), MARKET);

    function setUp() public {
        svm.enableSymbolicStorage(address(LISTINGS));
    }

    function check_addExemption__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        IListingRegistry.Terms memory terms
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.addExemption, (terms)));
    }

    function check_amendExemption__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 exemption,
        IListingRegistry.Terms memory terms
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.amendExemption, (exemption, terms)));
    }

    function check_publishNotice__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 exemption,
        bytes32 noticeHash,
        string memory uri
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.publishNotice, (exemption, noticeHash, uri)));
    }

    function check_recordIssuerNotice__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bytes32 noticeHash
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.recordIssuerNotice, (token, noticeHash)));
    }

    function check_recordObjection__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        bytes32 objectionHash,
        uint40 receivedAt
    ) public {
        closed(caller, delay, abi.encodeCall(ListingRegistry.recordObjection, (token, objectionHash, receivedAt)));
    }

    /// @dev Not restricted by a role: the market's contract alone is heard, whatever the authority says.
    function check_setMarketHalt__callerNotTheMarket__refused(address caller, address token, bool halted, bytes32 code)
        public
    {
        vm.assume(caller != MARKET);
        bytes memory reason = abi.encodeWithSelector(IListingRegistry.ListingWrongCaller.selector, caller, MARKET);
        bytes memory call = abi.encodeCall(ListingRegistry.setMarketHalt, (token, halted, code));
        refused(caller, address(LISTINGS), call, reason);
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
        IListingRegistry.Terms memory terms
    ) public {
        vm.prank(caller);
        (bool ok,) = address(LISTINGS).call(abi.encodeCall(ListingRegistry.addExemption, (terms)));
        assert(!ok);
    }

    function closed(address caller, uint32 delay, bytes memory call) private {
        restrictedTo(caller, delay, address(LISTINGS), call);
    }
}
