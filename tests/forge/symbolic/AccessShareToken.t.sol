// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IShareToken} from "../../../contracts/interfaces/IShareToken.sol";
import {InvestorRegistry} from "../../../contracts/registry/InvestorRegistry.sol";
import {ShareToken} from "../../../contracts/token/ShareToken.sol";
import {Basis} from "../../../contracts/types/Basis.sol";
import {Control} from "../../../contracts/types/ControlWord.sol";
import {Role} from "../../../contracts/types/Role.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";
import {IERC20Errors} from "@openzeppelin/contracts/interfaces/draft-IERC6093.sol";
import {ERC1967Proxy} from "@openzeppelin/contracts/proxy/ERC1967/ERC1967Proxy.sol";
import {Initializable} from "@openzeppelin/contracts/proxy/utils/Initializable.sol";

/// @title Contracts that are fixed for life open the doors of mint, burn, escrow, phase and upgrade; people's functions ask for
/// one role each, held without delay; nobody spends or approves what is another's.
/// @dev `transfer` and `batchTransfer` are proven in `Movements`: they lower no balance but the caller's.
/// @custom:kind access to ShareToken
/// @custom:access ShareToken
contract AccessShareToken is Access {
    address private constant LEDGER = address(0x1ed6e4);
    address private constant LISTINGS = address(0x115715);
    address private constant FACTORY = address(0xfac704);

    // ERC-7201 names of OpenZeppelin's storage.
    bytes32 private constant INITIALIZABLE = 0xf0c57e16840df040f15088dc2f81fe391c3923bec73e23a9662efc9c229c6a00;
    bytes32 private constant ERC20_NAME =
        bytes32(uint256(0x52c63247e1f47db19d5ce0460030c497f067ca4cebf71ba98eeadabe20bace03));
    bytes32 private constant ERC1967_IMPLEMENTATION =
        0x360894a13ba1a3210667c828492db98dca3e2076cc3735a920a3ca505d382bbc;

    bytes32 private constant PERMIT_TYPEHASH =
        keccak256("Permit(address owner,address spender,uint256 value,uint256 nonce,uint256 deadline)");

    ShareToken private immutable TOKEN;
    /// @dev The same code behind a proxy; any other state.
    ShareToken private immutable PROXY;

    constructor() {
        TOKEN = new ShareToken(
            ShareToken.Wiring({
                authority: address(AUTHORITY),
                registry: address(new InvestorRegistry(address(AUTHORITY))),
                ledger: LEDGER,
                listings: LISTINGS,
                factory: FACTORY,
                reasonText: address(0)
            })
        );
        PROXY = ShareToken(
            address(new ERC1967Proxy(address(TOKEN), abi.encodeCall(ShareToken.initialize, ("", "", 2, 0))))
        );
    }

    function setUp() public {
        svm.enableSymbolicStorage(address(TOKEN));
        svm.enableSymbolicStorage(address(PROXY));
    }

    // ---------------------------------------------------------------- contracts

    function check_mint__callerNotTheLedger__refused(address caller, address to, uint256 amount, bytes32 ref) public {
        onlyLedger(caller, abi.encodeCall(ShareToken.mint, (to, amount, ref)));
    }

    function check_burn__callerNotTheLedger__refused(address caller, address holder, uint256 amount, bytes32 ref)
        public
    {
        onlyLedger(caller, abi.encodeCall(ShareToken.burn, (holder, amount, ref)));
    }

    function check_escrow__callerNotTheLedger__refused(address caller, address holder, uint256 amount, bytes32 ref)
        public
    {
        onlyLedger(caller, abi.encodeCall(ShareToken.escrow, (holder, amount, ref)));
    }

    function check_giveBack__callerNotTheLedger__refused(address caller, address holder, uint256 amount, bytes32 ref)
        public
    {
        onlyLedger(caller, abi.encodeCall(ShareToken.giveBack, (holder, amount, ref)));
    }

    function check_forceEscrow__callerNotTheLedger__refused(address caller, address to, uint256 amount, bytes32 ref)
        public
    {
        onlyLedger(caller, abi.encodeCall(ShareToken.forceEscrow, (to, amount, ref)));
    }

    function check_setListing__callerNotTheListingRegistry__refused(
        address caller,
        uint8 phase,
        bool halted,
        uint40 activeUntil
    ) public {
        vm.assume(caller != LISTINGS);
        bytes memory call = abi.encodeCall(ShareToken.setListing, (phase, halted, activeUntil));
        refused(caller, address(TOKEN), call, wrongCaller(caller, LISTINGS));
    }

    function check_upgradeToAndCall__callerNotTheFactory__refused(
        address caller,
        address implementation,
        bytes memory data
    ) public {
        vm.assume(caller != FACTORY);
        vm.store(address(PROXY), ERC1967_IMPLEMENTATION, bytes32(uint256(uint160(address(TOKEN)))));
        bytes memory call = abi.encodeCall(PROXY.upgradeToAndCall, (implementation, data));
        refused(caller, address(PROXY), call, wrongCaller(caller, FACTORY));
    }

    /// @dev Any version but zero: whoever deploys a token initializes it in the same transaction, in the proxy's constructor.
    function check_initialize__tokenAtWork__refused(
        address caller,
        uint64 version,
        string memory name,
        string memory symbol,
        uint16 classes,
        uint8 policy
    ) public {
        vm.assume(version != 0);
        vm.store(address(TOKEN), INITIALIZABLE, bytes32(uint256(version)));
        bytes memory call = abi.encodeCall(ShareToken.initialize, (name, symbol, classes, policy));
        bytes memory reason = abi.encodeWithSelector(Initializable.InvalidInitialization.selector);
        refused(caller, address(TOKEN), call, reason);
    }

    // ---------------------------------------------------------------- people

    function check_forcedTransfer__callerNotCompliance__refused(
        address caller,
        bool member,
        uint32 delay,
        address from,
        address to,
        uint256 amount
    ) public {
        bytes memory call = abi.encodeCall(ShareToken.forcedTransfer, (from, to, amount));
        onlyRole(Role.COMPLIANCE, caller, member, delay, call);
    }

    function check_forcedTransferWithOrder__callerNotCompliance__refused(
        address caller,
        bool member,
        uint32 delay,
        address from,
        address to,
        uint256 amount,
        Basis basis,
        bytes32 order
    ) public {
        bytes memory call = abi.encodeCall(ShareToken.forcedTransferWithOrder, (from, to, amount, basis, order));
        onlyRole(Role.COMPLIANCE, caller, member, delay, call);
    }

    function check_setFrozenTokens__callerNotCompliance__refused(
        address caller,
        bool member,
        uint32 delay,
        address account,
        uint256 amount
    ) public {
        bytes memory call = abi.encodeCall(ShareToken.setFrozenTokens, (account, amount));
        onlyRole(Role.COMPLIANCE, caller, member, delay, call);
    }

    function check_setFrozenTokensWithOrder__callerNotCompliance__refused(
        address caller,
        bool member,
        uint32 delay,
        address account,
        uint256 amount,
        Basis basis,
        bytes32 order
    ) public {
        bytes memory call = abi.encodeCall(ShareToken.setFrozenTokensWithOrder, (account, amount, basis, order));
        onlyRole(Role.COMPLIANCE, caller, member, delay, call);
    }

    function check_recoverBalance__callerNotCompliance__refused(address caller, bool member, uint32 delay, address lost)
        public
    {
        onlyRole(Role.COMPLIANCE, caller, member, delay, abi.encodeCall(ShareToken.recoverBalance, (lost)));
    }

    function check_setPolicy__callerNotIssuer__refused(
        address caller,
        bool member,
        uint32 delay,
        uint16 classes,
        uint8 policy
    ) public {
        onlyRole(Role.ISSUER, caller, member, delay, abi.encodeCall(ShareToken.setPolicy, (classes, policy)));
    }

    function check_pause__callerNotPauser__refused(address caller, bool member, uint32 delay, uint8 pauses) public {
        onlyRole(Role.PAUSER, caller, member, delay, abi.encodeCall(ShareToken.pause, (pauses)));
    }

    function check_unpause__forceByAnyButTheRegulator__refused(address caller, bool member, uint32 delay, uint8 pauses)
        public
    {
        vm.assume(pauses <= 15 && pauses & Control.PAUSE_FORCE != 0);
        onlyRole(Role.REGULATOR, caller, member, delay, abi.encodeCall(ShareToken.unpause, (pauses)));
    }

    function check_unpause__othersByAnyButCompliance__refused(address caller, bool member, uint32 delay, uint8 pauses)
        public
    {
        vm.assume(pauses <= 15 && pauses & ~Control.PAUSE_FORCE != 0);
        onlyRole(Role.COMPLIANCE, caller, member, delay, abi.encodeCall(ShareToken.unpause, (pauses)));
    }

    function check_unpause__nothing__refusedToAnyone(address caller) public {
        bytes memory reason = abi.encodeWithSelector(IShareToken.ShareTokenUnchanged.selector);
        refused(caller, address(TOKEN), abi.encodeCall(ShareToken.unpause, (0)), reason);
    }

    // ---------------------------------------------------------------- holders

    function check_transferFrom__allowanceTooSmall__refused(address caller, address from, address to, uint256 amount)
        public
    {
        uint256 allowed = TOKEN.allowance(from, caller);
        vm.assume(from != address(0) && allowed < amount);
        bytes memory reason =
            abi.encodeWithSelector(IERC20Errors.ERC20InsufficientAllowance.selector, caller, allowed, amount);
        refused(caller, address(TOKEN), abi.encodeCall(TOKEN.transferFrom, (from, to, amount)), reason);
    }

    function check_approve__anyCaller__changesItsOwnAllowanceAlone(
        address caller,
        address spender,
        uint256 amount,
        address owner,
        address other
    ) public {
        vm.assume(owner != caller || other != spender);
        uint256 before = TOKEN.allowance(owner, other);
        vm.prank(caller);
        TOKEN.approve(spender, amount);
        assert(TOKEN.allowance(owner, other) == before);
        assert(TOKEN.allowance(caller, spender) == amount);
    }

    function check_permit__signedByAnother__refused(
        address caller,
        address owner,
        address spender,
        uint256 amount,
        uint256 deadline,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) public {
        vm.assume(signer(owner, spender, amount, deadline, v, r, s) != owner);
        vm.prank(caller);
        bytes memory call = abi.encodeCall(TOKEN.permit, (owner, spender, amount, deadline, v, r, s));
        (bool ok,) = address(TOKEN).call(call);
        assert(!ok);
    }

    function check_permit__signedByTheOwner__changesTheSignedAllowanceAlone(
        address owner,
        address spender,
        uint256 amount,
        uint8 v,
        bytes32 r,
        bytes32 s,
        address anyOwner,
        address anySpender
    ) public {
        named();
        vm.assume(owner != anyOwner || spender != anySpender);
        uint256 before = TOKEN.allowance(anyOwner, anySpender);
        TOKEN.permit(owner, spender, amount, type(uint256).max, v, r, s);
        assert(TOKEN.allowance(anyOwner, anySpender) == before);
        assert(TOKEN.allowance(owner, spender) == amount);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev A member without delay is let in.
    function check_refuted_pause__memberWithoutDelay__refused(address caller, uint8 pauses) public {
        AUTHORITY.refuseRole(caller, Role.PAUSER, true, 0);
        refused(caller, address(TOKEN), abi.encodeCall(ShareToken.pause, (pauses)), missing(caller, Role.PAUSER));
    }

    /// @dev The signature of the owner himself is good.
    function check_refuted_permit__signedByTheOwner__refused(
        address owner,
        address spender,
        uint256 amount,
        uint8 v,
        bytes32 r,
        bytes32 s
    ) public {
        vm.assume(signer(owner, spender, amount, type(uint256).max, v, r, s) == owner);
        bytes memory call = abi.encodeCall(TOKEN.permit, (owner, spender, amount, type(uint256).max, v, r, s));
        (bool ok,) = address(TOKEN).call(call);
        assert(!ok);
    }

    // ---------------------------------------------------------------- helpers

    function onlyLedger(address caller, bytes memory call) private {
        vm.assume(caller != LEDGER);
        refused(caller, address(TOKEN), call, wrongCaller(caller, LEDGER));
    }

    /// @dev Whoever lacks the role, or holds it with a delay, is refused, though he holds every other role.
    function onlyRole(uint64 role, address caller, bool member, uint32 delay, bytes memory call) private {
        vm.assume(!member || delay != 0);
        AUTHORITY.refuseRole(caller, role, member, delay);
        refused(caller, address(TOKEN), call, missing(caller, role));
    }

    function wrongCaller(address caller, address only) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IShareToken.ShareTokenWrongCaller.selector, caller, only);
    }

    function missing(address caller, uint64 role) private pure returns (bytes memory) {
        return abi.encodeWithSelector(IShareToken.ShareTokenMissingRole.selector, caller, role);
    }

    /// @dev The permit's domain reads the name; of any length it would have no end for the solver.
    function named() private {
        vm.store(address(TOKEN), ERC20_NAME, bytes32(abi.encodePacked("Example", bytes24(0), uint8(14))));
    }

    function signer(address owner, address spender, uint256 amount, uint256 deadline, uint8 v, bytes32 r, bytes32 s)
        private
        returns (address)
    {
        named();
        bytes32 permit = keccak256(abi.encode(PERMIT_TYPEHASH, owner, spender, amount, TOKEN.nonces(owner), deadline));
        return ecrecover(keccak256(abi.encodePacked(hex"1901", TOKEN.DOMAIN_SEPARATOR(), permit)), v, r, s);
    }
}
