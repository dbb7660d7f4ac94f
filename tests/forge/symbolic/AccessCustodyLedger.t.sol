// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {CustodyLedger} from "../../../contracts/custody/CustodyLedger.sol";
import {ICustodyLedger} from "../../../contracts/interfaces/ICustodyLedger.sol";
import {InvestorRegistry} from "../../../contracts/registry/InvestorRegistry.sol";
import {Attestation, Vote} from "../../../contracts/types/Attestation.sol";
import {Basis} from "../../../contracts/types/Basis.sol";
import {ControlWord} from "../../../contracts/types/ControlWord.sol";
import {Reason} from "../../../contracts/types/ReasonCode.sol";
import {Access} from "./Access.sol";
import {svm, vm} from "./Cheats.sol";

/// @dev A token that obeys, and remembers whose tokens it was asked to move.
contract ObedientToken {
    address public holder;

    function uiMultiplier() external pure returns (uint256) {
        return 1e18;
    }

    /// @dev Fractions may be redeemed, so that every amount can.
    function control() external pure returns (ControlWord) {
        return ControlWord.wrap(uint256(8) << 200);
    }

    function escrow(address holder_, uint256, bytes32) external {
        holder = holder_;
    }

    function giveBack(address holder_, uint256, bytes32) external {
        holder = holder_;
    }

    function mint(address to, uint256, bytes32) external {
        holder = to;
    }

    function burn(address holder_, uint256, bytes32) external {
        holder = holder_;
    }
}

/// @dev A market to which every day is today, so that no position is too old for it.
contract ObedientMarket {
    function businessDays(address, uint40, uint40) external pure returns (uint256) {
        return 0;
    }
}

/// @title Custodians and terms change only as the authority lets; a sentence lands only with its custodian's quorum,
/// whoever relays it; holders reach only what is theirs.
/// @dev Of a sentence: up to two votes with signatures of 65 bytes; in a batch of one sentence, one vote with a signature
/// of 0, 65 or 1,024 bytes. Attestors are keys; a wallet's answer (ERC-1271) is a call that the solver does not know.
/// Halmos takes recovery from a signature for a function of digest and signature of which nothing else is known.
/// @custom:kind access to CustodyLedger
/// @custom:access CustodyLedger
contract AccessCustodyLedger is Access {
    ObedientToken private immutable TOKEN = new ObedientToken();
    CustodyLedger private immutable LEDGER;

    constructor() {
        InvestorRegistry registry = new InvestorRegistry(address(AUTHORITY));
        LEDGER = new CustodyLedger(address(AUTHORITY), address(registry), address(0), address(new ObedientMarket()));
    }

    function setUp() public {
        svm.enableSymbolicStorage(address(LEDGER));
    }

    // ---------------------------------------------------------------- people

    function check_forceRedemption__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint256 id,
        address to,
        Basis basis,
        bytes32 order
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.forceRedemption, (id, to, basis, order)));
    }

    function check_recoverRequests__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint256[] memory ids
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.recoverRequests, (ids)));
    }

    function check_addCustodian__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        bytes20 lei,
        bytes32 nameHash,
        ICustodyLedger.Attestor[] memory attestors,
        uint8 threshold
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.addCustodian, (lei, nameHash, attestors, threshold)));
    }

    function check_setCustodianOpen__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 custodian,
        bool isOpen
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.setCustodianOpen, (custodian, isOpen)));
    }

    function check_setAttestors__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        uint32 custodian,
        address[] memory removed,
        ICustodyLedger.Attestor[] memory added,
        uint8 threshold
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.setAttestors, (custodian, removed, added, threshold)));
    }

    function check_setTerms__callerWithoutTheFunction__refused(
        address caller,
        uint32 delay,
        address token,
        ICustodyLedger.Terms memory terms
    ) public {
        closed(caller, delay, abi.encodeCall(CustodyLedger.setTerms, (token, terms)));
    }

    // ---------------------------------------------------------------- custodians

    /// @custom:halmos --default-bytes-lengths 65
    function check_attest__anyRelayerAnyVotes__landsOnlyWithAQuorum(
        address relayer,
        Attestation memory a,
        Vote[] memory votes,
        uint256 time
    ) public {
        prepare(a, votes, time);
        vm.prank(relayer);
        LEDGER.attest(a, votes);
        signed(a, votes);
    }

    /// @dev The sentence that it lands is the very sentence that is signed.
    function check_attestBatch__anyRelayerAnyVotes__landsOnlyWithAQuorum(
        address relayer,
        Attestation memory a,
        Vote[] memory votes,
        uint256 time
    ) public {
        vm.assume(votes.length == 1);
        prepare(a, votes, time);
        Attestation[] memory sentences = new Attestation[](1);
        Vote[][] memory quorums = new Vote[][](1);
        (sentences[0], quorums[0]) = (a, votes);
        vm.prank(relayer);
        LEDGER.attestBatch(sentences, quorums);
        signed(a, votes);
    }

    // ---------------------------------------------------------------- holders

    function check_requestRedemption__anyCaller__escrowsTheCallersTokens(
        address caller,
        uint32 custodian,
        uint256 amount,
        bytes32 deliveryRef,
        uint256 time
    ) public {
        vm.assume(time < 2 ** 40);
        vm.warp(time);
        vm.prank(caller);
        uint256 id = LEDGER.requestRedemption(address(TOKEN), custodian, amount, deliveryRef);
        assert(TOKEN.holder() == caller);
        assert(LEDGER.requestOf(id).holder == caller);
        assert(LEDGER.requestOf(id).amount == amount);
    }

    function check_takeBack__callerNotTheHolder__refused(address caller, uint256 id, uint256 time) public {
        vm.warp(time);
        ICustodyLedger.Request memory request = LEDGER.requestOf(id);
        vm.assume(request.status == ICustodyLedger.RequestStatus.OPEN && request.holder != caller);
        bytes memory reason = abi.encodeWithSelector(
            ICustodyLedger.CustodyRefused.selector, Reason.REQUEST_NOT_HOLDER, caller, request.holder
        );
        refused(caller, address(LEDGER), abi.encodeCall(CustodyLedger.takeBack, (id)), reason);
    }

    function check_takeBack__requestNotOpenOrNotDue__refused(address caller, uint256 id, uint256 time) public {
        vm.warp(time);
        ICustodyLedger.Request memory request = LEDGER.requestOf(id);
        vm.assume(request.status != ICustodyLedger.RequestStatus.OPEN || time < request.deadline);
        vm.prank(caller);
        (bool ok,) = address(LEDGER).call(abi.encodeCall(CustodyLedger.takeBack, (id)));
        assert(!ok);
    }

    // ---------------------------------------------------------------- deliberately wrong

    /// @dev A valid quorum does land.
    function check_refuted_attest__anyVotes__neverLands(
        address relayer,
        Attestation memory a,
        Vote[] memory votes,
        uint256 time
    ) public {
        vm.assume(votes.length == 1);
        prepare(a, votes, time);
        vm.prank(relayer);
        (bool ok,) = address(LEDGER).call(abi.encodeCall(CustodyLedger.attest, (a, votes)));
        assert(!ok);
    }

    // ---------------------------------------------------------------- helpers

    function prepare(Attestation memory a, Vote[] memory votes, uint256 time) private {
        vm.assume(time < 2 ** 40);
        vm.warp(time);
        a.token = address(TOKEN);
        for (uint256 i = 0; i < votes.length; ++i) {
            vm.assume(kindOf(a, votes[i]) != ICustodyLedger.AttestorKind.CONTRACT);
        }
    }

    /// @dev The sentence has just landed: the votes are those of enough different attestors of the custodian, each of whom
    /// signed it, and its number was the next.
    function signed(Attestation memory a, Vote[] memory votes) private view {
        uint8 threshold = LEDGER.custodianOf(a.custodian).threshold;
        assert(threshold != 0 && votes.length >= threshold);
        bytes32 digest = LEDGER.digestOf(a);
        address last = address(0);
        for (uint256 i = 0; i < votes.length; ++i) {
            assert(kindOf(a, votes[i]) == ICustodyLedger.AttestorKind.KEY);
            assert(votes[i].attestor > last);
            last = votes[i].attestor;
            assert(recovered(digest, votes[i].signature) == last);
        }
        assert(LEDGER.positionOf(a.token, a.custodian).lastSequence() == a.sequence);
    }

    function kindOf(Attestation memory a, Vote memory vote) private view returns (ICustodyLedger.AttestorKind) {
        return LEDGER.attestorKindOf(a.custodian, vote.attestor);
    }

    function recovered(bytes32 digest, bytes memory signature) private pure returns (address) {
        (bytes32 r, bytes32 s) = (bytes32(0), bytes32(0));
        uint8 v;
        assembly ("memory-safe") {
            r := mload(add(signature, 0x20))
            s := mload(add(signature, 0x40))
            v := byte(0, mload(add(signature, 0x60)))
        }
        return ecrecover(digest, v, r, s);
    }

    function closed(address caller, uint32 delay, bytes memory call) private {
        restrictedTo(caller, delay, address(LEDGER), call);
    }
}
