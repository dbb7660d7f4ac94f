// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {BalanceWord} from "../types/BalanceWord.sol";
import {ERC20Upgradeable} from "@openzeppelin/contracts-upgradeable/token/ERC20/ERC20Upgradeable.sol";
import {
    ERC20PermitUpgradeable
} from "@openzeppelin/contracts-upgradeable/token/ERC20/extensions/ERC20PermitUpgradeable.sol";

/// @title Balance and frozen amount of each holder in one slot, in place of OpenZeppelin's balances.
abstract contract PackedBalances is ERC20PermitUpgradeable {
    struct Account {
        BalanceWord word;
    }

    /// @custom:storage-location erc7201:stockade.storage.PackedBalances
    struct PackedBalancesStorage {
        mapping(address account => Account) accounts;
        uint256 totalSupply;
    }

    // keccak256(abi.encode(uint256(keccak256("stockade.storage.PackedBalances")) - 1)) & ~bytes32(uint256(0xff))
    bytes32 private constant BALANCES_SLOT = 0x60f6548a22248b72436db11b236b93556f2e161dfa25b8180443826edb9e0600;

    /// @inheritdoc ERC20Upgradeable
    function balanceOf(address account) public view override returns (uint256) {
        return _account(account).word.balance();
    }

    /// @inheritdoc ERC20Upgradeable
    function totalSupply() public view override returns (uint256) {
        return _balances().totalSupply;
    }

    function _account(address account) internal view returns (Account storage) {
        return _balances().accounts[account];
    }

    function _setTotalSupply(uint256 supply) internal {
        _balances().totalSupply = supply;
    }

    function _balances() private pure returns (PackedBalancesStorage storage $) {
        assembly ("memory-safe") {
            $.slot := BALANCES_SLOT
        }
    }
}
