// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IReportStream} from "../interfaces/IReportStream.sol";
import {ISuiteAuthority} from "../interfaces/ISuiteAuthority.sol";
import {ReportStream} from "../report/ReportStream.sol";
// AccessManager has a struct of the name.
import {Role as Roles} from "../types/Role.sol";
import {AccessManager} from "@openzeppelin/contracts/access/manager/AccessManager.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";

/// @title SuiteAuthority
contract SuiteAuthority is ISuiteAuthority, ReportStream, AccessManager {
    uint8 private constant ROLE = 1;
    uint8 private constant FUNCTION = 2;
    uint8 private constant SETTLED = 3;
    uint8 private constant ACKNOWLEDGED = 4;
    uint8 private constant SCHEDULED = 5;
    uint8 private constant CANCELED = 6;
    uint8 private constant EXECUTED = 7;
    uint8 private constant ANCHORED = 8;

    /// @dev A longer delay would be a role that nobody can use.
    uint32 private constant MOST_DELAY = 365 days;
    /// @dev Who cancels sends the same bytes as a transaction's data, which nodes take up to 128 KB.
    uint256 private constant MOST_DATA = 65_536;

    struct Mark {
        uint32 seq;
        uint160 chain;
    }

    struct Anchor {
        bytes32 root;
        uint32 count;
        uint64 lastSequence;
    }

    address private immutable DEPLOYER;

    mapping(address stream => Mark) private _marks;
    uint256 private _adminCount;
    bool private _settled;
    /// @dev The last day that was anchored; no anchor has day 0.
    uint32 private _anchoredDay;
    mapping(uint32 day => Anchor) private _anchors;

    /// @dev The deployer holds ADMIN without delay until it has wired the suite and settles.
    constructor() AccessManager(msg.sender) {
        DEPLOYER = msg.sender;
    }

    /// @inheritdoc ISuiteAuthority
    function settle(address admin) external {
        require(msg.sender == DEPLOYER && !_settled, AuthorityCannotSettle(msg.sender));
        require(admin != DEPLOYER, AuthorityInvalidAdmin(admin));

        _settled = true;
        _grantRole(Roles.ADMIN, admin, 0, Roles.leastDelay(Roles.ADMIN));
        for (uint64 role = 0; role <= Roles.LAST; ++role) {
            _revokeRole(role, DEPLOYER);
        }
        _report(SETTLED, abi.encode(admin));
    }

    /// @inheritdoc ISuiteAuthority
    function acknowledge(address stream, uint32 seq, uint160 chain) external onlyAuthorized {
        uint32 mark = _marks[stream].seq;
        require(seq > mark, AuthorityMarkNotHigher(stream, seq, mark));
        (uint32 headSeq, uint160 headChain) = IReportStream(stream).reportHead();
        bool known = seq < headSeq || (seq == headSeq && chain == headChain);
        require(known, AuthorityMarkWrong(stream, seq, chain, headSeq, headChain));

        _marks[stream] = Mark(seq, chain);
        _report(ACKNOWLEDGED, abi.encode(stream, seq, chain));
    }

    /// @inheritdoc ISuiteAuthority
    function anchor(uint32 day, bytes32 root, uint32 count, uint64 lastSequence) external onlyAuthorized {
        uint32 last = _anchoredDay;
        require(day > last, AuthorityAnchorNotLater(day, last));
        uint256 today = block.timestamp / 1 days;
        require(day < today, AuthorityAnchorTooEarly(day, today));
        require((root != 0) == (count != 0), AuthorityAnchorRootWrong(root, count));
        // Cannot overflow: there are fewer than 2^32 days.
        uint64 expected = _anchors[last].lastSequence + count;
        require(lastSequence == expected, AuthorityAnchorSequenceWrong(lastSequence, expected));

        _anchoredDay = day;
        _anchors[day] = Anchor(root, count, lastSequence);
        _report(ANCHORED, abi.encode(day, root, count, lastSequence));
    }

    /// @inheritdoc IAccessManager
    /// @dev Not before the suite is settled: an act scheduled under what the deployer lent would outlast it. A later day than
    /// the bound could be so far away that the schedule cannot be read any more.
    function schedule(address target, bytes calldata data, uint48 when)
        public
        override(AccessManager, IAccessManager)
        returns (bytes32 operationId, uint32 nonce)
    {
        uint48 latest = uint48(block.timestamp) + MOST_DELAY;
        require(_settled, AuthorityNotSettled());
        require(when <= latest, AuthorityTooLate(when, latest));
        require(data.length <= MOST_DATA, AuthorityTooLong(data.length, MOST_DATA));

        (operationId, nonce) = super.schedule(target, data, when);
        uint48 readyAt = getSchedule(operationId);
        _report(SCHEDULED, abi.encode(operationId, nonce, readyAt, target, data));
    }

    /// @inheritdoc IAccessManager
    function cancel(address caller, address target, bytes calldata data)
        public
        override(AccessManager, IAccessManager)
        returns (uint32 nonce)
    {
        nonce = super.cancel(caller, target, data);
        _report(CANCELED, abi.encode(hashOperation(caller, target, data), nonce));
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc ISuiteAuthority
    function acknowledged(address stream) external view returns (uint32 seq, uint160 chain) {
        Mark storage mark = _marks[stream];
        return (mark.seq, mark.chain);
    }

    /// @inheritdoc ISuiteAuthority
    function anchorOf(uint32 day) external view returns (bytes32 root, uint32 count, uint64 lastSequence) {
        Anchor storage found = _anchors[day];
        return (found.root, found.count, found.lastSequence);
    }

    /// @inheritdoc ISuiteAuthority
    function lastAnchor() external view returns (uint32 day, uint64 lastSequence) {
        day = _anchoredDay;
        return (day, _anchors[day].lastSequence);
    }

    /// @inheritdoc ISuiteAuthority
    function settled() external view returns (bool) {
        return _settled;
    }

    /// @inheritdoc IAccessManager
    /// @dev The role's answer alone: no target is ever closed, and the authority itself acts nowhere.
    function canCall(address caller, address target, bytes4 selector)
        public
        view
        override(AccessManager, IAccessManager)
        returns (bool immediate, uint32 delay)
    {
        bool isMember;
        (isMember, delay) = hasRole(getTargetFunctionRole(target, selector), caller);
        return isMember ? (delay == 0, delay) : (false, 0);
    }

    /// @inheritdoc IAccessManager
    function getRoleAdmin(uint64 role) public view override(AccessManager, IAccessManager) returns (uint64) {
        return _settled && Roles.isOperational(role) ? Roles.KEY_ADMIN : Roles.ADMIN;
    }

    /// @inheritdoc IAccessManager
    function getRoleGuardian(uint64) public pure override(AccessManager, IAccessManager) returns (uint64) {
        return Roles.GUARDIAN;
    }

    /// @inheritdoc IAccessManager
    function getTargetFunctionRole(address target, bytes4 selector)
        public
        view
        override(AccessManager, IAccessManager)
        returns (uint64)
    {
        if (target == address(this)) {
            if (selector == this.acknowledge.selector) return Roles.REGULATOR;
            if (selector == this.anchor.selector) return Roles.ISSUER;
        }
        return super.getTargetFunctionRole(target, selector);
    }

    // ---------------------------------------------------------------- what OpenZeppelin leaves open and the table does not

    /// @notice Closed: whoever acts calls the function itself, so that reports name him.
    function execute(address, bytes calldata) public payable override(AccessManager, IAccessManager) returns (uint32) {
        revert AuthorityFixed(msg.sig);
    }

    /// @notice Closed: every contract's authority is fixed for life.
    function updateAuthority(address, address) public pure override(AccessManager, IAccessManager) {
        revert AuthorityFixed(msg.sig);
    }

    function _setRoleAdmin(uint64, uint64) internal pure override {
        revert AuthorityFixed(msg.sig);
    }

    function _setRoleGuardian(uint64, uint64) internal pure override {
        revert AuthorityFixed(msg.sig);
    }

    /// @dev A grant that comes into force later would let the last ADMIN leave before the next one can act.
    function _setGrantDelay(uint64, uint32) internal pure override {
        revert AuthorityFixed(msg.sig);
    }

    function _setTargetAdminDelay(address, uint32) internal pure override {
        revert AuthorityFixed(msg.sig);
    }

    /// @dev Closing a contract would take COMPLIANCE's and CUSTODY_ADMIN's functions from them.
    function _setTargetClosed(address, bool) internal pure override {
        revert AuthorityFixed(msg.sig);
    }

    // ---------------------------------------------------------------- guards

    /// @dev The deployer alone, until it settles, may hold roles without their delay; it loses them by settling.
    function _grantRole(uint64 role, address account, uint32 grantDelay, uint32 delay)
        internal
        override
        returns (bool newMember)
    {
        require(role <= Roles.LAST, AuthorityUnknownRole(role));
        // The authority never acts, so a role of its own would be held by nobody.
        require(account != address(0) && account != address(this), AuthorityInvalidAccount(role, account));
        // While the contract is created, the immutable is not there yet.
        bool lent = address(this).code.length == 0 || (account == DEPLOYER && !_settled);
        if (!lent) _checkDelay(role, delay);

        newMember = super._grantRole(role, account, grantDelay, delay);
        if (newMember && role == Roles.ADMIN) ++_adminCount;
        // A delay that falls does so later, by as much as it falls.
        (,,, uint48 effect) = getAccess(role, account);
        uint48 since = effect == 0 ? uint48(block.timestamp) : effect;
        _report(ROLE, abi.encode(role, account, true, delay, since));
    }

    function _revokeRole(uint64 role, address account) internal override returns (bool revoked) {
        revoked = super._revokeRole(role, account);
        if (!revoked) return false;

        if (role == Roles.ADMIN) require(--_adminCount != 0, AuthorityLastAdmin(account));
        _report(ROLE, abi.encode(role, account, false, uint32(0), uint48(block.timestamp)));
    }

    /// @dev Otherwise ADMIN could hand an upgrade or a custodian's keys to a role without their delay; or take a function for
    /// good from the role that has it, since what has come to one of these two stays there, by way of no role or at once.
    function _setTargetFunctionRole(address target, bytes4 selector, uint64 role) internal override {
        require(role <= Roles.LAST, AuthorityUnknownRole(role));
        uint64 present = getTargetFunctionRole(target, selector);
        bool taken = _settled && present != Roles.ADMIN && (role == Roles.ADMIN || Roles.keepsFunctions(role));
        bool fixed_ = target == address(this) || Roles.keepsFunctions(present) || taken;
        require(!fixed_, AuthorityFunctionFixed(target, selector, present));

        super._setTargetFunctionRole(target, selector, role);
        _report(FUNCTION, abi.encode(target, selector, role));
    }

    function _consumeScheduledOp(bytes32 operationId) internal override returns (uint32 nonce) {
        nonce = super._consumeScheduledOp(operationId);
        _report(EXECUTED, abi.encode(operationId, nonce));
    }

    /// @dev Whoever scheduled an act takes it back, and GUARDIAN cancels whatever is scheduled, but no GUARDIAN's removal.
    /// Nobody else: a second ADMIN could otherwise be kept from removing the first.
    function _canCancel(address caller, address target, bytes calldata data) internal view override returns (bool) {
        bool removal = target == address(this) && data.length >= 36 && bytes4(data[:4]) == this.revokeRole.selector
            && uint256(bytes32(data[4:36])) == Roles.GUARDIAN;
        (bool isGuardian,) = hasRole(Roles.GUARDIAN, msg.sender);
        return caller == msg.sender || (isGuardian && !removal);
    }

    function _checkDelay(uint64 role, uint32 delay) private pure {
        uint32 least = Roles.leastDelay(role);
        // A pause that waits is none.
        uint32 most = role == Roles.PAUSER ? 0 : MOST_DELAY;
        require(delay >= least && delay <= most, AuthorityDelayOutOfBounds(role, delay, least, most));
    }
}
