// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The cheatcodes of Foundry that Halmos understands and these proofs use.
interface HalmosVm {
    function assume(bool condition) external pure;
    function prank(address caller) external;
    function store(address account, bytes32 slot, bytes32 value) external;
    function warp(uint256 time) external;
}

/// @title Halmos's own cheatcodes.
interface HalmosSvm {
    /// @dev From here on every storage word of the account that was not written is any value.
    function enableSymbolicStorage(address account) external;
    /// @dev A call of any function of the contract that is not a view, of a selector it does not know, or without data.
    function createCalldata(string memory contractName) external pure returns (bytes memory data);
    function createAddress(string memory name) external pure returns (address);
    function createUint256(string memory name) external pure returns (uint256);
    function createBool(string memory name) external pure returns (bool);
}

HalmosVm constant vm = HalmosVm(address(uint160(uint256(keccak256("hevm cheat code")))));
HalmosSvm constant svm = HalmosSvm(address(uint160(uint256(keccak256("svm cheat code")))));
