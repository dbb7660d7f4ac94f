// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportStream} from "./IReportStream.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title Who may do what, for every contract of one suite.
/// @notice OpenZeppelin's AccessManager, closed where it would let anyone reach further than docs/roles.md: roles are those
/// of `Role` and no other; who grants a role, who cancels, and the least delay of the roles that change the suite are code,
/// not settings. What is left to ADMIN is to grant roles and to map functions, each after its delay.
///
/// People schedule an act here and then call the function itself, which consumes the schedule: the operator in every
/// report is the person who acted, never the authority.
///
/// Kinds of report, and their data:
/// 1 ROLE (uint64 role, address account, bool member, uint32 delay, uint48 since): `delay` in seconds holds from `since`
/// (seconds UTC); 2 FUNCTION (address target, bytes4 selector, uint64 role); 3 SETTLED (address admin);
/// 4 ACKNOWLEDGED (address stream, uint32 seq, uint160 chain); 5 SCHEDULED (bytes32 operationId, uint32 nonce, uint48 readyAt,
/// address target, bytes data): by its operator; 6 CANCELED, 7 EXECUTED (bytes32 operationId, uint32 nonce): the operator of
/// EXECUTED is the contract whose function consumed the schedule, or, for the authority's own, who called it;
/// 8 ANCHORED (uint32 day, bytes32 root, uint32 count, uint64 lastSequence): the day in days since 1970-01-01 (UTC).
interface ISuiteAuthority is IAccessManager, IReportStream {
    /// @notice Settled already, or the caller did not deploy the suite.
    error AuthorityCannotSettle(address caller);
    /// @notice ADMIN must be another account than the deployer's.
    error AuthorityInvalidAdmin(address admin);
    /// @notice Neither the zero address nor the authority itself can act.
    error AuthorityInvalidAccount(uint64 role, address account);
    /// @notice The role is not in the table.
    error AuthorityUnknownRole(uint64 role);
    /// @notice The role cannot be held with this delay (seconds).
    error AuthorityDelayOutOfBounds(uint64 role, uint32 delay, uint32 least, uint32 most);
    /// @notice Without an ADMIN nobody could ever grant a role again.
    error AuthorityLastAdmin(address account);
    /// @notice The authority's own functions, and those of UPGRADER and CUSTODY_ADMIN, keep their role for good; and once the
    /// suite is settled, only a function of no role becomes one of theirs, and none is taken from its role without another.
    error AuthorityFunctionFixed(address target, bytes4 selector, uint64 role);
    /// @notice What this function would change is fixed in code.
    error AuthorityFixed(bytes4 selector);
    /// @notice An act is scheduled for at most 365 days from now (seconds UTC).
    error AuthorityTooLate(uint48 when, uint48 latest);
    /// @notice Nothing is scheduled before the suite is settled.
    error AuthorityNotSettled();
    /// @notice A call of so many bytes could be scheduled but not cancelled.
    error AuthorityTooLong(uint256 length, uint256 most);
    /// @notice Marks only rise.
    error AuthorityMarkNotHigher(address stream, uint32 seq, uint32 mark);
    /// @notice The stream has no such record, or its last record's chain is another.
    error AuthorityMarkWrong(address stream, uint32 seq, uint160 chain, uint32 headSeq, uint160 headChain);

    /// @notice Days are anchored in their order, each once and for good. Days as in `anchor`; `last` is zero while there is none.
    error AuthorityAnchorNotLater(uint32 day, uint32 last);
    /// @notice A day that is not over can still grow.
    error AuthorityAnchorTooEarly(uint32 day, uint256 today);
    /// @notice A tree of no records has no root, and any other has one.
    error AuthorityAnchorRootWrong(bytes32 root, uint32 count);
    /// @notice The day's records begin where those of the anchor before ended.
    error AuthorityAnchorSequenceWrong(uint64 lastSequence, uint64 expected);

    /// @notice Hands the suite over, once: `admin` holds ADMIN with its delay, the deployer ends with no role.
    /// @param admin A multisig.
    function settle(address admin) external;

    /// @notice REGULATOR. Records on chain that a stream was received up to a record.
    /// @param stream A token, or any contract of the suite that reports.
    /// @param seq The last record received; later ones follow with higher marks.
    /// @param chain The stream's chain at that record, as the regulator computed it. Compared with the stream's head when the
    /// record is the last one; kept in the report, for anyone to compare, when it is not.
    function acknowledge(address stream, uint32 seq, uint160 chain) external;

    /// @notice The last acknowledged record of a stream; zero if there is none.
    function acknowledged(address stream) external view returns (uint32 seq, uint160 chain);

    /// @notice ISSUER. Fixes what the issuer's reporter recorded in a day, so that nobody can change it unseen afterwards. It says
    /// nothing of whether the records are right, and no contract can compare them: whoever holds a copy does.
    /// @param day Days since 1970-01-01 (UTC). Later than every day anchored, and over. Days without records may be left out,
    /// for the sequence shows that there were none.
    /// @param root Of the Merkle tree over the records made in that day; zero exactly if there were none.
    /// @param count How many records were made in that day.
    /// @param lastSequence The reporter's own number of its last record up to the end of that day: that of the anchor before,
    /// or zero, and `count` more.
    function anchor(uint32 day, bytes32 root, uint32 count, uint64 lastSequence) external;

    /// @notice What was anchored for a day; zeros for one that was not, which a day before the first record may equal.
    function anchorOf(uint32 day) external view returns (bytes32 root, uint32 count, uint64 lastSequence);

    /// @notice The last day anchored, and the reporter's number up to which its records are; zeros while there is none.
    function lastAnchor() external view returns (uint32 day, uint64 lastSequence);

    function settled() external view returns (bool);
}
