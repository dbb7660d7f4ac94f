// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Governed} from "./authority/Governed.sol";
import {IListingRegistry} from "./interfaces/IListingRegistry.sol";
import {ISuiteFactory} from "./interfaces/ISuiteFactory.sol";
import {ShareToken} from "./token/ShareToken.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";

/// @title SuiteFactory
contract SuiteFactory is ISuiteFactory, Governed {
    /// @dev EIP-7702: bytes at the account of a key that lends other code. Its hash would name a place whose key may lend
    /// another at any time.
    uint256 private constant DESIGNATOR = 23;

    IListingRegistry private immutable LISTINGS;

    address private _implementation;

    constructor(address authority_, address listings, address firstImplementation) Governed(authority_) {
        LISTINGS = IListingRegistry(listings);
        _implementation = firstImplementation;
    }

    /// @inheritdoc ISuiteFactory
    function createToken(string calldata name, string calldata symbol, uint16 allowedClasses, uint8 policy)
        external
        returns (address token)
    {
        require(msg.sender == address(LISTINGS), FactoryWrongCaller(msg.sender, address(LISTINGS)));

        bytes memory call = abi.encodeCall(ShareToken.initialize, (name, symbol, allowedClasses, policy));
        return address(new ERC1967Proxy(_implementation, call));
    }

    /// @inheritdoc ISuiteFactory
    function upgrade(address newImplementation, bytes32 codeHash, address[] calldata tokens) external restricted {
        bytes32 found = newImplementation.codehash;
        require(found == codeHash, FactoryOtherCode(newImplementation, codeHash, found));
        require(newImplementation.code.length > DESIGNATOR, FactoryForeignImplementation(newImplementation));
        bytes32 ours = keccak256(abi.encode(ShareToken(_implementation).wiring()));
        bytes32 theirs = keccak256(abi.encode(ShareToken(newImplementation).wiring()));
        require(ours == theirs, FactoryForeignImplementation(newImplementation));

        _implementation = newImplementation;
        for (uint256 i = 0; i < tokens.length; ++i) {
            require(LISTINGS.isListed(tokens[i]), FactoryNotOurs(tokens[i]));
            UUPSUpgradeable(tokens[i]).upgradeToAndCall(newImplementation, "");
        }
        emit Upgraded(newImplementation, tokens);
    }

    /// @inheritdoc ISuiteFactory
    function implementation() external view returns (address) {
        return _implementation;
    }
}
