// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title Creates the suite's tokens, and alone upgrades them.
interface ISuiteFactory {
    /// @notice New tokens are created on, and the given ones moved to, this implementation.
    event Upgraded(address indexed implementation, address[] tokens);

    error FactoryWrongCaller(address caller, address only);
    error FactoryNotOurs(address token);
    /// @notice The code at the implementation's address is not the one that was named.
    error FactoryOtherCode(address implementation, bytes32 codeHash, bytes32 found);
    /// @notice The implementation holds no code of its own, or says that it is wired to other contracts than this suite's.
    error FactoryForeignImplementation(address implementation);

    /// @notice Creates a token behind an ERC-1967 proxy, PENDING. The listing registry alone.
    function createToken(string calldata name, string calldata symbol, uint16 allowedClasses, uint8 policy)
        external
        returns (address token);

    /// @notice UPGRADER. Moves the given tokens of the suite to a new implementation, all or none, and uses it from now on.
    /// @param codeHash keccak256 of the code at `implementation`, so that what is scheduled names the code and not only the
    /// place where some code may come to stand.
    function upgrade(address implementation, bytes32 codeHash, address[] calldata tokens) external;

    /// @notice What new tokens are created on.
    function implementation() external view returns (address);
}
