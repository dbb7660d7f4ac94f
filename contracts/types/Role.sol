// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title The roles people hold on `SuiteAuthority`. None implies another. Table: docs/roles.md.
library Role {
    uint64 internal constant ADMIN = 0;
    uint64 internal constant KEY_ADMIN = 1;
    uint64 internal constant UPGRADER = 2;
    uint64 internal constant ISSUER = 3;
    uint64 internal constant COMPLIANCE = 4;
    uint64 internal constant REGISTRAR = 5;
    uint64 internal constant CUSTODY_ADMIN = 6;
    uint64 internal constant MARKET_OPERATOR = 7;
    uint64 internal constant PAUSER = 8;
    uint64 internal constant REGULATOR = 9;
    uint64 internal constant GUARDIAN = 10;
    uint64 internal constant LAST = GUARDIAN;

    /// @dev Roles whose keys KEY_ADMIN rotates; ADMIN grants the others.
    function isOperational(uint64 role) internal pure returns (bool) {
        return role >= ISSUER && role <= PAUSER;
    }

    /// @dev Roles whose functions can be mapped to no other role.
    function keepsFunctions(uint64 role) internal pure returns (bool) {
        return role == UPGRADER || role == CUSTODY_ADMIN;
    }

    /// @dev Seconds that a holder waits, at least, between scheduling an act and doing it.
    function leastDelay(uint64 role) internal pure returns (uint32) {
        if (role == ADMIN || role == UPGRADER) return 20 days; // R6
        if (role == CUSTODY_ADMIN) return 2 days;
        return role == KEY_ADMIN ? 1 days : 0;
    }
}
