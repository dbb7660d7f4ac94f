// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";

/// @title Who may do what, for every contract of one suite. Roles: `Role`; their table: docs/roles.md.
contract SuiteAuthority is AccessManager {
    /// @param deployer Holds ADMIN without delay until it has wired the suite and handed over.
    constructor(address deployer) AccessManager(deployer) {}
}
