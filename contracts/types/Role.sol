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
}
