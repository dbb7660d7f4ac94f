// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC1404} from "../interfaces/IERC1404.sol";
import {IERC7943} from "../interfaces/IERC7943.sol";
import {IERC8056, IERC8056Balances, IERC8056Conversion, IERC8056Scheduled} from "../interfaces/IERC8056.sol";
import {IReasonText} from "../interfaces/IReasonText.sol";
import {IShareToken} from "../interfaces/IShareToken.sol";
import {BalanceWord} from "../types/BalanceWord.sol";
import {Basis} from "../types/Basis.sol";
import {Control, ControlWord} from "../types/ControlWord.sol";
import {InvestorRecord, Record} from "../types/InvestorRecord.sol";
import {Kind, Movement} from "../types/Movement.sol";
import {Reason, ReasonCode} from "../types/ReasonCode.sol";
import {Role} from "../types/Role.sol";
import {MovementGate} from "./MovementGate.sol";
import {Question, TransferRules} from "./TransferRules.sol";
import {IAccessManager} from "@openzeppelin/contracts/access/manager/IAccessManager.sol";
import {IERC5267} from "@openzeppelin/contracts/interfaces/IERC5267.sol";
import {ERC1967Utils} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Utils.sol";
import {UUPSUpgradeable} from "@openzeppelin/contracts/proxy/utils/UUPSUpgradeable.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {IERC20Metadata} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Metadata.sol";
import {IERC20Permit} from "@openzeppelin/contracts/token/ERC20/extensions/IERC20Permit.sol";
import {IERC165} from "@openzeppelin/contracts/utils/introspection/IERC165.sol";

/// @title ShareToken
contract ShareToken is MovementGate, UUPSUpgradeable, IERC1404, IERC165 {
    /// @dev The contracts a token obeys or asks; the same for every token of a suite.
    struct Wiring {
        address authority;
        address registry;
        address ledger;
        address listings;
        address factory;
        address reasonText;
    }

    IAccessManager private immutable AUTHORITY;
    address private immutable LISTINGS;
    address private immutable FACTORY;
    IReasonText private immutable REASON_TEXT;

    /// @custom:oz-upgrades-unsafe-allow constructor
    constructor(Wiring memory wiring_) MovementGate(wiring_.registry, wiring_.ledger) {
        AUTHORITY = IAccessManager(wiring_.authority);
        LISTINGS = wiring_.listings;
        FACTORY = wiring_.factory;
        REASON_TEXT = IReasonText(wiring_.reasonText);
        _disableInitializers();
    }

    modifier onlyContract(address only) {
        _checkCaller(only);
        _;
    }

    modifier onlyRole(uint64 role) {
        _checkRole(role);
        _;
    }

    /// @notice Called once by the proxy's constructor. The token starts PENDING; nothing moves before the listing registry
    /// activates it.
    function initialize(string calldata name_, string calldata symbol_, uint16 allowedClasses, uint8 policy)
        external
        initializer
    {
        __ERC20_init(name_, symbol_);
        _checkPolicy(allowedClasses, policy);
        _startReports(ControlWord.wrap(0).withPolicy(allowedClasses, policy));
        _reportImplementation(ERC1967Utils.getImplementation());
    }

    // ---------------------------------------------------------------- holders

    /// @inheritdoc IShareToken
    function batchTransfer(address[] calldata receivers, uint256[] calldata amounts) external returns (bool) {
        require(receivers.length == amounts.length, ShareTokenLengthsDiffer(receivers.length, amounts.length));

        Question memory q;
        for (uint256 row = 0; row < receivers.length; ++row) {
            _move(q, Kind.TRANSFER, msg.sender, receivers[row], amounts[row], 0);
        }
        return true;
    }

    // ---------------------------------------------------------------- the ledger

    /// @inheritdoc IShareToken
    function mint(address to, uint256 amount, bytes32 digest) external onlyContract(LEDGER) {
        Question memory q;
        _move(q, Kind.MINT, address(0), to, amount, digest);
    }

    /// @inheritdoc IShareToken
    function burn(address holder, uint256 amount, bytes32 digest) external onlyContract(LEDGER) {
        Question memory q;
        _move(q, Kind.BURN, LEDGER, holder, amount, digest);
    }

    /// @inheritdoc IShareToken
    function escrow(address holder, uint256 amount, bytes32 requestId) external onlyContract(LEDGER) {
        Question memory q;
        _move(q, Kind.ESCROW, holder, LEDGER, amount, requestId);
    }

    /// @inheritdoc IShareToken
    function giveBack(address holder, uint256 amount, bytes32 requestId) external onlyContract(LEDGER) {
        Question memory q;
        _move(q, Kind.GIVE_BACK, LEDGER, holder, amount, requestId);
    }

    /// @inheritdoc IShareToken
    function forceEscrow(address to, uint256 amount, bytes32 ref) external onlyContract(LEDGER) {
        _force(LEDGER, to, amount, ref);
    }

    // ---------------------------------------------------------------- the listing registry

    /// @inheritdoc IShareToken
    function setListing(uint8 phase, bool halted, uint40 activeUntil) external onlyContract(LISTINGS) {
        uint32 until = activeUntil > type(uint32).max ? type(uint32).max : uint32(activeUntil);
        ControlWord word = control();
        ControlWord changed = word.withListing(phase, halted, until);
        if (changed.settings() != word.settings()) _changeControl(changed);
    }

    // ---------------------------------------------------------------- people

    /// @inheritdoc IERC7943
    function forcedTransfer(address from, address to, uint256 amount)
        external
        onlyRole(Role.COMPLIANCE)
        returns (bool)
    {
        _force(from, to, amount, 0);
        return true;
    }

    /// @inheritdoc IShareToken
    function forcedTransferWithOrder(address from, address to, uint256 amount, Basis basis, bytes32 orderHash)
        external
        onlyRole(Role.COMPLIANCE)
        returns (bool)
    {
        require(!basis.isUnstated(), ShareTokenBasisUnstated());
        _force(from, to, amount, basis.withOrder(orderHash));
        return true;
    }

    /// @inheritdoc IERC7943
    function setFrozenTokens(address account, uint256 amount) external onlyRole(Role.COMPLIANCE) returns (bool) {
        _setFrozen(account, amount, 0);
        return true;
    }

    /// @inheritdoc IShareToken
    function setFrozenTokensWithOrder(address account, uint256 amount, Basis basis, bytes32 orderHash)
        external
        onlyRole(Role.COMPLIANCE)
        returns (bool)
    {
        require(!basis.isUnstated(), ShareTokenBasisUnstated());
        _setFrozen(account, amount, basis.withOrder(orderHash));
        return true;
    }

    /// @inheritdoc IShareToken
    function recoverBalance(address lost) external onlyRole(Role.COMPLIANCE) {
        (address replacement, bytes32 ref) = REGISTRY.recoveryOf(lost);
        BalanceWord word = _account(lost).word;
        uint256 frozen = word.frozen();

        // Unfrozen first, so that the force below does not eat the amount that must stay frozen.
        if (frozen != 0) _setFrozen(lost, 0, ref);
        _force(lost, replacement, word.balance(), ref);
        if (frozen == 0) return;
        uint256 sum = _account(replacement).word.frozen() + frozen;
        _setFrozen(replacement, sum > type(uint128).max ? type(uint128).max : sum, ref);
    }

    /// @inheritdoc IShareToken
    function setPolicy(uint16 allowedClasses, uint8 policy) external onlyRole(Role.ISSUER) {
        _checkPolicy(allowedClasses, policy);
        _changeSettings(control().withPolicy(allowedClasses, policy));
    }

    /// @inheritdoc IShareToken
    function pause(uint8 pauses) external onlyRole(Role.PAUSER) {
        require(pauses <= 15, ShareTokenInvalidPauses(pauses));
        ControlWord word = control();
        _changeSettings(word.withPauses(word.pauses() | pauses));
    }

    /// @inheritdoc IShareToken
    function unpause(uint8 pauses) external {
        require(pauses <= 15, ShareTokenInvalidPauses(pauses));
        if (pauses & Control.PAUSE_FORCE != 0) _checkRole(Role.REGULATOR);
        if (pauses & ~Control.PAUSE_FORCE != 0) _checkRole(Role.COMPLIANCE);
        ControlWord word = control();
        _changeSettings(word.withPauses(word.pauses() & ~pauses));
    }

    // ---------------------------------------------------------------- views

    /// @inheritdoc IShareToken
    function restrictionOf(Movement kind, address operator, address from, address party, uint256 amount)
        public
        view
        returns (ReasonCode)
    {
        Question memory q;
        _ask(q, kind, operator, from, party, amount);
        return TransferRules.decide(q);
    }

    /// @inheritdoc IERC1404
    function detectTransferRestriction(address from, address to, uint256 value) external view returns (uint8) {
        return ReasonCode.unwrap(restrictionOf(Kind.TRANSFER, from, from, to, value));
    }

    /// @inheritdoc IERC1404
    function detectTransferRestrictionFrom(address spender, address from, address to, uint256 value)
        external
        view
        returns (uint8)
    {
        // Asked in the order of the transaction: OpenZeppelin looks at the allowance before the addresses.
        if (allowance(from, spender) < value) return ReasonCode.unwrap(Reason.INSUFFICIENT_ALLOWANCE);
        return ReasonCode.unwrap(restrictionOf(Kind.TRANSFER, spender, from, to, value));
    }

    /// @inheritdoc IERC1404
    function messageForTransferRestriction(uint8 restrictionCode) external view returns (string memory) {
        return REASON_TEXT.text(restrictionCode);
    }

    /// @inheritdoc IERC7943
    function canTransfer(address from, address to, uint256 amount) external view returns (bool) {
        InvestorRecord asking = REGISTRY.recordOf(msg.sender);
        bool executes = asking.isVenue() || asking.hasScope(Record.EXECUTE);
        address operator = executes ? msg.sender : from;
        Question memory q;
        _ask(q, Kind.TRANSFER, operator, from, to, amount);
        // A short balance is not a matter of permission, a frozen one is.
        if (amount > q.word.balance()) q.amount = 0;
        return TransferRules.decide(q).isNone();
    }

    /// @inheritdoc IERC7943
    function canSend(address account) external view returns (bool) {
        InvestorRecord record = REGISTRY.recordOf(account);
        uint16 either = Record.TRANSFER | Record.TRADE;
        return !_isReserved(account) && TransferRules.eligible(record, Reason.SENDER, either, block.timestamp).isNone();
    }

    /// @inheritdoc IERC7943
    function canReceive(address account) external view returns (bool) {
        InvestorRecord record = REGISTRY.recordOf(account);
        return !_isReserved(account) && control().allowsClass(record.class())
            && TransferRules.eligible(record, Reason.RECEIVER, Record.HOLD, block.timestamp).isNone();
    }

    /// @inheritdoc IERC7943
    function getFrozenTokens(address account) external view returns (uint256) {
        return _account(account).word.frozen();
    }

    /// @inheritdoc IShareToken
    function implementation() external view returns (address) {
        return ERC1967Utils.getImplementation();
    }

    /// @notice The contracts this token obeys or asks.
    function wiring() external view returns (Wiring memory) {
        return Wiring({
            authority: address(AUTHORITY),
            registry: address(REGISTRY),
            ledger: LEDGER,
            listings: LISTINGS,
            factory: FACTORY,
            reasonText: address(REASON_TEXT)
        });
    }

    /// @inheritdoc IERC165
    function supportsInterface(bytes4 interfaceId) external pure returns (bool) {
        return interfaceId == type(IERC165).interfaceId || interfaceId == type(IERC20).interfaceId
            || interfaceId == type(IERC20Metadata).interfaceId || interfaceId == type(IERC20Permit).interfaceId
            || interfaceId == type(IERC5267).interfaceId || interfaceId == type(IERC7943).interfaceId
            || interfaceId == type(IERC8056).interfaceId || interfaceId == type(IERC8056Scheduled).interfaceId
            || interfaceId == type(IERC8056Conversion).interfaceId || interfaceId == type(IERC8056Balances).interfaceId
            || interfaceId == type(IERC1404).interfaceId;
    }

    // ---------------------------------------------------------------- internals

    /// @dev OpenZeppelin's door to balances: transfers enter here. Mint and burn never do.
    function _update(address from, address to, uint256 value) internal override {
        Question memory q;
        _move(q, Kind.TRANSFER, from, to, value, 0);
    }

    function _setFrozen(address account, uint256 amount, bytes32 ref) private {
        require(amount <= type(uint128).max, ShareTokenAmountTooLarge(amount));

        Account storage holder = _account(account);
        holder.word = holder.word.withFrozenAmount(amount);
        emit Frozen(account, amount);
        _report(control(), Kind.FREEZE, account, address(0), amount, ref);
    }

    function _changeSettings(ControlWord changed) private {
        require(changed.settings() != control().settings(), ShareTokenUnchanged());
        _changeControl(changed);
    }

    function _checkCaller(address only) private view {
        require(msg.sender == only, ShareTokenWrongCaller(msg.sender, only));
    }

    /// @dev A role held with a delay does not pass here: a delay can only be served through the authority.
    function _checkRole(uint64 role) private view {
        (bool isMember, uint32 delay) = AUTHORITY.hasRole(role, msg.sender);
        require(isMember && delay == 0, ShareTokenMissingRole(msg.sender, role));
    }

    /// @dev Unknown classes and flags are refused, so that a later meaning is never granted by an old typing error.
    function _checkPolicy(uint16 allowedClasses, uint8 policy) private pure {
        require(
            allowedClasses & ~Control.ALL_CLASSES == 0 && policy & ~Control.ALL_FLAGS == 0,
            ShareTokenInvalidPolicy(allowedClasses, policy)
        );
    }

    /// @dev Upgrades come from the factory alone, in batches, behind UPGRADER's delay.
    function _authorizeUpgrade(address newImplementation) internal override onlyContract(FACTORY) {
        _reportImplementation(newImplementation);
    }

    function _reportImplementation(address newImplementation) private {
        _report(control(), Kind.UPGRADE, address(0), newImplementation, 0, 0);
    }

    /// @dev The permit's domain carries the token's name without a second copy in storage.
    // solhint-disable-next-line func-name-mixedcase
    function _EIP712Name() internal view override returns (string memory) {
        return name();
    }

    // solhint-disable-next-line func-name-mixedcase
    function _EIP712Version() internal pure override returns (string memory) {
        return "1";
    }
}
